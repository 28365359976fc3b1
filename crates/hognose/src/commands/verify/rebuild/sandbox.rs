//! Starting what nobody trusts: with rights, time, memory and room that are counted out.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hognose_types::text::short;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::Failure;
use crate::surroundings::{Surroundings, stopwatch};

/// What a build may take.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    time: Duration,
    /// Bytes and files that it leaves.
    room: u64,
    files: usize,
}

const BOUNDS: Bounds = Bounds {
    time: Duration::from_mins(10),
    room: 4 << 30,
    files: 200_000,
};
/// How often the clock and the room are looked at.
const TICK: Duration = Duration::from_millis(20);
const LOOK: u32 = 50;
/// How much of what a build says is shown.
const SAID: u64 = 2_000;
/// Directories and files of the system that builds read.
const SYSTEM: [&str; 16] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc/alternatives",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
];
/// How this program begins to say that it gave up nothing.
const CANNOT: &str = "error: this machine cannot confine a build";
/// Own namespaces of everything that can have one; the program that makes them ends with us, and all below it with it.
const NAMESPACES: [&str; 8] = [
    "--user",
    "--map-root-user",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--ipc",
    "--uts",
];

/// What a machine can hold back.
#[derive(Debug)]
pub(super) struct Sandbox {
    /// This program, which gives up rights.
    own: PathBuf,
    /// `unshare`, where it works.
    namespaces: Option<PathBuf>,
    /// Nothing is confined, because the user said so and it cannot be had.
    is_open: bool,
    /// What is not enforced, for people.
    pub(super) missing: Vec<String>,
}

/// What one program may.
#[derive(Debug)]
pub(super) struct Rights<'r> {
    pub(super) read: &'r [PathBuf],
    pub(super) write: &'r [PathBuf],
    /// Its variables: there are no others.
    pub(super) variables: &'r [(&'r str, OsString)],
    /// Everything that it may fill.
    pub(super) room: &'r Path,
}

impl Sandbox {
    /// Tries what this machine has. A machine that cannot hold back files and sockets builds nothing, unless that is asked for by
    /// name.
    pub(super) fn new(may_be_open: bool, surroundings: &Surroundings) -> Result<Self, Failure> {
        let own = std::env::current_exe()
            .map_err(|e| Failure::incomplete("this program is not found").because(&e))?;
        let mut out = Self {
            own,
            namespaces: None,
            is_open: false,
            missing: Vec::new(),
        };
        match out.tried() {
            Ok(said) => out.missing.extend(said),
            Err(why) if may_be_open => {
                out.is_open = true;
                out.missing.push(format!("nothing is confined: {why}"));
            }
            Err(why) => {
                return Err(Failure::usage("this machine cannot confine a build")
                    .hint(why)
                    .hint("build elsewhere, or say `--rebuild-unsandboxed` for sources that you trust"));
            }
        }
        out.namespaces = program("unshare", surroundings);
        let works = match &out.namespaces {
            Some(_) => out.tried().map(drop),
            None => Err("it is not installed".to_owned()),
        };
        if let Err(why) = works {
            out.namespaces = None;
            out.missing.push(format!(
                "there are no namespaces of its own (`unshare`: {why}): what it starts and leaves behind is looked for by its group alone"
            ));
        }
        Ok(out)
    }

    /// Starts nothing but the sandbox; answers what it says that it lacks, else why it does not work.
    fn tried(&self) -> Result<Option<String>, String> {
        let rights = Rights {
            read: &[],
            write: &[],
            variables: &[],
            room: Path::new(""),
        };
        let mut command = self.command(&[], &rights);
        let output = command
            .stdin(Stdio::null())
            .output()
            .map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let said = said.strip_prefix(CANNOT).unwrap_or(said);
        let said = short(said.trim_start_matches([':', ' ']), 300);
        if output.status.success() {
            return Ok((!said.is_empty()).then_some(said));
        }
        Err(said)
    }

    fn command(&self, program: &[OsString], rights: &Rights<'_>) -> Command {
        let mut command = match &self.namespaces {
            Some(unshare) => {
                let mut command = Command::new(unshare);
                command.args(NAMESPACES).arg("--").arg(&self.own);
                command
            }
            None => Command::new(&self.own),
        };
        command.arg("sandboxed");
        if self.is_open {
            command.arg("--open");
        }
        let system = SYSTEM.iter().map(Path::new);
        for path in system.chain(rights.read.iter().map(PathBuf::as_path)) {
            command.arg("--read").arg(path);
        }
        for path in rights.write {
            command.arg("--write").arg(path);
        }
        if !program.is_empty() {
            command.arg("--").args(program);
        }
        command.env_clear();
        // Where there are no namespaces, its group is all that it can be ended by.
        if self.namespaces.is_none() {
            command.process_group(0);
        }
        command.envs(rights.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a program to its end.
    pub(super) fn run(&self, program: &[OsString], rights: &Rights<'_>) -> Result<(), String> {
        let mut log = tempfile::tempfile().map_err(|e| e.to_string())?;
        let copy = || log.try_clone().map_err(|e| e.to_string());
        let (out, err) = (copy()?, copy()?);
        let mut child = self
            .command(program, rights)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|e| format!("it cannot be started: {e}"))?;
        let ended = wait(&mut child, rights.room, &log, &BOUNDS);
        end(&mut child, self.namespaces.is_none());
        if ended? {
            return Ok(());
        }
        Err(format!("the build failed: {}", last(&mut log)))
    }
}

/// Waits for the end, and not for ever; true for success.
fn wait(child: &mut Child, room: &Path, log: &File, bounds: &Bounds) -> Result<bool, String> {
    let clock = stopwatch();
    let mut ticks = 0_u32;
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(status.success());
        }
        if clock() > bounds.time {
            let seconds = bounds.time.as_secs();
            return Err(format!("the build takes more than {seconds} seconds"));
        }
        let is_long = || log.metadata().is_ok_and(|meta| meta.len() > bounds.room);
        if ticks.is_multiple_of(LOOK) && (is_full(room, bounds) || is_long()) {
            let Bounds { room, files, .. } = bounds;
            return Err(format!(
                "the build leaves more than {room} bytes or {files} files"
            ));
        }
        ticks += 1;
        std::thread::sleep(TICK);
    }
}

/// Ends a build and what it has started.
fn end(child: &mut Child, has_group: bool) {
    if has_group && let Ok(id) = i32::try_from(child.id()) {
        // Gone already is what is wanted.
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// More below a directory than a build may leave.
fn is_full(room: &Path, bounds: &Bounds) -> bool {
    let (mut bytes, mut files) = (0_u64, 0_usize);
    let mut queue = vec![room.to_owned()];
    while let Some(directory) = queue.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            files += 1;
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                queue.push(entry.path());
            }
            bytes = bytes.saturating_add(meta.len());
            if bytes > bounds.room || files > bounds.files {
                return true;
            }
        }
    }
    false
}

/// The end of what a build said, on one line.
fn last(log: &mut File) -> String {
    let length = log.metadata().map_or(0, |m| m.len());
    let mut bytes = Vec::new();
    let read = log
        .seek(SeekFrom::Start(length.saturating_sub(SAID)))
        .and_then(|_| log.take(SAID).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    match (read, line) {
        (Ok(_), Some(line)) => short(line.trim(), 300),
        _ => "it says nothing".to_owned(),
    }
}

/// A program on `PATH`.
pub(super) fn program(name: impl AsRef<OsStr>, surroundings: &Surroundings) -> Option<PathBuf> {
    let path = surroundings.variable("PATH").unwrap_or_default();
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name.as_ref()))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(time: Duration, files: usize) -> Bounds {
        let room = 1_000_000;
        Bounds { time, room, files }
    }

    fn started(script: &str, room: &Path) -> Child {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(room);
        command.process_group(0).spawn().unwrap()
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let room = tempfile::tempdir().unwrap();
        let log = tempfile::tempfile().unwrap();
        let mut child = started("sleep 60 & sleep 60", room.path());
        let short = bounds(Duration::from_millis(100), 10);
        let ended = wait(&mut child, room.path(), &log, &short);
        assert_eq!(ended, Err("the build takes more than 0 seconds".to_owned()));
        end(&mut child, true);
        let group = Pid::from_raw(child.id().cast_signed());
        // Whoever inherits what is left has to notice.
        let is_gone = |_| {
            std::thread::sleep(Duration::from_millis(20));
            killpg(group, None).is_err()
        };
        assert!((0..500).any(is_gone));
    }

    #[test]
    fn what_fills_its_room_is_ended() {
        let log = tempfile::tempfile().unwrap();
        for script in [
            "i=0; while [ $i -lt 100 ]; do : > $i; i=$((i+1)); done; sleep 60",
            "head -c 2000000 /dev/zero > large; sleep 60",
            "mkdir a; head -c 2000000 /dev/zero > a/large; sleep 60",
        ] {
            let room = tempfile::tempdir().unwrap();
            let mut child = started(script, room.path());
            let ended = wait(
                &mut child,
                room.path(),
                &log,
                &bounds(Duration::from_mins(1), 50),
            );
            assert!(ended.unwrap_err().contains("leaves more than"), "{script}");
            end(&mut child, true);
        }
    }
}

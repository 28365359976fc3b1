//! CPU time and peak memory of whole processes.
//!
//! The kernel keeps one peak for all children a process ever had, so every run gets a process of its own: this program,
//! started again with `--once`, which starts the measured program and writes down what the kernel says.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// What one run, or the median of several, took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time together.
    pub(crate) cpu: Duration,
    /// From start to end.
    pub(crate) wall: Duration,
    /// Peak resident memory in KiB. Never less than that of this program at the moment it starts the other, 3 to 4 MiB.
    pub(crate) peak: u64,
}

impl Usage {
    /// CPU time in milliseconds.
    pub(crate) fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3
    }

    /// Wall time in milliseconds.
    pub(crate) fn wall_ms(&self) -> f64 {
        self.wall.as_secs_f64() * 1e3
    }

    /// Peak memory in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.peak as f64 / 1024.0
    }
}

/// Several runs of the same command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) median: Usage,
    /// The least CPU time of any run: what the work costs when nothing else runs.
    pub(crate) least: Duration,
}

/// Runs a command once unmeasured, to warm caches, then `runs` times; `before` runs ahead of each.
pub(crate) fn sample(
    command: &Tool,
    runs: usize,
    accepted: &[i32],
    mut before: impl FnMut() -> Result<()>,
) -> Result<Sample> {
    let mut all = Vec::new();
    for round in 0..=runs {
        before()?;
        let usage = command.measure(accepted)?;
        if round > 0 {
            all.push(usage);
        }
    }
    let middle = |mut values: Vec<u128>| {
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let micros = |value: u128| Duration::from_micros(value as u64);
    Ok(Sample {
        median: Usage {
            cpu: micros(middle(all.iter().map(|u| u.cpu.as_micros()).collect())),
            wall: micros(middle(all.iter().map(|u| u.wall.as_micros()).collect())),
            peak: middle(all.iter().map(|u| u128::from(u.peak)).collect()) as u64,
        },
        least: all.iter().map(|u| u.cpu).min().unwrap_or_default(),
    })
}

/// A program with its arguments, in an environment that is the same for everyone and has no way out of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    words: Vec<String>,
    home: std::path::PathBuf,
    variables: Vec<(String, String)>,
}

impl Tool {
    /// A program; `home` becomes its home, working directory and place for caches.
    pub(crate) fn new(program: &Path, home: &Path) -> Self {
        Self {
            words: vec![program.display().to_string()],
            home: home.to_owned(),
            variables: Vec::new(),
        }
    }

    /// Adds arguments, separated by white space.
    pub(crate) fn words(mut self, words: &str) -> Self {
        self.words
            .extend(words.split_whitespace().map(str::to_owned));
        self
    }

    /// Adds one argument as it is.
    pub(crate) fn path(mut self, path: &Path) -> Self {
        self.words.push(path.display().to_string());
        self
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, started by another program.
    pub(crate) fn under(&self, runner: &str) -> Self {
        let mut changed = self.clone();
        changed.words = runner.split_whitespace().map(str::to_owned).collect();
        changed.words.extend(self.words.iter().cloned());
        changed
    }

    /// Runs it and gives exit code, standard output and standard error.
    pub(crate) fn output(&self) -> Result<(i32, String, String)> {
        let (program, arguments) = self.words.split_first().context("no program")?;
        let done = self
            .prepared(Command::new(program).args(arguments))?
            .output()
            .with_context(|| format!("cannot start {program}"))?;
        Ok((
            done.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&done.stdout).into_owned(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        ))
    }

    /// Runs it once, measured.
    pub(super) fn measure(&self, accepted: &[i32]) -> Result<Usage> {
        let report = self.home.join("usage.txt");
        let this = std::env::current_exe().context("cannot name this program")?;
        let status = self
            .prepared(
                Command::new(this)
                    .args(["bench", "--once"])
                    .arg(&report)
                    .args(&self.words),
            )?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("could not measure {}", self.words.join(" "));
        }
        let text = std::fs::read_to_string(&report).context("no measurement")?;
        let [cpu, wall, peak, code] = text
            .split_whitespace()
            .map(str::parse::<u64>)
            .collect::<Result<Vec<_>, _>>()?[..]
        else {
            bail!("a damaged measurement: {text}");
        };
        if !accepted.contains(&(code as i32)) {
            let (_, _, error) = self.output()?;
            bail!("{} ended with {code}: {error}", self.words.join(" "));
        }
        Ok(Usage {
            cpu: Duration::from_micros(cpu),
            wall: Duration::from_micros(wall),
            peak,
        })
    }

    /// Nothing of the caller's environment but PATH; proxies lead to a port where nobody listens.
    fn prepared<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command> {
        std::fs::create_dir_all(&self.home)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.home);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, "http://127.0.0.1:9");
            command.env(name.to_lowercase(), "http://127.0.0.1:9");
        }
        command.env("NO_PROXY", "127.0.0.1");
        command.env("no_proxy", "127.0.0.1");
        command.stdin(Stdio::null());
        Ok(command)
    }
}

/// The other end of [`Tool::measure`].
#[cfg(unix)]
pub(crate) fn once(report: &str, program: &str, arguments: &[&str]) -> Result<()> {
    use nix::sys::resource::{UsageWho, getrusage};
    let start = std::time::Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let wall = start.elapsed().as_micros();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1024 } else { 1 };
    let peak = usage.max_rss() / unit;
    let code = status.code().unwrap_or(255);
    std::fs::write(report, format!("{cpu} {wall} {peak} {code}"))?;
    Ok(())
}

/// Elsewhere the kernel does not say.
#[cfg(not(unix))]
pub(crate) fn once(_: &str, _: &str, _: &[&str]) -> Result<()> {
    bail!("measuring needs a Unix system")
}

//! What lies in `contrib/`: the unit and the container file start what they say, as a user without rights, with no more
//! than the directories that they name.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::upstream::{Answer, Upstream};
use common::{Sandbox, root};

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("contrib").join(name)).unwrap()
}

/// The values of a key of a unit, in order.
fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(k, _)| *k == key).map(|(_, v)| v).collect()
}

/// A machine as far as the files name one: a place for each of their paths, which all belong to nobody in particular.
struct Machine {
    sandbox: Sandbox,
    places: Vec<(&'static str, PathBuf)>,
}

impl Machine {
    fn new(configuration: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("etc/hognose.toml", configuration);
        let top = sandbox.work();
        // Whoever runs it may not read where this was built.
        let feeds = root().join("examples/feeds");
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(feeds).arg(top.join("etc/feeds"));
        assert!(copy.status().unwrap().success());
        let program = top.join("bin/hognose");
        for folder in ["bin", "state", "cache"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        let built = PathBuf::from(sandbox.command(&[]).get_program());
        std::fs::copy(built, &program).unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(top.parent().unwrap(), open).unwrap();
        let places = vec![
            ("/usr/local/bin/hognose", program),
            ("/etc/hognose/hognose.toml", top.join("etc/hognose.toml")),
            ("/var/lib/hognose/cache", top.join("cache")),
            ("/var/lib/hognose", top.join("state")),
            ("/var/cache/hognose", top.join("cache")),
        ];
        Self { sandbox, places }
    }

    fn here(&self, word: &str) -> String {
        self.places
            .iter()
            .fold(word.to_owned(), |word, (path, place)| {
                word.replace(path, place.to_str().unwrap())
            })
    }

    /// A command line as the unit's user runs it; as whoever tests, where that is no administrator.
    fn command(&self, line: &str, environment: &[&str]) -> Command {
        let words: Vec<String> = line.split(' ').map(|word| self.here(word)).collect();
        let is_root = std::fs::read_to_string("/proc/self/status")
            .is_ok_and(|status| status.contains("\nUid:\t0\t"));
        let drops = is_root && Path::new("/usr/bin/setpriv").exists();
        let top = self.sandbox.work();
        let mut command = if drops {
            for folder in ["state", "cache"] {
                let owned = Command::new("chown")
                    .arg("65534:65534")
                    .arg(top.join(folder))
                    .status();
                assert!(owned.unwrap().success());
            }
            let mut command = Command::new("/usr/bin/setpriv");
            command.args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--no-new-privs",
            ]);
            command.arg("--bounding-set=-all").args(&words);
            command
        } else {
            let (program, rest) = words.split_first().unwrap();
            let mut command = Command::new(program);
            command.args(rest);
            command
        };
        command.env_clear().current_dir("/").env("HOME", "/");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
        for pair in environment.iter().flat_map(|line| line.split(' ')) {
            let (name, value) = pair.split_once('=').unwrap();
            command.env(name, self.here(value));
        }
        command
    }

    fn runs(&self, line: &str, environment: &[&str]) {
        let output = self.command(line, environment).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {said}");
    }

    /// Starts a gateway, asks it for a page, and ends it as a service is ended.
    fn serves(&self, line: &str, environment: &[&str]) {
        let mut running = self.command(line, environment);
        let mut process = running.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said.push_str(&line);
            let rest = line.split("index is at http://").nth(1)?;
            Some(rest.split('/').next()?.replace("0.0.0.0", "127.0.0.1"))
        });
        let address = address.unwrap_or_else(|| unreachable!("{said}"));
        let url = format!("http://{address}/simple/good/");
        let page = Command::new("curl").args(["-sf", &url]).output();
        if let Ok(page) = page {
            let text = String::from_utf8_lossy(&page.stdout).into_owned();
            assert!(text.contains("good-1.0"), "{text}");
        }
        let id = process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(process.wait().unwrap().success());
    }
}

/// A configuration with an index and advisories of this machine.
fn configuration(upstream: &Upstream) -> String {
    let page = "<a href=\"/files/good-1.0-py3-none-any.whl\">good-1.0-py3-none-any.whl</a>";
    upstream.put("/simple/good/", Answer::html(page));
    format!(
        "feeds = [\"feeds\"]\n[gateway]\nlisten = \"127.0.0.1:0\"\n[[gateway.upstream]]\nname = \"one\"\nurl = \"{}\"\n",
        upstream.url()
    )
}

#[test]
fn the_units_start_what_they_say() {
    let upstream = Upstream::new();
    let machine = Machine::new(&configuration(&upstream));
    let update = file("hognose-db-update.service");
    let gateway = file("hognose-gateway.service");
    // Both have one cache.
    assert_eq!(
        values(&update, "CacheDirectory"),
        values(&gateway, "CacheDirectory")
    );
    assert_eq!(values(&update, "User"), values(&gateway, "User"));
    machine.runs(
        values(&update, "ExecStart")[0],
        &values(&update, "Environment"),
    );
    let environment = values(&gateway, "Environment");
    machine.runs(values(&gateway, "ExecStartPre")[0], &environment);
    machine.serves(values(&gateway, "ExecStart")[0], &environment);
    assert!(machine.sandbox.work().join("state/gateway.db").exists());
    assert!(machine.sandbox.work().join("cache/db").exists());
}

#[test]
fn the_container_starts_what_it_says() {
    let upstream = Upstream::new();
    let machine = Machine::new(&configuration(&upstream));
    let text = file("Containerfile");
    let of = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap().trim().to_owned()
    };
    let words = |key: &str| serde_json::from_str::<Vec<String>>(&of(key)).unwrap();
    let all = [words("ENTRYPOINT"), words("CMD")].concat().join(" ");
    // The port is another test's.
    let line = all.replace(":8990", ":0");
    assert_ne!(line, all);
    let environment = of("ENV");
    let paths: Vec<&str> = environment.split('/').collect();
    assert!(paths.len() > 4);
    machine.serves(&line, &[&environment]);
    // What is built there is a profile of this workspace, and is copied from where it is built.
    let cargo = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(cargo.contains("[profile.dist]") && text.contains("--profile dist --locked"));
    assert!(text.contains("COPY --from=build /source/target/dist/hognose /usr/local/bin/hognose"));
}

/// By the program that knows, where it is.
#[test]
fn units_are_well_formed() {
    let folder = root().join("contrib");
    for name in [
        "hognose-gateway.service",
        "hognose-db-update.service",
        "hognose-db-update.timer",
    ] {
        let verify = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(folder.join(name))
            .output();
        let Ok(output) = verify else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let faults: Vec<&str> = said
            .lines()
            // The program lies elsewhere, and other units of the machine are not ours.
            .filter(|line| line.starts_with("hognose-") && !line.contains("is not executable"))
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

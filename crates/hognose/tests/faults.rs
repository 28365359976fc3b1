//! What a gateway keeps when it is killed, when its disk is full, when its upstream stalls.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::Sandbox;
use common::gateway::Running;
use common::upstream::{Answer, Upstream, hex};

const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";

/// A wheel of about so many bytes that do not compress.
fn wheel(version: &str, size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut text = String::from("X = '");
    while text.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{state:x}"));
    }
    text.push_str("'\n");
    archives::wheel("good", version, &[("good.py", text)], "")
}

fn kept(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![sandbox.cache().join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                out.push(entry.path());
            }
        }
    }
    out
}

/// Every artifact that has a place is the one its place says.
fn whole(files: &[PathBuf]) -> usize {
    let placed = files.iter().filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        !name.starts_with(".coming-")
    });
    placed
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert_eq!(hex(&std::fs::read(path).unwrap()), name);
        })
        .count()
}

fn path(version: &str, bytes: &[u8]) -> String {
    format!("/files/good/{}/good-{version}-py3-none-any.whl", hex(bytes))
}

#[test]
fn killed_a_hundred_times_while_caching() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let bytes: Vec<Vec<u8>> = (0..10)
        .map(|at| wheel(&format!("{at}.0"), 400_000))
        .collect();
    let names: Vec<String> = (0..10)
        .map(|at| format!("good-{at}.0-py3-none-any.whl"))
        .collect();
    let releases: Vec<_> = names
        .iter()
        .zip(&bytes)
        .map(|(name, b)| (name.as_str(), b.as_slice(), OLD))
        .collect();
    upstream.project("good", &releases);
    for (name, bytes) in names.iter().zip(&bytes) {
        let slow = Answer {
            pause: Duration::from_millis(15),
            ..Answer::file(bytes.clone())
        };
        upstream.put(&format!("/files/{name}"), slow);
    }
    for round in 0..100_u64 {
        // Every second round reads artifacts too, so that verdicts are cut short as well.
        let configuration = ["", "[gateway]\ninspect = false\n"][(round % 2) as usize];
        let gateway = Running::start(&sandbox, &upstream.url(), configuration);
        std::thread::scope(|scope| {
            for (at, bytes) in bytes
                .iter()
                .enumerate()
                .skip((round % 5) as usize)
                .step_by(4)
            {
                let (address, path) = (gateway.address.clone(), path(&format!("{at}.0"), bytes));
                scope.spawn(move || {
                    let Ok(mut stream) = TcpStream::connect(address) else {
                        return;
                    };
                    let _ = write!(
                        stream,
                        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    );
                    let mut got = Vec::new();
                    let _ = stream.read_to_end(&mut got);
                    // Whole and right, or visibly not whole.
                    if got.windows(bytes.len()).any(|w| w == bytes.as_slice()) {
                        assert!(got.starts_with(b"HTTP/1.1 200"));
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(round * 7 % 60));
            gateway.kill();
        });
        whole(&kept(&sandbox));
    }
    // What is there is served without asking again, what is not is fetched, and the log is whole.
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    for (at, bytes) in bytes.iter().enumerate() {
        let got = gateway.ask(&path(&format!("{at}.0"), bytes), "");
        assert_eq!((got.status(), &got.body), (200, bytes), "{}", got.line);
    }
    drop(gateway);
    assert_eq!(whole(&kept(&sandbox)), 10);
    let log = sandbox.run(&["gateway", "audit", "verify"]);
    assert_eq!(log.code, 0, "{}", log.whole());
}

/// A gateway whose files may have so many blocks of 512 bytes.
fn cramped(sandbox: &Sandbox, upstream: &Upstream, blocks: u32) -> Running {
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Running::start_by(sandbox, &upstream.url(), "", |program| {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(&limit).arg(program);
        // Of its own group, so that what ends it ends all of it.
        shell.process_group(0);
        shell
    })
}

#[test]
fn a_full_disk_is_said_and_nothing_half_is_kept() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let (small, large) = (wheel("1.0", 10_000), wheel("2.0", 3_000_000));
    upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &small, OLD),
            ("good-2.0-py3-none-any.whl", &large, OLD),
        ],
    );
    let gateway = cramped(&sandbox, &upstream, 2_000);
    let refused = gateway.ask(&path("2.0", &large), "");
    assert_eq!(refused.status(), 503, "{}", refused.text());
    assert!(
        refused.text().contains("cannot be kept"),
        "{}",
        refused.text()
    );
    // It goes on with what there is room for.
    let served = gateway.ask(&path("1.0", &small), "");
    assert_eq!((served.status(), &served.body), (200, &small));
    assert_eq!(kept(&sandbox).len(), 1);
    drop(gateway);
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    assert_eq!(gateway.ask(&path("2.0", &large), "").status(), 200);
}

#[test]
fn an_upstream_that_stalls_holds_up_nobody_else() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let (one, other) = (wheel("1.0", 200_000), wheel("2.0", 200_000));
    upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &one, OLD),
            ("good-2.0-py3-none-any.whl", &other, OLD),
        ],
    );
    let stalled = Answer {
        pause: Duration::from_secs(5),
        ..Answer::file(one.clone())
    };
    upstream.put("/files/good-1.0-py3-none-any.whl", stalled);
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gateway.ask(&path("1.0", &one), ""));
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        assert_eq!(gateway.ask(&path("2.0", &other), "").status(), 200);
        assert_eq!(gateway.ask("/simple/good/", "").status(), 200);
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(waiting.join().unwrap().status(), 200);
    });
}

#[test]
fn the_helpers_of_these_tests_look_where_it_lies() {
    let sandbox = Sandbox::new();
    assert!(kept(&sandbox).is_empty());
    assert!(Path::new(&sandbox.cache()).is_absolute());
}

//! `cargo xtask bench --index`: what asking an index about 200 packages costs, cold and with answers kept.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

use super::sample::{Tool, sample};
use super::{row, table};
use crate::run::{heading, root};

/// Projects that are asked about.
const PROJECTS: usize = 200;
/// Releases of each, with a wheel and an sdist.
const RELEASES: usize = 30;
/// Most CPU time of a run without kept answers, in milliseconds.
const COLD: f64 = 150.0;
/// Most resident memory, in MiB.
const MEMORY: f64 = 40.0;

/// Measures a binary.
pub(super) fn run(binary: &Path, runs: usize) -> Result<()> {
    heading("facts of an index about 200 packages, over loopback");
    let home = root().join("target/bench/index");
    let work = home.join("work");
    std::fs::create_dir_all(&work)?;
    let home = home.canonicalize()?;
    let lock = work.join("requirements.txt");
    std::fs::write(&lock, pins())?;
    let (address, requests) = serve()?;
    let cache = home.join("cache");
    let tool = Tool::new(binary, &home)
        .words("scan --no-config --online --format json --index-url")
        .words(&format!("{address}/simple/"))
        .words("--feed")
        .path(&root().join("examples/feeds"))
        .words("--cache-dir")
        .path(&cache)
        .path(&lock);
    // Set aside, not removed: a file system that has just removed files is slow to make new ones.
    let aside = home.join("aside");
    let _ = std::fs::remove_dir_all(&aside);
    let mut round = 0;
    let forget = || {
        round += 1;
        let place = aside.join(round.to_string());
        std::fs::create_dir_all(&place)?;
        for kept in ["http", "history"] {
            let _ = std::fs::rename(cache.join(kept), place.join(kept));
        }
        requests.store(0, Ordering::SeqCst);
        Ok(())
    };
    // Findings or none: both were measured.
    let cold = sample(&tool, runs, &[0, 1], forget)?;
    let asked = requests.swap(0, Ordering::SeqCst);
    let warm = sample(&tool, runs, &[0, 1], || Ok(()))?;
    let again = requests.load(Ordering::SeqCst);
    let cells = |what: &str, s: &super::sample::Sample, asked: usize| {
        let usage = &s.median;
        row([
            what,
            &format!("{:.1}", usage.cpu_ms()),
            &format!("{:.1}", usage.wall_ms()),
            &format!("{:.1}", usage.peak_mib()),
            &asked.to_string(),
        ])
    };
    table(&[
        row(["", "CPU ms", "wall ms", "MiB", "requests"]),
        cells("nothing kept", &cold, asked),
        cells("all kept", &warm, again),
    ]);
    let _ = std::fs::remove_dir_all(&aside);
    let peak = cold.median.peak_mib().max(warm.median.peak_mib());
    if cold.median.cpu_ms() > COLD || peak > MEMORY || again > 0 {
        bail!("a target is missed: {COLD} ms, {MEMORY} MiB, no request when all is kept");
    }
    println!("\nall targets are met");
    Ok(())
}

/// Every project at its newest release.
fn pins() -> String {
    (0..PROJECTS).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "{}==1.{}", name(at), RELEASES - 1);
        text
    })
}

fn name(at: usize) -> String {
    format!("project-{at:03}")
}

/// An index on the loopback interface; it ends with this program. Connections are kept open, as real ones are.
fn serve() -> Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = format!("http://{}", listener.local_addr()?);
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            // A client that goes away ends its own connection only.
            std::thread::spawn(move || drop(answer(&stream, &counted)));
        }
    });
    Ok((address, requests))
}

fn answer(stream: &TcpStream, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let Some(first) = lines.next().transpose()? else {
            return Ok(());
        };
        while let Some(header) = lines.next().transpose()?
            && !header.is_empty()
        {}
        requests.fetch_add(1, Ordering::SeqCst);
        let path = first.split(' ').nth(1).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let (status, body) = match parts.as_slice() {
            ["simple", name] => (200, page(name)),
            ["pypi", name, "json"] => (200, project(name)),
            _ => (404, String::new()),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nCache-Control: max-age=600\r\n\r\n"
        );
        let mut out = stream;
        out.write_all(format!("{head}{body}").as_bytes())?;
    }
}

/// Both files of every release: version, name, day of upload.
fn files(name: &str) -> impl Iterator<Item = (String, String, usize)> {
    let stem = name.replace('-', "_");
    (0..RELEASES).flat_map(move |release| {
        let version = format!("1.{release}");
        let day = 1 + release % 28;
        [
            (
                version.clone(),
                format!("{stem}-{version}-py3-none-any.whl"),
                day,
            ),
            (version.clone(), format!("{stem}-{version}.tar.gz"), day),
        ]
    })
}

fn page(name: &str) -> String {
    let files: Vec<String> = files(name)
        .map(|(_, file, day)| {
            let hash = "ab".repeat(32);
            format!(
                "{{\"filename\":\"{file}\",\"url\":\"https://files.example/packages/00/11/{hash}/{file}\",\"size\":123456,\
                 \"hashes\":{{\"sha256\":\"{hash}\"}},\"requires-python\":\">=3.9\",\"yanked\":false,\
                 \"core-metadata\":{{\"sha256\":\"{hash}\"}},\"upload-time\":\"2026-05-{day:02}T10:00:00.000000Z\"}}"
            )
        })
        .collect();
    format!(
        "{{\"meta\":{{\"api-version\":\"1.4\"}},\"name\":\"{name}\",\"files\":[{}]}}",
        files.join(",")
    )
}

fn project(name: &str) -> String {
    let files: Vec<String> = files(name)
        .map(|(version, file, day)| {
            let hash = "ab".repeat(32);
            format!(
                "\"{version}-{file}\":[{{\"filename\":\"{file}\",\"size\":123456,\"digests\":{{\"sha256\":\"{hash}\"}},\
                 \"upload_time_iso_8601\":\"2026-05-{day:02}T10:00:00.000000Z\",\"yanked\":false}}]"
            )
        })
        .collect();
    let description = "What it is for, at length. ".repeat(300);
    format!(
        "{{\"info\":{{\"version\":\"1.{}\",\"author_email\":\"a@{name}.example\",\"description\":\"{description}\",\
         \"project_urls\":{{\"Source\":\"https://github.com/{name}/{name}\"}}}},\"releases\":{{{}}},\
         \"ownership\":{{\"organization\":null,\"roles\":[{{\"role\":\"Owner\",\"user\":\"{name}\"}}]}}}}",
        RELEASES - 1,
        files.join(",")
    )
}

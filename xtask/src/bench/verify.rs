//! `cargo xtask bench --verify`: a lock of 100 packages and 1,000 files of which 200 are attested, by a loopback index; and
//! Python's reference client over one of them.
//!
//! Attestations cannot be made up, so one real document serves for all: file names are compared by what they say, and a
//! name can be spelt in many ways.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::rivals::environment;
use super::sample::{Sample, Tool, sample};
use super::{row, table};
use crate::run::{heading, root};

/// The project whose attestations there are.
const PROJECT: &str = "sampleproject";
const VERSION: &str = "4.0.0";
/// Packages, files of each that has no attestations, attested files.
const PACKAGES: usize = 100;
const FILES: usize = 8;
const ATTESTED: usize = 200;
/// Most CPU time of the whole lock with all answers kept, and of one attestation, in milliseconds.
const WHOLE: f64 = 150.0;
const EACH: f64 = 0.6;

/// Measures a binary.
pub(super) fn run(binary: &Path, data: &Path, runs: usize) -> Result<()> {
    heading("a lock of 100 packages, 1,000 files, 200 attestations, over loopback");
    let home = root().join("target/bench/verify");
    std::fs::create_dir_all(&home)?;
    let home = home.canonicalize()?;
    let document = data.join(format!(
        "provenance/pypi/{PROJECT}-{VERSION}.tar.gz.provenance"
    ));
    let document = std::fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let sha256 = attested(&document)?;
    let lock = home.join("requirements.txt");
    std::fs::write(&lock, pins())?;
    let with = hognose(binary, &home.join("with"), &lock, &document, &sha256, true)?;
    let without = hognose(
        binary,
        &home.join("without"),
        &lock,
        &document,
        &sha256,
        false,
    )?;
    let (with, without) = (
        sample(&with, runs, &[0], || Ok(()))?,
        sample(&without, runs, &[0], || Ok(()))?,
    );
    let rival = reference(&home, &document)?;
    let rival = sample(&rival, runs.min(5), &[1], || Ok(()))?;
    let each = (with.median.cpu_ms() - without.median.cpu_ms()) / ATTESTED as f64;
    let cells = |what: &str, s: &Sample| {
        let usage = &s.median;
        row([
            what,
            &format!("{:.1}", usage.cpu_ms()),
            &format!("{:.1}", usage.wall_ms()),
            &format!("{:.1}", usage.peak_mib()),
        ])
    };
    table(&[
        row(["", "CPU ms", "wall ms", "MiB"]),
        cells("hognose, 200 attestations", &with),
        cells("hognose, none", &without),
        cells("pypi-attestations, 1 file", &rival),
    ]);
    println!("\none attestation: {each:.2} ms");
    if each > EACH || with.median.cpu_ms() > WHOLE {
        bail!("a target is missed: {EACH} ms an attestation, {WHOLE} ms the lock");
    }
    println!("all targets are met");
    Ok(())
}

/// The command, after a first run that asks the index and keeps what it says.
fn hognose(
    binary: &Path,
    home: &Path,
    lock: &Path,
    document: &str,
    sha256: &str,
    attests: bool,
) -> Result<Tool> {
    let address = serve(index(document, sha256, attests))?;
    let cache = home.join("cache");
    let _ = std::fs::remove_dir_all(&cache);
    let tool = |more: &str| {
        Tool::new(binary, home)
            .words("verify --no-config --format json --index-url")
            .words(&format!("{address}/simple/"))
            .words("--cache-dir")
            .path(&cache)
            .words(more)
            .path(lock)
    };
    let (code, said, error) = tool("").output()?;
    let report: Value = serde_json::from_str(&said).unwrap_or_default();
    let files = report["files"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let verified = files.iter().filter(|f| f["verdict"] == "verified").count();
    let expected = if attests { ATTESTED } else { 0 };
    if code != 0 || files.len() != (PACKAGES - 1) * FILES + ATTESTED || verified != expected {
        bail!(
            "{verified} of {} files verified, exit code {code}: {error}",
            files.len()
        );
    }
    Ok(tool("--offline"))
}

/// Python's reference client over the same document. The artifact has other bytes, which it finds after everything else.
fn reference(home: &Path, document: &str) -> Result<Tool> {
    heading("pypi-attestations");
    let venv = home.join("venv");
    let list = root().join("benches/attestations-requirements.txt");
    environment("python3", &venv, &list, &[])?;
    let artifact = home.join(format!("{PROJECT}-{VERSION}.tar.gz"));
    std::fs::write(&artifact, b"other bytes")?;
    let file = home.join("document.provenance");
    std::fs::write(&file, document)?;
    Ok(Tool::new(&venv.join("bin/pypi-attestations"), home)
        .words("verify pypi --offline --repository https://github.com/pypa/sampleproject --provenance-file")
        .path(&file)
        .path(&artifact))
}

/// The sha256 that the document attests.
fn attested(document: &str) -> Result<String> {
    let document: Value = serde_json::from_str(document)?;
    let statement = &document["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"];
    let statement = statement.as_str().context("no statement")?;
    let bytes = decoded(statement).context("no base64")?;
    let statement: Value = serde_json::from_slice(&bytes)?;
    let sha256 = statement["subject"][0]["digest"]["sha256"].as_str();
    sha256.map(str::to_owned).context("no sha256")
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|b| *b != b'=') {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|d| *d == byte)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

fn pins() -> String {
    let mut out = format!("{PROJECT}=={VERSION}\n");
    for at in 1..PACKAGES {
        let _ = writeln!(out, "project-{at:03}==1.0");
    }
    out
}

/// Every answer of the index, by path.
fn index(document: &str, sha256: &str, attests: bool) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut page = |name: &str, files: Vec<Value>| {
        let page = json!({"meta": {"api-version": "1.4"}, "name": name, "files": files});
        out.insert(format!("/simple/{name}/"), page.to_string());
    };
    let file = |name: &str, sha256: &str, provenance: Value| {
        json!({"filename": name, "url": format!("/files/{name}"), "hashes": {"sha256": sha256},
            "upload-time": "2026-01-01T00:00:00Z", "provenance": provenance})
    };
    for at in 1..PACKAGES {
        let name = format!("project-{at:03}");
        let files = (0..FILES).map(|minor| {
            let tag =
                format!("project_{at:03}-1.0-cp3{minor}-cp3{minor}-manylinux_2_28_x86_64.whl");
            file(&tag, &format!("{at:032x}{minor:032x}"), Value::Null)
        });
        page(&name, files.collect());
    }
    let spelt = (0..ATTESTED).map(|at| {
        let at_place = |place: usize| at >> place & 1 == 1;
        let letters = PROJECT.chars().enumerate().map(|(place, c)| {
            if at_place(place) {
                c.to_ascii_uppercase()
            } else {
                c
            }
        });
        let name = format!("{}-{VERSION}.tar.gz", letters.collect::<String>());
        let address = format!("/integrity/{at}");
        file(
            &name,
            sha256,
            if attests { json!(address) } else { Value::Null },
        )
    });
    page(PROJECT, spelt.collect());
    for at in 0..ATTESTED {
        out.insert(format!("/integrity/{at}"), document.to_owned());
    }
    out
}

/// A server on the loopback interface that ends with this program.
fn serve(answers: BTreeMap<String, String>) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = format!("http://{}", listener.local_addr()?);
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            // A client that goes away ends its own connection only.
            std::thread::spawn(move || drop(answer(&stream, &answers)));
        }
    });
    Ok(address)
}

fn answer(stream: &TcpStream, answers: &BTreeMap<String, String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let Some(first) = lines.next().transpose()? else {
            return Ok(());
        };
        while let Some(header) = lines.next().transpose()?
            && !header.is_empty()
        {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (status, body) = answers
            .get(path)
            .map_or((404, ""), |body| (200, body.as_str()));
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nCache-Control: max-age=86400\r\n\r\n",
            body.len()
        );
        let mut out = stream;
        out.write_all(format!("{head}{body}").as_bytes())?;
    }
}

//! `cargo xtask bench --environment`: an environment of 500 distributions, 50,000 files and 500 MB beside `sha256sum` over the
//! same files, both with all cores; and the same with the bytecode of every module, as Python leaves it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::sample::{Sample, Tool, sample};
use super::{row, table};
use crate::run::{heading, root};

const DISTRIBUTIONS: usize = 500;
const FILES: usize = 100;
/// Bytes of most files; one of each distribution is larger, so that all together are 500 MB.
const SMALL: usize = 4_000;
const LARGE: usize = 604_000;
/// The share of the throughput of `sha256sum` that is asked for.
const SHARE: f64 = 0.8;

/// Measures a binary.
pub(super) fn run(binary: &Path, runs: usize) -> Result<()> {
    let bare = one(binary, runs, false)?;
    let compiled = one(binary, runs, true)?;
    if bare.min(compiled) < SHARE {
        bail!("the target is missed: {:.0} %", 100.0 * SHARE);
    }
    println!("the target is met");
    Ok(())
}

/// The share of the throughput of `sha256sum` over one environment.
fn one(binary: &Path, runs: usize, is_compiled: bool) -> Result<f64> {
    let with = if is_compiled {
        ", and bytecode of each"
    } else {
        ""
    };
    heading(&format!(
        "an environment of 500 distributions, 50,000 files, 500 MB{with}"
    ));
    let name = if is_compiled { "compiled" } else { "bare" };
    let home = root().join("target/bench/environment").join(name);
    fs::create_dir_all(&home)?;
    let home = home.canonicalize()?;
    let environment = home.join("env");
    if !home.join("made").is_file() {
        make(&environment)?;
        if is_compiled {
            compile(&environment)?;
        }
        fs::write(home.join("made"), "")?;
    }
    let own = Tool::new(binary, &home)
        .words("verify --offline --no-config --format json --output report.json")
        .path(&environment);
    let cores = std::thread::available_parallelism()?;
    let script = home.join("sums.sh");
    let text = format!(
        "find '{}/lib' -type f -print0 | xargs -0 -P {cores} -n 1000 sha256sum > /dev/null\n",
        environment.display()
    );
    fs::write(&script, text)?;
    let sums = Tool::new(Path::new("sh"), &home).path(&script);
    let (own, sums) = (
        sample(&own, runs, &[0], || Ok(()))?,
        sample(&sums, runs, &[0], || Ok(()))?,
    );
    looked(&home, is_compiled)?;
    shown(&own, &sums);
    let share = sums.median.wall.as_secs_f64() / own.median.wall.as_secs_f64();
    println!("\n{:.0} % of the throughput of sha256sum", 100.0 * share);
    Ok(share)
}

/// A binary that looked at nothing would be fast.
fn looked(home: &Path, is_compiled: bool) -> Result<()> {
    let report = fs::read_to_string(home.join("report.json"))?;
    let files = DISTRIBUTIONS * (FILES + 1);
    let modules = if is_compiled {
        DISTRIBUTIONS * FILES
    } else {
        0
    };
    for done in [
        format!("compared {files} files"),
        format!("bytecode of {modules} module"),
    ] {
        if !report.contains(&done) {
            bail!("it did not do everything: no \"{done}\"");
        }
    }
    Ok(())
}

fn shown(own: &Sample, sums: &Sample) {
    let cells = |what: &str, s: &Sample| {
        let usage = &s.median;
        let throughput = megabytes() / usage.wall.as_secs_f64();
        row([
            what,
            &format!("{:.0}", usage.cpu_ms()),
            &format!("{:.0}", usage.wall_ms()),
            &format!("{throughput:.0}"),
            &format!("{:.1}", usage.peak_mib()),
        ])
    };
    table(&[
        row(["", "CPU ms", "wall ms", "MB/s", "MiB"]),
        cells("hognose verify", own),
        cells("sha256sum", sums),
    ]);
}

/// Writes the bytecode of every module, as importing it would.
fn compile(environment: &Path) -> Result<()> {
    let done = Command::new("python3")
        .args(["-m", "compileall", "-q", "-j", "0"])
        .arg(environment.join("lib"))
        .status()
        .context("python3 cannot be run")?;
    if !done.success() {
        bail!("compileall ended with {done}");
    }
    Ok(())
}

fn megabytes() -> f64 {
    (DISTRIBUTIONS * ((FILES - 1) * SMALL + LARGE)) as f64 / 1e6
}

/// Writes the environment. What is in the files does not matter to a hash; no two are alike.
fn make(environment: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(environment);
    let site = environment.join("lib/python3.11/site-packages");
    fs::create_dir_all(&site).with_context(|| site.display().to_string())?;
    fs::write(
        environment.join("pyvenv.cfg"),
        "home = /usr/bin\nversion = 3.11.7\n",
    )?;
    for distribution in 0..DISTRIBUTIONS {
        let name = format!("package{distribution}");
        let info = format!("{name}-1.0.dist-info");
        fs::create_dir_all(site.join(&info))?;
        let mut record = String::new();
        for file in 0..FILES {
            let path = format!("{name}/part{}/module{file}.py", file / 20);
            let size = if file == 0 { LARGE } else { SMALL };
            let mut text = format!("# {distribution} {file}\n");
            while text.len() < size {
                writeln!(text, "VALUE_{} = '{distribution}-{file}'", text.len())?;
            }
            // Half a line is no Python, and would have no bytecode: a comment fills its place.
            text.truncate(size - 1);
            text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
            while text.len() < size - 1 {
                text.push('#');
            }
            text.push('\n');
            let place = site.join(&path);
            fs::create_dir_all(place.parent().context("no parent")?)?;
            fs::write(&place, &text)?;
            let digest = base64(&Sha256::digest(text.as_bytes()));
            writeln!(record, "{path},sha256={digest},{size}")?;
        }
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
        fs::write(site.join(&info).join("METADATA"), &metadata)?;
        let digest = base64(&Sha256::digest(metadata.as_bytes()));
        let size = metadata.len();
        writeln!(
            record,
            "{info}/METADATA,sha256={digest},{size}\n{info}/RECORD,,"
        )?;
        fs::write(site.join(&info).join("RECORD"), record)?;
    }
    Ok(())
}

/// URL-safe, without padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let three = group.iter().chain(std::iter::repeat(&0)).take(3);
        let bits = three.fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..=group.len() {
            out.push(char::from(LETTERS[bits >> (18 - 6 * place) & 63]));
        }
    }
    out
}

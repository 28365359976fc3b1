//! Downloads what the cache lacks, through the user's index. Nothing is unpacked, built or run.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use hognose_index::{Client, Config, IndexFile, IndexUrl, ProxyFor};
use hognose_types::PackageName;

use super::list::Entry;
use crate::run::heading;

/// What the user's pip would ask.
const ASK_PIP: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

/// Fetches the entries; says which could not be had, and goes on.
pub(super) fn fetch(missing: &[&Entry], cache: &Path, index: Option<&str>) -> Result<()> {
    heading("fetching");
    let client = client(index)?;
    let mut failed = 0;
    for entry in missing {
        match one(&client, entry, cache) {
            Ok(()) => println!("{}", entry.file),
            Err(error) => {
                failed += 1;
                println!("{}: {error:#}", entry.file);
            }
        }
    }
    println!("{} fetched, {failed} failed", missing.len() - failed);
    Ok(())
}

fn one(client: &Client, entry: &Entry, cache: &Path) -> Result<()> {
    let file = offered(client, entry)?;
    if file
        .sha256
        .as_ref()
        .is_some_and(|digest| !entry.fits(digest))
    {
        bail!("the index offers another file of that name");
    }
    let fresh = cache.join(".fetched");
    let got = client.download(&file, &fresh, &mut |_, _| {})?;
    if !entry.fits(&got.sha256) {
        bail!("the index sent another file of that name");
    }
    let place = entry.path(cache);
    std::fs::create_dir_all(place.parent().unwrap_or(cache))?;
    std::fs::rename(&got.path, &place).with_context(|| place.display().to_string())
}

/// The file as its project's page offers it.
fn offered(client: &Client, entry: &Entry) -> Result<IndexFile> {
    for project in entry.projects() {
        let files = client.files(&PackageName::new(project)?)?.files;
        if let Some(file) = files.into_iter().find(|file| file.filename == entry.file) {
            return Ok(file);
        }
    }
    bail!("the index does not offer it")
}

/// The index named, else that of the environment, else that of the user's pip.
fn client(index: Option<&str>) -> Result<Client> {
    let variable = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok());
    let python = |words: &[&str]| output("python3", words);
    let index = index
        .map(str::to_owned)
        .or_else(|| variable(&["PIP_INDEX_URL"]))
        .or_else(|| python(&["-m", "pip", "config", "get", "global.index-url"]))
        .or_else(|| python(&["-c", ASK_PIP]))
        .context("no index is known; name one with --index-url URL")?;
    let mut config = Config::new(IndexUrl::parse(&index)?);
    if let Some(path) = variable(&["PIP_CERT", "REQUESTS_CA_BUNDLE"]) {
        config.ca = Some(std::fs::read(&path).with_context(|| path)?);
    }
    let proxy = variable(&["HTTPS_PROXY", "https_proxy"]);
    config.proxy = ProxyFor::new(move |_| proxy.clone());
    Ok(Client::new(config)?)
}

/// What a program prints, when it succeeds.
fn output(program: &str, words: &[&str]) -> Option<String> {
    let done = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let done = done.ok().filter(|done| done.status.success())?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

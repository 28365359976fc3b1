//! Flags of `hognose verify`.

use std::path::PathBuf;

use clap::Args;
use hognose_policy::Gate;
use hognose_report::Format;

use super::{IndexArgs, InputArgs, parse_format, parse_gate};

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    /// Remember who published what, in hognose.lock.toml beside the project. Packages about which something was found
    /// keep what was remembered of them.
    #[arg(long)]
    pub(crate) lock: bool,
    /// Read and write this file instead of hognose.lock.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) memory: Option<PathBuf>,
    /// Verify the one artifact that is named against this provenance document or attestation, without asking an index.
    #[arg(long, value_name = "FILE")]
    pub(crate) provenance: Option<PathBuf>,
    /// Compare with what `hognose attest` signed elsewhere: files have to be in it, with these bytes. Needs --key.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) attestation: Option<PathBuf>,
    /// The key in PEM: the public half of the one that signed --attestation; the private one for `hognose attest`.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Verify that this says that a verified file was built again: what OSS Rebuild signs (JSON lines of DSSE envelopes). May be
    /// given more than once. Needs --rebuild-key.
    #[arg(long, value_name = "FILE", requires = "rebuild_key")]
    pub(crate) rebuild_attestation: Vec<PathBuf>,
    /// The public key in PEM of whoever signed --rebuild-attestation.
    #[arg(long, value_name = "FILE", requires = "rebuild_attestation")]
    pub(crate) rebuild_key: Option<PathBuf>,
    /// Compare the code of wheels and sdists on disk with the commit they were built from, in this clone or bare repository; or
    /// in that of this address, of which the forge is asked.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) repository: Option<PathBuf>,
    /// Ask this forge for the commits that attestations name on it: `https://github.com`, `https://gitlab.com`,
    /// `github=https://HOST` or `gitlab=https://HOST`. Tells it the names of repositories and commits.
    #[arg(long, value_name = "[KIND=]URL")]
    pub(crate) forge: Option<String>,
    /// The commit to compare with [default: the attested one, else that of the release's tag].
    #[arg(long, value_name = "REV", requires = "repository")]
    pub(crate) commit: Option<String>,
    /// Compare the code of wheels on disk with the sdist of the same release on disk.
    #[arg(long)]
    pub(crate) against_sdist: bool,
    /// Build wheels on disk again from the sdist of the same release on disk, in a sandbox without network, and compare. Runs the
    /// sdist's own code; what it says that it needs to be built is fetched from the index of pip before.
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Build with this Python [default: python3].
    #[arg(long, value_name = "PYTHON", requires = "rebuild")]
    pub(crate) rebuild_python: Option<PathBuf>,
    /// Build even where nothing, or not all, can be confined on this machine: what is built can then do what you can.
    #[arg(long, requires = "rebuild")]
    pub(crate) rebuild_unsandboxed: bool,
    /// Trust these keys (a trusted_root.json of Sigstore) instead of those that are part of the program.
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Also look at the standard library that an environment uses: what starts with Python, and bytecode.
    #[arg(long)]
    pub(crate) stdlib: bool,
    /// Also check what is installed for the user alone (`~/.local`).
    #[arg(long)]
    pub(crate) user_site: bool,
    /// Fetch the wheel of everything that is installed in an environment from its index and compare the files. Tells the
    /// index their names.
    #[arg(long)]
    pub(crate) against_index: bool,
    /// Never use the network: what earlier runs were told counts.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep what indexes say here [default: HOGNOSE_CACHE_DIR, or the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// How to show the result: terminal, json, sarif, cyclonedx, spdx, openvex, markdown, html, junit or github.
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal", value_parser = parse_format)]
    pub(crate) format: Format,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Fail at this severity and above: low, medium, high, critical, malicious or never.
    #[arg(long, value_name = "SEVERITY", value_parser = parse_gate)]
    pub(crate) fail_on: Option<Gate>,
    /// Count the run as complete in spite of this kind of gap: index, provenance, unmapped, unpinned, unreadable or version.
    #[arg(long, value_name = "KIND", value_parser = ["index", "provenance", "unmapped", "unpinned", "unreadable", "version"])]
    pub(crate) allow_incomplete: Vec<String>,
    /// Show everything: files without attestation, waived findings, ignored files.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

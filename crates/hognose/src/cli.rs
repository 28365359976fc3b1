//! Flags and arguments.

mod attest;
mod gateway;
mod gateway_state;
mod lock;
mod policy;
mod sandboxed;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use hognose_policy::Gate;
use hognose_report::{CardFormat, Format, InspectBand, InspectFormat, SbomFormat};

use crate::error::Failure;
pub(crate) use attest::{AttestArgs, AttestCommand};
pub(crate) use gateway::{
    CheckArgs, GatewayArgs, GatewayCommand, GcArgs, GuardArgs, ServeArgs, TokenArgs,
};
pub(crate) use gateway_state::{
    AuditArgs, AuditCommand, AuditFormat, ExposureArgs, ExposureFormat, LookArgs, StateArgs,
    StateCommand,
};
pub(crate) use lock::LockArgs;
pub(crate) use policy::{PolicyCommand, ReplayArgs, ReplayFormat};
pub(crate) use sandboxed::SandboxedArgs;
pub(crate) use verify::VerifyArgs;

/// Guards a Python software supply chain end to end.
#[derive(Debug, Parser)]
#[command(
    name = "hognose",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings at or above the gate, 2 usage or configuration error, 3 incomplete \
(something could not be checked), 4 nothing to check."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,
    /// Say less: no progress and no summary on stderr.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find known vulnerabilities and known-malicious packages in projects, locks, environments and SBOMs.
    Scan(Box<ScanArgs>),
    /// Say what packages do when they are installed, imported or used, without ever running them.
    Inspect(Box<InspectArgs>),
    /// Verify that files are the pinned ones, and who published them, by their attestations. Asks the index.
    Verify(Box<VerifyArgs>),
    /// Verify, and sign what was found with a key of your own, for `hognose verify --attestation` elsewhere.
    Attest(Box<AttestArgs>),
    /// Add the sha256 of every artifact to a pinned requirements file or pylock.toml, in place. Fetches them from the index.
    Lock(LockArgs),
    /// Show one page about a project of a package index: what it is, who, how old, what is known. Asks the index.
    Show(Box<ShowArgs>),
    /// Run an installer behind a private gateway: nothing that the policy blocks gets installed.
    Guard(Box<GuardArgs>),
    /// Serve a package index that withholds what the policy blocks.
    Gateway(Box<GatewayArgs>),
    /// Check a configuration, describe it, or try it on what a gateway did.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Update and show the advisory database.
    #[command(subcommand)]
    Db(DbCommand),
    /// Write what is installed or locked as CycloneDX or SPDX, without judging it.
    Sbom(SbomArgs),
    /// Say what a rule or an advisory means.
    Explain(ExplainArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Give up rights and become another program.
    #[command(hide = true)]
    Sandboxed(SandboxedArgs),
    /// Print the manual page.
    Man {
        /// The page of one command, such as `scan` or `db-update`.
        command: Option<String>,
    },
}

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Projects, lock or requirements files, environments, wheels, sdists or SBOMs [default: the current directory].
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read the environment of this interpreter, or this virtual environment, without running it.
    #[arg(long, value_name = "PYTHON")]
    pub(crate) python: Option<PathBuf>,
    /// Only what applies to this version of Python, such as 3.12.
    #[arg(long, value_name = "VERSION")]
    pub(crate) python_version: Option<String>,
    /// Only what applies to this platform: linux, win32 or darwin.
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// Leave out paths that match; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration: for projects you do not trust.
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
}

/// Where advisories come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct FeedArgs {
    /// Use these feeds only: a path, an address, or KIND=LOCATION with the kinds osv, malicious, epss, kev, popular.
    #[arg(long, value_name = "[KIND=]LOCATION")]
    pub(crate) feed: Vec<String>,
    /// Never use the network.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep the database and downloads here [default: HOGNOSE_CACHE_DIR, or the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// Which package index is asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct IndexArgs {
    /// Ask this index [default: the one that pip or uv is configured to use].
    #[arg(long, value_name = "URL")]
    pub(crate) index_url: Option<String>,
    /// Ask this index too; may be given several times.
    #[arg(long, value_name = "URL")]
    pub(crate) extra_index_url: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
    /// Fetch every pinned release from its index and say what it does, without running it. Tells the index their names.
    #[arg(long)]
    pub(crate) inspect: bool,
    /// Ask the indexes that the packages come from whether they are withdrawn, new, outdated, absent or changed. Tells
    /// each index the names of its packages.
    #[arg(long)]
    pub(crate) online: bool,
    /// Read the project's code, without running it: imports that nothing declares, declarations that nothing imports, and
    /// names that its texts say to install.
    #[arg(long)]
    pub(crate) imports: bool,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    /// How to show the result: terminal, json, sarif, cyclonedx, spdx, openvex, markdown, html, junit or github.
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal", value_parser = parse_format)]
    pub(crate) format: Format,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Report only what the working tree adds to this git revision, or to this lock or requirements file.
    #[arg(long, visible_alias = "new-since", value_name = "REV|LOCK")]
    pub(crate) since: Option<String>,
    /// Fail at this severity and above: low, medium, high, critical, malicious or never.
    #[arg(long, value_name = "SEVERITY", value_parser = parse_gate)]
    pub(crate) fail_on: Option<Gate>,
    /// Count the run as complete in spite of this kind of gap: database, index, provenance, unmapped, unpinned, unreadable
    /// or version.
    #[arg(long, value_name = "KIND", value_parser = ["database", "index", "provenance", "unmapped", "unpinned", "unreadable", "version"])]
    pub(crate) allow_incomplete: Vec<String>,
    /// Take over the ignores of .safety-policy.yml, osv-scanner.toml, pyproject.toml (uv audit) or a file that calls
    /// pip-audit --ignore-vuln.
    #[arg(long, value_name = "FILE")]
    pub(crate) import_ignores: Vec<PathBuf>,
    /// Take an OpenVEX document's statements as waivers.
    #[arg(long, value_name = "FILE")]
    pub(crate) vex: Vec<PathBuf>,
    /// Show everything: waived findings, ignored files, full texts.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Resolve unpinned requirements.
    #[arg(long, hide = true)]
    pub(crate) resolve: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Wheels, sdists, other archives, directories of them, unpacked projects, installed distributions, Python files,
    /// or NAME[==VERSION].
    #[arg(value_name = "PATH|NAME[==VERSION]")]
    pub(crate) what: Vec<String>,
    /// Inspect every distribution of this interpreter or virtual environment, without running it.
    #[arg(long, value_name = "PYTHON")]
    pub(crate) python: Option<PathBuf>,
    /// Compare with an older release: a path, or a version for NAME (default: the release before).
    #[arg(long, value_name = "OLD", num_args = 0..=1, default_missing_value = "")]
    pub(crate) diff: Option<String>,
    /// How to show the result: terminal, json, sarif, html or markdown.
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal", value_parser = parse_inspect_format)]
    pub(crate) format: InspectFormat,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write everything that was seen as one line of JSON per artifact, for fitting a model.
    #[arg(long, conflicts_with_all = ["format", "diff"])]
    pub(crate) facts: bool,
    /// Use this model instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Add the rules of this file; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Match every file and decoded text by these YARA rules: files, or directories of .yar and .yara files. Needs a
    /// build with the feature `yara`.
    #[arg(long, value_name = "FILE|DIR", num_args = 1)]
    pub(crate) yara: Vec<PathBuf>,
    /// Fail at this band and above: notable, suspicious, malicious or never.
    #[arg(long, value_name = "BAND", default_value = "malicious", value_parser = parse_band)]
    pub(crate) fail_on: BandGate,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    /// Never use the network.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep downloads here [default: HOGNOSE_CACHE_DIR, or the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Artifacts inspected at the same time [default: one per core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Show every rule, fact and reason, and artifacts in which nothing was found.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// The band from which an inspection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BandGate(pub(crate) Option<InspectBand>);

#[derive(Debug, Args)]
pub(crate) struct SbomArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// cyclonedx or spdx.
    #[arg(short, long, value_name = "FORMAT", default_value = "cyclonedx", value_parser = parse_sbom_format)]
    pub(crate) format: SbomFormat,
    /// Write the document to a file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A project, or one of its releases.
    #[arg(value_name = "NAME[==VERSION]")]
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
    /// Ask the index of this interpreter's or environment's pip.
    #[arg(long, value_name = "PYTHON")]
    pub(crate) python: Option<PathBuf>,
    /// How to show the result: terminal or json.
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal", value_parser = parse_card_format)]
    pub(crate) format: CardFormat,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration of the project, not that of its indexes either.
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
    /// Show everything: whole lists.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Fetch the feeds that changed and rebuild the database.
    Update(DbArgs),
    /// Show feeds, counts, dates, and the records that do not count.
    Status(DbArgs),
    /// Show an advisory, or every advisory about a package.
    Show {
        /// An advisory's id or alias, or a package name.
        #[arg(value_name = "ID|PACKAGE")]
        what: String,
        #[command(flatten)]
        args: DbArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
    /// Name every record that does not count, every ignored file.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A rule (HOG-VULN) or an advisory (CVE-…, GHSA-…, PYSEC-…); nothing lists the rules.
    #[arg(value_name = "RULE|ADVISORY")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) db: DbArgs,
}

fn parse_format(text: &str) -> Result<Format, String> {
    text.parse()
        .map_err(|e: hognose_report::FormatError| e.to_string())
}

fn parse_inspect_format(text: &str) -> Result<InspectFormat, String> {
    text.parse()
        .map_err(|e: hognose_report::FormatError| e.to_string())
}

fn parse_card_format(text: &str) -> Result<CardFormat, String> {
    text.parse()
        .map_err(|e: hognose_report::FormatError| e.to_string())
}

fn parse_band(text: &str) -> Result<BandGate, String> {
    match text {
        "never" => Ok(BandGate(None)),
        word => InspectBand::from_word(word)
            .filter(|band| *band > InspectBand::Nothing)
            .map(|band| BandGate(Some(band)))
            .ok_or_else(|| "use notable, suspicious, malicious or never".to_owned()),
    }
}

fn parse_sbom_format(text: &str) -> Result<SbomFormat, String> {
    text.parse()
        .map_err(|e: hognose_report::FormatError| e.to_string())
}

fn parse_gate(text: &str) -> Result<Gate, String> {
    Gate::from_word(text)
        .ok_or_else(|| "use low, medium, high, critical, malicious or never".to_owned())
}

/// Parses the arguments and settles colours. `--help`, `--version` and mistakes end here.
pub(crate) fn parse() -> Result<(Cli, Command), Failure> {
    let mut cli = Cli::try_parse().map_err(|error| {
        // Usage goes to stderr, help that was asked for to stdout; a closed pipe is no error.
        let _ = error.print();
        Failure::Parser(ExitCode::from(if error.use_stderr() { 2 } else { 0 }))
    })?;
    match cli.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    if let Some(command) = cli.command.take() {
        return Ok((cli, command));
    }
    let help = Cli::command().render_help();
    crate::output::data(&help.to_string())?;
    Err(Failure::Parser(ExitCode::from(2)))
}

//! `hognose gateway token`: a token for somebody who may ask.

use std::fmt::Write as _;

use hognose_types::{OwnedNames, text};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::cli::TokenArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::random;
use crate::surroundings::Surroundings;

pub(super) fn run(args: &TokenArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if args.name.is_empty() || args.name.len() > 64 || !args.name.bytes().all(plain) {
        return Err(Failure::usage("this is no name of a token")
            .hint("name it by at most 64 letters, digits, dots, hyphens and underscores"));
    }
    let limits = limits(args, surroundings.today())?;
    let token = format!("hgn_{}", random::hex::<32>()?);
    let mut digest = String::new();
    for byte in Sha256::digest(&token) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    output::human("it is shown this once; the gateway keeps its digest alone, in hognose.toml:");
    output::human(&format!(
        "\n[[gateway.token]]\nname = \"{}\"\nsha256 = \"{digest}\"\n{limits}",
        args.name
    ));
    output::human(
        "installers send it as a password: https://__token__:TOKEN@gateway.example/simple/",
    );
    output::data(&format!("{token}\n"))?;
    Ok(Exit::Clean)
}

/// The lines that say what a token is for, and until when.
fn limits(args: &TokenArgs, today: Date) -> Result<String, Failure> {
    let mut out = String::new();
    let mut names = OwnedNames::default();
    for pattern in &args.packages {
        names.add(pattern).map_err(|e| {
            Failure::usage("this is no project")
                .because(&e)
                .hint("write a name, or the beginning of names: 'acme-*'")
        })?;
    }
    if !args.packages.is_empty() {
        let quoted = args.packages.iter().map(|p| format!("\"{}\"", p.trim()));
        let quoted: Vec<String> = quoted.collect();
        let _ = writeln!(out, "packages = [{}]", quoted.join(", "));
    }
    if let Some(word) = &args.expires {
        let shown = text::short(word, 40);
        let day: Date = word.parse().map_err(|_| {
            Failure::usage(format!("{shown:?} is no date")).hint("write it as 2027-01-31")
        })?;
        if day < today {
            return Err(Failure::usage(format!(
                "{day} is over: the token would open nothing"
            )));
        }
        let _ = writeln!(out, "expires = {day}");
    }
    Ok(out)
}

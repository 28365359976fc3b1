//! `hognose gateway token`: a token for somebody who may ask.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::cli::TokenArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::random;

pub(super) fn run(args: &TokenArgs) -> Result<Exit, Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if args.name.is_empty() || args.name.len() > 64 || !args.name.bytes().all(plain) {
        return Err(Failure::usage("this is no name of a token")
            .hint("name it by at most 64 letters, digits, dots, hyphens and underscores"));
    }
    let token = format!("hgn_{}", random::hex::<32>()?);
    let mut digest = String::new();
    for byte in Sha256::digest(&token) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    output::human("it is shown this once; the gateway keeps its digest alone, in hognose.toml:");
    output::human(&format!(
        "\n[[gateway.token]]\nname = \"{}\"\nsha256 = \"{digest}\"\n",
        args.name
    ));
    output::human(
        "installers send it as a password: https://__token__:TOKEN@gateway.example/simple/",
    );
    output::data(&format!("{token}\n"))?;
    Ok(Exit::Clean)
}

//! `hognose gateway gc`: the cache made smaller by hand.

use std::path::Path;

use hognose_gateway::blobs::Blobs;

use crate::cli::GcArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::settings;
use crate::surroundings::Surroundings;

pub(super) fn run(args: &GcArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let found = settings::configuration(args.config.as_deref(), false, Path::new("."))?;
    let cache = settings::cache_of(args.cache_dir.as_deref(), surroundings)?;
    let keep = match &args.keep {
        Some(word) => hognose_policy::size(word).ok_or_else(|| {
            let shown = hognose_types::text::short(word, 40);
            Failure::usage(format!("cannot read the size {shown:?}"))
                .hint("write a number and one of MB, GB, TB; 0MB for nothing")
        })?,
        None => found.config.gateway.cache_bytes,
    };
    let directory = cache.join("blobs");
    let fault = |e: &std::io::Error| {
        Failure::incomplete(format!("cannot clear {}", directory.display())).because(e)
    };
    if !directory.is_dir() {
        output::human(&format!("there is no cache at {}", directory.display()));
        return Ok(Exit::Nothing);
    }
    let blobs = Blobs::open(&directory, u64::MAX).map_err(|e| fault(&e))?;
    let (files, bytes) = blobs.shrink(keep).map_err(|e| fault(&e))?;
    output::data(&format!(
        "dropped {files} artifacts, {} MB; {} MB are kept\n",
        bytes >> 20,
        blobs.size() >> 20
    ))?;
    Ok(Exit::Clean)
}

//! Reads the paths given and shows what was found, for development and for measuring one reader.

use std::io::Write as _;

use hognose_inventory::{Disk, Options, scan_paths};

fn main() -> std::io::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let inventory = scan_paths(&Disk, &paths, &Options::default());
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} inputs, {} components, {} edges, {} gaps, {} notices, {} skipped",
        inventory.inputs.len(),
        inventory.components.len(),
        inventory.edges.len(),
        inventory.gaps.len(),
        inventory.notices.len(),
        inventory.skipped.len()
    )?;
    if std::env::args().len() > 2 {
        return Ok(());
    }
    for gap in inventory.gaps.iter().take(20) {
        writeln!(out, "{gap:?}")?;
    }
    Ok(())
}

//! A line of JSON for every request, for whoever collects logs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use hognose_gateway::catalog::Clock;
use hognose_gateway::{Access, AccessLog};
use serde_json::json;

use crate::error::Failure;

/// Lines that wait for a disk; what comes on top of them is counted and not kept: no request waits for its line.
const WAITING: usize = 10_000;

/// Opens the log: a file that is added to, or `-` for stderr.
pub(super) fn open(path: &Path, clock: Clock) -> Result<AccessLog, Failure> {
    let out: Box<dyn Write + Send> = if path == Path::new("-") {
        Box::new(std::io::stderr())
    } else {
        let file = File::options().append(true).create(true).open(path);
        Box::new(file.map_err(|e| {
            Failure::usage(format!("cannot write to {}", path.display())).because(&e)
        })?)
    };
    let (sender, lines) = sync_channel::<String>(WAITING);
    std::thread::spawn(move || {
        let mut out = out;
        for line in lines {
            // Nobody is left to tell that nobody can be told.
            let _ = out.write_all(line.as_bytes());
        }
    });
    Ok(AccessLog(Arc::new(move |access| {
        tell(&sender, access, clock());
    })))
}

fn tell(sender: &SyncSender<String>, access: &Access<'_>, now: i64) {
    let time = jiff::Timestamp::from_second(now).unwrap_or_default();
    let line = json!({
        "time": time.to_string(),
        "client": access.client.to_string(),
        "method": access.method,
        "path": hognose_types::text::short(access.path, 500),
        "status": access.status,
        "bytes": access.bytes,
        "ms": (access.took.as_secs_f64() * 1e5).round() / 100.0,
    });
    let _ = sender.try_send(format!("{line}\n"));
}

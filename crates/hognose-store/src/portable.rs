//! Backups that any store can restore: lines of JSON.
//!
//! The first line names the format and what the chain begins with, the last one how many lines stand between and a digest
//! of all before it: what was cut off or changed is seen before anything is put in place.

use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::files::{self, directory, io};
use crate::{AuditEntry, AuditRow, Digest, MAX_BODY, StoreError};

/// The version of the format: the second has memories.
const VERSION: i64 = 2;
/// The longest line: every byte of a body written as six, and the rest.
const MAX_LINE: u64 = MAX_BODY as u64 * 6 + (1 << 20);

const READING: &str = "read the backup";
const WRITING: &str = "write the backup";

/// What a state consists of, in the order of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Record {
    /// A row of the log.
    Audit(Row),
    /// What was decided; revisions come oldest first.
    Ruling {
        revision: String,
        sha256: String,
        json: String,
    },
    /// The bytes that a file name had first.
    File {
        project: String,
        filename: String,
        sha256: String,
        since: i64,
    },
    /// The upstream of a project.
    Owner { project: String, upstream: String },
    /// A setting.
    Setting {
        key: String,
        value: String,
        version: i64,
    },
    /// Something that is remembered.
    Memory {
        kind: String,
        name: String,
        text: String,
        version: i64,
        written: i64,
    },
    /// The last line.
    End { records: u64, sha256: String },
}

/// A row of the log, its body as the text it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    seq: u64,
    time: i64,
    kind: String,
    project: Option<String>,
    version: Option<String>,
    filename: Option<String>,
    sha256: Option<String>,
    client: Option<String>,
    body: String,
    hash: String,
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        let entry = row.entry;
        Self {
            seq: row.seq,
            time: entry.time,
            kind: entry.kind,
            project: entry.project,
            version: entry.version,
            filename: entry.filename,
            sha256: entry.sha256,
            client: entry.client,
            body: entry.body,
            hash: row.hash.to_string(),
        }
    }
}

impl Row {
    /// The row, unless its digest is none.
    pub(crate) fn audit(self) -> Result<AuditRow, StoreError> {
        let hash = Digest::from_hex(&self.hash)
            .ok_or_else(|| damaged(format!("row {} has no digest", self.seq)))?;
        Ok(AuditRow {
            seq: self.seq,
            entry: AuditEntry {
                time: self.time,
                kind: self.kind,
                project: self.project,
                version: self.version,
                filename: self.filename,
                sha256: self.sha256,
                client: self.client,
                body: self.body,
            },
            hash,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "hognose-state")]
    version: i64,
    genesis: String,
}

/// Takes records one by one.
pub(crate) type Put<'a> = &'a mut dyn FnMut(Record) -> Result<(), StoreError>;

/// Something that has records.
pub(crate) trait Source {
    /// What its chain begins with.
    fn genesis(&mut self) -> Result<Digest, StoreError>;
    /// Hands out every record.
    fn each(&mut self, put: Put<'_>) -> Result<(), StoreError>;
}

fn damaged(detail: impl Into<String>) -> StoreError {
    StoreError::Damaged {
        detail: detail.into(),
    }
}

/// Writes records to a new file, which only its owner can read.
pub(crate) fn write(source: &mut dyn Source, target: &Path) -> Result<(), StoreError> {
    files::must_be_new(target)?;
    let mut file = NamedTempFile::new_in(directory(target)).map_err(|e| io("create a file", e))?;
    let mut out = BufWriter::new(file.as_file_mut());
    let (mut hash, mut records) = (Sha256::new(), 0);
    let mut line = |value: Result<String, serde_json::Error>, hash: &mut Sha256| {
        let mut text = value.map_err(|e| io(WRITING, e.into()))?;
        text.push('\n');
        hash.update(&text);
        out.write_all(text.as_bytes()).map_err(|e| io(WRITING, e))
    };
    let header = Header {
        version: VERSION,
        genesis: source.genesis()?.to_string(),
    };
    line(serde_json::to_string(&header), &mut hash)?;
    source.each(&mut |record| {
        records += 1;
        line(serde_json::to_string(&record), &mut hash)
    })?;
    let sha256 = hex(hash.clone());
    let end = Record::End { records, sha256 };
    line(serde_json::to_string(&end), &mut hash)?;
    out.flush().map_err(|e| io(WRITING, e))?;
    drop(out);
    let synced = file.as_file().sync_all();
    synced.map_err(|e| io("write the copy to the disk", e))?;
    files::publish(file, target, false)
}

fn hex(hash: Sha256) -> String {
    Digest(hash.finalize().into()).to_string()
}

/// A backup that is being read.
#[derive(Debug)]
pub(crate) struct Backup {
    lines: BufReader<std::fs::File>,
    hash: Sha256,
    genesis: Digest,
}

impl Backup {
    /// Opens a file; `None` where it is something else.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Absent {
                path: path.to_owned(),
            });
        }
        let file = std::fs::File::open(path).map_err(|e| io(READING, e))?;
        let (mut lines, mut hash) = (BufReader::new(file), Sha256::new());
        let first = lines.fill_buf().map_err(|e| io(READING, e))?;
        if !first.starts_with(b"{\"hognose-state\":") {
            return Ok(None);
        }
        let line = line(&mut lines)?;
        let header: Header = parse(&line)?;
        if header.version > VERSION {
            return Err(StoreError::Newer {
                found: header.version,
                known: VERSION,
            });
        }
        hash.update(&line);
        let genesis = Digest::from_hex(&header.genesis)
            .ok_or_else(|| damaged("the audit log has no beginning"))?;
        Ok(Some(Self {
            lines,
            hash,
            genesis,
        }))
    }
}

impl Source for Backup {
    fn genesis(&mut self) -> Result<Digest, StoreError> {
        Ok(self.genesis)
    }

    fn each(&mut self, put: Put<'_>) -> Result<(), StoreError> {
        let mut count = 0;
        loop {
            let line = line(&mut self.lines)?;
            if let Record::End { records, sha256 } = parse(&line)? {
                let rest = self.lines.fill_buf().map_err(|e| io(READING, e))?;
                if records != count || sha256 != hex(self.hash.clone()) || !rest.is_empty() {
                    return Err(damaged("the backup is not what was written"));
                }
                return Ok(());
            }
            self.hash.update(&line);
            count += 1;
            put(parse(&line)?)?;
        }
    }
}

/// The next line; there must be one.
fn line(lines: &mut BufReader<std::fs::File>) -> Result<Vec<u8>, StoreError> {
    let mut line = Vec::new();
    let read = lines.take(MAX_LINE).read_until(b'\n', &mut line);
    read.map_err(|e| io(READING, e))?;
    if line.last() == Some(&b'\n') {
        Ok(line)
    } else {
        Err(damaged("the backup ends in the middle"))
    }
}

fn parse<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(line).map_err(|error| StoreError::Io {
        action: READING,
        source: Arc::new(error),
    })
}

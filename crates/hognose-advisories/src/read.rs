//! Reading one feed file into the builder, within limits.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, LimitedReader, Limits};

use crate::build::{Builder, FeedHandle};
use crate::interrupt::Interrupt;
use crate::sniff::{Content, head, sniff};
use crate::{aside, yaml};

/// What reading feeds may cost.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// Size of one record in bytes.
    pub record_bytes: u64,
    /// Unpacked size of one feed in bytes.
    pub feed_bytes: u64,
    /// Files in one directory or archive.
    pub files: usize,
}

impl Default for ReadLimits {
    /// The largest record published for PyPI is below 1 MiB, the export below 1 GiB unpacked.
    fn default() -> Self {
        Self {
            record_bytes: 16 << 20,
            feed_bytes: 4 << 30,
            files: 2_000_000,
        }
    }
}

/// Why a feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The archive is malformed, or hostile.
    #[error("cannot use {} as an archive of advisories", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ArchiveError,
    },
    /// The file is not what it should be.
    #[error("{} does not hold {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// A line or entry cannot be read.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A limit was reached.
    #[error("{}: {what} is over the limit of {limit} bytes", path.display())]
    Limit {
        /// The file.
        path: PathBuf,
        /// What was counted.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// Everything reading needs beside the file.
pub(crate) struct Reading<'a> {
    pub(crate) builder: &'a mut Builder,
    pub(crate) limits: ReadLimits,
    pub(crate) interrupt: &'a Interrupt,
}

impl Reading<'_> {
    pub(crate) fn check(&self) -> Result<(), ReadError> {
        if self.interrupt.is_set() {
            Err(ReadError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Reads one file of a known content.
    pub(crate) fn file(
        &mut self,
        feed: FeedHandle,
        path: &Path,
        content: Content,
        gzipped: bool,
    ) -> Result<(), ReadError> {
        let file = File::open(path).map_err(io_at(path))?;
        if content == Content::OsvZip {
            return self.zip(feed, path, file);
        }
        let packed = BufReader::new(file);
        if gzipped {
            self.text(
                feed,
                path,
                content,
                BufReader::new(flate2::read::MultiGzDecoder::new(packed)),
            )
        } else {
            self.text(feed, path, content, packed)
        }
    }

    fn text(
        &mut self,
        feed: FeedHandle,
        path: &Path,
        content: Content,
        reader: impl BufRead,
    ) -> Result<(), ReadError> {
        let reader = LimitedReader::new(reader, self.limits.feed_bytes);
        match content {
            Content::OsvLines => self.lines(feed, path, BufReader::new(reader)),
            Content::EpssCsv => aside::epss(self, feed, path, BufReader::new(reader)),
            Content::KevJson => aside::kev(self, feed, path, &Self::whole(path, reader, 1 << 28)?),
            Content::PopularJson => {
                aside::popular(self, feed, path, &Self::whole(path, reader, 1 << 28)?)
            }
            Content::OsvJson => {
                let bytes = Self::whole(path, reader, self.limits.feed_bytes.min(1 << 30))?;
                self.json(feed, &label(path), &bytes);
                Ok(())
            }
            Content::OsvYaml => {
                let bytes = Self::whole(path, reader, self.limits.record_bytes)?;
                self.yaml(feed, &label(path), &bytes);
                Ok(())
            }
            Content::OsvZip => Err(ReadError::Content {
                path: path.to_owned(),
                expected: "a plain file",
            }),
        }
    }

    fn whole(path: &Path, reader: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        LimitedReader::new(reader, limit)
            .read_to_end(&mut bytes)
            .map_err(|e| read_fault(path, "the file", limit, e))?;
        Ok(bytes)
    }

    fn lines(
        &mut self,
        feed: FeedHandle,
        path: &Path,
        mut reader: impl BufRead,
    ) -> Result<(), ReadError> {
        let mut line = Vec::new();
        for number in 1.. {
            self.check()?;
            line.clear();
            let limit = self.limits.record_bytes;
            let read = read_line(&mut reader, &mut line, limit)
                .map_err(|e| read_fault(path, "the feed", self.limits.feed_bytes, e))?;
            match read {
                Line::End => return Ok(()),
                Line::Whole => {}
                Line::TooLong => {
                    let reason = format!("the record is over the limit of {limit} bytes");
                    self.builder.malformed(
                        feed,
                        &format!("{}, line {number}", label(path)),
                        &reason,
                        None,
                    );
                    continue;
                }
            }
            if !line.trim_ascii().is_empty() {
                self.builder
                    .add_json(feed, &format!("{}, line {number}", label(path)), &line);
            }
        }
        Ok(())
    }

    fn json(&mut self, feed: FeedHandle, label: &str, bytes: &[u8]) {
        let trimmed = bytes.trim_ascii();
        if !trimmed.starts_with(b"[") {
            return self.builder.add_json(feed, label, trimmed);
        }
        match serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(trimmed) {
            Ok(records) => {
                for (position, record) in records.iter().enumerate() {
                    self.builder.add_json(
                        feed,
                        &format!("{label}, entry {}", position + 1),
                        record.get().as_bytes(),
                    );
                }
            }
            Err(error) => self
                .builder
                .malformed(feed, label, &error.to_string(), None),
        }
    }

    fn yaml(&mut self, feed: FeedHandle, label: &str, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self
                .builder
                .malformed(feed, label, "the file is not UTF-8", None);
        };
        match yaml::parse(text) {
            Ok(value) => self.builder.add_value(feed, label, &value),
            Err(error) => self
                .builder
                .malformed(feed, label, &error.to_string(), None),
        }
    }

    fn zip(&mut self, feed: FeedHandle, path: &Path, file: File) -> Result<(), ReadError> {
        let fault = |source| ReadError::Archive {
            path: path.to_owned(),
            source,
        };
        let limits = Limits {
            members: self.limits.files,
            member_bytes: self.limits.record_bytes,
            total_bytes: self.limits.feed_bytes,
            ..Limits::default()
        };
        let mut archive = ZipArchive::new(BufReader::new(file), limits).map_err(fault)?;
        for index in 0..archive.members().len() {
            self.check()?;
            let Some(member) = archive.members().get(index) else {
                break;
            };
            let name = member.name.clone();
            let is = |extension: &str| {
                name.rsplit('.')
                    .next()
                    .is_some_and(|e| e.eq_ignore_ascii_case(extension))
            };
            if member.is_directory() || !(is("json") || is("jsonl") || is("yaml") || is("yml")) {
                self.builder.ignored(feed, &name);
                continue;
            }
            let bytes = match archive.read(index) {
                Ok(bytes) => bytes,
                // One record may be spoilt; an archive that is too large altogether is refused.
                Err(
                    error @ (ArchiveError::Corrupt { .. }
                    | ArchiveError::Lie { .. }
                    | ArchiveError::Unsupported { .. }),
                ) => {
                    self.builder
                        .malformed(feed, &name, &error.to_string(), None);
                    continue;
                }
                Err(error) => return Err(fault(error)),
            };
            let label = format!("{}/{name}", label(path));
            if is("jsonl") {
                self.lines(feed, Path::new(&label), bytes.as_slice())?;
            } else if is("json") {
                self.json(feed, &label, &bytes);
            } else {
                self.yaml(feed, &label, &bytes);
            }
        }
        Ok(())
    }
}

/// The outcome of reading one line.
pub(crate) enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads one line without ever holding more than the limit.
pub(crate) fn read_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    limit: u64,
) -> std::io::Result<Line> {
    let (mut any, mut long) = (false, false);
    loop {
        let chunk = reader.fill_buf()?;
        let end = chunk.iter().position(|b| *b == b'\n');
        let taken = end.map_or(chunk.len(), |at| at + 1);
        any |= taken > 0;
        long |= (line.len() + taken) as u64 > limit;
        if !long {
            line.extend_from_slice(chunk.get(..taken).unwrap_or_default());
        }
        reader.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(if long {
                Line::TooLong
            } else if any {
                Line::Whole
            } else {
                Line::End
            });
        }
    }
}

/// The part of a path that tells records apart.
fn label(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Recognises a file on disk.
pub(crate) fn recognise(path: &Path) -> Result<Option<(Content, bool)>, ReadError> {
    let file = File::open(path).map_err(io_at(path))?;
    let Some((head, gzipped)) = head(file) else {
        return Ok(None);
    };
    let name = label(path);
    Ok(sniff(name.trim_end_matches(".gz"), &head).map(|content| (content, gzipped)))
}

pub(crate) fn io_at(path: &Path) -> impl Fn(std::io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Io {
        path: path.clone(),
        source,
    }
}

pub(crate) fn read_fault(
    path: &Path,
    what: &'static str,
    limit: u64,
    error: std::io::Error,
) -> ReadError {
    if error.kind() == std::io::ErrorKind::FileTooLarge {
        ReadError::Limit {
            path: path.to_owned(),
            what,
            limit,
        }
    } else {
        ReadError::Io {
            path: path.to_owned(),
            source: error,
        }
    }
}

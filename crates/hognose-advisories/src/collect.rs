//! Configured feeds → the files to read, in the order to read them.

use std::path::{Path, PathBuf};

use crate::feed::FeedKind;
use crate::read::{ReadError, ReadLimits, io_at, recognise};
use crate::sniff::Content;

/// Deepest directory looked into: advisory repositories nest `vulns/<name>/<id>.yaml`.
const MAX_DEPTH: usize = 12;

/// One feed as it will be read: a file, or the record files of a directory.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) kind: FeedKind,
    /// Shown in the status.
    pub(crate) location: String,
    pub(crate) files: Vec<SourceFile>,
    /// Files of a directory that hold no feed.
    pub(crate) ignored: Vec<String>,
}

impl Source {
    /// A feed whose files say what they hold, where the configuration does not.
    fn new(kind: FeedKind, location: String, files: Vec<SourceFile>) -> Self {
        let content = files.first().and_then(|file| file.content);
        let kind = match (kind, content) {
            (FeedKind::Auto, Some(content)) => kind_of(content),
            (FeedKind::Auto, None) => FeedKind::Osv,
            (kind, _) => kind,
        };
        Self {
            kind,
            location,
            files,
            ignored: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// `None`: popular names as plain text, which no content gives away.
    pub(crate) content: Option<Content>,
    pub(crate) gzipped: bool,
}

/// Looks at a feed on disk. A directory of a mirror gives several sources.
pub(crate) fn sources(
    kind: FeedKind,
    location: &str,
    path: &Path,
    limits: ReadLimits,
) -> Result<Vec<Source>, ReadError> {
    let meta = std::fs::metadata(path).map_err(io_at(path))?;
    if meta.is_dir() {
        return directory(kind, location, path, limits);
    }
    let found = recognise(path)?;
    let file = match found {
        Some((content, gzipped))
            if kind_of(content) == kind || kind == FeedKind::Auto || is_records(content, kind) =>
        {
            SourceFile {
                path: path.to_owned(),
                content: Some(content),
                gzipped,
            }
        }
        None if kind == FeedKind::Popular => SourceFile {
            path: path.to_owned(),
            content: None,
            gzipped: false,
        },
        _ => {
            return Err(ReadError::Content {
                path: path.to_owned(),
                expected: expected(kind),
            });
        }
    };
    Ok(vec![Source::new(kind, location.to_owned(), vec![file])])
}

fn is_records(content: Content, kind: FeedKind) -> bool {
    kind == FeedKind::Malicious && kind_of(content) == FeedKind::Osv
}

fn kind_of(content: Content) -> FeedKind {
    match content {
        Content::OsvZip | Content::OsvLines | Content::OsvJson | Content::OsvYaml => FeedKind::Osv,
        Content::EpssCsv => FeedKind::Epss,
        Content::KevJson => FeedKind::Kev,
        Content::PopularJson => FeedKind::Popular,
    }
}

fn expected(kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Osv | FeedKind::Malicious => {
            "OSV records (a ZIP archive, JSON, JSON lines or YAML)"
        }
        FeedKind::Epss => "EPSS scores (lines of \"cve,epss,percentile\")",
        FeedKind::Kev => "the catalogue of known exploited vulnerabilities",
        FeedKind::Popular => "a list of project names",
        FeedKind::Auto => "a feed that is recognised (OSV records, EPSS, KEV or popular names)",
    }
}

fn directory(
    kind: FeedKind,
    location: &str,
    path: &Path,
    limits: ReadLimits,
) -> Result<Vec<Source>, ReadError> {
    let mut paths = Vec::new();
    walk(path, &mut paths, limits.files, 0)?;
    let (mut records, mut ignored, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for file in paths {
        let relative = file
            .strip_prefix(path)
            .unwrap_or(&file)
            .display()
            .to_string();
        match recognise(&file)?.filter(|(content, _)| wants(kind, *content)) {
            None => ignored.push(relative),
            Some((content, gzipped)) => {
                let file = SourceFile {
                    path: file,
                    content: Some(content),
                    gzipped,
                };
                if matches!(content, Content::OsvJson | Content::OsvYaml) {
                    records.push(file);
                } else {
                    let location = Path::new(location).join(&relative).display().to_string();
                    others.push(Source::new(kind, location, vec![file]));
                }
            }
        }
    }
    if records.is_empty() && others.is_empty() {
        return Err(ReadError::Content {
            path: path.to_owned(),
            expected: expected(kind),
        });
    }
    // Ignored files are named with whatever the directory did give.
    if let Some(first) = others.first_mut().filter(|_| records.is_empty()) {
        first.ignored = ignored;
    } else {
        let mut source = Source::new(kind, location.to_owned(), records);
        source.ignored = ignored;
        others.insert(0, source);
    }
    Ok(others)
}

fn wants(kind: FeedKind, content: Content) -> bool {
    kind == FeedKind::Auto || kind_of(content) == kind || is_records(content, kind)
}

/// Regular files below a directory in a fixed order. Links and hidden directories (`.git`) are left out: a link may
/// lead anywhere, or round in a circle.
fn walk(path: &Path, out: &mut Vec<PathBuf>, limit: usize, depth: usize) -> Result<(), ReadError> {
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .map_err(io_at(path))?
        .collect::<Result<_, _>>()
        .map_err(io_at(path))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if out.len() >= limit {
            return Err(ReadError::Limit {
                path: path.to_owned(),
                what: "the number of files",
                limit: limit as u64,
            });
        }
        let kind = entry.file_type().map_err(io_at(&entry.path()))?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !hidden && depth < MAX_DEPTH {
            walk(&entry.path(), out, limit, depth + 1)?;
        } else if kind.is_file() && !hidden {
            out.push(entry.path());
        }
    }
    Ok(())
}

//! Feeds beside the advisories: EPSS, KEV, popular names.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::Path;

use hognose_types::PackageName;
use serde::Deserialize;

use crate::build::FeedHandle;
use crate::read::{Line, ReadError, Reading, read_fault, read_line};

/// Longest line of the scores: real ones have 40 bytes.
const MAX_LINE: u64 = 4096;

/// EPSS scores: `#model_version:…,score_date:…`, `cve,epss,percentile`, then one line a CVE. Only scores of CVEs that
/// the records name are kept, so this feed is read after the advisories.
pub(crate) fn epss(
    reading: &mut Reading<'_>,
    feed: FeedHandle,
    path: &Path,
    mut reader: impl BufRead,
) -> Result<(), ReadError> {
    let wanted: HashSet<String> = reading
        .builder
        .wanted_cves()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let limit = reading.limits.feed_bytes;
    let mut header = false;
    let (mut read, mut bad) = (0_u64, 0_u64);
    let mut raw = Vec::new();
    for index in 0_u64.. {
        raw.clear();
        match read_line(&mut reader, &mut raw, MAX_LINE)
            .map_err(|e| read_fault(path, "the feed", limit, e))?
        {
            Line::End => break,
            Line::TooLong => bad += 1,
            Line::Whole => {}
        }
        if index % 4096 == 0 {
            reading.check()?;
        }
        let line = String::from_utf8_lossy(&raw);
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let date = comment
                .split(',')
                .find_map(|part| part.strip_prefix("score_date:"));
            if let (Some(date), Some(status)) = (date, reading.builder.feed_status(feed)) {
                status.date = Some(date.chars().take(40).collect());
            }
        } else if !header && line.starts_with("cve,") {
            header = true;
        } else if let Some((cve, probability, percentile)) = score(line) {
            read += 1;
            if wanted.contains(cve) {
                reading.builder.add_epss(cve, probability, percentile);
            }
        } else if !line.is_empty() {
            bad += 1;
        }
    }
    if read == 0 {
        return Err(ReadError::Content {
            path: path.to_owned(),
            expected: "EPSS scores (lines of \"cve,epss,percentile\")",
        });
    }
    if let Some(status) = reading.builder.feed_status(feed) {
        status.live = read;
        status.malformed = bad;
    }
    Ok(())
}

fn score(line: &str) -> Option<(&str, f64, f64)> {
    let mut fields = line.split(',');
    let cve = fields.next().filter(|c| c.starts_with("CVE-"))?;
    let mut number = || {
        fields
            .next()?
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|n| (0.0..=1.0).contains(n))
    };
    Some((cve, number()?, number()?))
}

#[derive(Deserialize)]
struct Catalogue {
    #[serde(rename = "dateReleased")]
    date: Option<String>,
    vulnerabilities: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exploited {
    #[serde(rename = "cveID")]
    cve: String,
    date_added: String,
    due_date: Option<String>,
    known_ransomware_campaign_use: Option<String>,
}

/// CISA's catalogue of known exploited vulnerabilities.
pub(crate) fn kev(
    reading: &mut Reading<'_>,
    feed: FeedHandle,
    path: &Path,
    bytes: &[u8],
) -> Result<(), ReadError> {
    let catalogue: Catalogue = parse(path, bytes)?;
    let (mut read, mut bad) = (0, 0);
    for entry in &catalogue.vulnerabilities {
        match Exploited::deserialize(entry) {
            Ok(e) => {
                let ransomware = e.known_ransomware_campaign_use.as_deref() == Some("Known");
                reading
                    .builder
                    .add_kev(&e.cve, &e.date_added, e.due_date.as_deref(), ransomware);
                read += 1;
            }
            Err(_) => bad += 1,
        }
    }
    if let Some(status) = reading.builder.feed_status(feed) {
        status.live = read;
        status.malformed = bad;
        status.date = catalogue.date;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Popularity {
    last_update: Option<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    project: String,
    #[serde(default)]
    download_count: u64,
}

/// Popular names: `{"rows": [{"project", "download_count"}]}`.
pub(crate) fn popular(
    reading: &mut Reading<'_>,
    feed: FeedHandle,
    path: &Path,
    bytes: &[u8],
) -> Result<(), ReadError> {
    let list: Popularity = parse(path, bytes)?;
    let (mut read, mut bad) = (0, 0);
    for row in &list.rows {
        match PackageName::new(&row.project) {
            Ok(name) => {
                reading.builder.add_popular(&name, row.download_count);
                read += 1;
            }
            Err(_) => bad += 1,
        }
    }
    if let Some(status) = reading.builder.feed_status(feed) {
        status.live = read;
        status.malformed = bad;
        status.date = list.last_update;
    }
    Ok(())
}

/// Popular names as text: one name a line, optionally `name,downloads`; most popular first.
pub(crate) fn popular_text(
    reading: &mut Reading<'_>,
    feed: FeedHandle,
    path: &Path,
    bytes: &[u8],
) -> Result<(), ReadError> {
    let text = String::from_utf8_lossy(bytes);
    let (mut read, mut bad) = (0_u64, 0);
    for line in text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let (name, downloads) = line.split_once(',').unwrap_or((line, "0"));
        match PackageName::new(name.trim().trim_matches('"')) {
            Ok(name) => {
                reading
                    .builder
                    .add_popular(&name, downloads.trim().parse().unwrap_or(0));
                read += 1;
            }
            Err(_) => bad += 1,
        }
    }
    if read == 0 || bad > read {
        return Err(ReadError::Content {
            path: path.to_owned(),
            expected: "a list of project names",
        });
    }
    if let Some(status) = reading.builder.feed_status(feed) {
        status.live = read;
        status.malformed = bad;
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, bytes: &'a [u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| ReadError::Line {
        path: path.to_owned(),
        line: error.line(),
        reason: error.to_string(),
    })
}

//! `hognose gateway audit`: entries of the log, and its chain.

use hognose_report::plain;
use hognose_store::{AuditRow, Chain, Digest, Order, Query, StoreError, each};
use hognose_types::{PackageName, text};
use serde_json::Value;

use super::{look, moment, nothing};
use crate::cli::{AuditArgs, AuditCommand, AuditFormat, LookArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// Entries that are shown on a terminal unless more are asked for.
const SHOWN: usize = 50;
/// The version of the JSON document and of the lines.
const SCHEMA: u32 = 1;
/// Text is handed on in pieces of about this size, however long the log is.
const PIECE: usize = 1 << 16;

pub(super) fn run(args: &AuditArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    if let Some(AuditCommand::Verify { head, state }) = &args.command {
        return verify(head.as_ref(), state, surroundings);
    }
    let query = query(args, surroundings)?;
    let (place, store) = look(&args.state, surroundings)?;
    let Some(store) = store else {
        return Ok(nothing(&place));
    };
    let mut out = Writer::new(args.format);
    let count = each(store.as_ref(), &query, &mut |row| out.row(&row))?;
    out.end()?;
    if count == 0 {
        output::human("no entry of the audit log is like that");
        return Ok(Exit::Nothing);
    }
    if args.limit.is_none() && query.limit > 0 && count == query.limit as u64 {
        output::human(&format!(
            "the first {count} entries; `--limit` shows more, `--limit 0` all"
        ));
    }
    Ok(Exit::Clean)
}

fn query(args: &AuditArgs, surroundings: &Surroundings) -> Result<Query, Failure> {
    let time = |text: &Option<String>, flag: &str| {
        let text = text.as_deref();
        text.map(|text| instant(text, flag, surroundings))
            .transpose()
    };
    let terminal = args.format == AuditFormat::Terminal;
    Ok(Query {
        kind: args.kind.clone(),
        // Names are kept in their normal form.
        project: args.project.as_deref().map(|name| {
            PackageName::new(name).map_or_else(|_| name.to_owned(), |n| n.as_str().to_owned())
        }),
        sha256: args.sha256.as_deref().map(str::to_ascii_lowercase),
        client: args.client.clone(),
        since: time(&args.since, "--since")?,
        until: time(&args.until, "--until")?,
        order: if args.oldest {
            Order::Oldest
        } else {
            Order::Newest
        },
        limit: args.limit.unwrap_or(if terminal { SHOWN } else { 0 }),
        ..Query::default()
    })
}

/// `7d`, `12h`, `30m`, a day or a time, as Unix milliseconds.
pub(in crate::commands) fn instant(
    word: &str,
    flag: &str,
    surroundings: &Surroundings,
) -> Result<i64, Failure> {
    let unit = match word.chars().last() {
        Some('d') => 86_400,
        Some('h') => 3_600,
        Some('m') => 60,
        _ => 0,
    };
    let number = word.get(..word.len().saturating_sub(1));
    let age = number.and_then(|n| n.parse::<u32>().ok());
    if let Some(age) = age.filter(|_| unit > 0) {
        let seconds = surroundings.now.saturating_sub(i64::from(age) * unit);
        return Ok(seconds.saturating_mul(1_000));
    }
    let day = word
        .parse::<jiff::civil::Date>()
        .and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC))
        .map(|zoned| zoned.timestamp());
    let exact = word.parse::<jiff::Timestamp>().or(day);
    exact.map(jiff::Timestamp::as_millisecond).map_err(|_| {
        let shown = text::short(word, 40);
        Failure::usage(format!("cannot read the time {shown:?} of {flag}")).hint(
            "write an age (7d, 12h, 30m), a day (2026-11-18) or a time (2026-11-18T09:00:00Z)",
        )
    })
}

/// Entries on their way out.
struct Writer {
    format: AuditFormat,
    text: String,
    any: bool,
}

impl Writer {
    fn new(format: AuditFormat) -> Self {
        let text = if format == AuditFormat::Json {
            format!("{{\"schema\":{SCHEMA},\"entries\":[")
        } else {
            String::new()
        };
        Self {
            format,
            text,
            any: false,
        }
    }

    fn row(&mut self, row: &AuditRow) -> Result<(), Failure> {
        match self.format {
            AuditFormat::Terminal => self.text.push_str(&line(row)),
            AuditFormat::Jsonl => self.text.push_str(&json(row)?),
            AuditFormat::Json => {
                self.text.push_str(if self.any { ",\n" } else { "\n" });
                self.text.push_str(json(row)?.trim_end());
            }
        }
        self.any = true;
        if self.text.len() > PIECE {
            output::data(&std::mem::take(&mut self.text))?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Failure> {
        if self.format == AuditFormat::Json {
            self.text.push_str("\n]}\n");
        }
        output::data(&self.text)
    }
}

fn json(row: &AuditRow) -> Result<String, Failure> {
    hognose_report::json_line(row)
        .map_err(|e| Failure::incomplete("an entry cannot be written as JSON").because(&e))
}

/// An entry in one line: when, what, which, who, why.
fn line(row: &AuditRow) -> String {
    let entry = &row.entry;
    let which = match (&entry.filename, &entry.project, &entry.version) {
        (Some(filename), ..) => filename.clone(),
        (None, Some(project), Some(version)) => format!("{project} {version}"),
        (None, Some(project), None) => project.clone(),
        (None, None, _) => "-".to_owned(),
    };
    let who = entry.client.as_deref().unwrap_or("-");
    let body = serde_json::from_str(&entry.body).unwrap_or(Value::Null);
    let why = why(&body).map_or_else(String::new, |why| {
        format!("  {}", plain(&text::short(&why, 200)))
    });
    format!(
        "{}  {:<9}  {}  {}{why}\n",
        moment(entry.time),
        plain(&entry.kind),
        plain(&which),
        plain(who),
    )
}

/// What the body of an entry says beyond its columns.
fn why(body: &Value) -> Option<String> {
    let word = |key: &str| body.get(key).and_then(Value::as_str);
    if let Some(first) = body.get("reasons").and_then(|r| r.get(0)) {
        let of = |key: &str| first.get(key).and_then(Value::as_str).unwrap_or_default();
        return Some(format!("{}: {}", of("rule"), of("message")));
    }
    if let Some(versions) = body.get("versions").and_then(Value::as_array) {
        let newest = versions.last().and_then(|pair| pair.get(0));
        let newest = newest.and_then(Value::as_str).unwrap_or_default();
        return Some(match versions.len() {
            1 => newest.to_owned(),
            count => format!("{count} versions, the newest {newest}"),
        });
    }
    if let Some(before) = word("before") {
        return Some(format!("had sha256 {before}"));
    }
    if let (Some(what), Some(revision)) = (word("what"), word("revision")) {
        return Some(format!("{what} is now {revision}"));
    }
    word("outcome")
        .or_else(|| word("reason"))
        .or_else(|| word("file"))
        .map(str::to_owned)
}

/// Follows the chain. What cannot be followed is never whole: a log that is gone is no log that is empty.
fn verify(
    noted: Option<&Digest>,
    state: &LookArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let (place, store) = look(state, surroundings)?;
    let Some(store) = store else {
        let message = format!("there is no audit log at {place}");
        return Err(Failure::incomplete(message));
    };
    let chain = match store.verify_chain(noted) {
        Err(StoreError::Damaged { detail }) => {
            let detail = plain(&detail);
            output::data(&format!("damaged: {detail}\n"))?;
            return Ok(Exit::Findings);
        }
        chain => chain.map_err(|e| super::fault(&e, &place))?,
    };
    let (words, exit) = match chain {
        Chain::Whole { head, noted } => {
            let noted = noted.map_or_else(String::new, |row| {
                format!("; the noted head is that of entry {row}")
            });
            let words = format!("whole: {} entries, head {}{noted}\n", head.rows, head.hash);
            (words, Exit::Clean)
        }
        Chain::Broken {
            row,
            expected,
            found,
        } => {
            let words = format!("broken at entry {row}: expected {expected}, found {found}\n");
            (words, Exit::Findings)
        }
        Chain::HeadMissing { head } => {
            let words = format!(
                "cut off or replaced: no entry has the noted head; there are {} entries, head {}\n",
                head.rows, head.hash
            );
            (words, Exit::Findings)
        }
    };
    output::data(&words)?;
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings() -> Surroundings {
        Surroundings {
            variables: std::collections::BTreeMap::new(),
            now: 1_795_000_000,
            arguments: Vec::new(),
        }
    }

    #[test]
    fn times() {
        let read = |word: &str| instant(word, "--since", &surroundings());
        assert_eq!(read("7d").unwrap(), (1_795_000_000 - 7 * 86_400) * 1_000);
        assert_eq!(read("30m").unwrap(), (1_795_000_000 - 1_800) * 1_000);
        assert_eq!(read("2026-11-18").unwrap(), 1_794_960_000_000);
        assert_eq!(read("2026-11-18T00:00:01Z").unwrap(), 1_794_960_001_000);
        for wrong in [
            "",
            "d",
            "7",
            "-7d",
            "7 d",
            "ü",
            "99999999999d",
            "2026-13-01",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

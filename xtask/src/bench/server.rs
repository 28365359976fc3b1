//! An OSV service and package index on the loopback, for rivals that ask one.
//!
//! What matches is decided by the oracle, not by Hognose, so agreement means something.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::oracle::Oracle;

/// The running service; it ends with this program.
#[derive(Debug)]
pub(super) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    records: BTreeMap<String, Value>,
    oracle: Mutex<Oracle>,
    requests: AtomicUsize,
    asked: Mutex<BTreeSet<(String, String)>>,
}

/// Larger bodies are nobody's here.
const BODY: usize = 16 << 20;

impl Server {
    pub(super) fn start(records: BTreeMap<String, Value>, oracle: Oracle) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            records,
            oracle: Mutex::new(oracle),
            requests: AtomicUsize::new(0),
            asked: Mutex::default(),
        });
        let server = Self {
            address,
            shared: Arc::clone(&shared),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that goes away ends its own connection only.
                std::thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Ok(server)
    }

    /// How many requests came since this was asked last.
    pub(super) fn requests(&self) -> usize {
        self.shared.requests.swap(0, Ordering::Relaxed)
    }

    /// Names and versions that somebody asked about since this was asked last.
    pub(super) fn asked(&self) -> BTreeSet<(String, String)> {
        std::mem::take(
            &mut *self
                .shared
                .asked
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// What the oracle says.
    pub(super) fn judge(&self, name: &str, version: &str) -> Result<Vec<String>> {
        self.shared.judge(name, version)
    }
}

impl Shared {
    fn judge(&self, name: &str, version: &str) -> Result<Vec<String>> {
        let mut oracle = self.oracle.lock().unwrap_or_else(PoisonError::into_inner);
        oracle.ask(name, version)
    }

    fn answer(&self, method: &str, path: &str, body: &[u8]) -> Result<Option<Value>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(match (method, path) {
            ("POST", "/v1/query") => {
                let found = self.matching(&serde_json::from_slice(body)?)?;
                let records: Vec<_> = found.iter().filter_map(|id| self.records.get(id)).collect();
                Some(if records.is_empty() {
                    json!({})
                } else {
                    json!({ "vulns": records })
                })
            }
            ("POST", "/v1/querybatch") => {
                let batch: Value = serde_json::from_slice(body)?;
                let queries = batch["queries"].as_array().context("no queries")?;
                let results = queries.iter().map(|query| {
                    let found = self.matching(query)?;
                    let short =
                        |id: &String| json!({ "id": id, "modified": self.records[id]["modified"] });
                    let vulns: Vec<_> = found.iter().map(short).collect();
                    Ok(if vulns.is_empty() {
                        json!({})
                    } else {
                        json!({ "vulns": vulns })
                    })
                });
                Some(json!({ "results": results.collect::<Result<Vec<_>>>()? }))
            }
            ("GET", _) => {
                if let Some(id) = path.strip_prefix("/v1/vulns/") {
                    self.records.get(id).cloned()
                } else {
                    path.strip_prefix("/simple/").map(|name| {
                        json!({
                            "meta": { "api-version": "1.4" }, "name": name.trim_end_matches('/'),
                            "files": [], "versions": [], "project-status": { "status": "active" },
                        })
                    })
                }
            }
            _ => None,
        })
    }

    fn matching(&self, query: &Value) -> Result<Vec<String>> {
        let name = query["package"]["name"].as_str().context("no name")?;
        let version = query["version"].as_str().context("no version")?;
        let key = (
            super::feeds::normalised(name),
            super::findings::spelled(version),
        );
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key);
        self.judge(name, version)
    }
}

/// One connection, many requests.
fn serve(stream: &TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut words = first.split_whitespace();
        let method = words.next().context("no method")?.to_owned();
        let path = words.next().context("no path")?;
        let path = path.split('?').next().unwrap_or(path).replace("//", "/");
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse::<usize>()?.min(BODY);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (status, text) = match shared.answer(&method, &path, &body) {
            Ok(Some(value)) => ("200 OK", value.to_string()),
            Ok(None) => ("404 Not Found", "{}".to_owned()),
            Err(error) => (
                "400 Bad Request",
                json!({ "message": error.to_string() }).to_string(),
            ),
        };
        // As real indexes do: a client with a warm cache need not ask again.
        let kind = if path.starts_with("/simple/") {
            "application/vnd.pypi.simple.v1+json\r\nCache-Control: max-age=600"
        } else {
            "application/json"
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        writer.write_all(answer.as_bytes())?;
    }
}

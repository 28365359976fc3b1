//! An upstream index on the loopback interface whose every answer a test decides.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// What is answered to a path.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub media: &'static str,
    pub body: Vec<u8>,
    /// Waited before the last half of the body.
    pub pause: Duration,
    /// Said of the body's length, where it is not the truth.
    pub claimed: Option<usize>,
}

impl Answer {
    pub fn html(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            media: "text/html",
            body: body.into(),
            pause: Duration::ZERO,
            claimed: None,
        }
    }

    pub fn file(body: Vec<u8>) -> Self {
        Self {
            media: "application/octet-stream",
            ..Self::html(body)
        }
    }

    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::html("")
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    answers: Mutex<BTreeMap<String, Answer>>,
    seen: Mutex<Vec<String>>,
}

/// The index.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: String,
    shared: Arc<Shared>,
}

/// A release of one file: name of the file, its bytes, attributes of its link.
pub type Release<'a> = (&'a str, &'a [u8], &'a str);

impl Upstream {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&own);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    pub fn put(&self, path: &str, answer: Answer) {
        let mut answers = self.shared.answers.lock().unwrap();
        answers.insert(path.to_owned(), answer);
    }

    /// Puts a project with its files.
    pub fn project(&self, name: &str, releases: &[Release<'_>]) {
        let mut page = String::from("<!DOCTYPE html><html><body>\n");
        for (file, bytes, attributes) in releases {
            let digest = hex(bytes);
            page.push_str(&format!(
                "<a href=\"/files/{file}#sha256={digest}\" {attributes}>{file}</a>\n"
            ));
            self.put(&format!("/files/{file}"), Answer::file(bytes.to_vec()));
        }
        page.push_str("</body></html>");
        self.put(&format!("/simple/{name}/"), Answer::html(page));
    }

    /// What was asked for, in order of paths, and forgets it.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.shared.seen.lock().unwrap());
        seen.sort();
        seen
    }
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in Sha256::digest(bytes) {
        write!(out, "{byte:02x}").unwrap();
    }
    out
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    for line in lines.map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    shared.seen.lock().unwrap().push(path.clone());
    let answer = shared.answers.lock().unwrap().get(&path).cloned();
    let answer = answer.unwrap_or_else(|| Answer::status(404));
    let length = answer.claimed.unwrap_or(answer.body.len());
    let head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n",
        answer.status, answer.media
    );
    let (front, back) = answer.body.split_at(answer.body.len() / 2);
    // Whoever asked may have gone.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(front);
    std::thread::sleep(answer.pause);
    let _ = stream.write_all(back);
}

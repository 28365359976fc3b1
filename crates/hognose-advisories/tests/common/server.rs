//! A small HTTP/1.1 server on loopback whose answers may misbehave.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a path is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Status, headers and body, as an honest server would.
    Plain(u16, Vec<(String, String)>, Vec<u8>),
    /// A body with an ETag; 304 when it is asked for again.
    Tagged(String, Vec<u8>),
    /// A stated length, then other bytes.
    Lies(usize, Vec<u8>),
    /// Some bytes, then silence.
    Stalls(Vec<u8>),
}

#[derive(Debug)]
pub struct Server {
    pub address: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    /// Paths asked for, with the status given.
    pub log: Arc<Mutex<Vec<(String, u16)>>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let log: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
        let (shared, seen) = (answers.clone(), log.clone());
        // Ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, seen) = (shared.clone(), seen.clone());
                std::thread::spawn(move || drop(serve(stream, &shared, &seen)));
            }
        });
        Self {
            address,
            answers,
            log,
        }
    }

    pub fn set(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub fn statuses(&self) -> Vec<u16> {
        self.log
            .lock()
            .unwrap()
            .iter()
            .map(|(_, status)| *status)
            .collect()
    }
}

fn serve(
    stream: TcpStream,
    answers: &Mutex<HashMap<String, Answer>>,
    log: &Mutex<Vec<(String, u16)>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
    let mut tag = None;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("if-none-match:") {
            tag = Some(value.trim().to_owned());
        }
    }
    let answer = answers.lock().unwrap().get(&path).cloned();
    let mut stream = stream;
    let status = match answer {
        None => send(&mut stream, 404, &[], b"", 0)?,
        Some(Answer::Plain(status, headers, body)) => {
            send(&mut stream, status, &headers, &body, body.len())?
        }
        Some(Answer::Tagged(etag, body)) => {
            let headers = [("ETag".to_owned(), etag.clone())];
            if tag.as_deref() == Some(&etag) {
                send(&mut stream, 304, &headers, b"", 0)?
            } else {
                send(&mut stream, 200, &headers, &body, body.len())?
            }
        }
        Some(Answer::Lies(length, body)) => send(&mut stream, 200, &[], &body, length)?,
        Some(Answer::Stalls(body)) => {
            let status = send(&mut stream, 200, &[], &body, body.len() + 1000)?;
            std::thread::sleep(Duration::from_secs(20));
            status
        }
    };
    log.lock().unwrap().push((path, status));
    Ok(())
}

fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    length: usize,
) -> std::io::Result<u16> {
    write!(
        stream,
        "HTTP/1.1 {status} Answer\r\nContent-Length: {length}\r\nConnection: close\r\n"
    )?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(body)?;
    stream.flush()?;
    Ok(status)
}

//! Fetching feeds: conditional requests, bounded sizes, and time-outs that also catch a server that stalls.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use hognose_types::RedactedUrl;
use serde::{Deserialize, Serialize};

use crate::interrupt::{Interrupt, ProgressSink};
use crate::proxy::Proxies;

/// How downloads behave.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Largest body accepted, in bytes.
    pub max_bytes: u64,
    /// Longest silence of a server.
    pub idle: Duration,
    /// Time to connect.
    pub connect: Duration,
    /// Proxies.
    pub proxies: Proxies,
    /// `User-Agent`.
    pub user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_bytes: 2 << 30,
            idle: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            proxies: Proxies::default(),
            user_agent: concat!("hognose/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What is remembered of an earlier download.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// The outcome of a download.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The earlier copy is still current.
    NotModified,
    /// A new copy, in a temporary file.
    New(tempfile::NamedTempFile, Validators),
}

/// Why a feed could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server could not be asked.
    #[error("cannot fetch {url}: {reason}")]
    Request {
        /// The address.
        url: RedactedUrl,
        /// What went wrong.
        reason: String,
    },
    /// The server refused.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address.
        url: RedactedUrl,
        /// HTTP status.
        status: u16,
    },
    /// Nothing came for too long.
    #[error("{url} sent nothing for {} seconds", idle.as_secs_f32())]
    Stalled {
        /// The address.
        url: RedactedUrl,
        /// The limit.
        idle: Duration,
    },
    /// More came than is accepted.
    #[error("{url} sends more than the limit of {limit} bytes")]
    TooLarge {
        /// The address.
        url: RedactedUrl,
        /// The limit.
        limit: u64,
    },
    /// The body is not as long as the server said.
    #[error("{url} announced {expected} bytes and sent {found}")]
    Length {
        /// The address.
        url: RedactedUrl,
        /// Stated length.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// The body could not be kept.
    #[error("cannot write to {}", path.display())]
    Write {
        /// Directory of the download.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

enum Message {
    Head {
        status: u16,
        length: Option<u64>,
        validators: Validators,
    },
    Chunk(Vec<u8>),
    End,
    Failed(String),
}

/// Fetches `url` into a temporary file of `directory`.
pub(crate) fn fetch(
    url: &RedactedUrl,
    known: &Validators,
    directory: &Path,
    options: &HttpOptions,
    sink: &dyn ProgressSink,
    interrupt: &Interrupt,
) -> Result<Fetched, DownloadError> {
    // A blocking read cannot be given up from within; the reader has a thread of its own, which this thread stops
    // listening to when it has been silent for too long.
    let (sender, receiver) = sync_channel(4);
    let (address, known, thread_options) = (url.clone(), known.clone(), options.clone());
    std::thread::spawn(move || {
        let outcome = request(&address, &known, &thread_options, &sender);
        let last = outcome.map_or_else(Message::Failed, |()| Message::End);
        // Nobody listens any more when the download was given up.
        let _ = sender.send(last);
    });
    let mut transfer = Transfer {
        url,
        directory,
        options,
        sink,
        interrupt,
        silent: Duration::ZERO,
    };
    let outcome = transfer.receive(&receiver);
    sink.download_ended();
    outcome
}

struct Transfer<'a> {
    url: &'a RedactedUrl,
    directory: &'a Path,
    options: &'a HttpOptions,
    sink: &'a dyn ProgressSink,
    interrupt: &'a Interrupt,
    silent: Duration,
}

/// How often the interrupt flag is looked at.
const TICK: Duration = Duration::from_millis(50);

impl Transfer<'_> {
    fn receive(&mut self, receiver: &Receiver<Message>) -> Result<Fetched, DownloadError> {
        let (status, length, validators) = match self.next(receiver)? {
            Message::Head {
                status,
                length,
                validators,
            } => (status, length, validators),
            Message::Failed(reason) => return Err(self.failed(reason)),
            Message::Chunk(_) | Message::End => return Err(self.failed("no answer".to_owned())),
        };
        match status {
            304 => return Ok(Fetched::NotModified),
            200 => {}
            _ => {
                return Err(DownloadError::Status {
                    url: self.url.clone(),
                    status,
                });
            }
        }
        self.sink.download_started(&self.url.to_string(), length);
        if length.is_some_and(|l| l > self.options.max_bytes) {
            return Err(self.too_large());
        }
        let mut file = crate::store::temporary(self.directory).map_err(|e| self.write_fault(e))?;
        let ended = self.body(receiver, &mut file)?;
        match (length, ended) {
            (Some(expected), (found, _)) if expected != found => Err(DownloadError::Length {
                url: self.url.clone(),
                expected,
                found,
            }),
            (_, (_, Some(reason))) => Err(self.failed(reason)),
            (_, (_, None)) => Ok(Fetched::New(file, validators)),
        }
    }

    /// Writes the body; returns its length, and why it ended early if it did.
    fn body(
        &mut self,
        receiver: &Receiver<Message>,
        file: &mut impl Write,
    ) -> Result<(u64, Option<String>), DownloadError> {
        let mut found = 0_u64;
        loop {
            match self.next(receiver)? {
                Message::Chunk(bytes) => {
                    found += bytes.len() as u64;
                    if found > self.options.max_bytes {
                        return Err(self.too_large());
                    }
                    file.write_all(&bytes).map_err(|e| self.write_fault(e))?;
                    self.sink.downloaded(bytes.len() as u64);
                }
                Message::End => return Ok((found, None)),
                Message::Failed(reason) => return Ok((found, Some(reason))),
                Message::Head { .. } => {}
            }
        }
    }

    fn failed(&self, reason: String) -> DownloadError {
        DownloadError::Request {
            url: self.url.clone(),
            reason,
        }
    }

    fn too_large(&self) -> DownloadError {
        DownloadError::TooLarge {
            url: self.url.clone(),
            limit: self.options.max_bytes,
        }
    }

    fn write_fault(&self, source: std::io::Error) -> DownloadError {
        DownloadError::Write {
            path: self.directory.to_owned(),
            source,
        }
    }

    fn next(&mut self, receiver: &Receiver<Message>) -> Result<Message, DownloadError> {
        loop {
            if self.interrupt.is_set() {
                return Err(DownloadError::Interrupted);
            }
            match receiver.recv_timeout(TICK) {
                Ok(message) => {
                    self.silent = Duration::ZERO;
                    return Ok(message);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.silent += TICK;
                    if self.silent >= self.options.idle {
                        return Err(DownloadError::Stalled {
                            url: self.url.clone(),
                            idle: self.options.idle,
                        });
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(DownloadError::Request {
                        url: self.url.clone(),
                        reason: "the connection ended".to_owned(),
                    });
                }
            }
        }
    }
}

fn request(
    url: &RedactedUrl,
    known: &Validators,
    options: &HttpOptions,
    sender: &SyncSender<Message>,
) -> Result<(), String> {
    let agent = agent(url, options)?;
    let mut request = agent
        .get(url.expose())
        .header("Accept-Encoding", "identity");
    if let Some(etag) = &known.etag {
        request = request.header("If-None-Match", etag);
    }
    if let Some(date) = &known.last_modified {
        request = request.header("If-Modified-Since", date);
    }
    let response = request.call().map_err(|e| e.to_string())?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let head = Message::Head {
        status: response.status().as_u16(),
        length: header("content-length").and_then(|l| l.parse().ok()),
        validators: Validators {
            etag: header("etag"),
            last_modified: header("last-modified"),
        },
    };
    sender.send(head).map_err(|e| e.to_string())?;
    let mut body = response.into_body().into_reader();
    loop {
        let mut chunk = vec![0; 64 * 1024];
        let read = body.read(&mut chunk).map_err(|e| e.to_string())?;
        if read == 0 {
            return Ok(());
        }
        chunk.truncate(read);
        if sender.send(Message::Chunk(chunk)).is_err() {
            return Ok(());
        }
    }
}

fn agent(url: &RedactedUrl, options: &HttpOptions) -> Result<ureq::Agent, String> {
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let proxy = options
        .proxies
        .for_url(url)
        .map(ureq::Proxy::new)
        .transpose()
        .map_err(|e| e.to_string())?;
    let config = ureq::Agent::config_builder()
        // A feed that is asked for over TLS is not followed to where it could be altered on the way.
        .https_only(url.expose().starts_with("https://"))
        .http_status_as_error(false)
        .max_redirects(5)
        .timeout_connect(Some(options.connect))
        .proxy(proxy)
        .user_agent(options.user_agent.as_str())
        .tls_config(tls)
        .build();
    Ok(config.new_agent())
}

/// Reads what is remembered beside a downloaded body; nothing when it is absent or damaged.
pub(crate) fn load_validators(path: &Path) -> Validators {
    let text = File::open(path).and_then(|f| {
        let mut text = String::new();
        f.take(64 * 1024).read_to_string(&mut text).map(|_| text)
    });
    text.ok()
        .and_then(|t| serde_json::from_str(&t).ok())
        .unwrap_or_default()
}

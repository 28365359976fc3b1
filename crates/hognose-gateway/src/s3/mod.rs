//! Artifacts in a bucket of an S3-compatible store, which all nodes of a gateway share.
//!
//! Two requests are enough: put an object, get an object. They are made here and not by a library: those bring the whole
//! service (and an XML parser for what this never asks), and their own HTTP client with its own TLS.

mod sign;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hognose_types::RedactedUrl;
use sha2::{Digest as _, Sha256};

use crate::catalog::Clock;
use crate::shared::{Shared, SharedError};

pub use sign::Credentials;

/// The most bytes that one request may put.
const MAX_PUT: u64 = 5 << 30;
/// The longest explanation of an error that is read.
const MAX_ERROR: u64 = 16 << 10;
const PIECE: usize = 64 << 10;

/// Where artifacts are, and who asks.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The address of the service; none for that of the region.
    pub endpoint: Option<RedactedUrl>,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with; empty, or with a slash at its end.
    pub prefix: String,
    /// Who asks.
    pub credentials: Credentials,
}

/// A client of one bucket.
pub struct S3 {
    bucket: Bucket,
    base: String,
    host: String,
    agent: ureq::Agent,
    clock: Clock,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

type Answer = ureq::http::Response<ureq::Body>;

impl S3 {
    /// A client that signs with the time of a clock.
    pub fn new(bucket: Bucket, clock: Clock) -> Self {
        let base = bucket.endpoint.as_ref().map_or_else(
            || format!("https://s3.{}.amazonaws.com", bucket.region),
            |endpoint| endpoint.expose().trim_end_matches('/').to_owned(),
        );
        let host = base.split_once("://").map_or("", |(_, host)| host);
        // Signed as it is sent: without the port that the scheme means anyway.
        let usual = if base.starts_with("https:") {
            ":443"
        } else {
            ":80"
        };
        let host = host.strip_suffix(usual).unwrap_or(host).to_owned();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        // A signature is for one host: nothing is followed to another. The address is the operator's own, so nothing of
        // the environment stands between.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_global(Some(Duration::from_mins(10)))
            .tls_config(tls)
            .build()
            .new_agent();
        Self {
            bucket,
            base,
            host,
            agent,
            clock,
        }
    }

    /// Writes a small object and reads it again: what is wrong with address, bucket or rights shows before anything
    /// depends on it.
    pub fn probe(&self) -> Result<(), SharedError> {
        let text: &[u8] = b"artifacts of a hognose gateway, each under its sha256\n";
        let path = self.path("hognose.txt");
        let answer = self.put_bytes(&path, text)?;
        accept(answer, "write an object")?;
        let answer = self.get_path(&path)?;
        let mut answer = accept(answer, "read an object")?;
        let mut back = Vec::new();
        let read = answer.body_mut().as_reader().take(MAX_ERROR);
        { read }
            .read_to_end(&mut back)
            .map_err(|e| SharedError::Broken(e.to_string()))?;
        if back == text {
            Ok(())
        } else {
            Err(SharedError::Broken(
                "what was written is not what is read".to_owned(),
            ))
        }
    }

    /// The path of an object. Keys are letters, digits and what needs no escape.
    fn path(&self, key: &str) -> String {
        format!("/{}/{}{key}", self.bucket.bucket, self.bucket.prefix)
    }

    /// A digest spreads by its first letters, as on the disk of a node.
    fn place(&self, sha256: &str) -> Option<String> {
        let plain = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let good = sha256.len() == 64 && sha256.bytes().all(plain);
        let first = sha256.get(..2).filter(|_| good)?;
        Some(self.path(&format!("{first}/{sha256}")))
    }

    /// The headers of a request.
    fn headers(&self, method: &str, path: &str, body: &str) -> Vec<(&'static str, String)> {
        let time = jiff::Timestamp::from_second((self.clock)()).unwrap_or_default();
        let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![
            ("host", self.host.clone()),
            ("x-amz-content-sha256", body.to_owned()),
            ("x-amz-date", time.clone()),
        ];
        if let Some(token) = &self.bucket.credentials.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        let signed: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let request = sign::Request {
            method,
            path,
            query: "",
            headers: &signed,
            body,
            region: &self.bucket.region,
            time: &time,
        };
        let authorization = sign::authorization(&request, &self.bucket.credentials);
        headers.push(("authorization", authorization));
        headers
    }

    fn get_path(&self, path: &str) -> Result<Answer, SharedError> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        let empty = sign::hex(&Sha256::digest(b""));
        for (name, value) in self.headers("GET", path, &empty) {
            request = request.header(name, value);
        }
        request.call().map_err(|e| SharedError::Away(e.to_string()))
    }

    fn put_request(
        &self,
        path: &str,
        sha256: &str,
        size: u64,
    ) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let mut request = self.agent.put(format!("{}{path}", self.base));
        for (name, value) in self.headers("PUT", path, sha256) {
            request = request.header(name, value);
        }
        // Said beforehand: without it the body would come in chunks, which servers of this protocol refuse.
        request
            .header("content-length", size.to_string())
            .header("content-type", "application/octet-stream")
    }

    fn put_bytes(&self, path: &str, bytes: &[u8]) -> Result<Answer, SharedError> {
        let sha256 = sign::hex(&Sha256::digest(bytes));
        let request = self.put_request(path, &sha256, bytes.len() as u64);
        let sent = request.send(bytes);
        sent.map_err(|e| SharedError::Away(e.to_string()))
    }
}

impl Shared for S3 {
    fn get(
        &self,
        sha256: &str,
        sink: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<bool, SharedError> {
        let Some(path) = self.place(sha256) else {
            return Ok(false);
        };
        let answer = self.get_path(&path)?;
        if answer.status() == 404 && !is_bucket_missing(&answer) {
            return Ok(false);
        }
        let mut answer = accept(answer, "read an object")?;
        let mut reader = answer.body_mut().as_reader();
        let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
        loop {
            let read = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(SharedError::Away(error.to_string())),
            };
            let bytes = piece.get(..read).unwrap_or_default();
            hash.update(bytes);
            sink(bytes).map_err(|e| SharedError::Here(Arc::new(e)))?;
        }
        if sign::hex(&hash.finalize()) == sha256 {
            Ok(true)
        } else {
            Err(SharedError::Broken(format!(
                "the object {sha256} holds other bytes than its name says"
            )))
        }
    }

    fn put(&self, sha256: &str, file: &Path, size: u64) -> Result<(), SharedError> {
        let Some(path) = self.place(sha256) else {
            return Ok(());
        };
        if size > MAX_PUT {
            return Err(SharedError::Broken(format!(
                "{size} bytes are more than one request may put"
            )));
        }
        let here = |e: std::io::Error| SharedError::Here(Arc::new(e));
        let file = std::fs::File::open(file).map_err(here)?;
        let request = self.put_request(&path, sha256, size);
        let sent = request.send(ureq::SendBody::from_owned_reader(file));
        let answer = sent.map_err(|e| SharedError::Away(e.to_string()))?;
        accept(answer, "write an object").map(drop)
    }
}

/// The bucket is missing, not the object in it: then nothing can be kept, and that is no ordinary absence.
fn is_bucket_missing(answer: &Answer) -> bool {
    let code = answer.headers().get("x-amz-error-code");
    code.is_some_and(|code| code.as_bytes() == b"NoSuchBucket")
}

/// An answer that is what was asked for, else what the server says.
fn accept(mut answer: Answer, action: &'static str) -> Result<Answer, SharedError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let mut text = String::new();
    let read = answer.body_mut().as_reader().take(MAX_ERROR);
    // Half of an explanation is better than none.
    let _ = { read }.read_to_string(&mut text);
    let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
    Err(SharedError::Refused {
        action,
        status: answer.status().as_u16(),
        code: hognose_types::text::short(code, 80),
    })
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = text.split_once(start)?.1;
    rest.split_once(end).map(|(inner, _)| inner)
}

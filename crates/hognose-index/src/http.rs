//! One GET: proxies, TLS, time limits, credentials, and redirects that never lose protection.

mod fetch;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::fmt::rfc2822;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;

use crate::cache::{Answers, Rules};
use crate::resolve::Guarded;
use crate::{Config, IndexError, IndexUrl};

/// What came back with a status that is no redirect.
pub(crate) struct Answer {
    /// The address that answered.
    pub(crate) url: IndexUrl,
    pub(crate) status: u16,
    pub(crate) length: Option<u64>,
    /// For a part of a file: where it starts, and how large the file is.
    pub(crate) range: Option<(u64, u64)>,
    /// What it says about keeping it.
    rules: Rules,
    pub(crate) body: Box<dyn Read>,
}

type Response = ureq::http::Response<ureq::Body>;

/// HTTP with the settings of a client.
#[derive(Debug)]
pub(crate) struct Http {
    config: Config,
    tls: TlsConfig,
    /// What is kept, where anything is.
    answers: Option<Answers>,
    /// One for each proxy and scheme: they keep connections open.
    agents: Mutex<BTreeMap<(bool, Option<String>), ureq::Agent>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The address that answered.
    pub(crate) url: IndexUrl,
    pub(crate) status: u16,
    /// Seconds since it was asked for.
    pub(crate) age: u64,
    pub(crate) body: Vec<u8>,
}

impl Fetched {
    /// The answer of a server that has what was asked for; none when it says that it does not. Anything else is an error:
    /// only that answer means absence.
    pub(crate) fn present(self) -> Result<Option<Self>, IndexError> {
        match self.status {
            200 => Ok(Some(self)),
            404 | 410 => Ok(None),
            status => Err(IndexError::of_status(self.url.redacted(), status)),
        }
    }
}

/// Most bytes that room is made for before they come.
const MOST_BELIEVED: u64 = 1 << 20;

impl Http {
    pub(crate) fn new(config: &Config) -> Result<Self, IndexError> {
        let roots = match &config.ca {
            None => RootCerts::PlatformVerifier,
            Some(pem) => certificates(pem)?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        Ok(Self {
            config: config.clone(),
            tls,
            answers: config
                .cache
                .as_ref()
                .map(|cache| Answers::new(cache, config.running.as_ref())),
            agents: Mutex::default(),
        })
    }

    /// Reads a body to its end.
    pub(crate) fn whole(&self, answer: Answer, limit: u64) -> Result<Fetched, IndexError> {
        let url = answer.url.redacted();
        // Announced lengths are believed only so far.
        let announced = answer.length.unwrap_or(0).min(limit).min(MOST_BELIEVED);
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
        let read = answer.body.take(limit + 1).read_to_end(&mut body);
        read.map_err(|e| self.broken(&answer.url, &e))?;
        let found = body.len() as u64;
        if found > limit {
            return Err(IndexError::TooLarge { url, limit });
        }
        if let Some(expected) = answer.length
            && expected != found
        {
            return Err(IndexError::Length {
                url,
                expected,
                found,
            });
        }
        Ok(Fetched {
            url: answer.url,
            status: answer.status,
            age: 0,
            body,
        })
    }

    /// Asks for an address, following redirects; the caller reads the body.
    pub(crate) fn get(&self, url: &IndexUrl, accept: &str) -> Result<Answer, IndexError> {
        self.ask(url, accept, &[])
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.config.offline
    }

    /// Asks for an address with further headers, following redirects; the caller reads the body.
    pub(crate) fn ask(
        &self,
        url: &IndexUrl,
        accept: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, IndexError> {
        if self.config.offline {
            return Err(IndexError::Offline {
                url: url.redacted(),
            });
        }
        let limit = self.config.limits.redirects;
        let mut at = url.clone();
        for _ in 0..=limit {
            let response = self.patiently(&at, accept, headers)?;
            let status = response.status().as_u16();
            let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Answer {
                    status,
                    length: header("content-length").and_then(|l| l.parse().ok()),
                    range: header("content-range").and_then(content_range),
                    rules: Rules::of(|name| all(&response, name)),
                    body: Box::new(response.into_body().into_reader()),
                    url: at,
                });
            }
            let next = at
                .join(header("location").unwrap_or_default())
                .map_err(|reason| IndexError::Location {
                    url: at.redacted(),
                    reason,
                })?;
            guard(&at, &next)?;
            at = next;
        }
        Err(IndexError::Redirects {
            url: url.redacted(),
            limit,
        })
    }

    /// Tries again what may pass: lost connections, and servers that are busy. Silence is not waited for twice.
    fn patiently(
        &self,
        url: &IndexUrl,
        accept: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response, IndexError> {
        let retry = self.config.retry;
        let mut pause = retry.pause;
        for _ in 1..retry.tries {
            match self.once(url, accept, headers) {
                Ok(response) if is_passing(response.status().as_u16()) => {
                    let header = |name| response.headers().get(name)?.to_str().ok();
                    let asked = header("retry-after").and_then(|v| retry_after(v, header("date")));
                    if let Some(asked) = asked.filter(|asked| *asked > retry.longest) {
                        return Err(IndexError::Busy {
                            url: url.redacted(),
                            seconds: asked.as_secs(),
                        });
                    }
                    std::thread::sleep(asked.unwrap_or(pause));
                }
                Err(IndexError::Request { .. }) => std::thread::sleep(pause),
                other => return other,
            }
            pause = (pause * 2).min(retry.longest);
        }
        self.once(url, accept, headers)
    }

    /// Asks for the head alone, and follows nothing: status, and where it leads.
    pub(crate) fn head(&self, url: &IndexUrl) -> Result<(u16, Option<String>), IndexError> {
        let failed = |error: ureq::Error| match error {
            ureq::Error::Timeout(which) => self.late(url, which),
            error => IndexError::Request {
                url: url.redacted(),
                reason: error.to_string(),
            },
        };
        let agent = self.agent(url).map_err(failed)?;
        let response = agent.head(url.bare()).call().map_err(failed)?;
        let location = response.headers().get("location");
        let location = location.and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok((response.status().as_u16(), location))
    }

    fn once(
        &self,
        url: &IndexUrl,
        accept: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response, IndexError> {
        let failed = |reason: String| IndexError::Request {
            url: url.redacted(),
            reason,
        };
        let agent = self.agent(url).map_err(|e| failed(e.to_string()))?;
        let mut request = agent
            .get(url.bare())
            .header("Accept", accept)
            // A compressed wheel would not have the digest announced.
            .header("Accept-Encoding", "identity");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((user, password)) = self.credentials(url) {
            let pair = base64(format!("{user}:{password}").as_bytes());
            request = request.header("Authorization", format!("Basic {pair}"));
        }
        request.call().map_err(|error| match error {
            ureq::Error::Timeout(which) => self.late(url, which),
            ureq::Error::BodyStalled => self.timeout(url),
            error => failed(error.to_string()),
        })
    }

    fn agent(&self, url: &IndexUrl) -> Result<ureq::Agent, ureq::Error> {
        let proxy = self.config.proxy.url(&url.redacted());
        let key = (url.is_secure(), proxy.clone());
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let timeout = self.config.timeout;
        let config = ureq::Agent::config_builder()
            .https_only(url.is_secure())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(timeout.connect))
            .timeout_recv_response(Some(timeout.idle))
            .timeout_per_read(Some(timeout.idle))
            .timeout_global(Some(timeout.whole))
            .proxy(proxy.as_deref().map(ureq::Proxy::new).transpose()?)
            .user_agent(self.config.user_agent.as_str())
            .tls_config(self.tls.clone())
            .build();
        // A proxy resolves names itself, and it is the user who named it.
        let agent = if proxy.is_some() {
            config.new_agent()
        } else {
            let indexes = std::iter::once(&self.config.index).chain(&self.config.extra);
            let own = Guarded::new(indexes.chain(&self.config.known));
            ureq::Agent::with_parts(config, DefaultConnector::default(), own)
        };
        agents.insert(key, agent.clone());
        Ok(agent)
    }

    /// Credentials in the address itself, else those of a configured address on the same host.
    fn credentials<'a>(&'a self, url: &'a IndexUrl) -> Option<(&'a str, &'a str)> {
        url.user().or_else(|| {
            let indexes = std::iter::once(&self.config.index).chain(&self.config.extra);
            indexes
                .chain(&self.config.known)
                .filter(|index| index.same_origin(url))
                .find_map(IndexUrl::user)
        })
    }

    /// The error for a fault while a body is read.
    pub(crate) fn broken(&self, url: &IndexUrl, error: &std::io::Error) -> IndexError {
        // The client's own limits come wrapped.
        let inner = error.get_ref().and_then(|e| e.downcast_ref());
        if let Some(ureq::Error::Timeout(which)) = inner {
            return self.late(url, *which);
        }
        let late = matches!(
            error.kind(),
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock
        );
        if late {
            return self.timeout(url);
        }
        IndexError::Request {
            url: url.redacted(),
            reason: error.to_string(),
        }
    }

    fn late(&self, url: &IndexUrl, which: ureq::Timeout) -> IndexError {
        if which != ureq::Timeout::Global {
            return self.timeout(url);
        }
        IndexError::Slow {
            url: url.redacted(),
            whole: self.config.timeout.whole,
        }
    }

    fn timeout(&self, url: &IndexUrl) -> IndexError {
        IndexError::Timeout {
            url: url.redacted(),
            idle: self.config.timeout.idle,
        }
    }
}

/// What a header says, on however many lines.
fn all(response: &Response, name: &str) -> Option<String> {
    let lines = response.headers().get_all(name).iter();
    let lines: Vec<&str> = lines.filter_map(|value| value.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// `bytes 0-9/100`: first byte and size.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, size.trim().parse().ok()?))
}

/// How long a server wants to be left alone: seconds, or a date, which counts from the server's own (RFC 9110).
fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = |text: &str| Some(rfc2822::parse(text).ok()?.timestamp().as_second());
    let left = seconds(value)?.saturating_sub(seconds(date?)?);
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// Statuses of a server that may answer the next time.
fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Refuses a step from `https` to `http`. The other way only gains.
pub(crate) fn guard(from: &IndexUrl, to: &IndexUrl) -> Result<(), IndexError> {
    if from.is_secure() && !to.is_secure() {
        return Err(IndexError::Downgrade {
            from: from.redacted(),
            to: to.redacted(),
        });
    }
    Ok(())
}

fn certificates(pem: &[u8]) -> Result<RootCerts, IndexError> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| IndexError::Certificates)? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(IndexError::Certificates);
    }
    Ok(RootCerts::new_with_certs(&found))
}

/// RFC 4648, with padding: twenty lines instead of a dependency for one header.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) & 63;
            let known = ALPHABET
                .get(value as usize)
                .filter(|_| digit <= chunk.len());
            out.push(char::from(known.copied().unwrap_or(b'=')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_to_wait() {
        let of = |value, date| retry_after(value, date).map(|d| d.as_secs());
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for (value, date, expected) in [
            ("120", None, Some(120)),
            (" 0 ", now, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", now, Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", now, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("today"), None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", now, None),
            ("-5", now, None),
            ("99999999999999999999999", now, None),
            ("soon", now, None),
            ("", now, None),
        ] {
            assert_eq!(of(value, date), expected, "{value}");
        }
    }

    #[test]
    fn base64_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}

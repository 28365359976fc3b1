//! The `[gateway]` table: how the proxy and the guard serve and decide.

use std::net::SocketAddr;
use std::time::Duration;

use hognose_types::{Digest, DigestAlgorithm, OwnedNames, PackageName, RedactedUrl, Specifiers};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::config::Context;
use crate::{ConfigError, Gate};

/// How the gateway serves and decides.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Severity from which a file is withheld. The gate of scans is for reports; what it lets through of known flaws
    /// has been installed a thousand times, so only what is malicious stops an installation by itself.
    pub fail_on: Gate,
    /// Decisions are made and told, and nothing is withheld.
    pub observe: bool,
    /// Whether artifacts are read before they are served.
    pub inspect: bool,
    /// How long one may be read.
    pub budget: Duration,
    /// Whether the release that an unpinned requirement gets is judged before its page is shown.
    pub look_ahead: bool,
    /// What happens to what could not be judged.
    pub on_unknown: OnUnknown,
    /// Whether files whose age nobody says are served.
    pub allow_undated: bool,
    /// Whether a young release is let in where every older one has known flaws and its publisher is the same.
    pub fast_lane: bool,
    /// Most bytes of artifacts kept.
    pub cache_bytes: u64,
    /// How long pages are served without asking again.
    pub fresh: Duration,
    /// Where the state is, a file or `postgres://…`; none for a file in the user's directory.
    pub state: Option<RedactedUrl>,
    /// Where artifacts are kept for all nodes, beside the directory of each; none for no such place.
    pub blobs: Option<BucketSettings>,
    /// Indexes, those that go first in front; none for the user's own.
    pub upstreams: Vec<UpstreamSettings>,
    /// What is let in whatever rules say, except malicious packages.
    pub allow: Vec<Entry>,
    /// What is kept out whatever rules say.
    pub deny: Vec<Entry>,
    /// How it meets its clients.
    pub server: ServerSettings,
}

/// How the gateway meets its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// Files of a certificate chain and its key, as written; relative paths start at the file's directory.
    pub tls: Option<(String, String)>,
    /// Addresses and networks of proxies in front, as written.
    pub trusted_proxies: Vec<String>,
    /// Requests a second of one client; none for any number.
    pub rate: Option<u32>,
    /// Connections at a time; none for the program's own limit.
    pub connections: Option<usize>,
    /// Connections of one client at a time; none for the program's own limit.
    pub connections_per_client: Option<usize>,
    /// Who may ask; none for everybody.
    pub tokens: Vec<TokenSettings>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8990)),
            fail_on: Gate::Never,
            observe: false,
            inspect: true,
            budget: Duration::from_secs(30),
            look_ahead: true,
            on_unknown: OnUnknown::Block,
            allow_undated: true,
            fast_lane: true,
            cache_bytes: 10 << 30,
            fresh: Duration::from_mins(5),
            state: None,
            blobs: None,
            upstreams: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            server: ServerSettings::default(),
        }
    }
}

/// A part of a bucket of an S3-compatible store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSettings {
    /// The bucket.
    pub bucket: String,
    /// What keys begin with; empty, or with a slash at its end.
    pub prefix: String,
    /// The address of the service, where it is not the one that made the protocol.
    pub endpoint: Option<RedactedUrl>,
    /// The region; none for the environment's.
    pub region: Option<String>,
}

/// A token that opens the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Whose it is, as the log names it.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: Digest,
    /// Projects that it is for; none for all.
    pub packages: Option<OwnedNames>,
    /// The last day it holds, UTC; none for ever.
    pub expires: Option<Date>,
}

/// What happens to artifacts that could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// They are refused until they are.
    Block,
    /// They are served, with a warning.
    Allow,
    /// They are served where an older analyser or model found nothing in the same bytes, else refused.
    KnownGood,
}

/// One index behind the gateway.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// What it is called.
    pub name: String,
    /// Its address, as written.
    pub url: String,
    /// Names that belong to it.
    pub owned: OwnedNames,
}

/// A package, and which versions of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The package.
    pub package: PackageName,
    /// Its versions; none for all.
    pub versions: Option<Specifiers>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawGateway {
    listen: Option<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    mode: Option<Spanned<String>>,
    inspect: Option<bool>,
    budget: Option<Spanned<String>>,
    look_ahead: Option<bool>,
    on_unknown: Option<Spanned<String>>,
    on_undated: Option<Spanned<String>>,
    fast_lane: Option<bool>,
    cache_size: Option<Spanned<String>>,
    fresh: Option<Spanned<String>>,
    state: Option<Spanned<String>>,
    blobs: Option<Spanned<String>>,
    s3_endpoint: Option<Spanned<String>>,
    s3_region: Option<Spanned<String>>,
    upstream: Vec<RawUpstream>,
    allow: Vec<Spanned<String>>,
    deny: Vec<Spanned<String>>,
    tls_certificate: Option<Spanned<String>>,
    tls_key: Option<Spanned<String>>,
    trusted_proxies: Vec<Spanned<String>>,
    rate: Option<Spanned<i64>>,
    connections: Option<Spanned<i64>>,
    connections_per_client: Option<Spanned<i64>>,
    token: Vec<RawToken>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawToken {
    name: Spanned<String>,
    sha256: Spanned<String>,
    packages: Option<Vec<Spanned<String>>>,
    expires: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawUpstream {
    name: Spanned<String>,
    url: Spanned<String>,
    #[serde(default)]
    owned: Vec<Spanned<String>>,
}

impl Context<'_> {
    pub(crate) fn gateway(&self, raw: &RawGateway) -> Result<GatewaySettings, ConfigError> {
        let mut out = GatewaySettings::default();
        if let Some(word) = &raw.listen {
            out.listen = word.get_ref().parse().map_err(|_| {
                let message = format!("listen: {:?} is no address and port", word.get_ref());
                let hint = "write both: listen = \"127.0.0.1:8990\"";
                self.error(word.span().start, message, Some(hint))
            })?;
        }
        if let Some(word) = &raw.fail_on {
            out.fail_on = self.gate(word)?;
        }
        let choose = |word: &Option<Spanned<String>>, key, yes, no, default| match word {
            None => Ok(default),
            Some(word) if word.get_ref() == yes => Ok(true),
            Some(word) if word.get_ref() == no => Ok(false),
            Some(word) => {
                let message = format!("unknown word {:?} in {key}", word.get_ref());
                let hint = format!("use \"{yes}\" or \"{no}\"");
                Err(self.error(word.span().start, message, Some(&hint)))
            }
        };
        out.observe = choose(&raw.mode, "mode", "observe", "enforce", out.observe)?;
        if let Some(word) = &raw.on_unknown {
            out.on_unknown = self.on_unknown(word)?;
        }
        out.allow_undated = choose(&raw.on_undated, "on-undated", "allow", "block", true)?;
        out.fast_lane = raw.fast_lane.unwrap_or(out.fast_lane);
        out.inspect = raw.inspect.unwrap_or(out.inspect);
        out.look_ahead = raw.look_ahead.unwrap_or(out.look_ahead);
        if let Some(word) = &raw.budget {
            out.budget = Duration::from_secs(self.amount(word, "budget", &TIMES)?);
        }
        if let Some(word) = &raw.fresh {
            out.fresh = Duration::from_secs(self.amount(word, "fresh", &TIMES)?);
        }
        if let Some(word) = &raw.cache_size {
            out.cache_bytes = self.amount(word, "cache-size", &SIZES)?;
        }
        out.state = raw.state.as_ref().map(|s| RedactedUrl::new(s.get_ref()));
        out.blobs = self.bucket(raw)?;
        for upstream in &raw.upstream {
            out.upstreams.push(UpstreamSettings {
                name: upstream.name.get_ref().clone(),
                url: upstream.url.get_ref().clone(),
                owned: self.owned(&upstream.owned)?,
            });
        }
        out.allow = self.entries(&raw.allow)?;
        out.deny = self.entries(&raw.deny)?;
        out.server = self.server(raw)?;
        Ok(out)
    }

    /// `s3://bucket/prefix`, with where and in which region it is.
    fn bucket(&self, raw: &RawGateway) -> Result<Option<BucketSettings>, ConfigError> {
        let Some(word) = &raw.blobs else {
            return match raw.s3_endpoint.as_ref().or(raw.s3_region.as_ref()) {
                None => Ok(None),
                Some(alone) => {
                    let message =
                        "s3-endpoint and s3-region say where a bucket is, and blobs names none";
                    let hint = "name it: blobs = \"s3://bucket/prefix\"";
                    Err(self.error(alone.span().start, message.to_owned(), Some(hint)))
                }
            };
        };
        // What is wrong is not shown: somebody may have put a key there.
        let fault = |word: &Spanned<String>, message: &str, hint| {
            Err(self.error(word.span().start, message.to_owned(), Some(hint)))
        };
        let place = word.get_ref().strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
        let keyed = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        let prefix = prefix.trim_matches('/');
        if !(3..=63).contains(&bucket.len())
            || !bucket.bytes().all(plain)
            || !prefix.bytes().all(keyed)
            || prefix.split('/').any(|part| part.starts_with('.'))
        {
            let hint = "write it as \"s3://bucket/prefix\", of letters, digits, dots and hyphens";
            return fault(word, "blobs: not a bucket and a prefix", hint);
        }
        if let Some(endpoint) = &raw.s3_endpoint {
            let url = endpoint.get_ref();
            let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
            let rest = rest.map_or("", |rest| rest.trim_end_matches('/'));
            if rest.is_empty() || rest.contains(['/', '@', '?', '#']) || !rest.is_ascii() {
                let hint = "write a scheme, a host and a port alone: \"https://s3.example:9000\"";
                return fault(endpoint, "s3-endpoint: not an address", hint);
            }
        }
        Ok(Some(BucketSettings {
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
            endpoint: raw
                .s3_endpoint
                .as_ref()
                .map(|url| RedactedUrl::new(url.get_ref().trim_end_matches('/'))),
            region: raw.s3_region.as_ref().map(|r| r.get_ref().clone()),
        }))
    }

    fn on_unknown(&self, word: &Spanned<String>) -> Result<OnUnknown, ConfigError> {
        match word.get_ref().as_str() {
            "block" => Ok(OnUnknown::Block),
            "allow" => Ok(OnUnknown::Allow),
            "serve-known-good" => Ok(OnUnknown::KnownGood),
            other => {
                let message = format!("unknown word {other:?} in on-unknown");
                let hint = "use \"block\", \"allow\" or \"serve-known-good\"";
                Err(self.error(word.span().start, message, Some(hint)))
            }
        }
    }

    fn server(&self, raw: &RawGateway) -> Result<ServerSettings, ConfigError> {
        let tls = match (&raw.tls_certificate, &raw.tls_key) {
            (Some(chain), Some(key)) => Some((chain.get_ref().clone(), key.get_ref().clone())),
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => {
                let message = "tls-certificate and tls-key go together";
                return Err(self.error(one.span().start, message, Some("name both files")));
            }
        };
        let count = |word: &Option<Spanned<i64>>, key: &str| {
            let Some(word) = word else { return Ok(None) };
            let number = u32::try_from(*word.get_ref()).ok().filter(|n| *n > 0);
            number.map(Some).ok_or_else(|| {
                let message = format!("{key}: {} is out of range", word.get_ref());
                self.error(
                    word.span().start,
                    message,
                    Some("write a whole number from 1"),
                )
            })
        };
        let proxies = raw.trusted_proxies.iter();
        Ok(ServerSettings {
            tls,
            trusted_proxies: proxies.map(|p| p.get_ref().clone()).collect(),
            rate: count(&raw.rate, "rate")?,
            connections: count(&raw.connections, "connections")?.map(|n| n as usize),
            connections_per_client: count(&raw.connections_per_client, "connections-per-client")?
                .map(|n| n as usize),
            tokens: self.tokens(&raw.token)?,
        })
    }

    fn tokens(&self, raw: &[RawToken]) -> Result<Vec<TokenSettings>, ConfigError> {
        let mut out: Vec<TokenSettings> = Vec::new();
        for token in raw {
            let (name, digest) = (token.name.get_ref(), token.sha256.get_ref());
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
                let hint = "name it by at most 64 letters, digits, dots, hyphens and underscores";
                let message = "token: not a name".to_owned();
                return Err(self.error(token.name.span().start, message, Some(hint)));
            }
            let fault = |message: &str| {
                let hint = "make one with `hognose gateway token NAME`, and write what it says";
                self.error(token.sha256.span().start, message.to_owned(), Some(hint))
            };
            let sha256 = Digest::new(DigestAlgorithm::Sha256, digest);
            let sha256 = sha256.map_err(|_| fault("token: not a SHA-256 in hexadecimal digits"))?;
            if out.iter().any(|known| known.sha256 == sha256) {
                return Err(fault("token: the same token has two names"));
            }
            let packages = token.packages.as_ref();
            let expires = token.expires.as_ref();
            out.push(TokenSettings {
                name: name.clone(),
                sha256,
                packages: packages.map(|names| self.owned(names)).transpose()?,
                expires: expires.map(|day| self.date(day)).transpose()?,
            });
        }
        Ok(out)
    }

    fn amount(
        &self,
        word: &Spanned<String>,
        key: &str,
        units: &[(&str, u64)],
    ) -> Result<u64, ConfigError> {
        let text = word.get_ref().trim();
        let amount = of_units(text, units).filter(|n| *n > 0);
        amount.ok_or_else(|| {
            let message = format!("cannot read {text:?} in {key}");
            let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
            let hint = format!("write a number and one of {}", names.join(", "));
            self.error(word.span().start, message, Some(&hint))
        })
    }

    /// `name`, or `name` and a specifier: `torch==2.1.0`, `acme-core>=2,<3`.
    fn entries(&self, words: &[Spanned<String>]) -> Result<Vec<Entry>, ConfigError> {
        let entry = |word: &Spanned<String>| {
            let text = word.get_ref().trim();
            let split = text
                .find(|c: char| "=<>!~ ".contains(c))
                .unwrap_or(text.len());
            let (name, versions) = text.split_at(split);
            let fault = |message: String| {
                let hint = "write a name, or a name and versions: \"torch==2.1.0\"";
                self.error(word.span().start, message, Some(hint))
            };
            let versions = Some(versions.trim()).filter(|v| !v.is_empty());
            Ok(Entry {
                package: PackageName::new(name).map_err(|e| fault(e.to_string()))?,
                versions: versions
                    .map(Specifiers::parse)
                    .transpose()
                    .map_err(|e| fault(e.to_string()))?,
            })
        };
        words.iter().map(entry).collect()
    }
}

fn of_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Reads a size as the configuration writes it: `500MB`, `10 GB`. In bytes.
pub fn size(text: &str) -> Option<u64> {
    of_units(text.trim(), &SIZES)
}

const TIMES: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];
const SIZES: [(&str, u64); 3] = [("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];

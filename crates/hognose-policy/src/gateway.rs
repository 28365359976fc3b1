//! The `[gateway]` table: how the proxy and the guard serve and decide.

use std::net::SocketAddr;
use std::time::Duration;

use hognose_types::{OwnedNames, PackageName, Specifiers};
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
    /// Whether what could not be judged is served all the same.
    pub allow_unknown: bool,
    /// Whether files whose age nobody says are served.
    pub allow_undated: bool,
    /// Most bytes of artifacts kept.
    pub cache_bytes: u64,
    /// How long pages are served without asking again.
    pub fresh: Duration,
    /// Indexes, those that go first in front; none for the user's own.
    pub upstreams: Vec<UpstreamSettings>,
    /// What is let in whatever rules say, except malicious packages.
    pub allow: Vec<Entry>,
    /// What is kept out whatever rules say.
    pub deny: Vec<Entry>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8990)),
            fail_on: Gate::Never,
            observe: false,
            inspect: true,
            budget: Duration::from_secs(30),
            allow_unknown: false,
            allow_undated: true,
            cache_bytes: 10 << 30,
            fresh: Duration::from_mins(5),
            upstreams: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }
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
    on_unknown: Option<Spanned<String>>,
    on_undated: Option<Spanned<String>>,
    cache_size: Option<Spanned<String>>,
    fresh: Option<Spanned<String>>,
    upstream: Vec<RawUpstream>,
    allow: Vec<Spanned<String>>,
    deny: Vec<Spanned<String>>,
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
        out.allow_unknown = choose(&raw.on_unknown, "on-unknown", "allow", "block", false)?;
        out.allow_undated = choose(&raw.on_undated, "on-undated", "allow", "block", true)?;
        out.inspect = raw.inspect.unwrap_or(out.inspect);
        if let Some(word) = &raw.budget {
            out.budget = Duration::from_secs(self.amount(word, "budget", &TIMES)?);
        }
        if let Some(word) = &raw.fresh {
            out.fresh = Duration::from_secs(self.amount(word, "fresh", &TIMES)?);
        }
        if let Some(word) = &raw.cache_size {
            out.cache_bytes = self.amount(word, "cache-size", &SIZES)?;
        }
        for upstream in &raw.upstream {
            out.upstreams.push(UpstreamSettings {
                name: upstream.name.get_ref().clone(),
                url: upstream.url.get_ref().clone(),
                owned: self.owned(&upstream.owned)?,
            });
        }
        out.allow = self.entries(&raw.allow)?;
        out.deny = self.entries(&raw.deny)?;
        Ok(out)
    }

    fn amount(
        &self,
        word: &Spanned<String>,
        key: &str,
        units: &[(&str, u64)],
    ) -> Result<u64, ConfigError> {
        let text = word.get_ref().trim();
        let split = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let unit = units.iter().find(|(name, _)| *name == unit.trim());
        let amount = number
            .parse::<u64>()
            .ok()
            .zip(unit)
            .and_then(|(n, (_, factor))| n.checked_mul(*factor))
            .filter(|n| *n > 0);
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

const TIMES: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];
const SIZES: [(&str, u64); 3] = [("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];

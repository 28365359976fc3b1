//! `hognose.toml` and `[tool.hognose]` → checked configuration.

use std::time::Duration;

use hognose_types::{Location, OwnedNames, PackageName, RuleId, Specifiers};
use jiff::civil::Date;
use toml::Spanned;

use crate::conditions::Conditions;
use crate::gateway::GatewaySettings;
use crate::raw::{GAPS, OneOrMany, RawConfig, RawDns, RawFeeds, RawIdentity, RawWaiver};
use crate::{Action, Gate, Policy, Waiver, WaiverOrigin};

/// Which file a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// `hognose.toml`: the whole file.
    Hognose,
    /// `pyproject.toml`: the table `tool.hognose`.
    Pyproject,
}

/// The checked configuration.
#[derive(Debug, Default)]
pub struct Config {
    /// What decides.
    pub policy: Policy,
    /// Feeds as written; `None` when the file names none.
    pub feeds: Option<Vec<FeedText>>,
    /// Oldest database that counts as current.
    pub max_database_age: Option<Duration>,
    /// Youngest release that is no longer new; zero for any.
    pub min_age: Option<Duration>,
    /// What to scan, and for which target.
    pub scan: ScanSettings,
    /// Names that nobody else may publish.
    pub owned: OwnedNames,
    /// Who may be asked beside indexes; nobody unless it is said.
    pub asking: Asking,
    /// What is asked for beside the absence of findings.
    pub conditions: Conditions,
    /// How the gateway serves and decides.
    pub gateway: GatewaySettings,
}

/// Who may be asked about the people and places behind a package: the questions tell which packages are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Whether domains of maintainers' addresses have records is asked of name servers.
    pub dns: Option<Resolver>,
    /// Since when domains of maintainers' addresses are registered is asked of this service (RDAP).
    pub rdap: Option<String>,
    /// Whether repositories of requirements are where they were is asked of their forges.
    pub forges: bool,
}

/// Who resolves names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// Those of the system.
    System,
    /// This one.
    At(std::net::SocketAddr),
}

/// One feed as written in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedText {
    /// `osv`, `malicious`, `epss`, `kev`, `popular`; `None` for a directory whose contents say what they are.
    pub kind: Option<&'static str>,
    /// Address or path; relative paths start at the file's directory.
    pub location: String,
}

/// The `[scan]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanSettings {
    /// Paths left out.
    pub exclude: Vec<String>,
    /// Python version that markers are evaluated for.
    pub python_version: Option<String>,
    /// Platform that markers are evaluated for.
    pub platform: Option<String>,
    /// Whether indexes are asked about the packages, which tells them their names.
    pub online: bool,
    /// Whether the project's own code is read for what it imports.
    pub imports: bool,
}

/// Why a configuration is refused: file, line, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct ConfigError {
    /// File and line.
    pub location: Location,
    /// Character of the line, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Config {
    /// Reads a configuration. `None`: a `pyproject.toml` without `[tool.hognose]`.
    pub fn parse(file: &str, text: &str, kind: ConfigFile) -> Result<Option<Self>, ConfigError> {
        let context = Context { file, text };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw = match kind {
            ConfigFile::Hognose => toml::from_str::<RawConfig>(text).map(Some),
            ConfigFile::Pyproject => toml::from_str::<Pyproject>(text).map(|p| p.tool.hognose),
        };
        let raw = raw.map_err(|error| context.toml(&error))?;
        raw.map(|raw| context.config(raw)).transpose()
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Pyproject {
    tool: Tool,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Tool {
    hognose: Option<RawConfig>,
}

pub(crate) struct Context<'a> {
    file: &'a str,
    text: &'a str,
}

impl Context<'_> {
    fn line(&self, offset: usize) -> u32 {
        let before = self
            .text
            .as_bytes()
            .get(..offset.min(self.text.len()))
            .unwrap_or_default();
        before.split(|b| *b == b'\n').count() as u32
    }

    fn column(&self, offset: usize) -> u32 {
        let before = self.text.get(..self.text.floor_char_boundary(offset));
        let line = before.unwrap_or_default().rsplit('\n').next();
        line.unwrap_or_default().chars().count() as u32 + 1
    }

    pub(crate) fn error(
        &self,
        offset: usize,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> ConfigError {
        ConfigError {
            location: Location::line(self.file, self.line(offset)),
            column: self.column(offset),
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }

    fn toml(&self, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |s| s.start);
        self.error(offset, error.message(), None)
    }

    fn config(&self, raw: RawConfig) -> Result<Config, ConfigError> {
        let mut policy = Policy::default();
        if let Some(word) = &raw.policy.fail_on {
            policy.fail_on = self.gate(word)?;
        }
        policy.max_epss = self.number(raw.policy.max_epss.as_ref(), "max-epss", 1.0)?;
        policy.block_exploited = raw.policy.block_exploited.unwrap_or(policy.block_exploited);
        for (name, group) in &raw.policy.groups {
            policy
                .groups
                .insert(name.clone(), self.gate(&group.fail_on)?);
        }
        for word in &raw.policy.allow_incomplete {
            policy.allow_incomplete.push(self.kind_of_gap(word)?);
        }
        for (rule, action) in &raw.policy.rules {
            let action = Action::from_word(action.get_ref()).ok_or_else(|| {
                let message = format!("unknown action {:?} in rules", action.get_ref());
                self.error(action.span().start, message, Some("use block, warn or off"))
            })?;
            policy.rules.insert(self.rule(rule)?, action);
        }
        self.attested_before(&raw.policy.provenance, &mut policy.rules)?;
        policy.waivers = raw
            .waiver
            .iter()
            .map(|w| self.waiver(w))
            .collect::<Result<_, _>>()?;
        Ok(Config {
            policy,
            feeds: raw.feeds.map(feeds).filter(|f| !f.is_empty()),
            max_database_age: raw
                .policy
                .max_database_age
                .as_ref()
                .map(|age| self.age(age, "max-database-age"))
                .transpose()?,
            min_age: raw
                .policy
                .min_age
                .as_ref()
                .map(|age| self.age(age, "min-age"))
                .transpose()?,
            scan: ScanSettings {
                online: raw.scan.online,
                imports: raw.scan.imports,
                exclude: raw.scan.exclude,
                python_version: raw.scan.python_version.map(Spanned::into_inner),
                platform: raw.scan.platform.map(Spanned::into_inner),
            },
            owned: self.owned(&raw.identity.owned)?,
            asking: self.asking(&raw.identity)?,
            conditions: self.conditions(&raw.policy)?,
            gateway: self.gateway(&raw.gateway)?,
        })
    }

    fn asking(&self, raw: &RawIdentity) -> Result<Asking, ConfigError> {
        let dns = match raw.dns.as_ref().map(|dns| (dns.get_ref(), dns.span())) {
            None | Some((RawDns::Switch(false), _)) => None,
            Some((RawDns::Switch(true), _)) => Some(Resolver::System),
            Some((RawDns::Resolver(text), span)) => {
                let at = text.parse().or_else(|_| {
                    let address: Result<std::net::IpAddr, _> = text.parse();
                    address.map(|ip| std::net::SocketAddr::new(ip, 53))
                });
                let at = at.map_err(|_| {
                    let message = format!("dns: {text:?} is no address of a name server");
                    self.error(
                        span.start,
                        message,
                        Some("write true, or an address such as \"192.0.2.1\""),
                    )
                })?;
                Some(Resolver::At(at))
            }
        };
        let rdap = raw.rdap.as_ref().map(|at| self.service(at)).transpose()?;
        Ok(Asking {
            dns,
            rdap,
            forges: raw.forges,
        })
    }

    fn service(&self, at: &Spanned<String>) -> Result<String, ConfigError> {
        let text = at.get_ref();
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(text.clone());
        }
        let message = format!("rdap: {text:?} is no address of a service");
        let hint = "write the address that `domain/NAME` is appended to, such as \"https://rdap.example/\"";
        Err(self.error(at.span().start, message, Some(hint)))
    }

    pub(crate) fn number(
        &self,
        word: Option<&Spanned<f64>>,
        key: &str,
        most: f64,
    ) -> Result<Option<f64>, ConfigError> {
        let Some(word) = word else {
            return Ok(None);
        };
        let number = *word.get_ref();
        if (0.0..=most).contains(&number) {
            return Ok(Some(number));
        }
        let message = format!("{key}: {number} is out of range");
        let hint = format!("write a number from 0 to {most}");
        Err(self.error(word.span().start, message, Some(&hint)))
    }

    fn kind_of_gap(&self, word: &Spanned<String>) -> Result<RuleId, ConfigError> {
        let known = GAPS.iter().find(|(name, _)| name == word.get_ref());
        known.map(|(_, rule)| *rule).ok_or_else(|| {
            let message = format!(
                "unknown kind of gap {:?} in allow-incomplete",
                word.get_ref()
            );
            let hint = "the kinds are database, index, unmapped, unpinned, unreadable and version";
            self.error(word.span().start, message, Some(hint))
        })
    }

    pub(crate) fn owned(&self, patterns: &[Spanned<String>]) -> Result<OwnedNames, ConfigError> {
        let mut owned = OwnedNames::default();
        for pattern in patterns {
            owned.add(pattern.get_ref()).map_err(|e| {
                let message = format!("owned: {e}");
                let hint = "write a name (\"acme-core\"), or the beginning of names and a '*' (\"acme-*\")";
                self.error(pattern.span().start, message, Some(hint))
            })?;
        }
        Ok(owned)
    }

    pub(crate) fn gate(&self, word: &Spanned<String>) -> Result<Gate, ConfigError> {
        Gate::from_word(word.get_ref()).ok_or_else(|| {
            let message = format!("unknown severity {:?} in fail-on", word.get_ref());
            self.error(
                word.span().start,
                message,
                Some("use low, medium, high, critical, malicious or never"),
            )
        })
    }

    /// Days or hours: `7d`, `12h`. Only a minimum may be none at all.
    pub(crate) fn age(&self, word: &Spanned<String>, key: &str) -> Result<Duration, ConfigError> {
        let text = word.get_ref();
        let unit = match text.chars().last() {
            Some('d') => 86_400,
            Some('h') => 3_600,
            _ => 0,
        };
        let number = text
            .get(..text.len().saturating_sub(1))
            .and_then(|n| n.parse::<u64>().ok());
        let seconds = number
            .and_then(|n| n.checked_mul(unit))
            .filter(|s| *s > 0 || key == "min-age");
        seconds.map(Duration::from_secs).ok_or_else(|| {
            let message = format!("cannot read the age {text:?} in {key}");
            self.error(
                word.span().start,
                message,
                Some("write days or hours: \"7d\", \"12h\""),
            )
        })
    }

    fn waiver(&self, spanned: &Spanned<RawWaiver>) -> Result<Waiver, ConfigError> {
        let raw = spanned.get_ref();
        let at = spanned.span().start;
        if raw.rule.is_none() && raw.advisory.is_none() {
            return Err(self.error(
                at,
                "a waiver needs `advisory` or `rule`",
                Some("name what is accepted: advisory = \"CVE-…\""),
            ));
        }
        if raw.advisory.is_none() && raw.package.is_none() {
            return Err(self.error(at, "a waiver of a whole rule needs `package`", None));
        }
        let reason = raw
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|r| !r.is_empty());
        let reason = reason.ok_or_else(|| {
            self.error(
                at,
                "a waiver needs `reason`",
                Some("say why the finding is accepted"),
            )
        })?;
        let expires = raw.expires.as_ref().ok_or_else(|| {
            self.error(
                at,
                "a waiver needs `expires`",
                Some("give the last day it holds: expires = 2027-01-31"),
            )
        })?;
        Ok(Waiver {
            rule: raw.rule.as_ref().map(|rule| self.rule(rule)).transpose()?,
            advisory: raw.advisory.clone(),
            package: raw
                .package
                .as_ref()
                .map(|name| self.package(name))
                .transpose()?,
            versions: raw.version.as_ref().map(|v| self.versions(v)).transpose()?,
            reason: reason.to_owned(),
            owner: raw.owner.clone(),
            expires: Some(self.date(expires)?),
            location: Location::line(self.file, self.line(at)),
            origin: WaiverOrigin::Policy,
        })
    }

    fn rule(&self, word: &Spanned<String>) -> Result<RuleId, ConfigError> {
        RuleId::find(word.get_ref())
            .map(|meta| meta.id)
            .ok_or_else(|| {
                let message = format!("unknown rule {:?}", word.get_ref());
                self.error(
                    word.span().start,
                    message,
                    Some("`hognose explain` lists the rules"),
                )
            })
    }

    fn package(&self, word: &Spanned<String>) -> Result<PackageName, ConfigError> {
        PackageName::new(word.get_ref())
            .map_err(|e| self.error(word.span().start, e.to_string(), None))
    }

    fn versions(&self, word: &Spanned<String>) -> Result<Specifiers, ConfigError> {
        let text = word.get_ref().trim();
        // A bare version means exactly that one.
        let text = if text.starts_with(|c: char| c.is_ascii_digit()) {
            format!("=={text}")
        } else {
            text.to_owned()
        };
        Specifiers::parse(&text).map_err(|e| {
            self.error(
                word.span().start,
                e.to_string(),
                Some("write a specifier such as \">=2,<3\""),
            )
        })
    }

    /// A TOML date or a string `YYYY-MM-DD`.
    pub(crate) fn date(&self, value: &Spanned<toml::Value>) -> Result<Date, ConfigError> {
        let text = match value.get_ref() {
            toml::Value::String(text) => text.clone(),
            toml::Value::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        let day = text.get(..10).unwrap_or(&text);
        day.parse().map_err(|_| {
            let message = format!(
                "cannot read the date {:?} in expires",
                hognose_types::text::short(&text, 40)
            );
            self.error(
                value.span().start,
                message,
                Some("write the last day it holds: expires = 2027-01-31"),
            )
        })
    }
}

fn feeds(raw: RawFeeds) -> Vec<FeedText> {
    let named = [
        ("osv", raw.osv),
        ("malicious", raw.malicious),
        ("epss", raw.epss),
        ("kev", raw.kev),
        ("popular", raw.popular),
    ];
    let directory = raw.directory.map(|d| FeedText {
        kind: None,
        location: d.into_inner(),
    });
    let named = named.into_iter().flat_map(|(kind, list)| {
        let list = list.map_or_else(Vec::new, |OneOrMany(list)| list);
        list.into_iter().map(move |location| FeedText {
            kind: Some(kind),
            location,
        })
    });
    directory.into_iter().chain(named).collect()
}

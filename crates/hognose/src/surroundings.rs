//! The only place that reads the environment and the clock.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hognose_advisories::Proxies;

/// A clock for limits: the time since it was made. It never enters a report.
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let start = Instant::now();
    move || start.elapsed()
}

/// What the process was started with.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Environment variables that are Unicode.
    pub(crate) variables: BTreeMap<String, String>,
    /// The time of the run, Unix seconds.
    pub(crate) now: i64,
    /// The arguments as typed, for the command that reproduces a report.
    pub(crate) arguments: Vec<String>,
}

impl Surroundings {
    /// Reads clock, environment and arguments. `SOURCE_DATE_EPOCH` stands in for the clock, so that reports can be
    /// made byte for byte again (<https://reproducible-builds.org/specs/source-date-epoch/>).
    pub(crate) fn read() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let fixed = variables
            .get("SOURCE_DATE_EPOCH")
            .and_then(|v| v.parse().ok());
        let clock = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_secs().cast_signed())
        };
        let now = fixed.unwrap_or_else(clock);
        let arguments = std::env::args_os()
            .map(|a| a.to_string_lossy().into_owned())
            .collect();
        Self {
            variables,
            now,
            arguments,
        }
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The time of the run, RFC 3339.
    pub(crate) fn timestamp(&self) -> String {
        jiff::Timestamp::from_second(self.now)
            .unwrap_or_default()
            .to_string()
    }

    /// The day of the run, UTC.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        let time = jiff::Timestamp::from_second(self.now).unwrap_or_default();
        time.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The directory for databases and downloads.
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        if let Some(own) = self.variable("HOGNOSE_CACHE_DIR") {
            return Some(PathBuf::from(own));
        }
        let base = match self.variable("XDG_CACHE_HOME") {
            Some(base) => PathBuf::from(base),
            None if cfg!(windows) => PathBuf::from(self.variable("LOCALAPPDATA")?),
            None if cfg!(target_os = "macos") => {
                PathBuf::from(self.variable("HOME")?).join("Library/Caches")
            }
            None => PathBuf::from(self.variable("HOME")?).join(".cache"),
        };
        Some(base.join("hognose"))
    }

    /// The directory for what must outlive a cache: the state of a gateway.
    pub(crate) fn state(&self) -> Option<PathBuf> {
        if let Some(own) = self.variable("HOGNOSE_STATE_DIR") {
            return Some(PathBuf::from(own));
        }
        let base = match self.variable("XDG_STATE_HOME") {
            Some(base) => PathBuf::from(base),
            None if cfg!(windows) => PathBuf::from(self.variable("LOCALAPPDATA")?),
            None if cfg!(target_os = "macos") => {
                PathBuf::from(self.variable("HOME")?).join("Library/Application Support")
            }
            None => PathBuf::from(self.variable("HOME")?).join(".local/state"),
        };
        Some(base.join("hognose"))
    }

    /// The proxies for feeds. `HTTP_PROXY` in capitals is left alone, as curl does: web servers set it from requests.
    pub(crate) fn proxies(&self) -> Proxies {
        let first = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| self.variable(name))
                .map(str::to_owned)
        };
        let direct = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
        Proxies {
            https: first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            http: first(&["http_proxy", "ALL_PROXY", "all_proxy"]),
            direct: direct.split(',').map(str::to_owned).collect(),
        }
    }
}

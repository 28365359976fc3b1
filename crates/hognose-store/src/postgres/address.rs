//! Where the database is, and how the way to it is protected.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use hognose_types::RedactedUrl;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// A server that does not answer for so long is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// The address of a PostgreSQL database, as `postgres://user@host:port/database?sslmode=…`. Every rendering hides what
/// it carries.
#[derive(Clone)]
pub struct PostgresAddress {
    shown: RedactedUrl,
    pub(super) config: Config,
    pub(super) trust: Trust,
}

/// Whom a connection by TLS trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Anybody: against those who only listen.
    Anybody,
    /// Whoever has a certificate of these authorities.
    Authority(PathBuf),
    /// The host that was named, by these authorities or else by those of the system.
    Host(Option<PathBuf>),
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not a URL of PostgreSQL.
    #[error("the address of the state does not begin with postgres://")]
    Scheme,
    /// A way of protecting that is not known.
    #[error("sslmode is one of disable, prefer, require, verify-ca and verify-full")]
    Mode,
    /// Nobody said which authority.
    #[error("sslmode=verify-ca needs sslrootcert, a file of certificates")]
    NoAuthority,
    /// No host.
    #[error("the address of the state names no host")]
    Host,
    /// The driver does not take it.
    #[error("the address of the state cannot be used")]
    Driver(#[source] tokio_postgres::Error),
}

impl PostgresAddress {
    /// True for what begins as such an address does.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads an address. Without `sslmode` a host of the network must prove who it is; a socket or this machine need not.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if !Self::is_one(text) {
            return Err(AddressError::Scheme);
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(decode(value))),
                _ => rest.push(pair),
            }
        }
        let plain = if rest.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{}", rest.join("&"))
        };
        let mut config = Config::from_str(&plain).map_err(AddressError::Driver)?;
        if config.get_hosts().is_empty() {
            return Err(AddressError::Host);
        }
        let near = config.get_hosts().iter().all(is_near);
        let (ssl, trust) = match (mode, roots) {
            (Some("disable"), _) => (SslMode::Disable, Trust::Anybody),
            (None, _) if sockets(&config) => (SslMode::Disable, Trust::Anybody),
            (None, None) if near => (SslMode::Prefer, Trust::Anybody),
            (Some("prefer" | "allow"), _) => (SslMode::Prefer, Trust::Anybody),
            (Some("require"), None) => (SslMode::Require, Trust::Anybody),
            // As libpq has it: whoever names an authority wants it asked.
            (Some("verify-ca" | "require"), Some(roots)) => {
                (SslMode::Require, Trust::Authority(roots))
            }
            (Some("verify-ca"), None) => return Err(AddressError::NoAuthority),
            (None | Some("verify-full"), roots) => (SslMode::Require, Trust::Host(roots)),
            (Some(_), _) => return Err(AddressError::Mode),
        };
        config.ssl_mode(ssl);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("hognose");
        }
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        Ok(Self {
            shown: RedactedUrl::new(text),
            config,
            trust,
        })
    }

    /// With a password that does not stand in the address.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Whether the address itself has a password.
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(f)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({})", self.shown)
    }
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address: Result<std::net::IpAddr, _> = name.parse();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn sockets(config: &Config) -> bool {
    config
        .get_hosts()
        .iter()
        .all(|host| !matches!(host, Host::Tcp(_)))
}

/// Takes the percent signs out of a value.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_protected_as_it_says() {
        let of = |text: &str| {
            let address = PostgresAddress::parse(text).unwrap();
            (address.config.get_ssl_mode(), address.trust)
        };
        let full = (SslMode::Require, Trust::Host(None));
        let prefer = (SslMode::Prefer, Trust::Anybody);
        let off = (SslMode::Disable, Trust::Anybody);
        let roots = || PathBuf::from("/etc/my ca.pem");
        for (query, expected) in [
            ("", full.clone()),
            ("?application_name=x", full.clone()),
            ("?sslmode=verify-full", full),
            ("?sslmode=disable", off.clone()),
            ("?sslmode=prefer", prefer.clone()),
            ("?sslmode=require", (SslMode::Require, Trust::Anybody)),
            (
                "?sslrootcert=/etc/my%20ca.pem",
                (SslMode::Require, Trust::Host(Some(roots()))),
            ),
            (
                "?sslrootcert=/etc/my%20ca.pem&sslmode=verify-ca",
                (SslMode::Require, Trust::Authority(roots())),
            ),
        ] {
            let address = format!("postgres://hog:secret@db.example/state{query}");
            assert_eq!(of(&address), expected, "{query}");
        }
        assert_eq!(of("postgres://hog@127.0.0.1/x"), prefer);
        assert_eq!(of("postgres://hog@localhost:1/x"), prefer);
        assert_eq!(of("postgres://hog@%2Frun%2Fpostgresql/x"), off);
    }

    #[test]
    fn what_it_carries_is_not_shown() {
        let text = "postgres://hog:secret@db.example/state?options=-c%20x%3Dsecret";
        let address = PostgresAddress::parse(text).unwrap();
        assert!(address.has_password());
        let address = address.with_password("secret");
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains("db.example/state"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_without_showing_it() {
        for (text, expected) in [
            (
                "mysql://x",
                "the address of the state does not begin with postgres://",
            ),
            (
                "postgres://h/x?sslmode=secret",
                "sslmode is one of disable, prefer, require, verify-ca and verify-full",
            ),
            (
                "postgres://h/x?sslmode=verify-ca",
                "sslmode=verify-ca needs sslrootcert, a file of certificates",
            ),
            ("postgres:///x", "the address of the state names no host"),
            (
                "postgres://h/x?secret=secret",
                "the address of the state cannot be used",
            ),
            (
                "postgres://h:secret/x",
                "the address of the state cannot be used",
            ),
        ] {
            let error = PostgresAddress::parse(text).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}

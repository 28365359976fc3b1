//! Names → addresses, and which of them an index may send us to.
//!
//! Pages and redirects of an index name hosts, and whoever asks them from inside a network asks as an insider. So hosts
//! that only an index names are asked at public addresses, or at private ones where the index itself is at one; at
//! addresses of the link, where clouds keep the credentials of machines, never (SSRF; compare CVE-2026-0600). Checked on
//! the addresses that are then connected to: a name that changes its mind in between gains nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::IndexUrl;

/// Resolves names, and refuses addresses that an index has no business with.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// Hosts that the user named.
    own: BTreeSet<String>,
    /// One of them is at a private address.
    inside: AtomicBool,
    system: DefaultResolver,
    /// Where hosts were lately.
    lately: Mutex<BTreeMap<String, (Instant, Vec<SocketAddr>)>>,
}

/// How long an answer of the system counts. Every request asks, also one over a connection that is open, and the system
/// is asked by a thread of its own, which costs more than the request.
const LATELY: Duration = Duration::from_secs(30);
/// Most hosts that are remembered.
const MAX_HOSTS: usize = 1_000;

impl Guarded {
    /// Lets hosts of these addresses be anywhere.
    pub(crate) fn new<'u>(own: impl Iterator<Item = &'u IndexUrl>) -> Self {
        Self {
            own: own.map(|url| plain(url.host())).collect(),
            inside: AtomicBool::new(false),
            system: DefaultResolver::default(),
            lately: Mutex::default(),
        }
    }

    fn remembered(&self, place: &str) -> Option<Vec<SocketAddr>> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, found) = lately.get(place)?;
        (at.elapsed() < LATELY).then(|| found.clone())
    }

    fn remember(&self, place: String, found: &[SocketAddr]) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= MAX_HOSTS {
            lately.clear();
        }
        lately.insert(place, (Instant::now(), found.to_vec()));
    }

    fn check(&self, host: &str, address: IpAddr) -> Result<(), String> {
        let place = Place::of(address);
        if self.own.contains(&plain(host)) {
            if place != Place::Public {
                self.inside.store(true, Ordering::Relaxed);
            }
            return Ok(());
        }
        match place {
            Place::Public => Ok(()),
            Place::Private if self.inside.load(Ordering::Relaxed) => Ok(()),
            Place::Private | Place::Link => Err(format!(
                "{host} is at the private address {address}, and only an index names it: name the host as an index of yours if it is one"
            )),
        }
    }
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let authority = uri.authority().map(ureq::http::uri::Authority::as_str);
        let place = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            authority.unwrap_or_default()
        );
        let found = if let Some(known) = self.remembered(&place) {
            let mut found = self.empty();
            for address in known {
                found.push(address);
            }
            found
        } else {
            let found = self.system.resolve(uri, config, timeout)?;
            self.remember(place, &found);
            found
        };
        for address in &found {
            self.check(host, address.ip()).map_err(|reason| {
                ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, reason))
            })?;
        }
        Ok(found)
    }
}

fn plain(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Public,
    Private,
    /// This link alone: what clouds call metadata lives here.
    Link,
}

impl Place {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                if v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() {
                    Self::Link
                } else if v4.is_private()
                    || v4.is_loopback()
                    || v4.is_multicast()
                    // Shared by carriers (RFC 6598), this network, benchmarks, reserved.
                    || (a == 100 && (64..128).contains(&b))
                    || a == 0
                    || (a == 198 && (18..20).contains(&b))
                    || a >= 240
                {
                    Self::Private
                } else {
                    Self::Public
                }
            }
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        if let Some(v4) = v6.to_ipv4() {
            // Mapped and compatible addresses lead where the other protocol leads; ::1 is among them.
            return if v6.is_loopback() {
                Self::Private
            } else {
                Self::of(IpAddr::V4(v4))
            };
        }
        let [first, ..] = v6.segments();
        match first {
            0xfe80..=0xfebf => Self::Link,
            // Clouds' metadata over IPv6 is at a unique local address.
            0xfd00 if v6.segments().get(1) == Some(&0x0ec2) => Self::Link,
            // With them, addresses of the other protocol behind a translator.
            0x0064 | 0xfc00..=0xfdff | 0xfec0..=0xffff => Self::Private,
            _ => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (address, place) in [
            ("8.8.8.8", Place::Public),
            ("151.101.0.223", Place::Public),
            ("10.1.2.3", Place::Private),
            ("172.16.0.1", Place::Private),
            ("192.168.1.1", Place::Private),
            ("127.0.0.1", Place::Private),
            ("100.100.100.200", Place::Private),
            ("169.254.169.254", Place::Link),
            ("0.0.0.0", Place::Link),
            ("::1", Place::Private),
            ("::ffff:169.254.169.254", Place::Link),
            ("::ffff:10.0.0.1", Place::Private),
            ("fe80::1", Place::Link),
            ("fd00:ec2::254", Place::Link),
            ("fd12::1", Place::Private),
            ("2a04:4e42::223", Place::Public),
        ] {
            assert_eq!(Place::of(address.parse().unwrap()), place, "{address}");
        }
    }

    #[test]
    fn who_may_be_where() {
        let own = IndexUrl::parse("https://index.example/simple").unwrap();
        let check = |host: &str, address: &str, first: Option<&str>| {
            let guarded = Guarded::new([&own].into_iter());
            if let Some(first) = first {
                guarded
                    .check("index.example", first.parse().unwrap())
                    .unwrap();
            }
            guarded.check(host, address.parse().unwrap()).is_ok()
        };
        assert!(check("INDEX.example", "10.0.0.1", None));
        assert!(check("files.example", "151.101.0.223", None));
        assert!(!check("files.example", "10.0.0.1", None));
        assert!(!check("files.example", "10.0.0.1", Some("151.101.0.223")));
        // An index inside a network has its files there too; the link is nobody's.
        assert!(check("files.example", "10.0.0.2", Some("10.0.0.1")));
        assert!(!check(
            "169.254.169.254",
            "169.254.169.254",
            Some("10.0.0.1")
        ));
    }
}

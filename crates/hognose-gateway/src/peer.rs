//! Who asks: the other end of the connection, or whom a trusted proxy names.

use std::net::IpAddr;

use hyper::HeaderMap;

/// Networks whose word about a client is believed: the proxies in front of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted(Vec<(IpAddr, u8)>);

/// Most addresses of a chain of proxies that are looked at.
const HOPS: usize = 16;

impl Trusted {
    /// Adds an address (`10.0.0.1`) or a network (`10.0.0.0/8`). False where it is neither.
    pub fn add(&mut self, text: &str) -> bool {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, length.parse::<u8>().ok()),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return false;
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) if length <= most => length,
            None if !text.contains('/') => most,
            _ => return false,
        };
        self.0.push((address, length));
        true
    }

    /// Whether an address is one of theirs.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|(network, length)| within(address, *network, *length))
    }

    /// The client of a request. Each proxy adds to the right of `X-Forwarded-For` whom it was asked by, so the chain is
    /// read from there, as far as those who wrote it are trusted: what stands further left anybody could have sent.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lists = headers.get_all("x-forwarded-for").iter().rev();
        let words = lists
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.rsplit(','));
        for word in words.take(HOPS) {
            if !self.has(client) {
                break;
            }
            let Ok(named) = word.trim().parse::<IpAddr>() else {
                break;
            };
            client = named.to_canonical();
        }
        client
    }

    /// Whether a trusted proxy was asked by TLS.
    pub(crate) fn is_secure(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let said = headers
            .get("x-forwarded-proto")
            .and_then(|v| v.to_str().ok());
        self.has(peer) && said.is_some_and(|said| said.eq_ignore_ascii_case("https"))
    }
}

fn within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32_u8),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((one, kind), (other, wanted)) = (bits(address), bits(network));
    let shift = 128 - u32::from(length);
    kind == wanted && (length == 0 || one >> shift == other >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, lists: &[&str]) -> String {
        let mut all = Trusted::default();
        assert!(trusted.iter().all(|t| all.add(t)));
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        all.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_name_clients() {
        let trusted = &["10.0.0.0/8", "::1"];
        for (peer, lists, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, 10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
            ("::1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(trusted, peer, lists), expected, "{peer} {lists:?}");
        }
        assert_eq!(client(&[], "127.0.0.1", &["198.51.100.7"]), "127.0.0.1");
    }

    #[test]
    fn networks() {
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert!(!Trusted::default().add(wrong), "{wrong}");
        }
        let has = |network: &str, address: &str| {
            let mut trusted = Trusted::default();
            assert!(trusted.add(network));
            trusted.has(address.parse().unwrap())
        };
        assert!(has("0.0.0.0/0", "192.0.2.1") && !has("0.0.0.0/0", "::1"));
        assert!(has("10.1.0.0/16", "10.1.255.3") && !has("10.1.0.0/16", "10.2.0.0"));
        assert!(has("2001:db8::/32", "2001:db8:1::") && !has("2001:db8::/32", "2001:db9::"));
    }
}

//! Addresses inside text: URLs, hosts, numeric addresses in every notation that resolvers accept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Found;
use super::needle::TABLES;
use crate::fact::FactKind;

/// Longest URL looked at; the rest of a longer one is data.
const URL_MAX: usize = 2_048;

const SCHEMES: [&str; 14] = [
    "http", "https", "ws", "wss", "ftp", "ftps", "sftp", "tcp", "udp", "hxxp", "hxxps", "socks5",
    "smb", "tftp",
];

/// Endings of programs and scripts that run as they are. `.bin` is not one: models of the honest world bear it.
const PROGRAMS: [&str; 22] = [
    "exe", "dll", "scr", "ps1", "psm1", "bat", "cmd", "vbs", "vbe", "hta", "msi", "jar", "apk",
    "elf", "sh", "pyz", "pyw", "lnk", "dmg", "wsf", "xll", "pif",
];

/// Hosts that name a vocabulary, not a place to reach.
const VOCABULARIES: [&str; 18] = [
    "www.w3.org",
    "w3.org",
    "schemas.xmlsoap.org",
    "schemas.microsoft.com",
    "schemas.openxmlformats.org",
    "schemas.android.com",
    "json-schema.org",
    "purl.org",
    "xmlns.com",
    "ns.adobe.com",
    "www.opengis.net",
    "docbook.org",
    "java.sun.com",
    "relaxng.org",
    "www.apache.org",
    "www.gnu.org",
    "opensource.org",
    "creativecommons.org",
];

/// Endings of host names that cost next to nothing and that software projects rarely use.
const THROW_AWAY: &[&str] = &[
    "tk", "ga", "cf", "gq", "pw", "top", "icu", "cyou", "sbs", "cfd", "bond", "buzz", "rest",
    "monster", "quest", "click", "hair", "skin", "beauty", "makeup", "autos", "boats", "bid",
    "loan", "win", "stream", "racing", "review", "party", "trade", "gdn", "kim", "men", "mom",
    "faith", "cricket", "surf", "cam",
];

/// Resolvers that everybody names, to find the own route or to ask them; no server of the author's.
const RESOLVERS: [[u8; 4]; 10] = [
    [8, 8, 8, 8],
    [8, 8, 4, 4],
    [1, 1, 1, 1],
    [1, 0, 0, 1],
    [9, 9, 9, 9],
    [208, 67, 222, 222],
    [208, 67, 220, 220],
    [114, 114, 114, 114],
    [223, 5, 5, 5],
    [119, 29, 29, 29],
];

/// A URL taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// All of it.
    pub(crate) whole: &'a str,
    /// The host without user, port and brackets.
    pub(crate) host: &'a str,
    /// From the first `/`, `?` or `#`.
    pub(crate) path: &'a str,
}

/// Addresses read inside another one (`?to=http://…`); a text of nothing but schemes must stay linear.
const NESTED_MAX: u32 = 4;

/// Every URL of a text with the bytes it covers.
pub(crate) fn urls(text: &str) -> impl Iterator<Item = (Range<usize>, Parts<'_>)> {
    let mut outer = 0;
    let mut nested = 0;
    memchr::memmem::find_iter(text.as_bytes(), b"://").filter_map(move |at| {
        nested = if at < outer { nested + 1 } else { 0 };
        if nested > NESTED_MAX {
            return None;
        }
        let (span, parts) = read(text, at)?;
        outer = outer.max(span.end);
        Some((span, parts))
    })
}

/// The URL around the `://` at a position.
fn read(text: &str, at: usize) -> Option<(Range<usize>, Parts<'_>)> {
    let start = scheme_start(text.as_bytes(), at);
    let scheme = text.get(start..at)?;
    let known = SCHEMES.iter().any(|s| scheme.eq_ignore_ascii_case(s));
    if !known && !scheme.contains('+') {
        return None;
    }
    let end = at + 3 + length(text.get(at + 3..)?);
    let parts = parts(text.get(start..end)?, text.get(at + 3..end)?);
    Some((start..end, parts))
}

fn scheme_start(text: &[u8], end: usize) -> usize {
    let from = end.saturating_sub(12);
    let head = text.get(from..end).unwrap_or_default();
    let kept = head
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'+')
        .count();
    end - kept
}

/// How far a URL reaches; closing punctuation of prose is not part of it.
fn length(rest: &str) -> usize {
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '|' | '^')
    };
    let mut end = rest
        .char_indices()
        .take(URL_MAX)
        .find(|(_, c)| ends(*c))
        .map_or_else(|| cut(rest, URL_MAX), |(at, _)| at);
    let head = rest.get(..end).unwrap_or_default();
    end = head
        .trim_end_matches(['.', ',', ';', ':', '!', ')', '*'])
        .len();
    end
}

/// The largest boundary of a character not beyond `limit` bytes.
fn cut(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

fn parts<'a>(whole: &'a str, rest: &'a str) -> Parts<'a> {
    let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        Some((host, _)) => host,
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    };
    Parts { whole, host, path }
}

/// Facts about the URLs of a text; returns where they stand.
pub(super) fn classify(text: &str, found: &mut Found) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (span, parts) in urls(text) {
        spans.push(span);
        let kind = place(&parts);
        if let Some(kind) = kind {
            let other = kind == FactKind::EndpointOther;
            found.add(kind, if other { parts.host } else { parts.whole });
        }
        // A host to be filled in is a host, too.
        if is_program(parts.path) && (kind.is_some() || parts.host.contains(['{', '%', '$'])) {
            found.add(FactKind::EndpointExecutable, parts.whole);
        }
    }
    spans
}

/// What kind of place a URL names; nothing for private addresses and for vocabularies.
fn place(parts: &Parts<'_>) -> Option<FactKind> {
    let host = parts.host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(address) = numeric(&host) {
        return address_kind(address);
    }
    if !is_host(&host) || VOCABULARIES.contains(&host.as_str()) {
        return None;
    }
    if let Some(kind) = TABLES.host(&host, parts.path) {
        return Some(kind);
    }
    let top = host.rsplit_once('.').map_or("", |(_, top)| top);
    Some(match top {
        "onion" => FactKind::EndpointOnion,
        _ if is_raw_code(&host, parts.path) => FactKind::EndpointRawcode,
        _ if THROW_AWAY.contains(&top) => FactKind::EndpointDynamic,
        _ => FactKind::EndpointOther,
    })
}

/// Whether this is a full host name of the public kind (no template, no bare machine name).
fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b >= 0x80)
        })
        && host
            .rsplit_once('.')
            .is_some_and(|(_, top)| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()))
}

fn is_raw_code(host: &str, path: &str) -> bool {
    let forge = [
        "github.com",
        "gitlab.com",
        "bitbucket.org",
        "gitee.com",
        "codeberg.org",
        "gitea.com",
        "sourceforge.net",
    ]
    .iter()
    .any(|forge| host == *forge || host.strip_prefix("www.") == Some(*forge));
    forge && (path.contains("/raw/") || path.contains("?raw=") || path.contains("/-/raw"))
}

/// Whether a path names a program or script.
fn is_program(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| PROGRAMS.iter().any(|p| ending.eq_ignore_ascii_case(p)))
}

/// Facts about a text that is nothing but a numeric address with or without port and path.
pub(super) fn bare_address(text: &str, found: &mut Found) {
    if text.len() > 200 || !text.bytes().any(|b| b.is_ascii_digit()) || is_network(text) {
        return;
    }
    let host = text.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match host.split_once(':') {
        Some((host, port)) => (
            host,
            !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()),
        ),
        None => (host, text.len() > host.len()),
    };
    let Ok(address) = host.parse::<Ipv4Addr>() else {
        return;
    };
    if address_kind(IpAddr::V4(address)) == Some(FactKind::EndpointIp)
        && (port || !is_version(address))
    {
        found.add(FactKind::EndpointIp, text);
    }
}

/// Whether a text is a range of addresses: `10.0.0.0/8`.
fn is_network(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(_, width)| {
        width.len() <= 2 && !width.is_empty() && width.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Four small numbers, or an end in zeros, are a version or a network; 1.2, 1.3 and 2.5 begin identifiers of objects
/// (X.509).
fn is_version(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    octets.iter().filter(|o| **o >= 30).count() < 2
        || octets.ends_with(&[0])
        || matches!(octets, [1, 2 | 3, ..] | [2, 5, ..])
}

/// An address the way resolvers read it: dotted, decimal, hexadecimal, octal, in one to four parts; or IPv6.
pub(crate) fn numeric(host: &str) -> Option<IpAddr> {
    if host.contains(':') {
        return host.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    if !host.bytes().next()?.is_ascii_digit() {
        return None;
    }
    let mut parts = Vec::with_capacity(4);
    for part in host.split('.') {
        if parts.len() == 4 {
            return None;
        }
        parts.push(number(part)?);
    }
    let (last, heads) = parts.split_last()?;
    let room = 32 - 8 * u32::try_from(heads.len()).ok()?;
    if u64::from(*last) >> room != 0 {
        return None;
    }
    let mut value = u64::from(*last);
    for (at, head) in heads.iter().enumerate() {
        if *head > 255 {
            return None;
        }
        value |= u64::from(*head) << (24 - 8 * u32::try_from(at).ok()?);
    }
    Some(IpAddr::V4(Ipv4Addr::from(u32::try_from(value).ok()?)))
}

fn number(part: &str) -> Option<u32> {
    if let Some(hex) = part.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    match part.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok(),
        _ => None,
    }
}

/// What a numeric address is evidence of; nothing for the machine itself, private networks and documentation.
pub(crate) fn address_kind(address: IpAddr) -> Option<FactKind> {
    let public = match address {
        IpAddr::V4(v4) => {
            if [
                [169, 254, 169, 254],
                [169, 254, 170, 2],
                [100, 100, 100, 200],
                [168, 63, 129, 16],
            ]
            .contains(&v4.octets())
            {
                return Some(FactKind::CloudMetadata);
            }
            if RESOLVERS.contains(&v4.octets()) {
                return Some(FactKind::EndpointOther);
            }
            is_public(v4)
        }
        IpAddr::V6(v6) => {
            if v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
                return Some(FactKind::CloudMetadata);
            }
            if let Some(v4) = v6.to_ipv4_mapped() {
                return address_kind(IpAddr::V4(v4));
            }
            matches!(v6.segments(), [0x2000..=0x3fff, second, ..]
                if !(v6.segments().starts_with(&[0x2001]) && second == 0x0db8))
        }
    };
    public.then_some(FactKind::EndpointIp)
}

/// Addresses that documentation and tests use although nobody reserved them, and those of `example.com`.
fn is_example(octets: [u8; 4]) -> bool {
    matches!(
        octets,
        [1, 2, 3, _]
            | [4, 3, 2, 1]
            | [5, 6, 7, 8]
            | [11, 22, 33, 44]
            | [12, 34, 56, 78]
            | [123, 45, ..]
            | [123, 123, 123, 123]
    ) || matches!(octets, [93, 184, 215 | 216, 14 | 34])
}

/// Addresses that no router of the public network refuses. The class reserved for the future counts as public: no
/// private network uses it.
fn is_public(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_documentation()
        || v4.is_multicast()
        || is_example(v4.octets())
        || a == 0
        || a == 255
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_addresses() {
        let same = Some(IpAddr::V4(Ipv4Addr::new(240, 1, 2, 3)));
        for text in [
            "240.1.2.3",
            "0xf0.1.2.3",
            "0360.01.02.03",
            "4026597891",
            "0xf0010203",
            "240.1.515",
            "240.66051",
        ] {
            assert_eq!(numeric(text), same, "{text}");
        }
        for text in [
            "240.1.2",
            "1.2.3.4.5",
            "256.1.1.1.1",
            "1..2.3",
            "",
            "0x",
            "x.1",
        ] {
            assert_ne!(numeric(text), same, "{text}");
        }
    }

    #[test]
    fn what_is_public() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.3.4",
            "192.0.2.7",
            "198.51.100.1",
            "203.0.113.9",
            "0.0.0.0",
            "255.255.255.255",
            "100.64.0.1",
            "224.0.0.1",
            "::1",
            "fe80::1",
            "2001:db8::1",
        ] {
            assert_eq!(address_kind(text.parse().unwrap()), None, "{text}");
        }
        assert_eq!(
            address_kind("240.0.0.1".parse().unwrap()),
            Some(FactKind::EndpointIp)
        );
        assert_eq!(
            address_kind("8.8.8.8".parse().unwrap()),
            Some(FactKind::EndpointOther)
        );
        assert_eq!(
            address_kind("fd00:ec2::254".parse().unwrap()),
            Some(FactKind::CloudMetadata)
        );
    }
}

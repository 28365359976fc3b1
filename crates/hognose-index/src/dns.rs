//! Whether a domain has records, asked of a name server: one UDP question each for name servers, mail and addresses.
//!
//! Only a server that says that the name does not exist, or that it has none of these records, means that it has none;
//! silence, refusal and broken answers mean that nobody knows.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long one answer is waited for, and how often it is asked for.
const PATIENCE: Duration = Duration::from_secs(3);
const TRIES: usize = 2;
/// Largest answer that is read; the head is all that counts.
const MAX_ANSWER: usize = 4_096;
/// Types of records: name server, mail, address of either protocol.
const NS: u16 = 2;
const MX: u16 = 15;
const A: u16 = 1;
const AAAA: u16 = 28;

/// The name servers that a `resolv.conf` names, at most three as resolvers have it.
pub fn servers(text: &str) -> Vec<SocketAddr> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        words.next().filter(|_| is_server)?.parse::<IpAddr>().ok()
    });
    lines.map(|ip| SocketAddr::new(ip, 53)).take(3).collect()
}

/// Whether a domain has any of the records that mail needs; none when no server answers. Waits at most a few seconds for
/// each server.
pub fn has_records(domain: &str, servers: &[SocketAddr]) -> Option<bool> {
    for kind in [NS, MX, A, AAAA] {
        match ask(domain, kind, servers)? {
            Answer::Records => return Some(true),
            Answer::NoName => return Some(false),
            Answer::NoRecords => {}
        }
    }
    Some(false)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Records,
    NoRecords,
    NoName,
}

fn ask(domain: &str, kind: u16, servers: &[SocketAddr]) -> Option<Answer> {
    for server in servers.iter().cycle().take(servers.len() * TRIES) {
        // Keyed at random for each process; the port is chosen by the system.
        let id = RandomState::new().hash_one((domain, kind)) as u16;
        let query = question(domain, kind, id)?;
        if let Some(answer) = exchange(&query, *server) {
            return Some(answer);
        }
    }
    None
}

fn exchange(query: &[u8], server: SocketAddr) -> Option<Answer> {
    let own: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(own, 0)).ok()?;
    // Connected: what others send is not received.
    socket.connect(server).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    socket.send(query).ok()?;
    let mut bytes = [0; MAX_ANSWER];
    let length = socket.recv(&mut bytes).ok()?;
    read(query, bytes.get(..length)?)
}

/// A question with recursion (RFC 1035); none for what is no name.
fn question(domain: &str, kind: u16, id: u16) -> Option<Vec<u8>> {
    let [high, low] = id.to_be_bytes();
    let mut out = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in domain.split('.') {
        let plain = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let length = u8::try_from(label.len())
            .ok()
            .filter(|l| (1..64).contains(l));
        if !plain {
            return None;
        }
        out.push(length?);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out.extend(kind.to_be_bytes());
    out.extend([0, 1]);
    (domain.len() < 254).then_some(out)
}

/// What an answer to a question says; none when it answers another one, or nothing.
fn read(query: &[u8], answer: &[u8]) -> Option<Answer> {
    let (head, rest) = answer.split_first_chunk::<12>()?;
    let [
        id_high,
        id_low,
        flags,
        code,
        questions_high,
        questions_low,
        count_high,
        count_low,
        ..,
    ] = *head;
    let asked = query.get(12..)?;
    let is_ours = query.get(..2) == Some(&[id_high, id_low])
        && flags & 0x80 != 0
        && [questions_high, questions_low] == [0, 1]
        && rest
            .get(..asked.len())
            .is_some_and(|echo| echo.eq_ignore_ascii_case(asked));
    if !is_ours {
        return None;
    }
    let count = u16::from_be_bytes([count_high, count_low]);
    match code & 0x0f {
        0 if count > 0 => Some(Answer::Records),
        // A referral or a cut answer says nothing about records.
        0 if flags & 0x02 != 0 => None,
        0 => Some(Answer::NoRecords),
        3 => Some(Answer::NoName),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_the_system() {
        let text = "# x\nsearch a.example\nnameserver 192.0.2.1\nnameserver ::1\nnameserver x\n";
        let found: Vec<String> = servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[::1]:53"]);
    }

    #[test]
    fn answers() {
        let query = question("acme.example", MX, 0x1234).unwrap();
        let answer = |code: u8, count: u8| {
            let mut bytes = query.clone();
            bytes[2] = 0x81;
            bytes[3] = code;
            bytes[7] = count;
            bytes
        };
        assert_eq!(read(&query, &answer(0x80, 1)), Some(Answer::Records));
        assert_eq!(read(&query, &answer(0x80, 0)), Some(Answer::NoRecords));
        assert_eq!(read(&query, &answer(0x83, 0)), Some(Answer::NoName));
        for failed in [1, 2, 4, 5] {
            assert_eq!(read(&query, &answer(0x80 | failed, 0)), None);
        }
        let other = question("acme.example", MX, 0x1235).unwrap();
        assert_eq!(read(&other, &answer(0x80, 1)), None);
        let other = question("acne.example", MX, 0x1234).unwrap();
        assert_eq!(read(&other, &answer(0x80, 1)), None);
        assert_eq!(read(&query, &query), None);
        for bad in ["", "a..b", ".", "a b", "\u{e9}.example"] {
            assert_eq!(question(bad, A, 0), None, "{bad}");
        }
        assert_eq!(question(&"a".repeat(64), A, 0), None);
        assert_eq!(question(&"a.".repeat(200), AAAA, 0), None);
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let query = question("acme.example", NS, 1).unwrap();
            let _ = read(&query, &bytes);
        }
    }
}

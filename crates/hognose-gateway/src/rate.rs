//! How often a client may ask: a bucket for each, which fills as time passes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most clients remembered. Those who have not asked for long have full buckets, which need no remembering.
const MOST: usize = 10_000;
/// Seconds' worth of requests that may come at once: an installer asks for all it needs in parallel.
const BURST: f64 = 10.0;

/// Limits requests for each client.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Rate {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second),
            buckets: Mutex::default(),
        }
    }

    /// Takes a request from a client's bucket. Where there is none left: the seconds until there is.
    pub(crate) fn take(&self, client: IpAddr, now: Instant) -> Result<(), u64> {
        let client = network(client);
        let most = self.per_second * BURST;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&client) {
            let full = |left: f64, at: Instant| {
                left + now.saturating_duration_since(at).as_secs_f64() * self.per_second >= most
            };
            buckets.retain(|_, (left, at)| !full(*left, *at));
            if buckets.len() >= MOST {
                forget_half(&mut buckets);
            }
        }
        let (left, at) = buckets.entry(client).or_insert((most, now));
        let passed = now.saturating_duration_since(*at).as_secs_f64();
        *left = (*left + passed * self.per_second).min(most);
        *at = now;
        if *left < 1.0 {
            return Err(((1.0 - *left) / self.per_second).ceil() as u64);
        }
        *left -= 1.0;
        Ok(())
    }
}

/// So many ask at once: those who asked least are forgotten, and whoever empties its bucket stays known.
fn forget_half(buckets: &mut HashMap<IpAddr, (f64, Instant)>) {
    let mut left: Vec<f64> = buckets.values().map(|(left, _)| *left).collect();
    let middle = left.len() / 2;
    let (_, middle, _) = left.select_nth_unstable_by(middle, f64::total_cmp);
    let middle = *middle;
    buckets.retain(|_, (left, _)| *left < middle);
}

/// Who counts as one client: an address, and of the sixth version the network of 64 bits that a single host may have to
/// itself.
pub(crate) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn buckets_empty_and_fill() {
        let rate = Rate::new(2);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(rate.take(one, start), Ok(()));
        }
        assert_eq!(rate.take(one, start), Err(1));
        assert_eq!(rate.take(other, start), Ok(()));
        assert_eq!(rate.take(one, start + Duration::from_millis(500)), Ok(()));
        assert_eq!(rate.take(one, start + Duration::from_millis(500)), Err(1));
    }

    #[test]
    fn clients_are_forgotten() {
        let rate = Rate::new(1);
        let start = Instant::now();
        for at in 0..30_000_u32 {
            assert_eq!(rate.take(IpAddr::from(at.to_be_bytes()), start), Ok(()));
        }
        assert!(rate.buckets.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn a_crowd_makes_nobody_forget_who_asks_most() {
        let rate = Rate::new(1);
        let start = Instant::now();
        let greedy = "192.0.2.1".parse().unwrap();
        while rate.take(greedy, start).is_ok() {}
        for at in 0..30_000_u32 {
            assert_eq!(rate.take(IpAddr::from(at.to_be_bytes()), start), Ok(()));
        }
        assert!(rate.take(greedy, start).is_err());
    }

    #[test]
    fn a_host_of_many_addresses_is_one_client() {
        let rate = Rate::new(1);
        let start = Instant::now();
        for at in 0..10_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, at]);
            assert_eq!(rate.take(address, start), Ok(()));
        }
        let address = IpAddr::from([0x2001, 0xdb8, 0, 7, 1, 2, 3, 4]);
        assert!(rate.take(address, start).is_err());
        let neighbour = IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]);
        assert_eq!(rate.take(neighbour, start), Ok(()));
        let mapped = "::ffff:192.0.2.9".parse().unwrap();
        assert_eq!(network(mapped), "192.0.2.9".parse::<IpAddr>().unwrap());
    }
}

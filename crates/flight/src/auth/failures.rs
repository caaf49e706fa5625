use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Addresses that are remembered at once; the least guilty is forgotten first.
const PEERS_MAX: usize = 4096;

/// Counts wrong passwords by address and makes an address wait that had too many.
///
/// Each failure fills a bucket that empties over `window`; a full bucket blocks.
pub(super) struct Failures {
    max: f64,
    window: Duration,
    peers: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Failures {
    pub(super) fn new(max: u32, window: Duration) -> Self {
        Self { max: f64::from(max), window, peers: Mutex::default() }
    }

    /// How long the address has to wait, if it does.
    pub(super) fn check(&self, peer: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let Some(bucket) = peer.and_then(|peer| self.peers.lock().get(&network(peer)).copied()) else { return Ok(()) };
        let excess = self.level(bucket, now) - (self.max - 1.0);
        match excess > 0.0 {
            true => Err(self.window.mul_f64((excess / self.max).min(1.0))),
            false => Ok(()),
        }
    }

    pub(super) fn record(&self, peer: Option<IpAddr>, now: Instant) {
        let Some(peer) = peer.map(network) else { return };
        let mut peers = self.peers.lock();
        if peers.len() >= PEERS_MAX && !peers.contains_key(&peer) {
            self.make_room(&mut peers, now);
        }
        let level = peers.get(&peer).map_or(0.0, |&bucket| self.level(bucket, now));
        peers.insert(peer, Bucket { level: (level + 1.0).min(self.max), at: now });
    }

    fn level(&self, bucket: Bucket, now: Instant) -> f64 {
        let emptied = self.max * now.saturating_duration_since(bucket.at).as_secs_f64() / self.window.as_secs_f64();
        (bucket.level - emptied).max(0.0)
    }

    fn make_room(&self, peers: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        peers.retain(|_, &mut bucket| self.level(bucket, now) > 0.0);
        if peers.len() < PEERS_MAX {
            return;
        }
        let least = peers.iter().min_by(|a, b| self.level(*a.1, now).total_cmp(&self.level(*b.1, now)));
        if let Some(peer) = least.map(|(&peer, _)| peer) {
            peers.remove(&peer);
        }
    }
}

/// One host commands a whole IPv6 /64.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;

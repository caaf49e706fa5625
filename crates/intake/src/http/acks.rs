//! What senders may ask for later: whether what they sent is committed.
//!
//! <https://help.splunk.com/splunk-enterprise/get-data-in/collect-http-event-data/about-http-event-collector-indexer-acknowledgment>

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::Receipt;

/// How many channels are remembered.
const CHANNELS_MAX: usize = 1000;

/// How many acknowledgements of a channel are remembered; committed ones make room.
const PER_CHANNEL_MAX: usize = 10_000;

/// A channel that was not used for so long is forgotten.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// How long the name of a channel may be, in bytes.
const CHANNEL_BYTES_MAX: usize = 128;

/// The acknowledgements of all channels. They live as long as the process: a sender that asks for an older one is told that it is
/// not committed, sends the batch again, and the catalog knows it.
#[derive(Default)]
pub(super) struct Acks {
    channels: Mutex<HashMap<String, Channel>>,
}

struct Channel {
    next: u64,
    receipts: BTreeMap<u64, Receipt>,
    used: Instant,
}

impl Acks {
    /// A number under which the sender may ask; nothing if too many are waiting.
    pub(super) fn issue(&self, channel: &str, receipt: Receipt) -> Option<u64> {
        let mut channels = self.channels.lock();
        if channel.len() > CHANNEL_BYTES_MAX {
            return None;
        }
        if !channels.contains_key(channel) && channels.len() >= CHANNELS_MAX {
            channels.retain(|_, channel| channel.used.elapsed() < IDLE_MAX);
            if channels.len() >= CHANNELS_MAX {
                return None;
            }
        }
        let new = || Channel { next: 0, receipts: BTreeMap::new(), used: Instant::now() };
        let channel = channels.entry(channel.to_owned()).or_insert_with(new);
        if channel.receipts.len() >= PER_CHANNEL_MAX {
            let oldest = channel.receipts.iter().find(|(_, receipt)| receipt.is_committed()).map(|(id, _)| *id)?;
            channel.receipts.remove(&oldest);
        }
        let id = channel.next;
        channel.next += 1;
        channel.used = Instant::now();
        channel.receipts.insert(id, receipt);
        Some(id)
    }

    /// For each number, whether what was sent under it is committed.
    pub(super) fn ask(&self, channel: &str, ids: &[u64]) -> BTreeMap<u64, bool> {
        let mut channels = self.channels.lock();
        let channel = channels.get_mut(channel);
        let receipts = channel.map(|channel| {
            channel.used = Instant::now();
            &channel.receipts
        });
        let is_committed = |id: &u64| receipts.and_then(|receipts| receipts.get(id)).is_some_and(Receipt::is_committed);
        ids.iter().map(|id| (*id, is_committed(id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_count_for_themselves_and_are_bounded() {
        let acks = Acks::default();
        assert_eq!(acks.issue("one", Receipt::default()), Some(0));
        assert_eq!(acks.issue("one", Receipt::default()), Some(1));
        assert_eq!(acks.issue("other", Receipt::default()), Some(0));
        assert_eq!(acks.ask("one", &[0, 1, 2]), BTreeMap::from([(0, true), (1, true), (2, false)]));
        assert_eq!(acks.ask("none", &[0]), BTreeMap::from([(0, false)]));
        for number in 2..CHANNELS_MAX {
            assert_eq!(acks.issue(&format!("{number}"), Receipt::default()), Some(0));
        }
        assert_eq!(acks.issue("one too many", Receipt::default()), None);
        for id in 2..PER_CHANNEL_MAX as u64 + 5 {
            assert_eq!(acks.issue("one", Receipt::default()), Some(id));
        }
        assert_eq!(acks.ask("one", &[0, 5]), BTreeMap::from([(0, false), (5, true)]));
    }
}

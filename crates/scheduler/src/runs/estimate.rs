use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Rows of a row group, as the lake writes them.
pub(crate) const ROW_GROUP_ROWS: u64 = 128 << 10;

/// What a node without experience takes for its speed, in bytes of Parquet a second.
const SPEED_AT_FIRST: u64 = 100 << 20;

/// How fast slices were read on this node, in bytes a second.
#[derive(Debug, Default)]
pub(crate) struct Speed(AtomicU64);

impl Speed {
    pub(crate) fn bytes_a_second(&self) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            0 => SPEED_AT_FIRST,
            known => known,
        }
    }

    /// Learns from a slice. Small ones say more of their fixed cost than of the speed.
    pub(crate) fn note(&self, bytes: u64, took: Duration) {
        if bytes < 1 << 20 || took.is_zero() {
            return;
        }
        let seen = (bytes as f64 / took.as_secs_f64()) as u64;
        let known = self.bytes_a_second();
        self.0.store((known / 4 * 3 + seen / 4).max(1), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_follows_what_was_seen() {
        let speed = Speed::default();
        assert_eq!(speed.bytes_a_second(), SPEED_AT_FIRST);
        for _ in 0..40 {
            speed.note(10 << 20, Duration::from_secs(1));
        }
        assert!(speed.bytes_a_second().abs_diff(10 << 20) < 1 << 20, "{}", speed.bytes_a_second());
        speed.note(10, Duration::from_secs(100));
        assert!(speed.bytes_a_second() > 1 << 20);
    }
}

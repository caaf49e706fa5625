use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Keeps reading and writing below so many bytes a second, so that hunts and ingest have the rest.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_per_second: u64,
    started: Instant,
    /// Bytes since the start.
    spent: u64,
}

impl Budget {
    /// A budget that begins now; 0 for no bound.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, started: Instant::now(), spent: 0 }
    }

    /// Takes note of bytes that were read or written, and waits until they were due.
    pub(crate) async fn spend(&mut self, bytes: u64) {
        self.spent += bytes;
        if let Some(wait) = self.due_after().checked_sub(self.started.elapsed()) {
            sleep(wait).await;
        }
    }

    /// How long after the start all that was spent is due.
    fn due_after(&self) -> Duration {
        match self.bytes_per_second {
            0 => Duration::ZERO,
            bytes_per_second => Duration::from_secs_f64(self.spent as f64 / bytes_per_second as f64),
        }
    }

    /// How many bytes were read and written.
    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_spent_is_due_at_its_pace() {
        let mut budget = Budget::new(1_000);
        for _ in 0..5 {
            budget.spend(10).await;
        }
        assert_eq!((budget.spent(), budget.due_after()), (50, Duration::from_millis(50)));
        assert!(budget.started.elapsed() >= budget.due_after());
        let mut free = Budget::new(0);
        free.spend(u64::MAX / 2).await;
        assert_eq!(free.due_after(), Duration::ZERO);
    }
}

//! What lies in folders and prefixes, as it comes.

mod entry;
mod notice;
mod poll;
mod queue;
mod seen;
mod status;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{Error, Taker, WatchConfig};

use entry::Entry;
pub use status::{QueueStatus, WatchStatus};

/// Lists every location again and again and takes in what is new.
///
/// Only the node that leads watches. Everything that must not be forgotten is in the catalog: the future of [`Watcher::run`] can be
/// dropped at any point, and another process goes on where it was.
pub struct Watcher {
    taker: Taker,
    entries: Vec<Entry>,
    status: WatcherStatus,
}

/// How every watched location is; a handle that goes on to show it.
#[derive(Debug, Clone, Default)]
pub struct WatcherStatus {
    entries: Arc<Mutex<Vec<WatchStatus>>>,
}

impl WatcherStatus {
    /// How they are now, in the order of the configuration.
    pub fn entries(&self) -> Vec<WatchStatus> {
        self.entries.lock().clone()
    }

    fn set(&self, number: usize, status: WatchStatus) {
        if let Some(entry) = self.entries.lock().get_mut(number) {
            *entry = status;
        }
    }
}

impl Watcher {
    /// A watcher of these locations. Nothing is read before it runs.
    pub fn new(taker: Taker, configs: &[WatchConfig]) -> Result<Self, Error> {
        configs.iter().try_for_each(WatchConfig::validate)?;
        let entries = configs.iter().map(|config| Entry::new(config.clone(), &taker)).collect::<Result<Vec<_>, _>>()?;
        let status = WatcherStatus::default();
        *status.entries.lock() = entries.iter().map(|entry| entry.status.clone()).collect();
        Ok(Self { taker, entries, status })
    }

    /// A handle on how the locations are.
    pub fn status(&self) -> WatcherStatus {
        self.status.clone()
    }

    /// Watches until `stop`. Errors are shown in the status and logged, and tried again.
    pub async fn run(&mut self, stop: CancellationToken) {
        let (taker, status) = (&self.taker, &self.status);
        let watching = self.entries.iter_mut().enumerate().map(|(number, entry)| {
            let stop = stop.clone();
            async move {
                while !stop.is_cancelled() {
                    let now_ms = chrono::Utc::now().timestamp_millis();
                    let due_ms = if entry.due_ms <= now_ms { entry.step(taker, now_ms, &stop).await } else { entry.due_ms };
                    status.set(number, entry.status.clone());
                    let wait = u64::try_from(due_ms - chrono::Utc::now().timestamp_millis()).unwrap_or(0);
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                    }
                }
            }
        });
        join_all(watching).await;
    }

    /// Looks once at every location that is due at this moment, in milliseconds since 1970, and takes in what is ready there.
    pub async fn step(&mut self, now_ms: i64, stop: &CancellationToken) {
        let (taker, status) = (&self.taker, &self.status);
        let due = self.entries.iter_mut().enumerate().filter(|(_, entry)| entry.due_ms <= now_ms);
        let stepping = due.map(|(number, entry)| async move {
            entry.step(taker, now_ms, stop).await;
            status.set(number, entry.status.clone());
        });
        join_all(stepping).await;
    }
}

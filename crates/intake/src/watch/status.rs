use coldtrail_ingest::{FailedObject, Report};
use serde::Serialize;

/// How many failed objects are shown.
pub(super) const FAILED_SHOWN: usize = 100;

/// How one watched location is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WatchStatus {
    /// The location as configured.
    pub location: String,
    /// The source as configured.
    pub source: String,
    /// When it was listed last, in milliseconds since 1970, UTC.
    pub last_look_ms: Option<i64>,
    /// Objects in the last listing, and those that a queue has told of since.
    pub objects_listed: u64,
    /// Objects of the last listing that are in the lake.
    pub objects_done: u64,
    /// Objects of the last listing that wait: they may still change, or it is not their turn.
    pub objects_waiting: u64,
    /// Objects of the last listing that could not be read and are tried again.
    pub objects_failed: u64,
    /// How long the oldest waiting object has waited since it was written, in seconds.
    pub lag_seconds: Option<f64>,
    /// Objects taken in since the watcher was made.
    pub objects_taken: u64,
    /// Objects noted since then whose content had been taken in under another name.
    pub objects_duplicate: u64,
    /// Bytes as stored of the objects taken in since then.
    pub bytes_taken: u64,
    /// Events since then.
    pub events: u64,
    /// Rejects since then.
    pub rejects: u64,
    /// Why the location could not be listed, or nothing be committed, the last time.
    pub error: Option<String>,
    /// Failed objects with the reasons, at most a hundred.
    pub failed: Vec<FailedObject>,
    /// What its queue brought since the watcher was made; nothing without one.
    pub queue: Option<QueueStatus>,
}

/// What a queue brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    /// Messages that were received, those that came again with them.
    pub messages_received: u64,
    /// Messages that were deleted: what they tell of is in the lake, or is nothing to take.
    pub messages_deleted: u64,
    /// Messages that tell of objects elsewhere; they stay in the queue.
    pub messages_foreign: u64,
    /// Messages that cannot be read; they stay in the queue.
    pub messages_unreadable: u64,
    /// Objects that were gone before they could be read.
    pub objects_gone: u64,
}

impl WatchStatus {
    pub(super) fn count(&mut self, report: &Report) {
        self.objects_taken += report.objects_ingested;
        self.objects_duplicate += report.objects_duplicate;
        self.bytes_taken += report.bytes_stored;
        self.events += report.events;
        self.rejects += report.rejects;
    }
}

use std::collections::BTreeMap;

use serde::Serialize;

/// What an ingest did. Counts are of committed objects only; `records = events + rejects` always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Objects at the places that were named.
    pub objects_found: u64,
    /// Objects that had been ingested before, and were left alone.
    pub objects_known: u64,
    /// Objects that were ingested before with another content, and were ingested again as new ones.
    pub objects_changed: u64,
    /// Objects whose content had been ingested under another name; they are noted, and nothing of them was ingested.
    pub objects_duplicate: u64,
    /// Objects that were ingested.
    pub objects_ingested: u64,
    /// Bytes of the ingested objects as stored.
    pub bytes_stored: u64,
    /// Bytes of the ingested objects after decompression.
    pub bytes_plain: u64,
    /// Records in the ingested objects.
    pub records: u64,
    /// Records that became events.
    pub events: u64,
    /// Records that became rejects.
    pub rejects: u64,
    /// Rejects by source and reason.
    pub rejects_by_reason: BTreeMap<String, u64>,
    /// Segments that were committed.
    pub segments: u64,
    /// Bytes of those segments.
    pub segment_bytes: u64,
    /// The newest snapshot that shows them.
    pub snapshot_id: Option<u64>,
    /// Objects that could not be read; nothing of them was ingested.
    pub failed: Vec<FailedObject>,
    /// Objects that somebody sent and that were ingested, each by itself.
    #[serde(skip)]
    pub received: Vec<ReceivedObject>,
}

/// What became of an object that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedObject {
    /// The object.
    pub url: String,
    /// Its records that became events.
    pub events: u64,
    /// Its records that became rejects.
    pub rejects: u64,
    /// The first snapshot that shows it.
    pub snapshot_id: u64,
}

/// An object that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedObject {
    /// The object.
    pub url: String,
    /// Why, and the way out.
    pub reason: String,
}

/// How far an ingest is; for people who wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Objects that are to be read.
    pub objects_total: u64,
    /// Objects that were read.
    pub objects_done: u64,
    /// Stored bytes that are to be read.
    pub bytes_total: u64,
    /// Stored bytes of objects that were read.
    pub bytes_done: u64,
    /// Events so far.
    pub events: u64,
    /// Rejects so far.
    pub rejects: u64,
}

use coldtrail_iceberg::{ExpireReport, PublishReport};
use serde::Serialize;

use crate::BackupReport;

/// What one pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Segments that were merged.
    pub compaction: CompactionReport,
    /// Segments that were past their time.
    pub retention: RetentionReport,
    /// What was published for other engines; none if that is not asked for.
    pub iceberg: Option<IcebergReport>,
    /// Files that nobody needs any more.
    pub garbage: GarbageReport,
    /// The backup of the catalog.
    pub backup: BackupReport,
}

/// What was published for other engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IcebergReport {
    /// The tables.
    pub published: PublishReport,
    /// Versions of them that nobody should read any more.
    pub expired: ExpireReport,
}

/// What compaction did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CompactionReport {
    /// Commits that were made.
    pub jobs: u64,
    /// Jobs that were given up because a segment was removed, or a hold was set, meanwhile; nothing was changed.
    pub jobs_given_up: u64,
    /// Jobs that are left for the next pass.
    pub jobs_left: u64,
    /// Jobs that failed, with the reason; nothing was changed.
    pub failed: Vec<FailedJob>,
    /// Segments that are no longer visible.
    pub segments_removed: u64,
    /// Segments that hold their rows now.
    pub segments_added: u64,
    /// Small segments that are left alone because of a hold.
    pub segments_held: u64,
    /// Rows of events and rejects in the new segments.
    pub rows: u64,
    /// Events that came twice and are kept once now.
    pub duplicates: u64,
    /// Bytes that were read and written.
    pub io_bytes: u64,
}

/// A job of compaction that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedJob {
    /// The day whose segments it was to merge.
    pub day: String,
    /// Why, and the way out.
    pub reason: String,
}

/// What retention did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Segments that are no longer visible.
    pub segments_removed: u64,
    /// Their rows.
    pub rows_removed: u64,
    /// Their bytes; they are free once garbage collection deleted the files.
    pub bytes_removed: u64,
    /// Segments that are past their time, and stay because of a hold.
    pub segments_held: u64,
    /// Segments that retention had removed, and that are visible again because of a hold.
    pub segments_restored: u64,
}

/// What garbage collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GarbageReport {
    /// Files of removed segments that were deleted.
    pub removed_deleted: u64,
    /// Files that no commit had named, deleted; unfinished ones too.
    pub orphans_deleted: u64,
    /// Bytes that the deleted files took.
    pub bytes_deleted: u64,
    /// Files of removed segments that stay a while for queries that began before.
    pub removed_young: u64,
    /// Files of removed segments that stay for runs.
    pub removed_pinned: u64,
    /// Files of removed segments that stay because of a hold.
    pub removed_held: u64,
    /// Files that no commit names and that are so young that a writer may be about to commit them.
    pub orphans_young: u64,
    /// Files that are not ours by their names; they are never touched.
    pub foreign: u64,
}

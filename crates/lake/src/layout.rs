//! Where files lie in a lake, relative to its root.

use coldtrail_model::{Day, EVENT_DAY, SegmentId, Table};

/// The folder of the events and of what is derived from them.
pub(crate) const EVENTS_ROOT: &str = "ocsf";
/// The folder of what Coldtrail writes about its own work.
pub(crate) const SYSTEM_ROOT: &str = "system";
/// The folder of the results of runs.
pub(crate) const RUNS_ROOT: &str = "runs";
/// The folder of what hunters brought.
pub(crate) const CONTENT_ROOT: &str = "content";

/// The folder of backups of the catalog.
pub(crate) const BACKUPS_ROOT: &str = "backups/catalog";

/// The folder of notes of what was taken in.
pub(crate) const SOURCES_ROOT: &str = "sources";
/// The folder of what other engines read of the tables; apart from the events, so that no folder of theirs holds anything but Parquet.
pub(crate) const ICEBERG_ROOT: &str = "iceberg";

/// The path of a segment: `ocsf/api_activity/event_day=2026-03-01/0199….parquet`.
pub(crate) fn segment_path(table: Table, day: Day, id: SegmentId) -> String {
    let root = match table {
        Table::Rejects => SYSTEM_ROOT,
        Table::Events(_) | Table::Observables => EVENTS_ROOT,
    };
    format!("{root}/{table}/{EVENT_DAY}={day}/{id}.parquet")
}

/// The id that a path ends with, if it is a segment's path.
pub(crate) fn segment_id_of(path: &str) -> Option<SegmentId> {
    let file = path.rsplit('/').next()?;
    file.strip_suffix(".parquet")?.parse().ok()
}

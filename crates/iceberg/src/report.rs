use serde::Serialize;

/// What publishing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    /// The snapshot of the catalog that every table shows now.
    pub snapshot_id: u64,
    /// Tables of which a new version was written.
    pub tables_published: u64,
    /// Tables that show the same as before; nothing was written.
    pub tables_unchanged: u64,
    /// Tables of which another process published a version in the same moment; the next checkpoint looks again.
    pub tables_overtaken: u64,
    /// Manifests that were written.
    pub manifests_written: u64,
    /// Manifests that new versions share with those before.
    pub manifests_reused: u64,
}

/// What was deleted of versions that are past their time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExpireReport {
    /// Versions that can no longer be read.
    pub versions_deleted: u64,
    /// Their files, and those of attempts that came to nothing.
    pub files_deleted: u64,
    /// What those took.
    pub bytes_deleted: u64,
}

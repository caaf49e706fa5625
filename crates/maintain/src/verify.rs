use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_lake::{Error as LakeError, Lake};
use coldtrail_model::{SegmentId, SegmentMeta, Snapshot};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::Error;
use crate::budget::Budget;

/// How many files are read at the same time.
const FILES_IN_FLIGHT: usize = 4;

/// How the files of a lake compare with what a snapshot says of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The snapshot.
    pub snapshot_id: u64,
    /// Its segments, each of which was looked at.
    pub segments: u64,
    /// The bytes of those whose files are as they were written.
    pub bytes_verified: u64,
    /// The rows of those whose files are as they were written.
    pub rows_verified: u64,
    /// What is not as it should be, in order of the paths.
    pub problems: Vec<FileProblem>,
    /// Files that the snapshot does not name, in order of their paths. That alone is no fault: writers, removed segments that stay
    /// a while, and what a crash left behind until garbage is collected.
    pub unknown: Vec<UnknownFile>,
}

/// A segment that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// Its path relative to the lake.
    pub path: String,
    /// The segment.
    pub segment: SegmentId,
    /// What kind of fault it is.
    pub fault: FileFault,
    /// What was found, and what should be.
    pub reason: String,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFault {
    /// It is not there.
    Missing,
    /// Its size, its SHA-256 or its rows are not those that were written.
    Damaged,
    /// The store does not give it.
    Unreadable,
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        })
    }
}

/// A file that the snapshot does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownFile {
    /// Its path relative to the lake.
    pub path: String,
    /// The segment that it is by its name; none for a file that is not ours.
    pub segment: Option<SegmentId>,
    /// Its size.
    pub bytes: u64,
}

/// Reads every file of a snapshot and compares size, SHA-256 and rows with what the catalog says; lists the files that it does not
/// name. At most so many bytes are read in a second; 0 for no bound.
///
/// # Errors
///
/// Only if the files cannot be listed: what is wrong with one of them is in the report.
pub async fn verify(lake: &Lake, snapshot: &Snapshot, bytes_per_second_max: u64) -> Result<VerifyReport, Error> {
    verify_watched(lake, snapshot, bytes_per_second_max, &|_| {}).await
}

/// How far a verification is; for people who wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Segments that were looked at.
    pub segments: u64,
    /// Their bytes, as the catalog knows them.
    pub bytes: u64,
    /// Those that are not as they should be.
    pub problems: u64,
}

/// The same, and tells how far it is after each segment.
pub async fn verify_watched(
    lake: &Lake,
    snapshot: &Snapshot,
    bytes_per_second_max: u64,
    watch: &(dyn Fn(VerifyProgress) + Sync),
) -> Result<VerifyReport, Error> {
    let mut progress = VerifyProgress::default();
    let segments: Vec<Arc<SegmentMeta>> = snapshot.segments.values().flatten().cloned().collect();
    let known: HashSet<&str> = segments.iter().map(|segment| segment.path.as_str()).collect();
    let mut report = VerifyReport { snapshot_id: snapshot.id, segments: segments.len() as u64, ..VerifyReport::default() };
    let mut budget = Budget::new(bytes_per_second_max);
    let checks = segments.iter().map(|segment| {
        let (lake, segment) = (lake.clone(), Arc::clone(segment));
        async move { (lake.verify_segment(&segment).await, segment) }
    });
    let mut checked = stream::iter(checks).buffer_unordered(FILES_IN_FLIGHT);
    while let Some((found, segment)) = checked.next().await {
        budget.spend(segment.bytes).await;
        match found {
            Ok(()) => {
                report.bytes_verified += segment.bytes;
                report.rows_verified += segment.rows;
            }
            Err(error) => report.problems.push(problem(&segment, &error)),
        }
        progress.segments += 1;
        progress.bytes += segment.bytes;
        progress.problems = report.problems.len() as u64;
        watch(progress);
    }
    let mut files = lake.list_segment_files();
    while let Some(file) = files.try_next().await? {
        if !known.contains(file.path.as_str()) {
            report.unknown.push(UnknownFile { path: file.path, segment: file.id, bytes: file.bytes });
        }
    }
    report.problems.sort_by(|one, other| one.path.cmp(&other.path));
    report.unknown.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(report)
}

fn problem(segment: &SegmentMeta, error: &LakeError) -> FileProblem {
    let (fault, reason) = match error {
        LakeError::SegmentMissing { .. } => (FileFault::Missing, "it does not exist".to_owned()),
        LakeError::SegmentDamaged { reason, .. } => (FileFault::Damaged, reason.clone()),
        error => (FileFault::Unreadable, error.to_string()),
    };
    FileProblem { path: segment.path.clone(), segment: segment.id, fault, reason }
}

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use coldtrail_catalog::{CatalogClient, CommitId};
use coldtrail_lake::{Error as LakeError, Lake, Rewrite};
use coldtrail_model::{Commit, Day, SegmentId, SegmentMeta, Snapshot};
use futures::TryStreamExt;
use serde::Serialize;

use crate::Error;
use crate::removal::{self, REMOVED_PER_COMMIT, Reason};

mod sources;

/// One commit of a rebuild adds so many segments at most.
pub const REBUILD_SEGMENTS_PER_COMMIT: usize = 2_000;

/// How many files are read at the same time.
const FILES_IN_FLIGHT: usize = 4;

/// What was made of the files of a lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// Segments that the catalog knew already.
    pub segments_known: u64,
    /// Segments that it knows now.
    pub segments_added: u64,
    /// Their rows.
    pub rows_added: u64,
    /// Commits of segments that were made.
    pub commits: u64,
    /// Segments that the catalog knew and that it knows no more: others hold their rows, or their files are gone.
    pub segments_removed: u64,
    /// Source objects that the catalog knew already.
    pub source_objects_known: u64,
    /// Source objects that it knows now.
    pub source_objects_restored: u64,
    /// Source objects whose rows are there, but that nothing says was taken in: if they are delivered again, they are taken in again.
    pub source_objects_unknown: u64,
    /// Segments that were left out because others hold their rows, and that garbage collection may delete.
    pub segments_replaced: u64,
    /// Merged segments that were left out because their commit was never made.
    pub segments_uncommitted: u64,
    /// Files that are no segments, with the reason.
    pub refused: Vec<RefusedFile>,
}

/// A file that could not be taken for a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// Its path relative to the lake.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a rebuild may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RebuildOptions {
    /// Let the catalog forget segments whose files are gone and that no other file says it replaces.
    pub forget_missing: bool,
    /// Now, in milliseconds since 1970, UTC.
    pub now_ms: i64,
}

/// Makes a catalog of the files alone: reads every segment's footer, and commits those that hold each row once, and the source objects
/// that were noted. It can be repeated after it was interrupted, and be done on a catalog that was restored from a backup: what came
/// since is added, and what was merged since is replaced.
///
/// What only the catalog knew is not in the files: runs, and documents such as holds. What a writer left behind that died before its
/// commit looks like any other segment, and comes back. Source objects are noted from version 0.2 on; those of before are counted.
///
/// # Errors
///
/// [`Error::NotEmpty`] if the catalog knows segments whose files are gone, unless it may forget them.
pub async fn rebuild(lake: &Lake, catalog: &dyn CatalogClient, options: RebuildOptions) -> Result<RebuildReport, Error> {
    let mut report = RebuildReport::default();
    let found = read_footers(lake, &mut report).await?;
    let snapshot = catalog.snapshot().await?;
    let choice = choose_visible(&found, &mut report);
    let changes = compare(&snapshot, &found, &choice, options)?;
    report.segments_known = choice.visible.len() as u64 - changes.values().map(|change| change.added.len() as u64).sum::<u64>();
    let left_out = found.iter().filter(|(id, _)| !choice.visible.contains(*id)).map(|(_, found)| &found.meta);
    note_removals(catalog, left_out, options.now_ms).await?;
    for commit in in_commits(changes) {
        report.segments_added += commit.added.len() as u64;
        report.segments_removed += commit.removed.len() as u64;
        report.rows_added += commit.added.iter().map(|segment| segment.rows).sum::<u64>();
        report.commits += 1;
        catalog.commit(commit).await?;
    }
    let visible = choice.visible.iter().filter_map(|id| found.get(id)).map(|found| &found.meta);
    sources::restore(lake, catalog, visible, &mut report).await?;
    report.refused.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(report)
}

/// What is to become of a day.
#[derive(Debug, Default)]
struct Change {
    added: Vec<SegmentMeta>,
    removed: Vec<SegmentId>,
}

/// How the catalog differs from what should be visible, by day: what replaces and what is replaced are of the same one.
fn compare(
    snapshot: &Snapshot,
    found: &BTreeMap<SegmentId, Found>,
    choice: &Choice,
    options: RebuildOptions,
) -> Result<BTreeMap<Day, Change>, Error> {
    let mut changes: BTreeMap<Day, Change> = BTreeMap::new();
    let (mut known, mut missing) = (HashSet::new(), 0);
    for segment in snapshot.segments.values().flatten() {
        known.insert(segment.id);
        let is_gone = !found.contains_key(&segment.id);
        missing += u64::from(is_gone && !choice.replaced.contains(&segment.id));
        if is_gone || !choice.visible.contains(&segment.id) {
            changes.entry(segment.day).or_default().removed.push(segment.id);
        }
    }
    if missing > 0 && !options.forget_missing {
        return Err(Error::NotEmpty { segments: missing });
    }
    for id in choice.visible.iter().filter(|id| !known.contains(*id)) {
        if let Some(Found { meta, .. }) = found.get(id) {
            changes.entry(meta.day).or_default().added.push(meta.clone());
        }
    }
    Ok(changes)
}

/// Days together as far as a commit takes them. One that replaces segments is never divided: its rows would come twice or not at all
/// in between.
fn in_commits(changes: BTreeMap<Day, Change>) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    for Change { mut added, removed } in changes.into_values() {
        while removed.is_empty() && added.len() > REBUILD_SEGMENTS_PER_COMMIT {
            let rest = added.split_off(REBUILD_SEGMENTS_PER_COMMIT);
            commits.push(Commit { added: std::mem::replace(&mut added, rest), ..Commit::default() });
        }
        let fits = |commit: &&mut Commit| commit.added.len() + added.len() + removed.len() <= REBUILD_SEGMENTS_PER_COMMIT;
        match commits.last_mut().filter(fits) {
            Some(commit) => {
                commit.added.extend(added);
                commit.removed.extend(removed);
            }
            None => commits.push(Commit { added, removed, ..Commit::default() }),
        }
    }
    commits
}

/// Notes files that others stand for, so that they are deleted after a while like those of every removed segment.
async fn note_removals<'a>(catalog: &dyn CatalogClient, left_out: impl Iterator<Item = &'a SegmentMeta>, now_ms: i64) -> Result<(), Error> {
    let noted: HashSet<SegmentId> =
        removal::load(catalog).await?.into_values().flat_map(|removal| removal.segments).map(|segment| segment.id).collect();
    let new: Vec<Arc<SegmentMeta>> = left_out.filter(|segment| !noted.contains(&segment.id)).cloned().map(Arc::new).collect();
    for part in new.chunks(REMOVED_PER_COMMIT) {
        removal::note(catalog, CommitId::generate(), Reason::Compaction, part, now_ms).await?;
    }
    Ok(())
}

/// A segment by its file.
#[derive(Debug)]
struct Found {
    meta: SegmentMeta,
    rewrite: Option<Rewrite>,
}

async fn read_footers(lake: &Lake, report: &mut RebuildReport) -> Result<BTreeMap<SegmentId, Found>, Error> {
    let files = lake.list_segment_files().map_err(Error::from);
    let read = files.map_ok(|file| async move { Ok::<_, Error>((lake.segment_from_footer(&file.path).await, file)) });
    let mut read = read.try_buffer_unordered(FILES_IN_FLIGHT);
    let mut found = BTreeMap::new();
    while let Some((footer, file)) = read.try_next().await? {
        let refused = match footer {
            Ok((meta, _)) if file.id != Some(meta.id) => Some(format!("its footer says that it is segment {}", meta.id)),
            Ok((meta, rewrite)) => {
                let twice = found.insert(meta.id, Found { meta, rewrite });
                twice.map(|twice: Found| format!("segment {} is there twice, also as {}", twice.meta.id, twice.meta.path))
            }
            Err(LakeError::NotASegment { reason, .. }) => Some(reason),
            Err(error) => return Err(error.into()),
        };
        report.refused.extend(refused.map(|reason| RefusedFile { path: file.path, reason }));
    }
    Ok(found)
}

/// The segments that hold each row once, and those that others stand for, whether their files are there or not.
struct Choice {
    visible: BTreeSet<SegmentId>,
    replaced: HashSet<SegmentId>,
}

/// Chooses segments that hold each row once.
///
/// A merged segment holds the rows of those that it replaces, so either it is visible or they are. Which, is decided for all that one
/// commit would have made visible. If a segment that was to be replaced is gone, the commit was made, for only then files are deleted.
/// If all are there, both choices are right, unless the commit lacks one of its segments: then the writer died before. Of two that
/// replace the same segment only one was made: the newer one is chosen, since it may have been merged again.
fn choose_visible(found: &BTreeMap<SegmentId, Found>, report: &mut RebuildReport) -> Choice {
    let mut merges: BTreeMap<&[SegmentId], Merge<'_>> = BTreeMap::new();
    for (id, Found { rewrite, .. }) in found {
        if let Some(rewrite) = rewrite {
            merges.entry(&rewrite.outputs).or_default().segments.push((*id, rewrite));
        }
    }
    let rewrites = merges.values().flat_map(|merge| &merge.segments);
    let ever_replaced: HashSet<SegmentId> = rewrites.flat_map(|(_, rewrite)| all_replaced(rewrite)).collect();
    for (outputs, merge) in &mut merges {
        merge.is_whole = outputs.iter().all(|id| found.contains_key(id) || ever_replaced.contains(id));
        merge.is_certain = merge.segments.iter().any(|(_, rewrite)| rewrite.replaces.iter().any(|id| !found.contains_key(id)));
    }
    let mut in_order: Vec<&Merge<'_>> = merges.values().collect();
    in_order.sort_by_key(|merge| Reverse((merge.is_certain, merge.segments.last().map(|(id, _)| *id))));
    let (mut replaced, mut uncommitted) = (HashSet::new(), HashSet::new());
    for merge in in_order {
        if merge.is_certain || (merge.is_whole && !merge.comes_too_late(&replaced)) {
            replaced.extend(merge.segments.iter().flat_map(|(_, rewrite)| all_replaced(rewrite)));
        } else {
            uncommitted.extend(merge.segments.iter().map(|(id, _)| *id));
        }
    }
    let mut visible: BTreeSet<SegmentId> = found.keys().copied().collect();
    visible.retain(|id| !replaced.contains(id) && !uncommitted.contains(id));
    report.segments_uncommitted = uncommitted.len() as u64;
    report.segments_replaced = found.len() as u64 - visible.len() as u64 - report.segments_uncommitted;
    Choice { visible, replaced }
}

/// What one commit of compaction would have made visible, as far as it is there.
#[derive(Debug, Default)]
struct Merge<'a> {
    segments: Vec<(SegmentId, &'a Rewrite)>,
    is_whole: bool,
    is_certain: bool,
}

impl Merge<'_> {
    /// True if what it was to replace was replaced by another one.
    fn comes_too_late(&self, replaced: &HashSet<SegmentId>) -> bool {
        let is_late = |rewrite: &Rewrite| rewrite.replaces.iter().any(|id| replaced.contains(id));
        self.segments.iter().any(|(id, rewrite)| !replaced.contains(id) && is_late(rewrite))
    }
}

fn all_replaced(rewrite: &Rewrite) -> impl Iterator<Item = SegmentId> {
    rewrite.replaces.iter().chain(&rewrite.earlier).copied()
}

#[cfg(test)]
mod tests {
    use coldtrail_model::{Day, Table, TimeRange};

    use super::*;

    fn id(number: u8) -> SegmentId {
        SegmentId::from_bytes([number; 16])
    }

    fn ids(numbers: &[u8]) -> Vec<SegmentId> {
        numbers.iter().copied().map(id).collect()
    }

    /// What is visible of these files: the number of each, and what it replaces directly, earlier, and its commit's outputs.
    fn visible(files: &[(u8, Option<[&[u8]; 3]>)]) -> Vec<u8> {
        let found = files.iter().map(|(number, rewrite)| {
            let meta = SegmentMeta {
                id: id(*number),
                table: Table::Rejects,
                day: Day::from_epoch_days(0),
                path: number.to_string(),
                rows: 1,
                bytes: 1,
                created_ms: 0,
                time: TimeRange { start_ms: 0, end_ms: 0 },
                source: "zeek".to_owned(),
                accounts: None,
                has_rows_without_account: true,
                sha256: [0; 32],
                schema_version: 1,
            };
            let rewrite = rewrite.map(|[replaces, earlier, outputs]| Rewrite {
                replaces: ids(replaces),
                earlier: ids(earlier),
                outputs: ids(outputs),
            });
            (meta.id, Found { meta, rewrite })
        });
        choose_visible(&found.collect(), &mut RebuildReport::default()).visible.iter().map(|id| id.as_bytes()[0]).collect()
    }

    #[test]
    fn a_merged_segment_stands_for_those_that_it_replaces() {
        let merged = (9, Some([&[1, 2][..], &[], &[9]]));
        assert_eq!(visible(&[(1, None), (2, None), (3, None), merged]), [3, 9]);
        assert_eq!(visible(&[(2, None), (3, None), merged]), [3, 9], "one file is deleted already");
        assert_eq!(visible(&[merged]), [9]);
    }

    #[test]
    fn a_commit_that_lacks_a_segment_was_not_made() {
        let half = (8, Some([&[1, 2][..], &[], &[8, 9]]));
        assert_eq!(visible(&[(1, None), (2, None), (3, None), half]), [1, 2, 3]);
        assert_eq!(visible(&[(1, None), (3, None), half]), [3, 8], "it was, or the file would not be gone");
        let again = (10, Some([&[9][..], &[], &[10]]));
        assert_eq!(visible(&[(1, None), (2, None), half, again]), [8, 10], "the other one was merged again, and is deleted");
        assert_eq!(visible(&[(1, None), (7, Some([&[][..], &[], &[0]]))]), [1], "what never was to be committed");
    }

    #[test]
    fn what_was_merged_again_comes_once() {
        let first = (5, Some([&[1, 2][..], &[], &[5, 6]]));
        let beside = (6, Some([&[3][..], &[], &[5, 6]]));
        let second = (7, Some([&[5, 4][..], &[1, 2], &[7]]));
        assert_eq!(visible(&[(1, None), (2, None), (3, None), (4, None), first, beside, second]), [6, 7]);
        assert_eq!(visible(&[(1, None), (4, None), beside, second]), [6, 7], "the first one is deleted before what a run still reads");
        assert_eq!(visible(&[(2, None), (3, None), (4, None), first, beside, second]), [6, 7]);
    }

    #[test]
    fn of_two_that_merged_the_same_one_is_taken() {
        let lost = (6, Some([&[1, 2][..], &[], &[6]]));
        let won = (7, Some([&[2, 3][..], &[], &[7]]));
        assert_eq!(visible(&[(1, None), (2, None), (3, None), lost, won]), [1, 7]);
        assert_eq!(visible(&[(2, None), (3, None), lost, won]), [3, 6], "the file that is gone says which was made");
    }
}

//! One job: some segments of a day become fewer.

use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_catalog::{CommitId, Error as CatalogError};
use coldtrail_lake::{Rewrite, SegmentRewriter};
use coldtrail_model::{Commit, SegmentId, SegmentMeta};
use futures::TryStreamExt;

use crate::digest::RowsDigest;
use crate::maintenance::Work;
use crate::merge::{Merged, merge_by_time};
use crate::observables::{count_observables, merge_observables};
use crate::plan::{Group, Job};
use crate::removal::{self, Reason, ids};
use crate::{Error, Holds};

/// How a job ended.
#[derive(Debug)]
pub(crate) enum JobEnd {
    /// The catalog shows the new segments.
    Committed(JobDone),
    /// Somebody removed one of the segments, or set a hold, meanwhile. Nothing was changed.
    GivenUp,
}

/// What a job did.
#[derive(Debug, Default)]
pub(crate) struct JobDone {
    pub(crate) segments_removed: u64,
    pub(crate) segments_added: u64,
    /// Rows of events and rejects in the new segments.
    pub(crate) rows: u64,
    pub(crate) duplicates: u64,
}

/// What was written so far.
#[derive(Debug, Default)]
struct Written {
    added: Vec<SegmentMeta>,
    /// What the new segments of events show; merged into the observables and deleted again.
    scratch: Vec<SegmentMeta>,
    done: JobDone,
}

/// Merges, checks and commits. After an error nothing is visible of it, and what was written is deleted again as far as the store
/// allows; unless the catalog did not say whether it has committed: then it is left to garbage collection.
pub(crate) async fn run_job(work: &mut Work<'_>, job: &Job) -> Result<JobEnd, Error> {
    let mut written = Written::default();
    let merged = merge(work, job, &mut written).await;
    drop(work.lake.delete_uncommitted(&written.scratch).await.inspect_err(|error| {
        tracing::warn!(%error, "what a merged segment showed stays until garbage is collected");
    }));
    if let Err(error) = merged {
        give_up(work, &written).await;
        return Err(error);
    }
    commit(work, job, written).await
}

async fn merge(work: &mut Work<'_>, job: &Job, written: &mut Written) -> Result<(), Error> {
    let outputs = job.outputs();
    for group in &job.groups {
        work.check_stop()?;
        merge_rows(work, group, &outputs, !job.observables.is_empty(), written).await?;
    }
    let replaced: HashSet<SegmentId> = job.groups.iter().flat_map(|group| ids(&group.segments)).collect();
    let mut scratch: Vec<_> = written.scratch.iter().cloned().map(Arc::new).collect();
    for group in &job.observables {
        work.check_stop()?;
        let told = std::mem::take(&mut scratch);
        merge_group_of_observables(work, group, told, (&outputs, &replaced), written).await?;
    }
    written.done.segments_removed = job.removed().len() as u64;
    written.done.segments_added = written.added.len() as u64;
    Ok(())
}

/// Merges segments of events or rejects into one, and checks that it holds their rows.
async fn merge_rows(
    work: &mut Work<'_>,
    group: &Group,
    outputs: &[SegmentId],
    has_observables: bool,
    written: &mut Written,
) -> Result<(), Error> {
    let mut rewriter = begin(work, group, outputs).await?;
    let merged = merge_by_time(work.lake, &group.segments, work.config.duplicates, &mut rewriter).await?;
    let rewritten = rewriter.finish().await?;
    let meta = rewritten.meta;
    written.added.push(meta.clone());
    work.budget.spend(group.segments.iter().map(|segment| segment.bytes).sum::<u64>() + meta.bytes).await;
    check_rows(work, &meta, merged).await?;
    written.done.rows += merged.kept.rows;
    written.done.duplicates += merged.duplicates;
    if has_observables && let Some(scratch) = work.lake.write_sightings(work.writer_config, meta.day, rewritten.sightings).await? {
        work.budget.spend(scratch.bytes).await;
        written.scratch.push(scratch);
    }
    Ok(())
}

async fn merge_group_of_observables(
    work: &mut Work<'_>,
    group: &Group,
    told: Vec<Arc<SegmentMeta>>,
    (outputs, replaced): (&[SegmentId], &HashSet<SegmentId>),
    written: &mut Written,
) -> Result<(), Error> {
    let mut rewriter = begin(work, group, outputs).await?;
    let segments: Vec<_> = group.segments.iter().cloned().chain(told).collect();
    let expected = merge_observables(work.lake, &segments, replaced, &mut rewriter).await?;
    let meta = rewriter.finish().await?.meta;
    written.added.push(meta.clone());
    let found = count_observables(work.lake, &meta).await?;
    work.budget.spend(segments.iter().map(|segment| segment.bytes).sum::<u64>() + 2 * meta.bytes).await;
    if found == expected {
        return Ok(());
    }
    let reason =
        format!("{} rows that count {}, and not {} that count {}", found.rows.rows, found.count, expected.rows.rows, expected.count);
    Err(Error::RowsDiffer { segment: meta.id, reason })
}

/// Begins the segment that these become, after each was found to be as it was written: what is damaged must not be made to look whole.
async fn begin(work: &mut Work<'_>, group: &Group, outputs: &[SegmentId]) -> Result<SegmentRewriter, Error> {
    for segment in &group.segments {
        work.budget.spend(segment.bytes).await;
        work.lake.verify_segment(segment).await?;
    }
    let rewrite = Rewrite { replaces: ids(&group.segments), earlier: replaced_before(work, group).await?, outputs: outputs.to_vec() };
    Ok(SegmentRewriter::new(work.lake.clone(), work.writer_config.clone(), group.id, &group.segments[0], rewrite))
}

/// The segments that those of a group had replaced themselves, and whose files are still there.
async fn replaced_before(work: &Work<'_>, group: &Group) -> Result<Vec<SegmentId>, Error> {
    let mut earlier = Vec::new();
    for segment in &group.segments {
        earlier.extend(
            work.lake.rewrite_of(segment).await?.iter().flat_map(|rewrite| rewrite.replaces.iter().chain(&rewrite.earlier).copied()),
        );
    }
    if !earlier.is_empty() {
        let files: Vec<_> = work.lake.list_segment_files_beside(&group.segments[0]).try_collect().await?;
        let there: HashSet<SegmentId> = files.into_iter().filter_map(|file| file.id).collect();
        earlier.retain(|id| there.contains(id));
    }
    Ok(earlier)
}

/// Reads what was written, and compares it with what was read.
async fn check_rows(work: &mut Work<'_>, meta: &SegmentMeta, merged: Merged) -> Result<(), Error> {
    let mut found = RowsDigest::default();
    let mut rows = work.lake.stream_segment(meta).await?;
    while let Some(batch) = rows.try_next().await? {
        let digest = tokio::task::spawn_blocking(move || {
            let mut digest = found;
            digest.add_batch(&batch).map(|()| digest)
        });
        found = digest.await??;
    }
    work.budget.spend(meta.bytes).await;
    if found == merged.kept && meta.rows == found.rows {
        return Ok(());
    }
    let reason = match found.rows == merged.kept.rows {
        true => "a value differs".to_owned(),
        false => format!("it has {} rows, and not {}", found.rows, merged.kept.rows),
    };
    Err(Error::RowsDiffer { segment: meta.id, reason })
}

async fn commit(work: &mut Work<'_>, job: &Job, written: Written) -> Result<JobEnd, Error> {
    let removed = job.removed();
    let holds = Holds::load(work.catalog).await?;
    let is_held = removed.iter().any(|segment| holds.covering(segment).is_some());
    if is_held || work.check_stop().is_err() {
        give_up(work, &written).await;
        return work.check_stop().map(|()| JobEnd::GivenUp);
    }
    let id = CommitId::generate();
    let noted = removal::note(work.catalog, id, Reason::Compaction, &removed, work.now_ms).await?;
    let commit = Commit { added: written.added.clone(), removed: ids(&removed), ..Commit::default() };
    match work.commit(id, commit).await {
        Ok(_) => Ok(JobEnd::Committed(written.done)),
        Err(error) if error.is_retryable() || matches!(error, CatalogError::Stopped { .. } | CatalogError::Protocol { .. }) => {
            Err(error.into())
        }
        Err(error) => {
            give_up(work, &written).await;
            removal::forget(work.catalog, &noted, work.now_ms).await?;
            match error {
                CatalogError::SegmentUnknown { .. } => Ok(JobEnd::GivenUp),
                error => Err(error.into()),
            }
        }
    }
}

async fn give_up(work: &Work<'_>, written: &Written) {
    if let Err(error) = work.lake.delete_uncommitted(&written.added).await {
        tracing::warn!(%error, "a merged segment that is not committed stays until garbage is collected");
    }
}

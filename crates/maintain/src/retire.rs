//! What is past its time goes, what is on hold comes back.

use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_catalog::{CommitId, Error as CatalogError};
use coldtrail_model::{Commit, SegmentId, SegmentMeta};

use crate::maintenance::Work;
use crate::removal::{self, REMOVED_PER_COMMIT, Reason, ids};
use crate::{Error, Holds, Retention, RetentionReport};

/// Brings back what retention removed and a hold covers, as long as the files are there; then removes what is past its time, and looks
/// once more for holds that were set in that moment.
pub(crate) async fn retain(work: &mut Work<'_>) -> Result<RetentionReport, Error> {
    let mut report = RetentionReport { segments_restored: restore_held(work).await?, ..RetentionReport::default() };
    let (holds, rules) = (Holds::load(work.catalog).await?, Retention::load(work.catalog).await?);
    let snapshot = work.catalog.snapshot().await?;
    let expired = snapshot.segments.values().flatten().filter(|segment| rules.has_expired(segment, work.now_ms));
    let (held, due): (Vec<_>, Vec<_>) = expired.cloned().partition(|segment| holds.covering(segment).is_some());
    report.segments_held = held.len() as u64;
    for due in due.chunks(REMOVED_PER_COMMIT) {
        work.check_stop()?;
        if remove(work, due).await? {
            report.segments_removed += due.len() as u64;
            report.rows_removed += due.iter().map(|segment| segment.rows).sum::<u64>();
            report.bytes_removed += due.iter().map(|segment| segment.bytes).sum::<u64>();
        }
    }
    if report.segments_removed > 0 {
        report.segments_restored += restore_held(work).await?;
    }
    Ok(report)
}

/// Removes segments; false if one of them was removed meanwhile: then the next pass removes the others.
async fn remove(work: &Work<'_>, segments: &[Arc<SegmentMeta>]) -> Result<bool, Error> {
    let holds = Holds::load(work.catalog).await?;
    if segments.iter().any(|segment| holds.covering(segment).is_some()) {
        return Ok(false);
    }
    let id = CommitId::generate();
    let noted = removal::note(work.catalog, id, Reason::Retention, segments, work.now_ms).await?;
    match work.commit(id, Commit { removed: ids(segments), ..Commit::default() }).await {
        Ok(_) => Ok(true),
        Err(CatalogError::SegmentUnknown { .. }) => {
            removal::forget(work.catalog, &noted, work.now_ms).await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Brings back what retention removed, a hold covers, and is as it was written.
async fn restore_held(work: &mut Work<'_>) -> Result<u64, Error> {
    let holds = Holds::load(work.catalog).await?;
    if holds.iter().next().is_none() {
        return Ok(0);
    }
    let snapshot = work.catalog.snapshot().await?;
    let visible: HashSet<SegmentId> = snapshot.segments.values().flatten().map(|segment| segment.id).collect();
    let mut restored = 0;
    for removal in removal::load(work.catalog).await?.into_values().filter(|removal| removal.reason == Reason::Retention) {
        let mut added = Vec::new();
        for segment in removal.segments {
            if !visible.contains(&segment.id) && holds.covering(&segment).is_some() {
                work.check_stop()?;
                work.budget.spend(segment.bytes).await;
                match work.lake.verify_segment(&segment).await {
                    Ok(()) => added.push(segment),
                    Err(error @ (coldtrail_lake::Error::SegmentMissing { .. } | coldtrail_lake::Error::SegmentDamaged { .. })) => {
                        tracing::error!(segment_id = %segment.id, %error, "a segment on hold was removed before the hold and cannot be brought back");
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if added.is_empty() {
            continue;
        }
        let count = added.len() as u64;
        match work.commit(CommitId::generate(), Commit { added, ..Commit::default() }).await {
            Ok(_) => restored += count,
            // Another one brought them back meanwhile.
            Err(CatalogError::SegmentExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(restored)
}

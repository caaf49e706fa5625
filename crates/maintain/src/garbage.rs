//! Which files nobody needs any more.

use std::collections::{BTreeMap, HashSet};

use coldtrail_lake::Cleaned;
use coldtrail_model::SegmentId;

use crate::config::hours_ms;
use crate::maintenance::Work;
use crate::removal::{self, Removal};
use crate::{Error, GarbageReport, Holds};

/// Deletes the files of removed segments whose time has come, and those that no commit names.
pub(crate) async fn collect(work: &Work<'_>) -> Result<GarbageReport, Error> {
    let older_than_ms = work.now_ms.saturating_sub(hours_ms(work.config.orphan_hours));
    // In this order: a removal is noted before it is committed, so one that is not noted yet is of a segment that is kept still.
    let kept: HashSet<SegmentId> = work.catalog.kept_segments().await?.into_iter().collect();
    let removals = removal::load(work.catalog).await?;
    let holds = Holds::load(work.catalog).await?;
    let snapshot = work.catalog.snapshot().await?;
    let visible: HashSet<SegmentId> = snapshot.segments.values().flatten().map(|segment| segment.id).collect();

    let fates = fates(work, &removals, &holds, &kept);
    // Orphans first: as long as one of them is there that was made of segments, those must be there too, or a catalog that is made
    // again from the files would take it for committed.
    // What was there before this catalog was made, and is not known to it, was visible in the one before: `rebuild` takes it in.
    let created_ms = work.catalog.status().await?.created_ms();
    let is_earlier = |id: &SegmentId| id.created_ms() < created_ms;
    let orphans = work.lake.clean_orphans(|id| kept.contains(id) || fates.contains_key(id) || is_earlier(id), older_than_ms).await?;
    work.check_stop()?;
    let stays = |id: &SegmentId| kept.contains(id) || fates.get(id).map_or_else(|| is_earlier(id), |fate| *fate != Fate::Due);
    let removed = work.lake.clean_orphans(stays, older_than_ms).await?;
    let is_over = |removal: &&Removal| {
        let is_settled = |id: &SegmentId| visible.contains(id) || (!kept.contains(id) && fates.get(id) == Some(&Fate::Due));
        is_old(work, removal) && removal.segments.iter().all(|segment| is_settled(&segment.id))
    };
    let over: Vec<String> = removals.iter().filter(|(_, removal)| is_over(removal)).map(|(key, _)| key.clone()).collect();
    removal::forget(work.catalog, &over, work.now_ms).await?;
    Ok(report(&orphans, &removed, fates.iter().filter(|(id, _)| !visible.contains(id)).map(|(id, fate)| (*fate, kept.contains(id)))))
}

/// What is to become of the file of a segment that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Due,
    Young,
    Held,
}

/// The fate of each segment of a removal; what keeps a file goes before what lets it go.
fn fates(work: &Work<'_>, removals: &BTreeMap<String, Removal>, holds: &Holds, kept: &HashSet<SegmentId>) -> BTreeMap<SegmentId, Fate> {
    let mut fates = BTreeMap::new();
    for removal in removals.values() {
        for segment in &removal.segments {
            let fate = match () {
                () if !kept.contains(&segment.id) && holds.covering(segment).is_some() => Fate::Held,
                () if is_old(work, removal) => Fate::Due,
                () => Fate::Young,
            };
            let known = fates.entry(segment.id).or_insert(fate);
            *known = (*known).max(fate);
        }
    }
    fates
}

fn is_old(work: &Work<'_>, removal: &Removal) -> bool {
    removal.at_ms <= work.now_ms.saturating_sub(hours_ms(work.config.removed_hours))
}

fn report(orphans: &Cleaned, removed: &Cleaned, fates: impl Iterator<Item = (Fate, bool)>) -> GarbageReport {
    let mut report = GarbageReport {
        removed_deleted: removed.segments_deleted,
        orphans_deleted: orphans.segments_deleted + orphans.unfinished_deleted + removed.unfinished_deleted,
        bytes_deleted: orphans.bytes_deleted + removed.bytes_deleted,
        orphans_young: orphans.young_kept,
        foreign: removed.foreign_kept,
        ..GarbageReport::default()
    };
    for (fate, is_pinned) in fates {
        match (fate, is_pinned) {
            (_, true) => report.removed_pinned += 1,
            (Fate::Held, false) => report.removed_held += 1,
            (Fate::Young, false) => report.removed_young += 1,
            (Fate::Due, false) => {}
        }
    }
    report
}

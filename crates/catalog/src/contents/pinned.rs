//! Snapshots that are no longer the newest, and that runs read or have read.

use std::sync::Arc;

use coldtrail_model::{Day, SegmentId, SegmentMeta, Snapshot, Table};
use imbl::OrdMap;

use super::{Contents, SegmentKey};

/// A visible segment.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) segment: Arc<SegmentMeta>,
    /// The snapshot that showed it first.
    pub(super) added_in: u64,
}

/// A segment that is no longer visible, and that a run reads or has read.
#[derive(Debug, Clone)]
pub(crate) struct RemovedSegment {
    pub(crate) segment: Arc<SegmentMeta>,
    pub(crate) added_in: u64,
    /// The first snapshot that does not show it.
    pub(crate) removed_in: u64,
}

/// What is left of the snapshots of before.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// The newest snapshot that took a segment away: those from it on can be told from what is visible now.
    last_removal_id: u64,
    removed: OrdMap<(SegmentKey, u64), RemovedSegment>,
    /// How many runs that go on or have answered read which snapshot.
    pins: OrdMap<u64, u64>,
}

impl History {
    pub(super) fn since(last_removal_id: u64) -> Self {
        Self { last_removal_id, ..Self::default() }
    }

    pub(super) fn note_removed(&mut self, stored: Stored, removed_in: u64) {
        let Stored { segment, added_in } = stored;
        self.last_removal_id = removed_in;
        self.keep_if_pinned(RemovedSegment { segment, added_in, removed_in });
    }

    fn keep_if_pinned(&mut self, removed: RemovedSegment) {
        if self.is_pinned(&removed) {
            let key = (removed.segment.table, removed.segment.day, removed.segment.id);
            self.removed.insert((key, removed.removed_in), removed);
        }
    }

    fn is_pinned(&self, removed: &RemovedSegment) -> bool {
        self.pins.range(removed.added_in..removed.removed_in).next().is_some()
    }

    pub(super) fn pin(&mut self, snapshot_id: u64) {
        *self.pins.entry(snapshot_id).or_insert(0) += 1;
    }

    /// Forgets what only this run needed.
    pub(super) fn unpin(&mut self, snapshot_id: u64) {
        match self.pins.get(&snapshot_id).copied() {
            Some(count) if count > 1 => {
                self.pins.insert(snapshot_id, count - 1);
            }
            Some(_) => {
                self.pins.remove(&snapshot_id);
                self.forget_unpinned();
            }
            None => {}
        }
    }

    fn forget_unpinned(&mut self) {
        let unneeded: Vec<_> = self.removed.iter().filter(|(_, removed)| !self.is_pinned(removed)).map(|(key, _)| *key).collect();
        for key in &unneeded {
            self.removed.remove(key);
        }
    }
}

impl Contents {
    /// The newest snapshot that took a segment away; every one from it on is known.
    pub(crate) fn last_removal_id(&self) -> u64 {
        self.history.last_removal_id
    }

    /// True if this snapshot can be given: it is recent, or a run that goes on or has answered reads it.
    pub(crate) fn knows_snapshot(&self, snapshot_id: u64) -> bool {
        let is_recent = (self.history.last_removal_id..=self.snapshot_id).contains(&snapshot_id);
        is_recent || self.history.pins.contains_key(&snapshot_id)
    }

    /// The segments that are kept for runs only.
    pub(crate) fn removed_segments(&self) -> impl Iterator<Item = &RemovedSegment> {
        self.history.removed.values()
    }

    /// Every segment whose file must be kept, each once.
    pub(crate) fn kept_segments(&self) -> Vec<SegmentId> {
        let removed = self.removed_segments().map(|removed| removed.segment.id).filter(|id| !self.places.contains_key(id));
        let mut kept: Vec<_> = self.segments().map(|segment| segment.id).chain(removed).collect();
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// What a snapshot showed, if it is known. Takes time in proportion to the number of segments.
    pub(crate) fn snapshot_at(&self, snapshot_id: u64) -> Option<Snapshot> {
        if !self.knows_snapshot(snapshot_id) {
            return None;
        }
        let still_there = self.stored_segments().filter(|(_, added_in)| *added_in <= snapshot_id).map(|(segment, _)| segment);
        let removed = self.removed_segments().filter(|removed| (removed.added_in..removed.removed_in).contains(&snapshot_id));
        let mut snapshot = Snapshot { id: snapshot_id, ..Snapshot::default() };
        for segment in still_there.chain(removed.map(|removed| &removed.segment)) {
            snapshot.segments.entry(segment.table).or_default().push(Arc::clone(segment));
        }
        for of_table in snapshot.segments.values_mut() {
            of_table.sort_by_key(|segment| (segment.day, segment.id));
        }
        Some(snapshot)
    }

    /// Takes over what an image says of a segment that is no longer visible. False if it is there twice.
    pub(crate) fn restore_removed(&mut self, removed: RemovedSegment) -> bool {
        let key: (Table, Day, SegmentId) = (removed.segment.table, removed.segment.day, removed.segment.id);
        self.history.removed.insert((key, removed.removed_in), removed).is_none()
    }
}

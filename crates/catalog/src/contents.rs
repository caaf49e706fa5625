//! The state that all nodes agree on, and the judgement of commits and of changes to runs and documents.

use std::sync::Arc;

use coldtrail_model::{Day, SegmentId, SegmentMeta, Snapshot, SourceObject, Table};
use imbl::{OrdMap, OrdSet};

use crate::raft::{ProposedCommit, Refusal};
use crate::{CommitId, SourceProbe};

mod documents;
mod pinned;
mod runs;

use documents::Documents;
pub(crate) use documents::check_document_changes;
pub(crate) use pinned::RemovedSegment;
use pinned::{History, Stored};
use runs::Runs;

/// How many commits are remembered so that their retries are recognised. All nodes must agree on it.
const RECENT_COMMITS_MAX: usize = 10_000;

/// What the catalog holds. A value: a commit makes the next one from it and shares what it does not touch, so that
/// a copy costs nothing, whoever holds an old one keeps it, and a refused commit leaves no trace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    snapshot_id: u64,
    segments: OrdMap<SegmentKey, Stored>,
    history: History,
    places: OrdMap<SegmentId, (Table, Day)>,
    sources: OrdMap<String, Vec<Arc<SourceObject>>>,
    source_count: usize,
    /// The SHA-256 of every source object.
    digests: OrdSet<[u8; 32]>,
    recent: RecentCommits,
    runs: Runs,
    documents: Documents,
}

/// The order of segments within a snapshot.
type SegmentKey = (Table, Day, SegmentId);

/// The newest commits, oldest first.
#[derive(Debug, Clone, Default)]
struct RecentCommits {
    by_age: OrdMap<u64, RecentCommit>,
    ages: OrdMap<CommitId, u64>,
}

/// A commit whose retry is recognised.
#[derive(Debug, Clone)]
pub(crate) struct RecentCommit {
    pub(crate) id: CommitId,
    pub(crate) digest: [u8; 32],
    pub(crate) snapshot_id: u64,
}

impl Contents {
    /// The contents after this commit, with the snapshot that shows it; or why it changes nothing.
    pub(crate) fn apply(&self, proposed: ProposedCommit) -> Result<(Self, u64), Refusal> {
        let ProposedCommit { id, digest, commit } = proposed;
        if let Some(earlier) = self.recent.get(id) {
            let is_retry = earlier.digest == digest;
            return if is_retry { Ok((self.clone(), earlier.snapshot_id)) } else { Err(Refusal::CommitIdReused { id }) };
        }
        let mut next = self.clone();
        let changes_segments = !commit.removed.is_empty() || !commit.added.is_empty();
        next.snapshot_id += u64::from(changes_segments);
        for segment in commit.removed {
            next.remove_segment(segment)?;
        }
        for segment in commit.added {
            if self.places.contains_key(&segment.id) {
                return Err(Refusal::SegmentExists { segment: segment.id });
            }
            next.add_segment(segment, next.snapshot_id)?;
        }
        for object in commit.source_objects {
            if commit.unique_content && object.records > 0 && next.has_content(&object.sha256) && !next.has_object(&object) {
                return Err(Refusal::ContentKnown { url: object.url });
            }
            next.add_source_object(object)?;
        }
        next.recent.push(RecentCommit { id, digest, snapshot_id: next.snapshot_id });
        let snapshot_id = next.snapshot_id;
        Ok((next, snapshot_id))
    }

    /// The newest snapshot's number.
    pub(crate) fn snapshot_id(&self) -> u64 {
        self.snapshot_id
    }

    /// How many segments are visible.
    pub(crate) fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// How many source objects were taken in.
    pub(crate) fn source_count(&self) -> usize {
        self.source_count
    }

    /// The visible segments, in order of table, day and id.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<SegmentMeta>> {
        self.segments.values().map(|stored| &stored.segment)
    }

    /// The visible segments with the snapshots that showed them first.
    pub(crate) fn stored_segments(&self) -> impl Iterator<Item = (&Arc<SegmentMeta>, u64)> {
        self.segments.values().map(|stored| (&stored.segment, stored.added_in))
    }

    /// The source objects, in order of URL and then of their coming.
    pub(crate) fn source_objects(&self) -> impl Iterator<Item = &Arc<SourceObject>> {
        self.sources.values().flatten()
    }

    /// The commits whose retries are recognised, oldest first.
    pub(crate) fn recent_commits(&self) -> impl Iterator<Item = &RecentCommit> {
        self.recent.by_age.values()
    }

    /// The snapshot as queries use it. Takes time in proportion to the number of segments.
    pub(crate) fn to_snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { id: self.snapshot_id, ..Snapshot::default() };
        let mut segments = self.segments().peekable();
        while let Some(first) = segments.peek() {
            let table = first.table;
            let of_table = snapshot.segments.entry(table).or_default();
            while let Some(segment) = segments.next_if(|segment| segment.table == table) {
                of_table.push(Arc::clone(segment));
            }
        }
        snapshot
    }

    /// True if this object was taken in.
    pub(crate) fn is_ingested(&self, probe: &SourceProbe) -> bool {
        self.ingested(probe).is_some()
    }

    /// This object, if it was taken in.
    pub(crate) fn ingested(&self, probe: &SourceProbe) -> Option<&Arc<SourceObject>> {
        self.sources.get(&probe.url)?.iter().find(|object| probe.identity.is_of(object))
    }

    /// True if this object was taken in with this content.
    fn has_object(&self, object: &SourceObject) -> bool {
        self.sources.get(&object.url).is_some_and(|objects| objects.iter().any(|earlier| earlier.sha256 == object.sha256))
    }

    /// True if an object with this content was taken in, whatever its name.
    pub(crate) fn has_content(&self, sha256: &[u8; 32]) -> bool {
        self.digests.contains(sha256)
    }

    /// The contents that an image lists; the caller has read them from one.
    pub(crate) fn rebuild(snapshot_id: u64, last_removal_id: u64) -> Self {
        Self { snapshot_id, history: History::since(last_removal_id), ..Self::default() }
    }

    pub(crate) fn add_segment(&mut self, segment: SegmentMeta, added_in: u64) -> Result<(), Refusal> {
        let id = segment.id;
        if self.places.insert(id, (segment.table, segment.day)).is_some() {
            return Err(Refusal::SegmentExists { segment: id });
        }
        self.segments.insert((segment.table, segment.day, id), Stored { segment: Arc::new(segment), added_in });
        Ok(())
    }

    fn remove_segment(&mut self, segment: SegmentId) -> Result<(), Refusal> {
        let (table, day) = self.places.remove(&segment).ok_or(Refusal::SegmentUnknown { segment })?;
        if let Some(stored) = self.segments.remove(&(table, day, segment)) {
            self.history.note_removed(stored, self.snapshot_id);
        }
        Ok(())
    }

    pub(crate) fn add_source_object(&mut self, object: SourceObject) -> Result<(), Refusal> {
        let at_url = self.sources.entry(object.url.clone()).or_default();
        if at_url.iter().any(|earlier| earlier.sha256 == object.sha256) {
            return Err(Refusal::AlreadyIngested { url: object.url });
        }
        self.digests.insert(object.sha256);
        at_url.push(Arc::new(object));
        self.source_count += 1;
        Ok(())
    }

    pub(crate) fn add_recent_commit(&mut self, commit: RecentCommit) {
        self.recent.push(commit);
    }
}

impl RecentCommits {
    fn get(&self, id: CommitId) -> Option<&RecentCommit> {
        self.by_age.get(self.ages.get(&id)?)
    }

    fn push(&mut self, commit: RecentCommit) {
        let age = self.by_age.get_max().map_or(0, |(age, _)| age + 1);
        self.ages.insert(commit.id, age);
        self.by_age.insert(age, commit);
        while self.by_age.len() > RECENT_COMMITS_MAX {
            let Some((oldest, forgotten)) = self.by_age.get_min().map(|(age, commit)| (*age, commit.id)) else { break };
            self.by_age.remove(&oldest);
            self.ages.remove(&forgotten);
        }
    }
}

#[cfg(test)]
mod tests;

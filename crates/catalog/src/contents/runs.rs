//! The judgement of changes to runs and slices.

use std::sync::Arc;

use coldtrail_model::{Run, RunId, RunState, Slice, SliceState};
use imbl::OrdMap;

use super::Contents;
use crate::RUNS_MAX;
use crate::raft::Refusal;

/// The runs and their slices.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    by_id: OrdMap<RunId, Arc<Run>>,
    ended: usize,
    slices: OrdMap<(RunId, u32), Arc<Slice>>,
}

impl Contents {
    /// The contents with this run. One that is there already with the same definition is a retry.
    pub(crate) fn create_run(&self, run: Run) -> Result<Self, Refusal> {
        if let Some(present) = self.run(run.id) {
            let is_retry = present.definition == run.definition;
            return if is_retry { Ok(self.clone()) } else { Err(Refusal::RunExists { run: run.id }) };
        }
        if !self.knows_snapshot(run.definition.snapshot_id) {
            return Err(self.snapshot_gone(run.definition.snapshot_id));
        }
        if self.runs.ended >= RUNS_MAX {
            return Err(Refusal::TooManyRuns);
        }
        let mut next = self.clone();
        next.insert_run(run);
        Ok(next)
    }

    /// The contents with this run in place of its earlier version, and what is stored.
    pub(crate) fn update_run(&self, expected_version: u64, run: Run) -> Result<(Self, Run), Refusal> {
        let present = self.run(run.id).ok_or(Refusal::RunUnknown { run: run.id })?;
        let run = Run { version: expected_version.wrapping_add(1), ..run };
        if **present == run {
            return Ok((self.clone(), run));
        }
        if present.state.has_ended() {
            return Err(Refusal::RunEnded { run: run.id, state: present.state });
        }
        if present.version != expected_version {
            return Err(Refusal::RunChanged { run: Box::new(present.as_ref().clone()) });
        }
        if run.epoch < present.epoch {
            return Err(Refusal::StaleEpoch { epoch: run.epoch, current: present.epoch });
        }
        if run.definition != present.definition {
            return Err(Refusal::RunInvalid { reason: format!("the definition of run {} cannot be changed", run.id) });
        }
        let mut next = self.clone();
        if run.state.has_ended() {
            next.runs.ended += 1;
        }
        if !needs_snapshot(&run) {
            next.history.unpin(run.definition.snapshot_id);
        }
        next.runs.by_id.insert(run.id, Arc::new(run.clone()));
        Ok((next, run))
    }

    /// The contents with these slices of a run, all of them or none.
    pub(crate) fn put_slices(&self, run: RunId, epoch: u64, slices: Vec<Slice>) -> Result<Self, Refusal> {
        let present = self.run(run).ok_or(Refusal::RunUnknown { run })?;
        let new: Vec<Slice> = slices.into_iter().filter(|slice| self.slice(run, slice.number) != Some(slice)).collect();
        if new.is_empty() {
            return Ok(self.clone());
        }
        if present.epoch != epoch {
            return Err(Refusal::StaleEpoch { epoch, current: present.epoch });
        }
        if present.state.has_ended() {
            return Err(Refusal::RunEnded { run, state: present.state });
        }
        let mut next = self.clone();
        for slice in new {
            let before = self.slice(run, slice.number).map(|slice| &slice.state);
            if matches!(before, Some(SliceState::Done(_) | SliceState::Skipped)) {
                return Err(Refusal::SliceEnded { run, number: slice.number });
            }
            next.runs.slices.insert((run, slice.number), Arc::new(slice));
        }
        Ok(next)
    }

    /// The contents without a run that has ended. One that is not there was deleted before.
    pub(crate) fn delete_run(&self, run: RunId) -> Result<Self, Refusal> {
        let Some(present) = self.run(run) else { return Ok(self.clone()) };
        if !present.state.has_ended() {
            return Err(Refusal::RunActive { run, state: present.state });
        }
        let mut next = self.clone();
        if needs_snapshot(present) {
            next.history.unpin(present.definition.snapshot_id);
        }
        next.runs.by_id.remove(&run);
        next.runs.ended -= 1;
        let numbers: Vec<u32> = self.slices(run).map(|slice| slice.number).collect();
        for number in numbers {
            next.runs.slices.remove(&(run, number));
        }
        Ok(next)
    }

    /// One run.
    pub(crate) fn run(&self, run: RunId) -> Option<&Arc<Run>> {
        self.runs.by_id.get(&run)
    }

    /// Every run, the oldest first.
    pub(crate) fn runs(&self) -> impl DoubleEndedIterator<Item = &Arc<Run>> {
        self.runs.by_id.values()
    }

    /// The slices of a run, in order of their numbers.
    pub(crate) fn slices(&self, run: RunId) -> impl Iterator<Item = &Arc<Slice>> {
        self.runs.slices.range((run, 0)..=(run, u32::MAX)).map(|(_, slice)| slice)
    }

    /// The slices of all runs.
    pub(crate) fn all_slices(&self) -> impl Iterator<Item = &Arc<Slice>> {
        self.runs.slices.values()
    }

    /// Takes over a run from an image. False if it is there twice.
    pub(crate) fn restore_run(&mut self, run: Run) -> bool {
        let is_new = self.run(run.id).is_none();
        if is_new {
            self.insert_run(run);
        }
        is_new
    }

    /// Takes over a slice from an image. False if it is there twice, or its run is not there.
    pub(crate) fn restore_slice(&mut self, slice: Slice) -> bool {
        self.run(slice.run).is_some() && self.runs.slices.insert((slice.run, slice.number), Arc::new(slice)).is_none()
    }

    /// Says why a snapshot cannot be given.
    pub(crate) fn snapshot_gone(&self, snapshot_id: u64) -> Refusal {
        Refusal::SnapshotGone { snapshot_id, oldest: self.last_removal_id(), newest: self.snapshot_id() }
    }

    fn insert_run(&mut self, run: Run) {
        if run.state.has_ended() {
            self.runs.ended += 1;
        }
        if needs_snapshot(&run) {
            self.history.pin(run.definition.snapshot_id);
        }
        self.runs.by_id.insert(run.id, Arc::new(run));
    }

    fn slice(&self, run: RunId, number: u32) -> Option<&Slice> {
        self.runs.slices.get(&(run, number)).map(Arc::as_ref)
    }
}

/// True if what the run reads must stay: while it goes on, and once it has answered, so that the answer can be shown and repeated.
fn needs_snapshot(run: &Run) -> bool {
    !matches!(run.state, RunState::Failed | RunState::Cancelled)
}

//! Runs and slices to messages and back.

use coldtrail_model::{Merge, Run, RunDefinition, RunId, RunPlan, RunState, Slice, SliceResult, SliceState, TimeRange};

use super::convert::{digest_from_bytes, fixed};
use super::v1;
use crate::Error;

/// The run id that a field holds.
pub fn run_id_from_bytes(bytes: &[u8], message: &'static str, field: &'static str) -> Result<RunId, Error> {
    fixed(bytes, message, field).map(RunId::from_bytes)
}

/// The number of a state.
pub fn run_state_to_proto(state: RunState) -> v1::RunState {
    match state {
        RunState::Queued => v1::RunState::Queued,
        RunState::Running => v1::RunState::Running,
        RunState::Paused => v1::RunState::Paused,
        RunState::Done => v1::RunState::Done,
        RunState::Partial => v1::RunState::Partial,
        RunState::Failed => v1::RunState::Failed,
        RunState::Cancelled => v1::RunState::Cancelled,
    }
}

/// The state that a number stands for.
pub fn run_state_from_proto(number: i32, message: &'static str) -> Result<RunState, Error> {
    match v1::RunState::try_from(number) {
        Ok(v1::RunState::Queued) => Ok(RunState::Queued),
        Ok(v1::RunState::Running) => Ok(RunState::Running),
        Ok(v1::RunState::Paused) => Ok(RunState::Paused),
        Ok(v1::RunState::Done) => Ok(RunState::Done),
        Ok(v1::RunState::Partial) => Ok(RunState::Partial),
        Ok(v1::RunState::Failed) => Ok(RunState::Failed),
        Ok(v1::RunState::Cancelled) => Ok(RunState::Cancelled),
        Ok(v1::RunState::Unspecified) | Err(_) => Err(Error::Number { message, field: "state", found: number }),
    }
}

fn merge_to_proto(merge: Merge) -> v1::Merge {
    match merge {
        Merge::Append => v1::Merge::Append,
        Merge::Limit => v1::Merge::Limit,
        Merge::Sort => v1::Merge::Sort,
        Merge::Aggregate => v1::Merge::Aggregate,
        Merge::Whole => v1::Merge::Whole,
    }
}

fn merge_from_proto(number: i32) -> Result<Merge, Error> {
    match v1::Merge::try_from(number) {
        Ok(v1::Merge::Append) => Ok(Merge::Append),
        Ok(v1::Merge::Limit) => Ok(Merge::Limit),
        Ok(v1::Merge::Sort) => Ok(Merge::Sort),
        Ok(v1::Merge::Aggregate) => Ok(Merge::Aggregate),
        Ok(v1::Merge::Whole) => Ok(Merge::Whole),
        Ok(v1::Merge::Unspecified) | Err(_) => Err(Error::Number { message: "RunPlan", field: "merge", found: number }),
    }
}

impl From<&Run> for v1::Run {
    fn from(run: &Run) -> Self {
        let Run { id, definition, state, plan, epoch, version, message, started_ms, ended_ms } = run;
        Self {
            id: id.as_bytes().to_vec(),
            definition: Some(definition.into()),
            state: run_state_to_proto(*state).into(),
            plan: plan.as_ref().map(Into::into),
            epoch: *epoch,
            version: *version,
            message: message.clone(),
            started_ms: *started_ms,
            ended_ms: *ended_ms,
        }
    }
}

impl TryFrom<v1::Run> for Run {
    type Error = Error;

    fn try_from(run: v1::Run) -> Result<Self, Error> {
        const MESSAGE: &str = "Run";
        Ok(Self {
            id: run_id_from_bytes(&run.id, MESSAGE, "id")?,
            definition: run.definition.ok_or(Error::Missing { message: MESSAGE, field: "definition" })?.into(),
            state: run_state_from_proto(run.state, MESSAGE)?,
            plan: run.plan.map(TryInto::try_into).transpose()?,
            epoch: run.epoch,
            version: run.version,
            message: run.message,
            started_ms: run.started_ms,
            ended_ms: run.ended_ms,
        })
    }
}

impl From<&RunDefinition> for v1::RunDefinition {
    fn from(definition: &RunDefinition) -> Self {
        let RunDefinition { sql, title, principal, submitted_ms, snapshot_id, priority, deadline_ms, bytes_max, parallelism, labels } =
            definition;
        Self {
            sql: sql.clone(),
            title: title.clone(),
            principal: principal.clone(),
            submitted_ms: *submitted_ms,
            snapshot_id: *snapshot_id,
            priority: *priority,
            deadline_ms: *deadline_ms,
            bytes_max: *bytes_max,
            parallelism: *parallelism,
            labels: labels.clone(),
        }
    }
}

impl From<v1::RunDefinition> for RunDefinition {
    fn from(definition: v1::RunDefinition) -> Self {
        Self {
            sql: definition.sql,
            title: definition.title,
            principal: definition.principal,
            submitted_ms: definition.submitted_ms,
            snapshot_id: definition.snapshot_id,
            priority: definition.priority,
            deadline_ms: definition.deadline_ms,
            bytes_max: definition.bytes_max,
            parallelism: definition.parallelism,
            labels: definition.labels,
        }
    }
}

impl From<&RunPlan> for v1::RunPlan {
    fn from(plan: &RunPlan) -> Self {
        let RunPlan { merge, reason, slices, segments, bytes, rows } = plan;
        Self {
            merge: merge_to_proto(*merge).into(),
            reason: reason.clone(),
            slices: *slices,
            segments: *segments,
            bytes: *bytes,
            rows: *rows,
        }
    }
}

impl TryFrom<v1::RunPlan> for RunPlan {
    type Error = Error;

    fn try_from(plan: v1::RunPlan) -> Result<Self, Error> {
        Ok(Self {
            merge: merge_from_proto(plan.merge)?,
            reason: plan.reason,
            slices: plan.slices,
            segments: plan.segments,
            bytes: plan.bytes,
            rows: plan.rows,
        })
    }
}

impl From<&Slice> for v1::Slice {
    fn from(slice: &Slice) -> Self {
        use v1::slice::State;
        let Slice { run, number, time, segments, bytes, attempts, state, started_ms, ended_ms } = slice;
        let state = match state {
            SliceState::Planned => State::Planned(v1::SlicePlanned {}),
            SliceState::Done(SliceResult { path, rows, bytes, sha256 }) => {
                State::Done(v1::SliceResult { path: path.clone(), rows: *rows, bytes: *bytes, sha256: sha256.to_vec() })
            }
            SliceState::Skipped => State::Skipped(v1::SliceSkipped {}),
            SliceState::Failed { message, segment } => {
                State::Failed(v1::SliceFailure { message: message.clone(), segment: segment.clone() })
            }
        };
        Self {
            run_id: run.as_bytes().to_vec(),
            number: *number,
            start_ms: time.start_ms,
            end_ms: time.end_ms,
            segments: *segments,
            bytes: *bytes,
            attempts: *attempts,
            state: Some(state),
            started_ms: *started_ms,
            ended_ms: *ended_ms,
        }
    }
}

impl TryFrom<v1::Slice> for Slice {
    type Error = Error;

    fn try_from(slice: v1::Slice) -> Result<Self, Error> {
        use v1::slice::State;
        const MESSAGE: &str = "Slice";
        let state = match slice.state.ok_or(Error::Missing { message: MESSAGE, field: "state" })? {
            State::Planned(_) => SliceState::Planned,
            State::Done(v1::SliceResult { path, rows, bytes, sha256 }) => {
                SliceState::Done(SliceResult { path, rows, bytes, sha256: digest_from_bytes(&sha256, "SliceResult", "sha256")? })
            }
            State::Skipped(_) => SliceState::Skipped,
            State::Failed(v1::SliceFailure { message, segment }) => SliceState::Failed { message, segment },
        };
        Ok(Self {
            run: run_id_from_bytes(&slice.run_id, MESSAGE, "run_id")?,
            number: slice.number,
            time: TimeRange { start_ms: slice.start_ms, end_ms: slice.end_ms },
            segments: slice.segments,
            bytes: slice.bytes,
            attempts: slice.attempts,
            state,
            started_ms: slice.started_ms,
            ended_ms: slice.ended_ms,
        })
    }
}

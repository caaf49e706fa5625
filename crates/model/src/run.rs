use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, TimeRange};

/// Names one run, for ever: a UUIDv7, so that names sort by submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    /// A new id; the first 48 bits are the milliseconds of now.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes that are persisted.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that these 16 bytes stand for.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Uuid::parse_str(text).map(Self).map_err(|_| Error::NotARunId { text: text.to_owned() })
    }
}

/// A query that outlives its client: it is kept in the catalog, read in slices of time, and goes on where it was
/// when a node is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// What was asked for; never changes.
    pub definition: RunDefinition,
    /// How far it is.
    pub state: RunState,
    /// How it is divided; none until it was planned.
    pub plan: Option<RunPlan>,
    /// The term of the leader that works on it: what an earlier leader still sends is refused.
    pub epoch: u64,
    /// Grows with every change of this record; a change names the one that it saw.
    pub version: u64,
    /// Why it failed, was cancelled, or is only partial.
    pub message: Option<String>,
    /// When the first slice was begun, in milliseconds since 1970, UTC.
    pub started_ms: Option<i64>,
    /// When it ended, in milliseconds since 1970, UTC.
    pub ended_ms: Option<i64>,
}

/// What a run was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDefinition {
    /// The statement: one that only reads.
    pub sql: String,
    /// A name for people.
    pub title: Option<String>,
    /// Who asked.
    pub principal: String,
    /// When, in milliseconds since 1970, UTC.
    pub submitted_ms: i64,
    /// The snapshot that it reads; the catalog keeps it until the run fails, is cancelled or is deleted.
    pub snapshot_id: u64,
    /// A run of a higher priority is served first; 0 is ordinary.
    pub priority: i32,
    /// It is ended when it has not ended by itself by then, in milliseconds since 1970, UTC.
    pub deadline_ms: Option<i64>,
    /// It is refused when its segments have more bytes than this.
    pub bytes_max: Option<u64>,
    /// Slices that are worked on at the same time.
    pub parallelism: u32,
    /// What those who asked say of it, by name: the hunt that it belongs to, its parameters. The engine does not read them.
    pub labels: BTreeMap<String, String>,
}

/// How a run is divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// How the results of slices become the result.
    pub merge: Merge,
    /// Why it is divided as it is, or is not.
    pub reason: String,
    /// Into how many slices.
    pub slices: u32,
    /// The segments that it reads, after pruning.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
}

/// How the results of slices become the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Merge {
    /// One after another, in the order of the slices.
    Append,
    /// One after another, until there are as many rows as the statement's LIMIT.
    Limit,
    /// Sorted again as the statement says, and cut at its LIMIT.
    Sort,
    /// Partial aggregates, put together, and what the statement does with them.
    Aggregate,
    /// The run is one job: there is one slice, and nothing to merge.
    Whole,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RunState {
    /// Accepted; waits for its turn.
    Queued,
    /// Worked on.
    Running,
    /// Stopped by somebody, to be resumed.
    Paused,
    /// Ended with all that was asked for.
    Done,
    /// Ended without some slices, which are named.
    Partial,
    /// Ended without a result.
    Failed,
    /// Ended by somebody.
    Cancelled,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 7] = [Self::Queued, Self::Running, Self::Paused, Self::Done, Self::Partial, Self::Failed, Self::Cancelled];

    /// The name in SQL and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// True once nothing changes any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Partial | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Merge {
    /// The name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Limit => "limit",
            Self::Sort => "sort",
            Self::Aggregate => "aggregate",
            Self::Whole => "whole",
        }
    }
}

/// A part of a run: the rows of one range of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The run.
    pub run: RunId,
    /// Its place among the slices, from 0: the newest time first.
    pub number: u32,
    /// The rows that it reads, by their `time`.
    pub time: TimeRange,
    /// The segments that it reads.
    pub segments: u32,
    /// Their bytes.
    pub bytes: u64,
    /// How often it was begun.
    pub attempts: u32,
    /// What became of it.
    pub state: SliceState,
    /// When it was begun the last time, in milliseconds since 1970, UTC.
    pub started_ms: Option<i64>,
    /// When it ended, in milliseconds since 1970, UTC.
    pub ended_ms: Option<i64>,
}

/// What became of a slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SliceState {
    /// Not ended yet.
    Planned,
    /// Read to its end; its rows are kept.
    Done(SliceResult),
    /// Not needed: the LIMIT was reached by newer slices.
    Skipped,
    /// Given up.
    Failed {
        /// Why.
        message: String,
        /// The path of the segment that cannot be read, if it is that.
        segment: Option<String>,
    },
}

impl SliceState {
    /// The name in SQL.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done(_) => "done",
            Self::Skipped => "skipped",
            Self::Failed { .. } => "failed",
        }
    }
}

/// The rows of a slice, in object storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceResult {
    /// Where, relative to the lake's root; none when there are no rows.
    pub path: Option<String>,
    /// How many rows there are.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// SHA-256 of the file; zeros when there is none.
    pub sha256: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = RunId::generate();
        assert_eq!(id.to_string().parse::<RunId>().ok(), Some(id));
        assert_eq!(RunId::from_bytes(*id.as_bytes()), id);
        let error = "no id".parse::<RunId>().expect_err("not an id").to_string();
        assert!(error.contains("no id"), "{error}");
    }

    #[test]
    fn a_state_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = RunState::ALL.iter().map(|state| state.name()).collect();
        assert_eq!(names.len(), RunState::ALL.len());
        assert_eq!(RunState::ALL.iter().filter(|state| state.has_ended()).count(), 4);
    }
}

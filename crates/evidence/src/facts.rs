use std::collections::BTreeMap;

use coldtrail_model::RunState;
use serde::{Deserialize, Serialize};

use crate::{Coverage, Finding, IndicatorVerdict, Sha256Digest, Window};

/// All that is known of a run but the rows of its result: what was asked, over which data, and how it went.
///
/// Plain data that others fill. Times are milliseconds since 1970, UTC; paths are relative to the lake's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The run.
    pub run: RunRecord,
    /// The hunt that it ran, if it ran one.
    pub hunt: Option<HuntRecord>,
    /// The values of the hunt's parameters, as written into the statement.
    pub parameters: BTreeMap<String, String>,
    /// The statement, as it was run.
    pub sql: String,
    /// The optimised plan, as text.
    pub plan: String,
    /// What ran it.
    pub versions: Versions,
    /// The snapshot that it read.
    pub snapshot: PinnedSnapshot,
    /// Every segment that the plan reads after pruning, whether or not a `LIMIT` ended the run before it was reached.
    pub segments: Vec<SegmentRead>,
    /// How many segments pruning left out, by reason: such as `time`, `source`, `columns`.
    pub skipped: BTreeMap<String, u64>,
    /// The parts of the run.
    pub slices: Vec<SliceRecord>,
    /// The events that the answer is about. Those of segments that pruning left out count: they cannot hold a match.
    pub searched: Vec<Searched>,
    /// What should have been there, and what was.
    pub coverage: Coverage,
    /// What a sweep says of each indicator of its feed.
    pub verdicts: Vec<IndicatorVerdict>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// True if a rule made findings of the rows, so that rows that are in none are no hits. False if rows are for a person to judge.
    pub rows_are_judged: bool,
    /// Hits over time, if somebody counted them; else the report shows the rows of slices.
    pub timeline: Vec<TimelineBin>,
    /// Who made the evidence.
    pub made_by: String,
    /// When.
    pub made_ms: i64,
    /// The id of the bundle that this is a repetition of.
    pub previous: Option<Sha256Digest>,
}

/// A run, as it was submitted and as it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Its name.
    pub id: String,
    /// Its name for people.
    pub title: Option<String>,
    /// Who asked.
    pub owner: String,
    /// When.
    pub submitted_ms: i64,
    /// When the first slice was begun.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// How it ended.
    #[serde(with = "state_name")]
    pub state: RunState,
    /// Why it failed, was cancelled, or is only partial.
    pub message: Option<String>,
    /// The rest of what was asked for, by name: priority, limits, labels.
    pub definition: BTreeMap<String, String>,
}

/// A hunt: the file, and what the report says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntRecord {
    /// Its name for machines.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What an adversary would have done, and why the statement would show it.
    pub hypothesis: String,
    /// The ATT&CK techniques that it looks for.
    pub techniques: Vec<Technique>,
    /// The text of the file.
    pub text: String,
}

/// A technique of MITRE ATT&CK.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// Its id, such as `T1110.003`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The tactic that it serves.
    pub tactic: Option<String>,
}

/// What ran the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Coldtrail.
    pub coldtrail: String,
    /// The version of OCSF that events are written in.
    pub ocsf: String,
    /// The query engine.
    pub datafusion: String,
    /// Whatever else had a part: rules, feeds, by name.
    pub others: BTreeMap<String, String>,
}

/// The state of the catalog that a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedSnapshot {
    /// Its id.
    pub id: u64,
    /// When it was committed, if that is known.
    pub committed_ms: Option<i64>,
}

/// A segment that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRead {
    /// Where it lies.
    pub path: String,
    /// Its table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Its size as a file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
}

/// A part of a run: the rows of one range of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliceRecord {
    /// Its place among the slices, from 0.
    pub number: u32,
    /// The first instant.
    pub from_ms: i64,
    /// The last instant.
    pub to_ms: i64,
    /// How often it was begun.
    pub attempts: u32,
    /// What became of it.
    pub outcome: SliceOutcome,
    /// Its rows; none if it was not read to its end.
    pub result: Option<SliceRows>,
    /// Why it failed.
    pub message: Option<String>,
}

/// What became of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceOutcome {
    /// Read to its end.
    Done,
    /// Not needed: the `LIMIT` was reached by other slices.
    Skipped,
    /// Given up.
    Failed,
    /// Not ended when the evidence was made.
    Planned,
}

impl SliceOutcome {
    /// The name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Planned => "planned",
        }
    }

    /// True if the answer lacks what this slice would have said.
    pub fn is_unanswered(self) -> bool {
        matches!(self, Self::Failed | Self::Planned)
    }
}

/// The rows of a slice, as they were kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliceRows {
    /// Where; none when there are no rows.
    pub path: Option<String>,
    /// How many.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// SHA-256 of the file; none when there is none.
    pub sha256: Option<Sha256Digest>,
}

/// Events that were searched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    /// Their table.
    pub table: String,
    /// Their source.
    pub source: String,
    /// How many.
    pub events: u64,
}

/// Hits in a range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimelineBin {
    /// The first instant.
    pub from_ms: i64,
    /// The last instant.
    pub to_ms: i64,
    /// How many hits.
    pub hits: u64,
}

impl Facts {
    /// How many events were searched.
    pub fn searched_events(&self) -> u64 {
        self.searched.iter().fold(0, |sum, searched| sum.saturating_add(searched.events))
    }

    /// The ranges of time that were not read to their end, put together where they touch, in order.
    pub fn unanswered(&self) -> Vec<Window> {
        let mut ranges: Vec<Window> = self.slices.iter().filter(|slice| slice.outcome.is_unanswered()).map(SliceRecord::window).collect();
        ranges.sort_unstable();
        let mut merged: Vec<Window> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.from_ms <= last.to_ms.saturating_add(1) => last.to_ms = last.to_ms.max(range.to_ms),
                _ => merged.push(range),
            }
        }
        merged
    }
}

impl SliceRecord {
    fn window(&self) -> Window {
        Window { from_ms: self.from_ms, to_ms: self.to_ms }
    }
}

/// A state by its name: `done`.
mod state_name {
    use coldtrail_model::RunState;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(state: &RunState, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(state.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RunState, D::Error> {
        let name = String::deserialize(deserializer)?;
        let state = RunState::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| de::Error::custom(format!("{name:?} is not the state of a run")))
    }
}

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use coldtrail_hunt::{Division, RunEstimate, RunKind, Window, now_of, overlapping, window_of, windows};
use coldtrail_model::{Merge, RunDefinition, RunId, RunPlan, SegmentMeta, Slice, SliceState, Snapshot, TimeRange};
use coldtrail_query::Error;
use datafusion::logical_expr::LogicalPlan;

use super::estimate::{ROW_GROUP_ROWS, Speed};
use super::{SINCE_SNAPSHOT, Shared};

/// A run's statement, understood and divided.
pub(super) struct Prepared {
    pub(super) division: Division,
    pub(super) snapshot: Arc<Snapshot>,
    windows: Vec<Window>,
    /// What it reads, after pruning.
    pub(super) segments: Vec<Arc<SegmentMeta>>,
    /// The statement within its window, before it is divided.
    pub(super) whole: LogicalPlan,
    pub(super) bytes: u64,
    rows: u64,
    row_groups: u64,
}

/// A moment in time.
pub(crate) fn moment(time_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time_ms).unwrap_or(DateTime::UNIX_EPOCH)
}

/// The time that a query of a hunt looks at, whatever its statement says.
pub(super) fn hunted_window(labels: &BTreeMap<String, String>) -> Option<TimeRange> {
    (RunKind::of(labels) == Some(RunKind::Hunt)).then(|| window_of(labels)).flatten()
}

impl Prepared {
    /// Understands a statement over a snapshot, and within a window if there is one. The same statement, snapshot and moment give the same again, on any node.
    pub(super) async fn of(
        shared: &Shared,
        sql: &str,
        snapshot: Arc<Snapshot>,
        now_ms: i64,
        window: Option<TimeRange>,
    ) -> Result<Self, Error> {
        let planner = shared.router.planner();
        let session = shared.router.session_at(Arc::clone(&snapshot));
        let plan = planner.analyse(sql, &session, moment(now_ms)).await?;
        let plan = match window {
            Some(window) => overlapping(&plan, window)?,
            None => plan,
        };
        let division = Division::of(&plan)?;
        let planned = planner.plan_of(division.rows(), &session).await?;
        let segments = planned.segments(&snapshot, planner.lake());
        let bytes = segments.iter().map(|segment| segment.bytes).sum();
        let windows = match division.merge() {
            Merge::Whole => {
                let time = TimeRange { start_ms: i64::MIN, end_ms: i64::MAX };
                vec![Window { time, segments: u32::try_from(segments.len()).unwrap_or(u32::MAX), bytes }]
            }
            _ => windows(&segments, &shared.config.slices),
        };
        Ok(Self {
            division,
            snapshot,
            windows,
            whole: plan,
            bytes,
            rows: segments.iter().map(|segment| segment.rows).sum(),
            row_groups: segments.iter().map(|segment| segment.rows.div_ceil(ROW_GROUP_ROWS)).sum(),
            segments,
        })
    }

    /// What a run that was submitted asks for.
    pub(super) async fn of_run(shared: &Shared, definition: &RunDefinition, snapshot: Arc<Snapshot>) -> Result<Self, Error> {
        let now_ms = now_of(&definition.labels, definition.submitted_ms);
        Self::of(shared, &definition.sql, snapshot, now_ms, hunted_window(&definition.labels)).await
    }

    /// Refuses a run that would read more than it may.
    pub(super) fn check(&self, bytes_max: Option<u64>, speed: &Speed) -> Result<(), Error> {
        let Some(limit) = bytes_max.filter(|limit| self.bytes > *limit) else { return Ok(()) };
        let seconds = self.estimate(speed).seconds;
        let message = format!(
            "the run would read up to {} bytes of {} segments in {} slices, about {seconds:.0} s; bytes_max allows {limit}",
            self.bytes,
            self.segments.len(),
            self.windows.len()
        );
        Err(Error::Exhausted { message })
    }

    /// The labels without the one that lets a run read only what is new, if its answer is not made row by row, or if its rows are put
    /// together over time.
    pub(super) fn honest_labels(&self, mut labels: BTreeMap<String, String>, correlates: bool) -> BTreeMap<String, String> {
        if self.division.merge() != Merge::Append || correlates {
            labels.remove(SINCE_SNAPSHOT);
        }
        labels
    }

    pub(super) fn plan(&self) -> RunPlan {
        RunPlan {
            merge: self.division.merge(),
            reason: self.division.reason().to_owned(),
            slices: u32::try_from(self.windows.len()).unwrap_or(u32::MAX),
            segments: self.segments.len() as u64,
            bytes: self.bytes,
            rows: self.rows,
        }
    }

    pub(super) fn estimate(&self, speed: &Speed) -> RunEstimate {
        let seconds = self.bytes as f64 / speed.bytes_a_second() as f64;
        RunEstimate { plan: self.plan(), row_groups: self.row_groups, seconds }
    }

    /// The slices as they are before any was begun.
    pub(super) fn slices(&self, run: RunId) -> Vec<Slice> {
        let slice = |(number, window): (u32, &Window)| Slice {
            run,
            number,
            time: window.time,
            segments: window.segments,
            bytes: window.bytes,
            attempts: 0,
            state: SliceState::Planned,
            started_ms: None,
            ended_ms: None,
        };
        (0..).zip(&self.windows).map(slice).collect()
    }
}

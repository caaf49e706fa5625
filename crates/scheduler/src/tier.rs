use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_query::LOCAL_FUNCTIONS;
use datafusion::common::JoinType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileScanConfig, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::{ExecutionPlan, displayable};

use crate::distribute::{distribute, sorts_within_union};
use crate::{EngineConfig, TierMode};

/// Rows in memory travel inside every task's plan; more than this is not worth sending.
const MEMORY_BYTES_MAX: usize = 16 << 20;

/// Operators that Ballista sends to executors and runs there as this process would.
const DISTRIBUTABLE: &[&str] = &[
    "AggregateExec",
    "BoundedWindowAggExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "InterleaveExec",
    "LocalLimitExec",
    "ProjectionExec",
    "RepartitionExec",
    "SortExec",
    "SortExec(TopK)",
    "SortMergeJoinExec",
    "SortPreservingMergeExec",
    "UnionExec",
    "UnnestExec",
    "WindowAggExec",
];

/// Where a query runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// In this process.
    Local,
    /// On executors.
    Distributed,
}

/// Where a query runs, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierChoice {
    /// Where.
    pub tier: Tier,
    /// Why, for EXPLAIN: `local: 12 segments, 8.1 MiB <= local_bytes_max 256.0 MiB`.
    pub reason: String,
}

impl TierChoice {
    fn local(why: &str) -> Self {
        Self { tier: Tier::Local, reason: format!("local: {why}") }
    }

    fn distributed(why: &str) -> Self {
        Self { tier: Tier::Distributed, reason: format!("distributed: {why}") }
    }
}

/// The tier for a plan; `whole` is what the work that it is a part of reads.
pub(crate) fn choose_tier(config: &EngineConfig, plan: &Arc<dyn ExecutionPlan>, whole: u64) -> TierChoice {
    if config.tier_mode == TierMode::Local {
        return TierChoice::local("tier_mode is local");
    }
    if let Some(obstacle) = obstacle(plan) {
        return TierChoice::local(&obstacle);
    }
    let size = ScanSize::of(plan);
    let limit = mebibytes(config.local_bytes_max);
    match (config.tier_mode, size.bytes.max(whole) <= config.local_bytes_max) {
        (TierMode::Distributed, _) => TierChoice::distributed(&format!("tier_mode is distributed, {size}")),
        (_, true) => TierChoice::local(&format!("{size} <= local_bytes_max {limit}")),
        (_, false) => TierChoice::distributed(&format!("{size} > local_bytes_max {limit}")),
    }
}

/// What in the plan an executor would run wrongly, or not at all. Ballista itself does not
/// refuse: it gives every task a whole copy of a scan that it does not know, and its rows
/// come back once a task.
pub(crate) fn obstacle(plan: &Arc<dyn ExecutionPlan>) -> Option<String> {
    if let Some(function) = local_function(plan) {
        return Some(format!("{function} uses a set of indicators, which this process holds"));
    }
    let Ok(plan) = distribute(Arc::clone(plan)) else { return Some("the plan cannot be put into the form of the executors".to_owned()) };
    // See `distribute`; without debug assertions the executor takes such a plan.
    if cfg!(debug_assertions) && sorts_within_union(&plan) {
        return Some("a union whose branches sort by themselves cannot be distributed by a debug build".to_owned());
    }
    node_obstacle(&plan)
}

/// A function in the plan that only this process can call. Expressions lie in operators and, pushed down, in scans; all are shown.
fn local_function(plan: &Arc<dyn ExecutionPlan>) -> Option<&'static str> {
    let shown = displayable(plan.as_ref()).indent(true).to_string();
    LOCAL_FUNCTIONS.iter().find(|function| shown.contains(&format!("{function}("))).copied()
}

fn node_obstacle(plan: &Arc<dyn ExecutionPlan>) -> Option<String> {
    let own = if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        scan_obstacle(scan)
    } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        // Rows of the left side without a match are known only once every task has seen its part of the right side.
        (!emits_right_rows_only(*join.join_type())).then(|| format!("a {} join without equality cannot be distributed", join.join_type()))
    } else if plan.downcast_ref::<HashJoinExec>().is_some_and(|join| join.null_aware) {
        // One null on the right empties the whole result: no task may answer for its part alone.
        Some("NOT IN over values that may be null cannot be distributed".to_owned())
    } else {
        (!DISTRIBUTABLE.contains(&plan.name())).then(|| format!("{} cannot be distributed", plan.name()))
    };
    own.or_else(|| plan.children().into_iter().find_map(node_obstacle))
}

fn scan_obstacle(scan: &DataSourceExec) -> Option<String> {
    let source: &dyn Any = scan.data_source().as_ref();
    if let Some(rows) = source.downcast_ref::<MemorySourceConfig>() {
        let bytes: usize = rows.partitions().iter().flatten().map(|batch| batch.get_array_memory_size()).sum();
        return (bytes > MEMORY_BYTES_MAX).then(|| "rows in memory are too many to be sent".to_owned());
    }
    let Some(files) = source.downcast_ref::<FileScanConfig>() else {
        return Some("a source that is neither segments nor rows in memory cannot be distributed".to_owned());
    };
    let format: &dyn Any = files.file_source().as_ref();
    (!format.is::<ParquetSource>()).then(|| "a source that is not Parquet cannot be distributed".to_owned())
}

fn emits_right_rows_only(join: JoinType) -> bool {
    matches!(join, JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark)
}

/// What a plan reads from object storage.
#[derive(Debug, Default, PartialEq, Eq)]
struct ScanSize {
    segments: usize,
    bytes: u64,
}

impl ScanSize {
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Self {
        let mut size = Self::default();
        size.add(plan);
        size
    }

    fn add(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
            let source: &dyn Any = scan.data_source().as_ref();
            if let Some(files) = source.downcast_ref::<FileScanConfig>() {
                self.add_files(files);
            }
        }
        for child in plan.children() {
            self.add(child);
        }
    }

    fn add_files(&mut self, scan: &FileScanConfig) {
        let files = || scan.file_groups.iter().flat_map(|group| group.iter());
        self.segments += files().map(|file| &file.object_meta.location).collect::<HashSet<_>>().len();
        self.bytes += files()
            .map(|file| match &file.range {
                Some(range) => range.end.saturating_sub(range.start).max(0).cast_unsigned(),
                None => file.object_meta.size,
            })
            .sum::<u64>();
    }
}

impl std::fmt::Display for ScanSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.segments == 1 { "" } else { "s" };
        write!(f, "{} segment{plural}, {}", self.segments, mebibytes(self.bytes))
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

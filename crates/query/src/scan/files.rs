use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::DateTime;
use coldtrail_lake::Lake;
use coldtrail_model::{Col, EVENT_DAY, SegmentMeta, Table};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectMeta;

/// Puts the newest events first: what a hunter wants to see, and what lets `ORDER BY time DESC LIMIT n` pass over the rest.
pub(super) fn newest_first(segments: &mut [Arc<SegmentMeta>]) {
    segments.sort_unstable_by_key(|segment| Reverse((segment.time.end_ms, segment.id)));
}

/// Keeps the first segments that hold so many rows.
pub(super) fn keep_rows(segments: &mut Vec<Arc<SegmentMeta>>, rows: usize) {
    let wanted = u64::try_from(rows).unwrap_or(u64::MAX);
    let mut held = 0_u64;
    let enough = segments.iter().position(|segment| {
        held = held.saturating_add(segment.rows);
        held >= wanted
    });
    if let Some(last) = enough {
        segments.truncate(last + 1);
    }
}

/// Deals the segments to at most `partitions` groups of about the same size, each in the order given.
pub(super) fn groups(segments: &[Arc<SegmentMeta>], partitions: usize, lake: &Lake) -> Vec<FileGroup> {
    let count = partitions.clamp(1, segments.len().max(1));
    let mut by_size: Vec<usize> = (0..segments.len()).collect();
    by_size.sort_by_key(|position| Reverse(segments[*position].bytes));
    let mut loads: BinaryHeap<Reverse<(u64, usize)>> = (0..count).map(|group| Reverse((0, group))).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    for position in by_size {
        let Some(Reverse((load, group))) = loads.pop() else { break };
        members[group].push(position);
        loads.push(Reverse((load.saturating_add(segments[position].bytes), group)));
    }
    let file_group = |mut positions: Vec<usize>| {
        positions.sort_unstable();
        FileGroup::new(positions.into_iter().map(|position| file(&segments[position], lake)).collect())
    };
    members.into_iter().map(file_group).collect()
}

/// The file of a segment. Its time of change is what the catalog says, so that a footer once cached stays valid.
fn file(segment: &SegmentMeta, lake: &Lake) -> PartitionedFile {
    let object = ObjectMeta {
        location: lake.path(&segment.path),
        last_modified: DateTime::from_timestamp_millis(segment.created_ms).unwrap_or(DateTime::UNIX_EPOCH),
        size: segment.bytes,
        e_tag: None,
        version: None,
    };
    PartitionedFile::new_from_meta(object).with_partition_values(vec![ScalarValue::Date32(Some(segment.day.epoch_days()))])
}

/// What is known of all rows of the segments together; the counts are exact.
pub(super) fn statistics(segments: &[Arc<SegmentMeta>], schema: &SchemaRef) -> Statistics {
    let rows: u64 = segments.iter().map(|segment| segment.rows).sum();
    let bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut statistics = Statistics::new_unknown(schema)
        .with_num_rows(Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX)))
        .with_total_byte_size(Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX)));
    let mut know = |name: &str, least: Option<ScalarValue>, most: Option<ScalarValue>| {
        if let (Ok(position), Some(least), Some(most)) = (schema.index_of(name), least, most) {
            statistics.column_statistics[position] = ColumnStatistics::new_unknown()
                .with_null_count(Precision::Exact(0))
                .with_min_value(Precision::Exact(least))
                .with_max_value(Precision::Exact(most));
        }
    };
    let day = |days: Option<i32>| days.map(|day| ScalarValue::Date32(Some(day)));
    let days = || segments.iter().map(|segment| segment.day.epoch_days());
    know(EVENT_DAY, day(days().min()), day(days().max()));
    if segments.iter().all(|segment| segment.table != Table::Observables) {
        let time = |time: Option<i64>| time.map(|time| ScalarValue::TimestampMillisecond(Some(time), Some("UTC".into())));
        let first = segments.iter().map(|segment| segment.time.start_ms).min();
        let last = segments.iter().map(|segment| segment.time.end_ms).max();
        know(Col::Time.column().name, time(first), time(last));
    }
    statistics
}

/// What a plan will read, summed over its scans.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedFiles {
    pub(crate) segments: usize,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

/// Adds up the files that a plan reads; a file that two scans read counts twice.
pub(crate) fn scan_of(plan: &Arc<dyn ExecutionPlan>) -> PlannedFiles {
    let mut sum = plan.downcast_ref::<DataSourceExec>().and_then(files_of).unwrap_or_default();
    for child in plan.children() {
        let child = scan_of(child);
        sum.segments += child.segments;
        sum.bytes += child.bytes;
        sum.rows += child.rows;
    }
    sum
}

/// The paths of the files that a plan reads, from the root of their store.
pub(crate) fn paths_of(plan: &Arc<dyn ExecutionPlan>) -> HashSet<String> {
    let mut paths: HashSet<String> = plan.children().into_iter().flat_map(paths_of).collect();
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        let source: &dyn Any = scan.data_source().as_ref();
        if let Some(config) = source.downcast_ref::<FileScanConfig>() {
            let files = config.file_groups.iter().flat_map(FileGroup::iter);
            paths.extend(files.map(|file| file.object_meta.location.to_string()));
        }
    }
    paths
}

fn files_of(scan: &DataSourceExec) -> Option<PlannedFiles> {
    let source: &dyn Any = scan.data_source().as_ref();
    let config = source.downcast_ref::<FileScanConfig>()?;
    let files = config.file_groups.iter().flat_map(FileGroup::iter);
    // A large file may lie in several groups, a part in each.
    let sizes: HashMap<_, u64> = files.map(|file| (&file.object_meta.location, file.object_meta.size)).collect();
    let rows = config.statistics().num_rows.get_value().copied().unwrap_or_default();
    Some(PlannedFiles { segments: sizes.len(), bytes: sizes.values().sum(), rows: u64::try_from(rows).unwrap_or(u64::MAX) })
}

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use coldtrail_model::{Class, SegmentMeta, Snapshot, Table, TimeRange};
use datafusion::common::Result;

use super::{Described, batch_of, instant};
use crate::catalog::{OCSF, SYSTEM};

static COLUMNS: LazyLock<Vec<Described>> = LazyLock::new(|| {
    vec![
        Described("schema_name", DataType::Utf8, false, "The schema that the table is in"),
        Described("table_name", DataType::Utf8, false, "The table"),
        Described("class_uid", DataType::Int32, true, "The OCSF class whose events it holds"),
        Described("comment", DataType::Utf8, false, "What it holds"),
        Described("segments", DataType::Int64, false, "Visible segments"),
        Described("rows", DataType::Int64, false, "Rows in them"),
        Described("bytes", DataType::Int64, false, "Their size as files"),
        Described("first_time", instant(), true, "The first `time` of its rows"),
        Described("last_time", instant(), true, "The last `time` of its rows"),
    ]
});

/// What one table of the lake holds.
struct Summary {
    table: Table,
    segments: usize,
    rows: u64,
    bytes: u64,
    time: Option<TimeRange>,
}

/// One row a table of the lake, empty ones too.
pub(super) fn batch(snapshot: &Snapshot) -> Result<RecordBatch> {
    let tables: Vec<Summary> = Table::all().map(|table| summary(table, snapshot.segments_of(table))).collect();
    let text = |of: &dyn Fn(&Summary) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(tables.iter().map(of))) };
    let count = |of: &dyn Fn(&Summary) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(tables.iter().map(|table| i64::try_from(of(table)).unwrap_or(i64::MAX))))
    };
    let time = |of: &dyn Fn(&TimeRange) -> i64| -> ArrayRef {
        Arc::new(tables.iter().map(|table| table.time.as_ref().map(of)).collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let arrays = vec![
        text(&|table| schema_name(table.table).to_owned()),
        text(&|table| table.table.name().to_owned()),
        Arc::new(tables.iter().map(|table| class_of(table.table).map(Class::uid)).collect::<Int32Array>()),
        text(&|table| comment(table.table)),
        count(&|table| u64::try_from(table.segments).unwrap_or(u64::MAX)),
        count(&|table| table.rows),
        count(&|table| table.bytes),
        time(&|range| range.start_ms),
        time(&|range| range.end_ms),
    ];
    batch_of(&COLUMNS, arrays)
}

fn summary(table: Table, segments: &[Arc<SegmentMeta>]) -> Summary {
    Summary {
        table,
        segments: segments.len(),
        rows: segments.iter().map(|segment| segment.rows).sum(),
        bytes: segments.iter().map(|segment| segment.bytes).sum(),
        time: segments.iter().map(|segment| segment.time).reduce(|all, time| all.union(&time)),
    }
}

fn class_of(table: Table) -> Option<Class> {
    match table {
        Table::Events(class) => Some(class),
        Table::Observables | Table::Rejects => None,
    }
}

fn schema_name(table: Table) -> &'static str {
    match table {
        Table::Events(_) | Table::Observables => OCSF,
        Table::Rejects => SYSTEM,
    }
}

fn comment(table: Table) -> String {
    match table {
        Table::Events(class) => format!("{}: {}", class.category_name(), class.caption()),
        Table::Observables => "Which observable was seen where and when".to_owned(),
        Table::Rejects => "Records that could not be read, with their reasons".to_owned(),
    }
}

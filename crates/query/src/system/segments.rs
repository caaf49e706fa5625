use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMillisecondArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use coldtrail_model::{SegmentMeta, Snapshot};
use datafusion::common::Result;

use super::{Described, batch_of, instant};

static COLUMNS: LazyLock<Vec<Described>> = LazyLock::new(|| {
    vec![
        Described("segment_id", DataType::Utf8, false, "The segment's name"),
        Described("table_name", DataType::Utf8, false, "The table whose rows it holds"),
        Described("event_day", DataType::Date32, false, "The UTC day whose rows it holds"),
        Described("path", DataType::Utf8, false, "Where it lies, relative to the lake's root"),
        Described("rows", DataType::Int64, false, "How many rows it holds"),
        Described("bytes", DataType::Int64, false, "Its size as a file"),
        Described("created_time", instant(), false, "When the file was finished"),
        Described("first_time", instant(), false, "The first `time` of its rows"),
        Described("last_time", instant(), false, "The last `time` of its rows"),
        Described("source", DataType::Utf8, false, "The source whose events it holds"),
        Described(
            "accounts",
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
            true,
            "The values of `cloud_account_uid` in it; null if there are too many to list",
        ),
        Described("has_rows_without_account", DataType::Boolean, false, "True if some row has no account"),
        Described("sha256", DataType::Utf8, false, "SHA-256 of the file, in hexadecimal"),
        Described("schema_version", DataType::UInt32, false, "The version of the columns it was written with"),
    ]
});

/// One row a segment of the snapshot, by table, day and id.
pub(super) fn batch(snapshot: &Snapshot) -> Result<RecordBatch> {
    let segments: Vec<&SegmentMeta> = snapshot.segments.values().flatten().map(Arc::as_ref).collect();
    let text = |of: &dyn Fn(&SegmentMeta) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(segments.iter().map(|segment| of(segment))))
    };
    let count = |of: &dyn Fn(&SegmentMeta) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(segments.iter().map(|segment| i64::try_from(of(segment)).unwrap_or(i64::MAX))))
    };
    let time = |of: &dyn Fn(&SegmentMeta) -> i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(segments.iter().map(|segment| of(segment))).with_timezone("UTC"))
    };
    let arrays = vec![
        text(&|segment| segment.id.to_string()),
        text(&|segment| segment.table.name().to_owned()),
        Arc::new(Date32Array::from_iter_values(segments.iter().map(|segment| segment.day.epoch_days()))),
        text(&|segment| segment.path.clone()),
        count(&|segment| segment.rows),
        count(&|segment| segment.bytes),
        time(&|segment| segment.created_ms),
        time(&|segment| segment.time.start_ms),
        time(&|segment| segment.time.end_ms),
        text(&|segment| segment.source.clone()),
        accounts(&segments),
        Arc::new(segments.iter().map(|segment| Some(segment.has_rows_without_account)).collect::<BooleanArray>()),
        text(&|segment| super::hexadecimal(&segment.sha256)),
        Arc::new(UInt32Array::from_iter_values(segments.iter().map(|segment| segment.schema_version))),
    ];
    batch_of(&COLUMNS, arrays)
}

fn accounts(segments: &[&SegmentMeta]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for segment in segments {
        segment.accounts.iter().flatten().for_each(|account| lists.values().append_value(account));
        lists.append(segment.accounts.is_some());
    }
    Arc::new(lists.finish())
}

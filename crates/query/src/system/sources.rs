use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use coldtrail_model::SourceObject;
use datafusion::common::Result;

use super::{Described, batch_of, instant};

static COLUMNS: LazyLock<Vec<Described>> = LazyLock::new(|| {
    vec![
        Described("url", DataType::Utf8, false, "Where the object lies"),
        Described("source", DataType::Utf8, false, "The log source it was read as"),
        Described("bytes", DataType::Int64, false, "Its size as stored"),
        Described("modified_time", instant(), false, "When it was last changed"),
        Described("etag", DataType::Utf8, true, "The store's entity tag, if it has one"),
        Described("sha256", DataType::Utf8, false, "SHA-256 of its bytes as stored, in hexadecimal"),
        Described("records", DataType::Int64, false, "Records found in it; always events + rejects"),
        Described("events", DataType::Int64, false, "Records that became events"),
        Described("rejects", DataType::Int64, false, "Records that became rejects"),
        Described("ingested_time", instant(), false, "When it was committed"),
    ]
});

/// One row a source object that was taken in, by URL.
pub(super) fn batch(objects: &[SourceObject]) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&SourceObject) -> Option<String>| -> ArrayRef { Arc::new(objects.iter().map(of).collect::<StringArray>()) };
    let count = |of: &dyn Fn(&SourceObject) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(objects.iter().map(|object| i64::try_from(of(object)).unwrap_or(i64::MAX))))
    };
    let time = |of: &dyn Fn(&SourceObject) -> i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(objects.iter().map(of)).with_timezone("UTC"))
    };
    let arrays = vec![
        text(&|object| Some(object.url.clone())),
        text(&|object| Some(object.source.clone())),
        count(&|object| object.bytes),
        time(&|object| object.modified_ms),
        text(&|object| object.etag.clone()),
        text(&|object| Some(super::hexadecimal(&object.sha256))),
        count(&|object| object.records),
        count(&|object| object.events),
        count(&|object| object.rejects),
        time(&|object| object.ingested_ms),
    ];
    batch_of(&COLUMNS, arrays)
}

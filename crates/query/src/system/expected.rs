use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use chrono::NaiveTime;
use datafusion::common::Result;

use super::{Described, batch_of, instant};
use crate::config::ExpectedSource;

static COLUMNS: LazyLock<Vec<Described>> = LazyLock::new(|| {
    vec![
        Described("source", DataType::Utf8, false, "The log source"),
        Described("account", DataType::Utf8, true, "The cloud account; null: some account"),
        Described("region", DataType::Utf8, true, "The region; null: some region"),
        Described("every_hours", DataType::Int64, false, "In each stretch of so many hours there should be an event"),
        Described("since", instant(), true, "From when on; null: from the beginning"),
    ]
});

/// One row a declaration, in the order of the configuration.
pub(super) fn batch(expected: &[ExpectedSource]) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&ExpectedSource) -> Option<String>| -> ArrayRef { Arc::new(expected.iter().map(of).collect::<StringArray>()) };
    let since = expected.iter().map(|one| Some(one.since?.and_time(NaiveTime::MIN).and_utc().timestamp_millis()));
    let arrays: Vec<ArrayRef> = vec![
        text(&|one| Some(one.source.clone())),
        text(&|one| one.account.clone()),
        text(&|one| one.region.clone()),
        Arc::new(expected.iter().map(|one| Some(i64::from(one.every_hours.max(1)))).collect::<Int64Array>()),
        Arc::new(since.collect::<TimestampMillisecondArray>().with_timezone("UTC")),
    ];
    batch_of(&COLUMNS, arrays)
}

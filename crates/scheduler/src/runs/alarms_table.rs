use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use coldtrail_model::Alarm;
use datafusion::error::Result;

use super::tables::{batch, commented, counts, instant};

/// Alarms as a table, one row each; those that are over too.
pub(super) fn alarms_batch(alarms: &[Alarm]) -> Result<RecordBatch> {
    let texts = |of: &dyn Fn(&Alarm) -> Option<String>| -> ArrayRef { Arc::new(alarms.iter().map(of).collect::<StringArray>()) };
    let shares = |of: &dyn Fn(&Alarm) -> Option<f64>| -> ArrayRef { Arc::new(alarms.iter().map(of).collect::<Float64Array>()) };
    let instants = |of: &dyn Fn(&Alarm) -> Option<i64>| -> ArrayRef {
        Arc::new(alarms.iter().map(of).collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let text = |name: &str, nullable: bool, comment: &str| -> Field { commented(name, DataType::Utf8, nullable, comment) };
    let columns: Vec<(Field, ArrayRef)> = vec![
        (text("key", false, "Names it: the same kind, source and account give the same key"), texts(&|alarm| Some(alarm.key.clone()))),
        (text("kind", false, "What it is about: rejects"), texts(&|alarm| Some(alarm.kind.clone()))),
        (text("title", false, "What happened"), texts(&|alarm| Some(alarm.title.clone()))),
        (text("severity", false, "How severe it is"), texts(&|alarm| Some(alarm.severity.clone()))),
        (text("source", false, "The source"), texts(&|alarm| Some(alarm.source.clone()))),
        (text("account", true, "The account, if the objects of the source tell"), texts(&|alarm| alarm.account.clone())),
        (
            commented("share", DataType::Float64, false, "The share of records that became rejects, when it was raised"),
            shares(&|alarm| Some(alarm.share)),
        ),
        (commented("share_before", DataType::Float64, true, "The same share, of the time before"), shares(&|alarm| alarm.share_before)),
        (commented("share_limit", DataType::Float64, false, "What the share had to reach"), shares(&|alarm| Some(alarm.limit))),
        (commented("records", DataType::Int64, false, "Records of the window"), counts(alarms.iter().map(|alarm| Some(alarm.records)))),
        (commented("rejects", DataType::Int64, false, "Those that became rejects"), counts(alarms.iter().map(|alarm| Some(alarm.rejects)))),
        (commented("raised_time", instant(), false, "When it was raised"), instants(&|alarm| Some(alarm.raised_ms))),
        (commented("cleared_time", instant(), true, "When it was over; null while it stands"), instants(&|alarm| alarm.cleared_ms)),
        (commented("notified_time", instant(), true, "When a case system took it"), instants(&|alarm| alarm.notified_ms)),
    ];
    batch(columns)
}

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use coldtrail_model::{Kind, arrow_type};

use crate::batch::{lists, times};
use crate::{Status, Tally, Verdict};

/// How many values a row names.
const TOP_VALUES: usize = 10;

/// The schema of verdicts as a table: a row an entry of a feed, columns as the fields of [`Verdict`] and its [`crate::Tally`] are called,
/// `values` the ten with the highest counts. Of an entry that is `UNCONFIRMED`, times, classes, sources, accounts and values are those of the
/// unconfirmed rows.
pub fn verdicts_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name: &str, nullable: bool| Field::new(name, DataType::Utf8, nullable);
        let count = |name: &str| Field::new(name, DataType::Int64, false);
        let time = |name: &str| Field::new(name, arrow_type(Kind::Time), true);
        let list = |name: &str| Field::new(name, arrow_type(Kind::TextList), false);
        Arc::new(Schema::new(vec![
            text("status", false),
            text("feed", false),
            text("place", false),
            text("original", false),
            text("kind", true),
            text("value", true),
            text("indicator_id", true),
            text("reason", true),
            count("inside"),
            count("outside"),
            count("partly"),
            count("unconfirmed"),
            time("first_time"),
            time("last_time"),
            list("classes"),
            list("sources"),
            list("accounts"),
            list("values"),
            list("searched"),
            time("valid_from"),
            time("valid_until"),
            Field::new("confidence", DataType::Int32, true),
            text("tlp", true),
            list("attack"),
            list("labels"),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Verdicts as a batch of the schema [`verdicts_schema`].
pub fn verdicts_to_record_batch(verdicts: &[Verdict]) -> Result<RecordBatch, ArrowError> {
    let texts = |text: fn(&Verdict) -> Option<String>| -> ArrayRef { Arc::new(verdicts.iter().map(text).collect::<StringArray>()) };
    let counts = |count: fn(&Verdict) -> u64| -> ArrayRef {
        Arc::new(verdicts.iter().map(|verdict| i64::try_from(count(verdict)).unwrap_or(i64::MAX)).collect::<Int64Array>())
    };
    let listed = |list: fn(&Verdict) -> Vec<String>| -> ArrayRef {
        let all: Vec<Vec<String>> = verdicts.iter().map(list).collect();
        lists(all.iter())
    };
    let columns = vec![
        texts(|one| Some(one.status.name().to_owned())),
        texts(|one| Some(one.feed.to_string())),
        texts(|one| Some(one.place.clone())),
        texts(|one| Some(one.original.to_string())),
        texts(|one| one.kind.map(|kind| kind.name().to_owned())),
        texts(|one| one.value.clone()),
        texts(|one| one.indicator_id.map(|id| id.to_string())),
        texts(|one| one.reason.clone()),
        counts(|one| one.seen.inside),
        counts(|one| one.seen.outside),
        counts(|one| one.seen.partly),
        counts(|one| one.seen.unconfirmed.as_ref().map_or(0, |seen| seen.events())),
        times(verdicts.iter().map(|one| shown(one).first_ms)),
        times(verdicts.iter().map(|one| shown(one).last_ms)),
        listed(|one| shown(one).classes.iter().cloned().collect()),
        listed(|one| shown(one).sources.iter().cloned().collect()),
        listed(|one| shown(one).accounts.iter().cloned().collect()),
        listed(|one| shown(one).top_values(TOP_VALUES).into_iter().map(|(value, _)| value.to_owned()).collect()),
        listed(|one| one.searched.clone()),
        times(verdicts.iter().map(|one| one.valid_from)),
        times(verdicts.iter().map(|one| one.valid_until)),
        Arc::new(verdicts.iter().map(|one| one.confidence.map(i32::from)).collect::<Int32Array>()),
        texts(|one| one.tlp.as_ref().map(ToString::to_string)),
        lists(verdicts.iter().map(|one| &one.attack)),
        lists(verdicts.iter().map(|one| &one.labels)),
    ];
    RecordBatch::try_new(verdicts_schema(), columns)
}

/// What a row tells of: what was seen, or what was seen in part if nothing else was.
fn shown(verdict: &Verdict) -> &Tally {
    verdict.seen.unconfirmed.as_deref().filter(|_| verdict.status == Status::Unconfirmed).unwrap_or(&verdict.seen)
}

use std::collections::BTreeMap;
use std::future::Future;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Event, Outcome, SegmentMeta, Table};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

pub(crate) const DAY_MS: i64 = 86_400_000;
/// 2026-03-01T00:00:00Z.
pub(crate) const MARCH_1: i64 = 1_772_323_200_000;
pub(crate) const SOURCE: &str = "aws_cloudtrail";
pub(crate) const API: Table = Table::Events(Class::ApiActivity);

/// One row as text, without what is null.
pub(crate) type Row = BTreeMap<String, Json>;

/// A lake of each kind that needs no server; the folder lives as long as the value.
pub(crate) struct Lakes {
    pub(crate) lakes: Vec<Lake>,
    _folder: TempDir,
}

pub(crate) fn lakes() -> Lakes {
    let folder = TempDir::new().unwrap();
    let local = folder.path().join("a lake, 100% wörld");
    Lakes { lakes: vec![open(local.to_str().unwrap()), open("memory:///lake")], _folder: folder }
}

pub(crate) fn local_lake() -> (TempDir, Lake) {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path().to_str().unwrap());
    (folder, lake)
}

pub(crate) fn open(url: &str) -> Lake {
    Lake::open(url, &StoreOptions::default()).unwrap()
}

/// Runs a test in an environment of its own. Credentials come from the environment only, which a test must not change for the
/// others: it runs itself again, in a process without the vendors' variables of whoever runs the tests.
pub(crate) fn with_environment<F: Future<Output = ()>>(name: &str, variables: &[(&str, &str)], test: impl FnOnce() -> F) {
    const IS_CHILD: &str = "COLDTRAIL_LAKE_TEST_IS_CHILD";
    if std::env::var_os(IS_CHILD).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test());
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name]).env(IS_CHILD, "1");
    for (name, _) in std::env::vars_os() {
        if ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|vendor| name.to_string_lossy().starts_with(vendor)) {
            child.env_remove(name);
        }
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

pub(crate) fn object() -> Arc<str> {
    Arc::from("s3://logs/a.json.gz")
}

/// A call of an API as CloudTrail tells it; the number makes it differ from others.
pub(crate) fn api_call(number: i64, time_ms: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 2, time_ms);
    event.outcome(Outcome::Success);
    event.text(Col::ApiOperation, "GetObject");
    event.text(Col::MetadataUid, format!("{number:08}-1111-4222-8333-444455556666"));
    event.text(Col::CloudAccountUid, format!("{:012}", 111_122_223_333 + number % 3));
    event.text(Col::ActorUserName, format!("user{}@example.com", number % 17));
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", number % 29));
    event.text(Col::HttpRequestUserAgent, "aws-cli/2.15");
    event
}

/// Calls on several days, not in order of time.
pub(crate) fn api_calls(count: i64, days: i64) -> Vec<Event> {
    (0..count).map(|n| api_call(n, MARCH_1 + n % days * DAY_MS + (n * 7919) % 10_000)).collect()
}

/// Writes events of one object; their offsets are their positions.
pub(crate) async fn write(lake: &Lake, config: WriterConfig, events: Vec<Event>) -> Vec<SegmentMeta> {
    let mut writer = SegmentWriter::new(lake.clone(), config);
    for (event, offset) in events.into_iter().zip(0..) {
        writer.append(SOURCE, &object(), event, offset).unwrap();
        if writer.is_full() {
            writer.roll_full().await.unwrap();
        }
    }
    writer.finish().await.unwrap()
}

pub(crate) fn segments_of(metas: &[SegmentMeta], table: Table) -> Vec<SegmentMeta> {
    metas.iter().filter(|meta| meta.table == table).cloned().collect()
}

pub(crate) fn row_count(metas: &[SegmentMeta], table: Table) -> u64 {
    metas.iter().filter(|meta| meta.table == table).map(|meta| meta.rows).sum()
}

/// Every row of a segment, in order.
pub(crate) async fn rows(lake: &Lake, meta: &SegmentMeta) -> Vec<Row> {
    let batches = lake.read_segment(meta).await.unwrap();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| row_of(batch, row))).collect()
}

fn row_of(batch: &RecordBatch, row: usize) -> Row {
    let schema = batch.schema();
    let cells = schema.fields().iter().zip(batch.columns()).filter(|(_, array)| array.is_valid(row));
    cells.map(|(field, array)| (field.name().clone(), cell(array, row))).collect()
}

fn cell(array: &ArrayRef, row: usize) -> Json {
    match array.data_type() {
        DataType::Utf8 => json!(array.as_string::<i32>().value(row)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Timestamp(..) => json!(array.as_primitive::<TimestampMillisecondType>().value(row)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|index| cell(&items, index)).collect()
        }
        other => panic!("no table has a column of type {other}"),
    }
}

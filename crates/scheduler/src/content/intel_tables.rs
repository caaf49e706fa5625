use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use coldtrail_hunt::{ContentKind, ContentService};
use coldtrail_intel::{Entry, Feed, Indicator, Outcome};
use coldtrail_query::Indicators;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result};

use super::{ContentLibrary, external};

/// Every indicator of the newest version of every feed.
const INDICATORS: &str = "indicators";
/// Every entry of these feeds, and what became of it.
const ENTRIES: &str = "entries";

/// Schema `intel`: the feeds that were brought, as tables.
#[derive(Debug)]
pub(crate) struct IntelSchema(ContentLibrary);

impl IntelSchema {
    pub(crate) fn new(content: ContentLibrary) -> Self {
        Self(content)
    }

    /// The feeds with the names of their versions.
    async fn feeds(&self) -> Result<Vec<(String, Arc<Indicators>)>> {
        let mut feeds = Vec::new();
        for content in self.0.list(ContentKind::Indicators).await.map_err(external)? {
            let version = content.versioned_name();
            // One that was expired meanwhile is not there.
            if let Ok(feed) = self.0.indicators_of(&version).await {
                feeds.push((version, feed));
            }
        }
        Ok(feeds)
    }
}

#[async_trait::async_trait]
impl SchemaProvider for IntelSchema {
    fn table_names(&self) -> Vec<String> {
        vec![ENTRIES.to_owned(), INDICATORS.to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let of_feed = |version: &str, feed: Option<&Feed>| match name {
            INDICATORS => indicators_batch(version, feed.map_or(&[], |feed| &feed.indicators)),
            _ => entries_batch(version, feed.map_or(&[], |feed| &feed.entries)),
        };
        if !self.table_exist(name) {
            return Ok(None);
        }
        let mut batches = vec![of_feed("", None)?];
        for (version, feed) in self.feeds().await? {
            batches.push(of_feed(&version, Some(&feed.feed))?);
        }
        Ok(Some(Arc::new(MemTable::try_new(batches[0].schema(), vec![batches])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        [INDICATORS, ENTRIES].contains(&name)
    }
}

/// A column with its field.
type Column = (Field, ArrayRef);

fn text<'a>(name: &str, comment: &str, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    (field(name, DataType::Utf8, comment), Arc::new(values.collect::<StringArray>()))
}

fn instants(name: &str, comment: &str, values: impl Iterator<Item = Option<i64>>) -> Column {
    let values = values.collect::<TimestampMillisecondArray>().with_timezone("UTC");
    (field(name, arrow::array::Array::data_type(&values).clone(), comment), Arc::new(values))
}

fn lists<'a, T: AsRef<str> + 'a>(name: &str, comment: &str, values: impl Iterator<Item = &'a [T]>) -> Column {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for list in values {
        list.iter().for_each(|value| lists.values().append_value(value.as_ref()));
        lists.append(true);
    }
    let lists = lists.finish();
    (field(name, arrow::array::Array::data_type(&lists).clone(), comment), Arc::new(lists))
}

fn field(name: &str, kind: DataType, comment: &str) -> Field {
    Field::new(name, kind, true).with_metadata([("comment".to_owned(), comment.to_owned())].into())
}

fn batch(columns: Vec<Column>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(DataFusionError::from)
}

fn indicators_batch(version: &str, indicators: &[Indicator]) -> Result<RecordBatch> {
    let ids: Vec<String> = indicators.iter().map(|one| one.id.to_string()).collect();
    let confirm: Vec<Option<String>> = indicators.iter().map(|one| one.confirm.as_ref().map(ToString::to_string)).collect();
    let each = || indicators.iter();
    batch(vec![
        text("feed", "The feed", each().map(|one| Some(one.feed.as_str()))),
        text("version", "The feed's version: sweep('…') takes it", each().map(|_| Some(version))),
        text("indicator_id", "Names it by kind and value; the same in every feed", ids.iter().map(|id| Some(id.as_str()))),
        text("kind", "What it is", each().map(|one| Some(one.kind.name()))),
        text("value", "The value in its normal form", each().map(|one| Some(one.value.as_str()))),
        (
            field("pattern", DataType::Boolean, "True if * and ? in the value stand for other characters"),
            Arc::new(each().map(|one| Some(one.pattern)).collect::<BooleanArray>()),
        ),
        text("confirm", "What else must be seen in the same event: port=443", confirm.iter().map(Option::as_deref)),
        text("original", "The value as the feed wrote it", each().map(|one| Some(one.original.as_str()))),
        instants("valid_from", "The first instant at which it is valid", each().map(|one| one.valid_from)),
        instants("valid_until", "The first instant at which it is no longer valid", each().map(|one| one.valid_until)),
        (
            field("confidence", DataType::Int32, "How sure the feed is, 0 to 100"),
            Arc::new(each().map(|one| one.confidence.map(i32::from)).collect::<Int32Array>()),
        ),
        text("tlp", "The Traffic Light Protocol's word", each().map(|one| one.tlp.as_deref())),
        lists("attack", "ATT&CK techniques and tactics", each().map(|one| one.attack.as_slice())),
        lists("labels", "Labels, tags, names of malware", each().map(|one| one.labels.as_slice())),
        text("description", "What the feed says of it", each().map(|one| one.description.as_deref())),
    ])
}

fn entries_batch(version: &str, entries: &[Entry]) -> Result<RecordBatch> {
    let outcome = |entry: &'_ Entry| match &entry.outcome {
        Outcome::Accepted(..) => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::Unsupported(_) => "unsupported",
    };
    let reasons = entries.iter().map(|entry| match &entry.outcome {
        Outcome::Accepted(..) => None,
        Outcome::Rejected(reason) | Outcome::Unsupported(reason) => Some(&**reason),
    });
    let lines = entries.iter().map(|entry| i64::try_from(entry.place.line).ok());
    batch(vec![
        text("feed", "The feed", entries.iter().map(|entry| Some(entry.feed.as_str()))),
        text("version", "The feed's version", entries.iter().map(|_| Some(version))),
        (field("line", DataType::Int64, "The line at which it begins, from 1"), Arc::new(lines.collect::<Int64Array>())),
        text("path", "The path to it, where lines do not suffice", entries.iter().map(|entry| entry.place.path.as_deref())),
        text("original", "What it says, as written", entries.iter().map(|entry| Some(entry.original.as_str()))),
        text("outcome", "accepted, rejected or unsupported", entries.iter().map(|entry| Some(outcome(entry)))),
        text("reason", "Why it is not looked for", reasons),
    ])
}

use std::sync::Arc;

use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Event, Outcome, SegmentMeta, Table};
use tempfile::TempDir;

pub(crate) const DAY_MS: i64 = 86_400_000;
/// 2026-03-01T00:00:00Z.
pub(crate) const MARCH_1: i64 = 1_772_323_200_000;

/// A lake of each kind; the folder lives as long as the value.
pub(crate) struct Lakes {
    pub(crate) lakes: Vec<Lake>,
    pub(crate) folder: TempDir,
}

pub(crate) fn lakes() -> Lakes {
    let folder = TempDir::new().unwrap();
    let local = folder.path().join("a lake, 100% wörld");
    let lakes = vec![open(local.to_str().unwrap()), open("memory:///lake")];
    Lakes { lakes, folder }
}

pub(crate) fn open(url: &str) -> Lake {
    Lake::open(url, &StoreOptions::default()).unwrap()
}

pub(crate) fn object(url: &str) -> Arc<str> {
    Arc::from(url)
}

/// A call of an API as CloudTrail tells it; the number makes it differ from others.
pub(crate) fn api_call(number: i64, time_ms: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 2, time_ms);
    event.outcome(Outcome::Success);
    event.text(Col::ApiOperation, "GetObject");
    event.text(Col::ApiServiceName, "s3.amazonaws.com");
    event.text(Col::MetadataUid, format!("{number:08}-1111-4222-8333-444455556666"));
    event.text(Col::CloudProvider, "AWS");
    event.text(Col::CloudAccountUid, format!("{:012}", 111_122_223_333 + number % 3));
    event.text(Col::ActorUserName, format!("user{}@example.com", number % 17));
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", number % 29));
    event.text(Col::HttpRequestUserAgent, "aws-cli/2.15");
    event.text(Col::Unmapped, r#"{"additionalEventData":{"bytes":1}}"#);
    event
}

/// Writes events of one object with the default settings.
pub(crate) async fn write(lake: &Lake, events: impl IntoIterator<Item = Event>) -> Vec<SegmentMeta> {
    let mut writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
    let object = object("s3://logs/a.json.gz");
    writer.append_batch("aws_cloudtrail", &object, events.into_iter().zip(0..)).unwrap();
    writer.finish().await.unwrap()
}

pub(crate) fn segments_of(metas: &[SegmentMeta], table: Table) -> Vec<SegmentMeta> {
    metas.iter().filter(|meta| meta.table == table).cloned().collect()
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use coldtrail_catalog::{Catalog, CatalogClient, CommitId, Config};
use coldtrail_lake::{Lake, RejectRow, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_maintain::{Duplicates, Maintenance, MaintenanceConfig, Report};
use coldtrail_model::{
    Class, Col, Commit, Event, Outcome, Run, RunDefinition, RunId, RunState, SegmentId, SegmentIndex, SegmentMeta, Snapshot, SourceObject,
    Table,
};
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-03-01T00:00:00Z.
pub(crate) const MARCH_1: i64 = 1_772_323_200_000;
pub(crate) const API: Table = Table::Events(Class::ApiActivity);

/// A row as text, without where it is and without what is null; observables without the segment that they name.
pub(crate) type Row = Vec<(String, String)>;

/// A lake, its catalog, and who keeps them.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) lake: Lake,
    pub(crate) catalog: Catalog,
    pub(crate) maintenance: Maintenance,
}

pub(crate) fn config() -> MaintenanceConfig {
    MaintenanceConfig {
        segments_min: 2,
        io_bytes_per_second_max: 0,
        duplicates: Duplicates::All,
        backup_every_hours: 0,
        ..MaintenanceConfig::default()
    }
}

/// Now, and so many hours later.
pub(crate) fn in_hours(hours: i64) -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() + hours * HOUR_MS
}

impl House {
    pub(crate) async fn new(config: MaintenanceConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().join("lake").to_str().unwrap(), &StoreOptions::default()).unwrap();
        let catalog = Catalog::open(Config::in_folder(folder.path().join("catalog"))).await.unwrap();
        let maintenance = keeper(&lake, Arc::new(catalog.clone()), config);
        Self { folder, lake, catalog, maintenance }
    }

    /// Takes in the events of one object.
    pub(crate) async fn ingest(&self, object: &str, source: &str, events: Vec<Event>) -> Vec<SegmentMeta> {
        let offsets = 0..i64::try_from(events.len()).unwrap();
        self.ingest_at(object, source, events.into_iter().zip(offsets).collect()).await
    }

    /// Takes in events with their places in the object.
    pub(crate) async fn ingest_at(&self, object: &str, source: &str, events: Vec<(Event, i64)>) -> Vec<SegmentMeta> {
        let mut writer = SegmentWriter::new(self.lake.clone(), WriterConfig::default());
        writer.append_batch(source, &Arc::from(object), events).unwrap();
        self.commit(writer).await
    }

    /// Takes in rejects of one object.
    pub(crate) async fn ingest_rejects(&self, object: &str, time_ms: i64, count: i64) -> Vec<SegmentMeta> {
        let mut writer = SegmentWriter::new(self.lake.clone(), WriterConfig::default());
        for offset in 0..count {
            let raw = format!("{object} {offset} is broken");
            let (reason, raw, raw_bytes) = ("it is broken", raw.as_bytes(), raw.len() as i64);
            writer.reject(RejectRow { source: "zeek", source_object: object, offset, time_ms: time_ms + offset, reason, raw, raw_bytes });
        }
        self.commit(writer).await
    }

    /// Takes in the events of one object, as an ingest does: with the object, and with a note of it.
    pub(crate) async fn ingest_noted(&self, url: &str, events: Vec<Event>) {
        let count = events.len() as u64;
        let mut writer = SegmentWriter::new(self.lake.clone(), WriterConfig::default());
        writer.append_batch("aws_cloudtrail", &Arc::from(url), events.into_iter().zip(0..)).unwrap();
        let mut sha256 = [0; 32];
        url.bytes().zip(&mut sha256).for_each(|(byte, place)| *place = byte);
        let object = SourceObject {
            url: url.to_owned(),
            source: "aws_cloudtrail".to_owned(),
            bytes: 1,
            modified_ms: MARCH_1,
            etag: None,
            sha256,
            records: count,
            events: count,
            rejects: 0,
            ingested_ms: MARCH_1,
        };
        let commit = Commit { added: writer.finish().await.unwrap(), source_objects: vec![object.clone()], ..Commit::default() };
        let id = CommitId::generate();
        self.catalog.commit_as(id, commit).await.unwrap();
        self.lake.note_source_objects(&id.to_string(), &[object]).await.unwrap();
    }

    async fn commit(&self, writer: SegmentWriter) -> Vec<SegmentMeta> {
        let added = writer.finish().await.unwrap();
        self.catalog.commit(Commit { added: added.clone(), ..Commit::default() }).await.unwrap();
        added
    }

    pub(crate) async fn pass(&self, now_ms: i64) -> Report {
        self.maintenance.pass(now_ms, &CancellationToken::new()).await.unwrap()
    }

    pub(crate) async fn snapshot(&self) -> Arc<Snapshot> {
        self.catalog.snapshot().await.unwrap()
    }

    /// How many segments of a table are visible.
    pub(crate) async fn segments(&self, table: Table) -> usize {
        self.snapshot().await.segments_of(table).len()
    }

    /// How many rows of a table are visible.
    pub(crate) async fn row_count(&self, table: Table) -> u64 {
        self.snapshot().await.segments_of(table).iter().map(|segment| segment.rows).sum()
    }

    /// What is visible.
    pub(crate) async fn rows(&self) -> BTreeMap<Table, Vec<Row>> {
        rows_of(&self.lake, self.snapshot().await.as_ref()).await
    }

    /// The files of segments that there are.
    pub(crate) async fn files(&self) -> BTreeSet<SegmentId> {
        let files: Vec<_> = self.lake.list_segment_files().try_collect().await.unwrap();
        files.into_iter().map(|file| file.id.unwrap()).collect()
    }

    /// What the catalog shows.
    pub(crate) async fn visible(&self) -> BTreeSet<SegmentId> {
        self.snapshot().await.segments.values().flatten().map(|segment| segment.id).collect()
    }

    /// Checks that observables say of the visible segments of events what is in them, and name no others.
    pub(crate) async fn check_observables(&self) {
        let snapshot = self.snapshot().await;
        let mut addresses: BTreeMap<(String, String), i64> = BTreeMap::new();
        for segment in snapshot.segments.iter().filter(|(table, _)| matches!(table, Table::Events(_))).flat_map(|(_, all)| all) {
            for row in raw_rows(&self.lake, segment).await {
                if let Some(address) = row.get("src_endpoint_ip") {
                    *addresses.entry((segment.id.to_string(), address.clone())).or_default() += 1;
                }
            }
        }
        let mut told: BTreeMap<(String, String), i64> = BTreeMap::new();
        for segment in snapshot.segments_of(Table::Observables) {
            let rows = raw_rows(&self.lake, segment).await;
            let order: Vec<(i32, &String)> = rows.iter().map(|row| (row["type_id"].parse().unwrap(), &row["value"])).collect();
            assert!(order.is_sorted(), "observables are sorted by type and value");
            for row in rows.iter().filter(|row| row["type_id"] == "2" && row["value"].starts_with("198.")) {
                let count: i64 = row["count"].parse().unwrap();
                let twice = told.insert((row["segment"].clone(), row["value"].clone()), count);
                assert_eq!(twice, None, "a value comes once for each segment (these events have one account)");
            }
        }
        assert_eq!(told, addresses);
    }

    /// Has a run read what is visible now, so that it is pinned.
    pub(crate) async fn pin(&self) -> Run {
        let definition = RunDefinition {
            sql: "SELECT 1".to_owned(),
            title: None,
            principal: "ann".to_owned(),
            submitted_ms: 0,
            snapshot_id: self.snapshot().await.id,
            priority: 0,
            deadline_ms: None,
            bytes_max: None,
            parallelism: 1,
            labels: BTreeMap::new(),
        };
        let (state, id) = (RunState::Queued, RunId::generate());
        let run = Run { id, definition, state, plan: None, epoch: 0, version: 0, message: None, started_ms: None, ended_ms: None };
        self.catalog.create_run(run.clone()).await.unwrap();
        run
    }
}

pub(crate) fn keeper(lake: &Lake, catalog: Arc<dyn CatalogClient>, config: MaintenanceConfig) -> Maintenance {
    Maintenance::new(lake.clone(), catalog, config, WriterConfig::default()).unwrap()
}

/// Every row that a snapshot shows, sorted; of observables those of each segment put together, as if there were one.
pub(crate) async fn rows_of(lake: &Lake, snapshot: &Snapshot) -> BTreeMap<Table, Vec<Row>> {
    let mut all = BTreeMap::new();
    for (table, segments) in &snapshot.segments {
        let mut rows: Vec<Row> = Vec::new();
        let mut counts: BTreeMap<Row, i64> = BTreeMap::new();
        for segment in segments {
            lake.verify_segment(segment).await.unwrap();
            for mut row in raw_rows(lake, segment).await {
                if *table == Table::Observables {
                    let count: i64 = row["count"].parse().unwrap();
                    ["segment", "count", "first_time", "last_time"].iter().for_each(|name| drop(row.remove(*name)));
                    *counts.entry(row.into_iter().collect()).or_default() += count;
                } else {
                    rows.push(row.into_iter().collect());
                }
            }
        }
        let counted = counts.into_iter().map(|(mut row, count)| {
            row.push(("count".to_owned(), count.to_string()));
            row
        });
        rows.extend(counted);
        rows.sort();
        all.insert(*table, rows);
    }
    all
}

/// The rows of a segment in order, without what is null.
pub(crate) async fn raw_rows(lake: &Lake, segment: &SegmentMeta) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    for batch in lake.read_segment(segment).await.unwrap() {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns()).filter(|(_, array)| array.is_valid(row));
            rows.push(cells.map(|(field, array)| (field.name().clone(), text(array, row))).collect());
        }
    }
    rows
}

fn text(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => array.as_primitive::<TimestampMillisecondType>().value(row).to_string(),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let texts: Vec<String> = (0..items.len()).map(|index| text(&items, index)).collect();
            format!("{texts:?}")
        }
        other => panic!("no table has a column of type {other}"),
    }
}

/// A call of an API; the number makes it differ from others, and is its vendor's id.
pub(crate) fn call(number: i64, time_ms: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 2, time_ms);
    event.outcome(Outcome::Success);
    event.text(Col::ApiOperation, "GetObject");
    event.text(Col::MetadataUid, format!("call-{number:08}"));
    event.text(Col::CloudAccountUid, "111122223333");
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", number % 29));
    event.list(Col::HttpRequestXForwardedFor, [format!("2001:db8::{:x}", number % 5)]);
    event.text(Col::RawData, format!("{{\"eventID\":\"call-{number:08}\"}}"));
    event
}

/// Calls of these numbers on one day, not in order of time.
pub(crate) fn calls(numbers: std::ops::Range<i64>, day_ms: i64) -> Vec<Event> {
    numbers.map(|number| call(number, day_ms + (number * 7919) % 86_400 * 1000)).collect()
}

/// A flow, of a source whose records have no id.
pub(crate) fn flow(number: i64, time_ms: i64) -> Event {
    let mut event = Event::new(Class::NetworkActivity, 6, time_ms);
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", number % 7));
    event.text(Col::RawData, format!("2 111122223333 eni-{number}"));
    event
}

pub(crate) const NETWORK: Table = Table::Events(Class::NetworkActivity);

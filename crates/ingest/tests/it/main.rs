//! Objects go in once, whole, and every record is accounted for.

mod retry;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use coldtrail_catalog::{Catalog, CatalogClient, Config};
use coldtrail_ingest::{Error, Ingest, IngestConfig, Report, SourceChoice};
use coldtrail_lake::{Lake, StoreOptions, WriterConfig};
use coldtrail_model::{SegmentIndex, Table};
use coldtrail_normalize::Source;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

struct House {
    folder: tempfile::TempDir,
    lake: Lake,
    catalog: Catalog,
    ingest: Ingest,
}

impl House {
    async fn new(config: IngestConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("logs")).expect("a folder");
        let lake = Lake::open(folder.path().join("lake").to_str().expect("UTF-8"), &StoreOptions::default()).expect("a lake");
        let catalog = Catalog::open(Config::in_folder(folder.path().join("catalog"))).await.expect("a catalog");
        let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
        let ingest = Ingest::new(lake.clone(), client, config, WriterConfig::default(), StoreOptions::default()).expect("an ingest");
        Self { folder, lake, catalog, ingest }
    }

    fn log(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join("logs").join(name), bytes).expect("a file");
    }

    async fn run(&self) -> Report {
        self.try_run(&self.folder.path().join("logs"), SourceChoice::Auto).await.expect("an ingest")
    }

    async fn try_run(&self, path: &Path, choice: SourceChoice) -> Result<Report, Error> {
        let locations = [path.to_str().expect("UTF-8").to_owned()];
        self.ingest.run(&locations, choice, &|_| {}, CancellationToken::new()).await
    }

    /// Rows of events and of rejects that are visible, read back from the files.
    async fn visible(&self) -> (u64, u64) {
        let snapshot = self.catalog.snapshot().await.expect("a snapshot");
        let (mut events, mut rejects) = (0, 0);
        for (table, segments) in &snapshot.segments {
            for segment in segments {
                self.lake.verify_segment(segment).await.expect("a segment as it was written");
                match table {
                    Table::Events(_) => events += segment.rows,
                    Table::Rejects => rejects += segment.rows,
                    Table::Observables => {}
                }
            }
        }
        (events, rejects)
    }
}

fn record(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventID":"{number}","eventTime":"2026-03-{:02}T12:00:00Z","eventName":"ListUsers","eventSource":"iam.amazonaws.com","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.{}"}}"#,
        1 + number % 3,
        number % 250
    )
}

fn records(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| record(number) + "\n").collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_an_event_or_a_reject_and_the_same_files_again_change_nothing() {
    let house = House::new(IngestConfig::default()).await;
    house.log("a.json", records(0..100) + "not json\n{\"eventName\":\"x\"}\n");
    house.log("b.json.gz", gzip(&format!("{{\"Records\":[{}]}}", (100..150).map(record).collect::<Vec<_>>().join(","))));
    house.log("empty.json", "");
    house.log(".unfinished", "partial");
    let report = house.run().await;
    assert_eq!((report.objects_found, report.objects_ingested, report.failed.len()), (3, 3, 0));
    assert_eq!((report.records, report.events, report.rejects), (152, 150, 2));
    assert_eq!(house.visible().await, (150, 2));

    let again = house.run().await;
    assert_eq!((again.objects_known, again.objects_ingested, again.records), (3, 0, 0));
    assert_eq!(house.visible().await, (150, 2));
    house.catalog.shutdown().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_touched_file_is_known_by_its_content_and_a_changed_one_is_new() {
    let house = House::new(IngestConfig::default()).await;
    house.log("a.json", records(0..10));
    house.run().await;
    let path = house.folder.path().join("logs/a.json");
    let file = fs::File::options().write(true).open(&path).expect("the file");
    file.set_modified(std::time::UNIX_EPOCH).expect("its time");
    let touched = house.run().await;
    assert_eq!((touched.objects_known, touched.objects_changed), (1, 0));
    house.log("a.json", records(10..30));
    let changed = house.run().await;
    assert_eq!((changed.objects_changed, changed.events), (1, 20));
    assert_eq!(house.visible().await, (30, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_off_archive_keeps_what_is_whole_and_says_what_is_missing() {
    let house = House::new(IngestConfig::default()).await;
    let whole = gzip(&records(0..20_000));
    house.log("cut.json.gz", &whole[..whole.len() / 2]);
    let report = house.run().await;
    assert_eq!(report.objects_ingested, 1);
    assert!(report.events > 1000 && report.rejects >= 1, "{report:?}");
    assert_eq!(house.visible().await, (report.events, report.rejects));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_named_and_does_not_stop_the_rest() {
    let house = House::new(IngestConfig::default()).await;
    house.log("a.json", records(0..10));
    house.log("b.bin", vec![7_u8; 100_000]);
    let report = house.run().await;
    assert_eq!((report.objects_ingested, report.failed.len()), (1, 1));
    assert!(report.failed[0].reason.contains("--source"), "{:?}", report.failed);

    let wrong = house.try_run(&house.folder.path().join("logs/a.json"), SourceChoice::Named(Source::Zeek)).await.expect("a report");
    assert_eq!(wrong.objects_known, 1, "the file was taken in already");
    house.log("c.json", records(20..25));
    let wrong = house.try_run(&house.folder.path().join("logs/c.json"), SourceChoice::Named(Source::Zeek)).await.expect("a report");
    assert!(wrong.failed[0].reason.contains("looks like aws_cloudtrail, not like zeek"), "{:?}", wrong.failed);
    let missing = house.try_run(&house.folder.path().join("nowhere"), SourceChoice::Auto).await;
    assert!(matches!(missing, Err(Error::NoSuchLocation { .. })), "{missing:?}");
    assert_eq!(house.visible().await, (10, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_ingests_of_the_same_files_at_once_take_each_in_once() {
    let house = House::new(IngestConfig { commit_objects_max: 3, ..IngestConfig::default() }).await;
    for number in 0..10 {
        house.log(&format!("{number}.json"), records(number * 10..number * 10 + 10));
    }
    let (one, other) = tokio::join!(house.run(), house.run());
    assert_eq!(one.events + other.events, 100);
    assert_eq!(house.visible().await, (100, 0));
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    let known: std::collections::HashSet<_> = snapshot.segments.values().flatten().map(|segment| segment.id).collect();
    house.lake.clean_orphans(|id| known.contains(id), i64::MAX).await.expect("a clean lake");
    assert_eq!(house.visible().await, (100, 0));
}

/// Offset, text, and whether it is cut or lossy, of rows of rejects.
fn reject_rows(batch: &arrow::array::RecordBatch) -> Vec<(i64, String, bool, bool)> {
    use arrow::array::AsArray;
    let (offset, raw) = (batch.column(3).as_primitive::<arrow::datatypes::Int64Type>(), batch.column(5).as_string::<i32>());
    let (cut, lossy) = (batch.column(7).as_boolean(), batch.column(8).as_boolean());
    (0..batch.num_rows()).map(|row| (offset.value(row), raw.value(row).to_owned(), cut.value(row), lossy.value(row))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_that_two_bring_at_once_is_taken_in_once() {
    let house = House::new(IngestConfig::default()).await;
    for name in ["one.json", "two.json"] {
        house.log(name, records(0..10));
    }
    let files = house.ingest.list(house.folder.path().join("logs").to_str().expect("UTF-8")).await.expect("a list");
    let take =
        |file: &coldtrail_ingest::SourceFile| house.ingest.take(vec![file.clone()], SourceChoice::Auto, true, CancellationToken::new());
    let (one, two) = tokio::join!(take(&files[0]), take(&files[1]));
    let (one, two) = (one.expect("a report"), two.expect("a report"));
    assert_eq!((one.objects_ingested + two.objects_ingested, one.objects_duplicate + two.objects_duplicate), (1, 1), "{one:?} {two:?}");
    assert_eq!(house.visible().await.0, one.events + two.events);
    assert_eq!(house.catalog.status().await.expect("a status").source_objects, 2, "the other one is noted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_in_is_noted_in_the_lake() {
    let house = House::new(IngestConfig::default()).await;
    house.log("one.json", records(0..10));
    house.run().await;
    let paths: Vec<String> = house.lake.list_source_notes().try_collect().await.expect("a list");
    assert_eq!(paths.len(), 1);
    let noted = house.lake.read_source_note(&paths[0]).await.expect("a note");
    assert_eq!(noted, house.catalog.source_objects().await.expect("a list"));
}

//! A lake in a folder, a catalog of one node, and what is visible in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use coldtrail_catalog::{Catalog, CatalogClient, Config};
use coldtrail_ingest::{Ingest, IngestConfig};
use coldtrail_intake::{Taker, WatchConfig, Watcher};
use coldtrail_lake::{Lake, StoreOptions, WriterConfig};
use coldtrail_model::{SegmentIndex, SourceObject, Table};
use tokio_util::sync::CancellationToken;

/// A moment to start from: 2026-03-01 12:00 UTC, in milliseconds.
pub(crate) const NOON: i64 = 1_772_366_400_000;

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) lake: Lake,
    pub(crate) catalog: Catalog,
    pub(crate) taker: Taker,
}

pub(crate) fn taker(lake: &Lake, catalog: &Catalog) -> Taker {
    let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
    let config = IngestConfig { commit_retries_max: 1, ..IngestConfig::default() };
    let ingest = Ingest::new(lake.clone(), Arc::clone(&client), config, WriterConfig::default(), StoreOptions::default());
    Taker::new(ingest.expect("an ingest"), client)
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("logs")).expect("a folder");
        let lake = Lake::open(folder.path().join("lake").to_str().expect("UTF-8"), &StoreOptions::default()).expect("a lake");
        let catalog = Catalog::open(Config::in_folder(folder.path().join("catalog"))).await.expect("a catalog");
        let taker = taker(&lake, &catalog);
        Self { folder, lake, catalog, taker }
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// Writes a log that was last written at this moment.
    pub(crate) fn log(&self, name: &str, content: impl AsRef<[u8]>, modified_ms: i64) {
        write_at(&self.logs().join(name), content.as_ref(), modified_ms);
    }

    pub(crate) fn watcher(&self, change: impl FnOnce(&mut WatchConfig)) -> Watcher {
        let mut config = WatchConfig::new(self.logs().to_str().expect("UTF-8"));
        change(&mut config);
        Watcher::new(self.taker.clone(), &[config]).expect("a watcher")
    }

    /// Rows of events and of rejects that are visible, in files that are as they were written.
    pub(crate) async fn visible(&self) -> (u64, u64) {
        visible(&self.lake, &self.catalog).await
    }

    pub(crate) async fn objects(&self) -> Vec<SourceObject> {
        self.catalog.source_objects().await.expect("the objects")
    }
}

pub(crate) async fn visible(lake: &Lake, catalog: &Catalog) -> (u64, u64) {
    let snapshot = catalog.snapshot().await.expect("a snapshot");
    let (mut events, mut rejects) = (0, 0);
    for (table, segments) in &snapshot.segments {
        for segment in segments {
            lake.verify_segment(segment).await.expect("a segment as it was written");
            match table {
                Table::Events(_) => events += segment.rows,
                Table::Rejects => rejects += segment.rows,
                Table::Observables => {}
            }
        }
    }
    (events, rejects)
}

pub(crate) fn write_at(path: &Path, content: &[u8], modified_ms: i64) {
    fs::write(path, content).expect("a file");
    let file = fs::File::options().write(true).open(path).expect("the file");
    file.set_modified(UNIX_EPOCH + Duration::from_millis(modified_ms.unsigned_abs())).expect("its time");
}

pub(crate) async fn step(watcher: &mut Watcher, now_ms: i64) {
    watcher.step(now_ms, &CancellationToken::new()).await;
}

pub(crate) fn record(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventID":"{number}","eventTime":"2026-03-{:02}T12:00:00Z","eventName":"ListUsers","eventSource":"iam.amazonaws.com","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.{}"}}"#,
        1 + number % 3,
        number % 250
    )
}

pub(crate) fn records(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| record(number) + "\n").collect()
}

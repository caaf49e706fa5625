//! Wherever it is stopped, no row is lost and none comes twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use coldtrail_catalog::{Catalog, CatalogClient, CommitId, Committed, Error, SourceProbe, Status};
use coldtrail_model::{Commit, Document, DocumentChange, IndexError, Run, RunId, SegmentId, SegmentIndex, Slice, Snapshot, SourceObject};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// A catalog that somebody changes just before the next commit, or that is lost at a write: before it, or after it with its answer.
#[derive(Debug)]
pub(crate) struct Meddled {
    catalog: Catalog,
    first: Mutex<Option<Commit>>,
    writes_left: AtomicI64,
}

impl Meddled {
    pub(crate) fn new(catalog: &Catalog, first: Option<Commit>, writes_max: Option<i64>) -> Self {
        Self { catalog: catalog.clone(), first: Mutex::new(first), writes_left: AtomicI64::new(writes_max.unwrap_or(i64::MAX)) }
    }

    /// Two steps for each write: one is lost before it is made, one after.
    fn step(&self) -> Result<(), Error> {
        match self.writes_left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err(Error::Protocol { address: "test".to_owned(), reason: "the process died here".to_owned() }),
        }
    }
}

#[async_trait]
impl SegmentIndex for Meddled {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        self.catalog.snapshot().await
    }
    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        self.catalog.source_objects().await
    }
}

#[async_trait]
impl CatalogClient for Meddled {
    async fn commit_as(&self, id: CommitId, commit: Commit) -> Result<Committed, Error> {
        let first = self.first.lock().take();
        if let Some(first) = first {
            self.catalog.commit(first).await?;
        }
        self.step()?;
        let committed = self.catalog.commit_as(id, commit).await?;
        self.step()?;
        Ok(committed)
    }
    async fn put_documents(&self, changes: Vec<DocumentChange>) -> Result<Vec<Document>, Error> {
        self.step()?;
        let documents = self.catalog.put_documents(changes).await?;
        self.step()?;
        Ok(documents)
    }
    async fn is_ingested(&self, probes: &[SourceProbe]) -> Result<Vec<bool>, Error> {
        self.catalog.is_ingested(probes).await
    }
    async fn ingested(&self, probes: &[SourceProbe]) -> Result<Vec<Option<SourceObject>>, Error> {
        self.catalog.ingested(probes).await
    }
    async fn has_content(&self, sha256: &[[u8; 32]]) -> Result<Vec<bool>, Error> {
        self.catalog.has_content(sha256).await
    }
    async fn status(&self) -> Result<Status, Error> {
        self.catalog.status().await
    }
    async fn create_run(&self, run: Run) -> Result<(), Error> {
        self.catalog.create_run(run).await
    }
    async fn update_run(&self, expected_version: u64, run: Run) -> Result<Run, Error> {
        self.catalog.update_run(expected_version, run).await
    }
    async fn put_slices(&self, run: RunId, epoch: u64, slices: Vec<Slice>) -> Result<(), Error> {
        self.catalog.put_slices(run, epoch, slices).await
    }
    async fn delete_run(&self, id: RunId) -> Result<(), Error> {
        self.catalog.delete_run(id).await
    }
    async fn run(&self, id: RunId) -> Result<Option<(Run, Vec<Slice>)>, Error> {
        self.catalog.run(id).await
    }
    async fn runs(&self) -> Result<Vec<Arc<Run>>, Error> {
        self.catalog.runs().await
    }
    async fn snapshot_at(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error> {
        self.catalog.snapshot_at(snapshot_id).await
    }
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, Error> {
        self.catalog.document(kind, key).await
    }
    async fn documents(&self, kind: &str) -> Result<Vec<Arc<Document>>, Error> {
        self.catalog.documents(kind).await
    }
    async fn kept_segments(&self) -> Result<Vec<SegmentId>, Error> {
        self.catalog.kept_segments().await
    }
    async fn backup(&self) -> Result<Vec<u8>, Error> {
        self.catalog.backup().await
    }
}

async fn filled() -> House {
    let house = House::new(config()).await;
    for part in 0..3 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 50..part * 50 + 50, MARCH_1)).await;
        house.ingest(&format!("f{part}"), "aws_vpcflow", (0..20).map(|number| flow(part * 100 + number, MARCH_1 + number)).collect()).await;
    }
    house
}

/// After a crash the rows are there, the next passes do the rest, and nothing is left over; a catalog made of the files in between
/// shows the same.
async fn check_after_crash(house: &House, rows: &std::collections::BTreeMap<coldtrail_model::Table, Vec<Row>>, place: &str) {
    assert_eq!(house.rows().await, *rows, "{place}");
    house.check_observables().await;
    crate::rebuild::check_rebuilt(house, rows, place).await;
    house.pass(in_hours(48)).await;
    assert_eq!(house.rows().await, *rows, "{place}");
    assert_eq!((house.segments(API).await, house.segments(NETWORK).await), (1, 1), "{place}");
    house.pass(in_hours(48 + 73)).await;
    assert_eq!(house.files().await, house.visible().await, "{place}");
    assert_eq!(house.rows().await, *rows, "{place}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_that_is_lost_at_any_write_costs_nothing() {
    let mut writes = 0;
    loop {
        let house = filled().await;
        let rows = house.rows().await;
        let meddled = keeper(&house.lake, Arc::new(Meddled::new(&house.catalog, None, Some(writes))), config());
        let ended = meddled.pass(in_hours(48), &CancellationToken::new()).await;
        check_after_crash(&house, &rows, &format!("write {writes}")).await;
        if ended.is_ok() {
            break;
        }
        writes += 1;
    }
    assert!(writes >= 4, "a removal is noted and a commit made, each lost before and after: {writes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_anywhere_costs_nothing() {
    let (mut polls, mut deaths) = (1_usize, 0);
    loop {
        let house = filled().await;
        let rows = house.rows().await;
        let stop = CancellationToken::new();
        let mut pass = Box::pin(house.maintenance.pass(in_hours(48), &stop));
        let mut left = polls;
        let ended = std::future::poll_fn(|context| match pass.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        })
        .await;
        drop(pass);
        check_after_crash(&house, &rows, &format!("poll {polls}")).await;
        if ended.is_some() {
            break;
        }
        deaths += 1;
        polls += 1 + polls / 8;
    }
    assert!(deaths > 8, "it was stopped in {deaths} places");
}

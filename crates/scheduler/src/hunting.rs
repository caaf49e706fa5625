//! Hunts and what they find.

mod conclude;
mod scheduled;
mod start;
mod verdicts;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use coldtrail_catalog::CatalogClient;
use coldtrail_hunt::{HuntRequest, HuntingService, Judgement, StartedHunt};
use coldtrail_model::{Run, RunId, Slice, Snapshot};
use coldtrail_query::{Error, Principal};
use datafusion::common::DataFusionError;
use futures::TryStreamExt;

use crate::content::ContentLibrary;
use crate::runs::{catalog_error, moment, now_ms};
use crate::{QueryRouter, Runs, query_error};

pub(crate) use conclude::FINDING;

/// The hunting of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Hunting {
    router: QueryRouter,
    catalog: Arc<dyn CatalogClient>,
    runs: Runs,
    content: ContentLibrary,
}

impl Hunting {
    /// What hunts with these runs and this content.
    pub fn new(router: QueryRouter, catalog: Arc<dyn CatalogClient>, runs: Runs, content: ContentLibrary) -> Self {
        Self { router, catalog, runs, content }
    }

    /// A run with its slices and the snapshot that it read.
    async fn run(&self, id: RunId) -> Result<(Run, Vec<Slice>, Arc<Snapshot>), Error> {
        let found = self.catalog.run(id).await.map_err(catalog_error)?;
        let (run, slices) = found.ok_or_else(|| Error::BadStatement {
            message: format!("there is no run {id}; `coldtrail run status` shows those there are"),
        })?;
        let snapshot = self.runs.snapshot_of(&run).await?;
        Ok((run, slices, snapshot))
    }

    /// The rows of a statement over a snapshot.
    async fn rows(&self, sql: &str, snapshot: &Arc<Snapshot>) -> Result<Vec<RecordBatch>, Error> {
        let session = self.router.session_at(Arc::clone(snapshot));
        let plan = self.router.planner().analyse(sql, &session, moment(now_ms())).await?;
        let running = self.router.run_logical(plan, Arc::clone(snapshot)).await?;
        let query_id = running.query_id.clone();
        running.stream.try_collect().await.map_err(|error| query_error(error, &query_id))
    }
}

#[async_trait::async_trait]
impl HuntingService for Hunting {
    async fn start_hunt(&self, by: &Principal, request: HuntRequest) -> Result<StartedHunt, Error> {
        self.start_or_check(by, request).await
    }

    async fn verdicts(&self, run: RunId) -> Result<Vec<String>, Error> {
        self.verdicts_of(run).await
    }

    async fn judge(&self, by: &Principal, key: &str, judgement: Judgement) -> Result<String, Error> {
        let finding = self.judge_finding(by, key, judgement).await?;
        serde_json::to_string(&finding).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))
    }
}

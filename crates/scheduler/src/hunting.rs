//! Hunts and what they find.

mod conclude;
mod conclusion;
mod confirm;
mod correlations;
mod facts;
mod findings;
mod notify;
mod samples;
mod scheduled;
mod start;
mod verdicts;

use std::sync::Arc;

use coldtrail_catalog::CatalogClient;
use coldtrail_hunt::{ConclusionRequest, HuntConclusion, HuntRequest, HuntingService, Judgement, StartedHunt};
use coldtrail_model::{RunId, Snapshot};
use coldtrail_query::{Error, Principal};
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use tokio::sync::Notify;

use crate::content::ContentLibrary;
use crate::runs::{moment, now_ms};
use crate::{QueryRouter, Runs, query_error};

pub(crate) use conclude::FINDING;
pub(crate) use conclusion::CONCLUSION;

/// The hunting of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Hunting {
    router: QueryRouter,
    catalog: Arc<dyn CatalogClient>,
    runs: Runs,
    content: ContentLibrary,
    /// There are new findings.
    news: Arc<Notify>,
}

impl Hunting {
    /// What hunts with these runs and this content.
    pub fn new(router: QueryRouter, catalog: Arc<dyn CatalogClient>, runs: Runs, content: ContentLibrary) -> Self {
        Self { router, catalog, runs, content, news: Arc::default() }
    }

    /// The rows of a statement that asks about runs: which snapshot the lake is seen at makes no difference to it.
    async fn rows(&self, sql: &str) -> Result<SendableRecordBatchStream, Error> {
        self.rows_at(sql, self.router.planner().snapshot().await?).await
    }

    /// The rows of a statement over a snapshot.
    async fn rows_at(&self, sql: &str, snapshot: Arc<Snapshot>) -> Result<SendableRecordBatchStream, Error> {
        let session = self.router.session_at(Arc::clone(&snapshot));
        let plan = self.router.planner().analyse(sql, &session, moment(now_ms())).await?;
        Ok(self.router.run_logical(plan, snapshot, 0).await?.stream)
    }
}

/// Why the rows of a statement of ours ended.
fn failed(error: DataFusionError) -> Error {
    query_error(error, "hunting")
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
        to_json(&finding)
    }

    async fn facts(&self, by: &Principal, run: RunId) -> Result<String, Error> {
        to_json(&self.facts_of(run, &by.name).await?)
    }

    async fn conclude(&self, by: &Principal, run: RunId, conclusion: ConclusionRequest) -> Result<HuntConclusion, Error> {
        self.conclude_hunt(by, run, conclusion).await
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))
}

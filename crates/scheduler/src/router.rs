use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use coldtrail_model::Snapshot;
use coldtrail_query::{
    Error, PlannedQuery, Planner, Prepared, Principal, QueryService, Running, ScanEstimate, Session, StatementKind, conform,
};
use datafusion::catalog::CatalogProvider;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionConfig;

use crate::admission::{Admission, holding};
use crate::{
    Engine, EngineConfig, Run, SchedulerRole, Tier, TierChoice, WorkClass, Workspace, distributed_session_config, local_session_config,
};

/// Plans each statement over a pinned snapshot and sends it to the tier that suits its size.
///
/// A statement is planned for this process first, since that tells what it will read; only one that goes to executors is planned
/// again with their settings. Both tiers answer with the same columns.
#[derive(Clone)]
pub struct QueryRouter {
    planner: Planner,
    engine: Engine,
    local: SessionConfig,
    admission: Admission,
}

impl QueryRouter {
    /// Starts an engine that knows the planner's functions, and brings both together. Both tiers use the workspace's cores.
    pub async fn start(planner: Planner, config: EngineConfig, workspace: Arc<Workspace>) -> Result<Self, crate::Error> {
        Self::start_as(planner, config, workspace, SchedulerRole::default()).await
    }

    /// The same as a node of a cluster, whose executors may be elsewhere.
    pub async fn start_as(
        planner: Planner,
        config: EngineConfig,
        workspace: Arc<Workspace>,
        role: SchedulerRole,
    ) -> Result<Self, crate::Error> {
        let vcores = workspace.config().vcores;
        let session = executor_session(&planner, vcores);
        let admission = Admission::new(config.clone());
        let engine = Engine::start_as(config, workspace, &session, role).await?;
        Ok(Self { planner, engine, local: local_session_config(vcores), admission })
    }

    /// How statements are planned for the executors that there are now.
    fn distributed(&self) -> SessionConfig {
        distributed_session_config(self.engine.executor_vcores())
    }

    /// What runs the plans.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends all queries, then executor and scheduler.
    pub async fn stop(&self) {
        self.engine.stop().await;
    }

    /// What plans statements.
    pub fn planner(&self) -> &Planner {
        &self.planner
    }

    /// A view of this snapshot as statements of the local tier are planned in it.
    pub fn session_at(&self, snapshot: Arc<Snapshot>) -> Session {
        self.planner.session_at(snapshot, self.local.clone())
    }

    /// Runs what was made of the statement of a run, or of one of its slices, in the tier that suits it; `run_bytes` is what the whole
    /// run reads.
    pub async fn run_logical(&self, plan: LogicalPlan, snapshot: Arc<Snapshot>, run_bytes: u64) -> Result<Running, Error> {
        let session = self.planner.session_at(Arc::clone(&snapshot), self.local.clone());
        let planned = self.planner.plan_of(plan.clone(), &session).await?;
        if self.engine.choose_tier_of_part(planned.inner(), run_bytes).tier == Tier::Local {
            return self.run_here(WorkClass::Batch, planned);
        }
        let session = self.planner.session_at(snapshot, self.distributed());
        let distributed = self.planner.plan_of(plan, &session).await?;
        match self.engine.choose_tier_of_part(distributed.inner(), run_bytes).tier {
            Tier::Local => self.run_here(WorkClass::Batch, planned),
            Tier::Distributed => self.run_on_executors(WorkClass::Batch, distributed),
        }
    }

    async fn explain(&self, mut planned: PlannedQuery, choice: &TierChoice, analyze: bool) -> Result<Running, Error> {
        planned.note(format!("tier: {}", choice.reason))?;
        if !analyze || choice.tier == Tier::Local {
            return self.run_here(WorkClass::Interactive, planned);
        }
        let inner = Arc::clone(planned.inner());
        let report = self.engine.analyze_distributed(inner, Arc::clone(&planned.context)).await?;
        let notes = format!("tier: {}\n{}", choice.reason, scan_lines(planned.snapshot_id, &planned.scan));
        let kinds: ArrayRef = Arc::new(StringArray::from_iter_values(["coldtrail", "Plan with Metrics"]));
        let plans: ArrayRef = Arc::new(StringArray::from_iter_values([notes, report]));
        let rows = RecordBatch::try_new(Arc::clone(&planned.schema), vec![kinds, plans]).map_err(|error| Error::Failed(error.into()))?;
        let stream = RecordBatchStreamAdapter::new(Arc::clone(&planned.schema), futures::stream::iter([Ok(rows)]));
        Ok(Running { query_id: uuid::Uuid::now_v7().simple().to_string(), snapshot_id: planned.snapshot_id, stream: Box::pin(stream) })
    }

    fn run_here(&self, class: WorkClass, planned: PlannedQuery) -> Result<Running, Error> {
        let task_context = planned.context.task_ctx();
        let run = self.engine.run_local(class, Arc::clone(&planned.physical), task_context)?;
        Ok(running(&planned, run))
    }

    fn run_on_executors(&self, class: WorkClass, planned: PlannedQuery) -> Result<Running, Error> {
        let run = self.engine.run_distributed(class, Arc::clone(&planned.physical), Arc::clone(&planned.context))?;
        Ok(running(&planned, run))
    }
}

/// What an executor must know of statements: their functions and settings.
#[must_use]
pub fn executor_session(planner: &Planner, vcores: usize) -> SessionState {
    SessionStateBuilder::new_from_existing(planner.function_registry_state()).with_config(distributed_session_config(vcores)).build()
}

fn running(planned: &PlannedQuery, run: Run) -> Running {
    let stream = conform(Arc::clone(&planned.schema), run.stream);
    Running { query_id: run.query_id, snapshot_id: planned.snapshot_id, stream }
}

fn scan_lines(snapshot_id: u64, scan: &ScanEstimate) -> String {
    format!("snapshot: {snapshot_id}\nsegments: {} of {}\nbytes: {}\nrows: {}", scan.segments, scan.segments_total, scan.bytes, scan.rows)
}

#[async_trait::async_trait]
impl QueryService for QueryRouter {
    async fn prepare(&self, _principal: &Principal, sql: &str) -> Result<Prepared, Error> {
        self.planner.prepare(sql, self.local.clone()).await
    }

    async fn execute(&self, principal: &Principal, sql: &str, parameters: Option<RecordBatch>) -> Result<Running, Error> {
        let permit = self.admission.admit(principal).await?;
        let Running { query_id, snapshot_id, stream } = self.start_statement(sql, parameters).await?;
        Ok(Running { query_id, snapshot_id, stream: holding(permit, stream) })
    }

    async fn catalogs(&self, _principal: &Principal) -> Result<Vec<(String, Arc<dyn CatalogProvider>)>, Error> {
        let session = self.planner.session(self.local.clone()).await?;
        Ok(vec![(coldtrail_query::CATALOG.to_owned(), Arc::clone(session.catalog()))])
    }
}

impl QueryRouter {
    async fn start_statement(&self, sql: &str, parameters: Option<RecordBatch>) -> Result<Running, Error> {
        let mut planned = self.planner.plan(sql, parameters.clone(), self.local.clone()).await?;
        let mut choice = self.engine.choose_tier(planned.inner());
        if choice.tier == Tier::Distributed {
            let distributed = self.planner.plan(sql, parameters, self.distributed()).await?;
            // With other settings the plan may hold what cannot be distributed; then the first plan runs.
            choice = self.engine.choose_tier(distributed.inner());
            if choice.tier == Tier::Distributed {
                planned = distributed;
            }
        }
        match (&planned.kind, choice.tier) {
            (StatementKind::Explain(explained), _) => {
                let analyze = explained.explain.analyze;
                self.explain(planned, &choice, analyze).await
            }
            (StatementKind::Query, Tier::Local) => self.run_here(WorkClass::Interactive, planned),
            (StatementKind::Query, Tier::Distributed) => self.run_on_executors(WorkClass::Interactive, planned),
        }
    }
}

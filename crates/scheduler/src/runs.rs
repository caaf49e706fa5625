//! Runs: queries that outlive their clients, read in slices of time.
//!
//! A run lives in the catalog; this is what works on it. Any node takes one in, shows it and cancels it, by changing its record; only
//! the node that leads works on it ([`Runs::lead`]), and looks at the record again and again. Whatever a leader that has fallen still
//! sends names an epoch that is over, and changes nothing.

mod alarms_table;
mod config;
mod estimate;
mod findings_table;
mod kpis_table;
mod prepare;
mod slice;
mod tables;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coldtrail_catalog::{CatalogClient, Error as CatalogError};
use coldtrail_hunt::{RunEstimate, RunRequest, RunService, now_of};
use coldtrail_model::{Run, RunDefinition, RunId, RunState, SegmentMeta, Slice, Snapshot};
use coldtrail_query::{Error, Extension, Principal};
use datafusion::logical_expr::LogicalPlan;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::RunsConfig;
pub(crate) use prepare::moment;

use crate::QueryRouter;
use crate::content::ContentLibrary;
use crate::runs::prepare::{Prepared, hunted_window};
use crate::runs::tables::RunTables;
use crate::runs::work::Worker;

/// How often the leader looks for runs to begin, and a worker at the record of its run.
const LOOK: Duration = Duration::from_millis(200);
/// The label of a run that reads only what was taken in since this snapshot.
pub(crate) const SINCE_SNAPSHOT: &str = "since_snapshot";
/// How often a change of a record is tried again because another changed it first.
const CHANGES_MAX: usize = 20;

/// The runs of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Runs {
    shared: Arc<Shared>,
}

struct Shared {
    router: QueryRouter,
    catalog: Arc<dyn CatalogClient>,
    content: ContentLibrary,
    config: RunsConfig,
    /// Something was submitted or resumed here.
    news: Notify,
    speed: estimate::Speed,
}

/// What a run reads, and how.
pub(crate) struct Reading {
    /// What the lake held for it.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The segments that are left after pruning.
    pub(crate) segments: Vec<Arc<SegmentMeta>>,
    /// What the statement means.
    pub(crate) whole: LogicalPlan,
    /// How it is answered, as text.
    pub(crate) plan: String,
}

impl Runs {
    /// The runs that this catalog holds, to be answered by this router. Statements that name content are pinned to the versions that
    /// there are when they are submitted.
    pub fn new(router: QueryRouter, catalog: Arc<dyn CatalogClient>, content: ContentLibrary, config: RunsConfig) -> Self {
        let shared = Shared { router, catalog, content, config, news: Notify::new(), speed: estimate::Speed::default() };
        Self { shared: Arc::new(shared) }
    }

    /// What shows runs, their slices, their results and feeds of indicators as tables. It takes the planner as it is without them.
    pub fn tables(planner: coldtrail_query::Planner, catalog: Arc<dyn CatalogClient>, content: ContentLibrary) -> Arc<dyn Extension> {
        Arc::new(RunTables::new(planner, catalog, content))
    }

    /// Works on runs until `stop`: those that an earlier leader left, and those that come. `epoch` is the term for which this node leads.
    pub async fn lead(&self, epoch: u64, stop: CancellationToken) {
        let workers = TaskTracker::new();
        let mut active: HashMap<RunId, tokio::task::JoinHandle<()>> = HashMap::new();
        let leading = async {
            loop {
                active.retain(|_, worker| !worker.is_finished());
                match self.waiting(&active).await {
                    Ok(waiting) => {
                        for run in waiting.into_iter().take(self.shared.config.runs_at_once.saturating_sub(active.len())) {
                            let worker = Worker::new(Arc::clone(&self.shared), run.id, epoch, stop.child_token());
                            active.insert(run.id, workers.spawn(worker.run()));
                        }
                    }
                    Err(error) => tracing::warn!(%error, "cannot see which runs there are"),
                }
                tokio::select! {
                    () = self.shared.news.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = leading => {}
        }
        workers.close();
        workers.wait().await;
    }

    /// What a run reads, and how.
    pub(crate) async fn reading_of(&self, run: &Run) -> Result<Reading, Error> {
        let snapshot = self.snapshot_of(run).await?;
        let Prepared { segments, whole, .. } = Prepared::of_run(&self.shared, &run.definition, Arc::clone(&snapshot)).await?;
        let planner = self.shared.router.planner();
        let plan = planner.optimised(&whole, &self.shared.router.session_at(Arc::clone(&snapshot))).await?;
        Ok(Reading { snapshot, segments, whole, plan: plan.display_indent().to_string() })
    }

    /// What a run reads.
    pub(crate) async fn snapshot_of(&self, run: &Run) -> Result<Arc<Snapshot>, Error> {
        self.shared.snapshot_of(&run.definition).await
    }

    /// Takes in a run under an id of the caller's. What was submitted under the same id before is given back.
    pub(crate) async fn submit_as(&self, principal: &str, request: RunRequest, id: RunId, submitted_ms: i64) -> Result<Run, Error> {
        let sql = self.shared.content.pin(&request.sql).await?;
        let newest = self.shared.router.planner().snapshot().await?;
        let snapshot = match request.snapshot_id {
            Some(id) => self.shared.catalog.snapshot_at(id).await.map_err(catalog_error)?,
            None => newest,
        };
        let now_ms = now_of(&request.labels, submitted_ms);
        let prepared = Prepared::of(&self.shared, &sql, Arc::clone(&snapshot), now_ms, hunted_window(&request.labels)).await?;
        prepared.check(request.bytes_max, &self.shared.speed)?;
        let correlates = self.shared.content.correlates(&sql).await?;
        let definition = RunDefinition {
            sql,
            title: request.title,
            principal: principal.to_owned(),
            submitted_ms,
            snapshot_id: snapshot.id,
            priority: request.priority,
            deadline_ms: request.time_max.map(|time| submitted_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))),
            bytes_max: request.bytes_max,
            parallelism: if request.parallelism == 0 { self.shared.config.slices_at_once } else { request.parallelism },
            labels: prepared.honest_labels(request.labels, correlates),
        };
        let run = Run {
            id,
            definition,
            state: RunState::Queued,
            plan: Some(prepared.plan()),
            epoch: 0,
            version: 0,
            message: None,
            started_ms: None,
            ended_ms: None,
        };
        match self.shared.catalog.create_run(run.clone()).await {
            Ok(_) => {}
            Err(CatalogError::RunExists { .. }) => return Ok(self.shared.get(id).await?.0),
            Err(error) => return Err(catalog_error(error)),
        }
        self.shared.news.notify_waiters();
        Ok(run)
    }

    /// The runs that somebody should work on, in the order of their turn.
    async fn waiting(&self, active: &HashMap<RunId, tokio::task::JoinHandle<()>>) -> Result<Vec<Arc<Run>>, Error> {
        let mut runs = self.list().await?;
        runs.retain(|run| matches!(run.state, RunState::Queued | RunState::Running) && !active.contains_key(&run.id));
        // What was begun is ended first; then the higher priority, those of whom fewer are worked on, and the older.
        let mut of_principal: HashMap<String, usize> = HashMap::new();
        for run in self.list().await?.iter().filter(|run| active.contains_key(&run.id)) {
            *of_principal.entry(run.definition.principal.clone()).or_default() += 1;
        }
        let worked_on = |run: &Run| of_principal.get(&run.definition.principal).copied().unwrap_or_default();
        runs.sort_by_key(|run| (run.state == RunState::Queued, std::cmp::Reverse(run.definition.priority), worked_on(run), run.id));
        Ok(runs)
    }
}

#[async_trait::async_trait]
impl RunService for Runs {
    async fn estimate(&self, sql: &str) -> Result<RunEstimate, Error> {
        let planner = self.shared.router.planner();
        let prepared = Prepared::of(&self.shared, sql, planner.snapshot().await?, now_ms(), None).await?;
        Ok(prepared.estimate(&self.shared.speed))
    }

    async fn submit(&self, principal: &Principal, request: RunRequest) -> Result<Run, Error> {
        self.submit_as(&principal.name, request, RunId::generate(), now_ms()).await
    }

    async fn get(&self, id: RunId) -> Result<(Run, Vec<Slice>), Error> {
        self.shared.get(id).await
    }

    async fn list(&self) -> Result<Vec<Arc<Run>>, Error> {
        self.shared.catalog.runs().await.map_err(catalog_error)
    }

    async fn cancel(&self, id: RunId, by: &Principal) -> Result<Run, Error> {
        let message = format!("cancelled by {}", by.name);
        self.shared
            .change(id, |run| {
                (!run.state.has_ended()).then(|| Run {
                    state: RunState::Cancelled,
                    message: Some(message.clone()),
                    ended_ms: Some(now_ms()),
                    ..run.clone()
                })
            })
            .await
    }

    async fn pause(&self, id: RunId) -> Result<Run, Error> {
        let change =
            |run: &Run| matches!(run.state, RunState::Queued | RunState::Running).then(|| Run { state: RunState::Paused, ..run.clone() });
        self.shared.change(id, change).await
    }

    async fn resume(&self, id: RunId) -> Result<Run, Error> {
        let change = |run: &Run| (run.state == RunState::Paused).then(|| Run { state: RunState::Queued, ..run.clone() });
        let run = self.shared.change(id, change).await?;
        self.shared.news.notify_waiters();
        Ok(run)
    }

    async fn delete(&self, id: RunId) -> Result<(), Error> {
        let (run, _) = self.get(id).await?;
        if !run.state.has_ended() {
            return Err(Error::NotAllowed { message: format!("run {id} is {}; cancel it before it is deleted", run.state) });
        }
        let lake = self.shared.router.planner().lake();
        lake.delete_results(&id.to_string()).await.map_err(lake_error)?;
        self.shared.catalog.delete_run(id).await.map_err(catalog_error)
    }
}

impl Shared {
    /// What a run reads: its snapshot, or what came into it since another one.
    async fn snapshot_of(&self, definition: &RunDefinition) -> Result<Arc<Snapshot>, Error> {
        let whole = self.catalog.snapshot_at(definition.snapshot_id).await.map_err(catalog_error)?;
        let Some(since) = definition.labels.get(SINCE_SNAPSHOT).and_then(|id| id.parse().ok()) else { return Ok(whole) };
        match self.catalog.snapshot_at(since).await {
            Ok(older) => Ok(Arc::new(whole.added_since(&older))),
            // What was read before is not known any more: everything is read, and found again under the same keys.
            Err(CatalogError::SnapshotGone { .. }) => Ok(whole),
            Err(error) => Err(catalog_error(error)),
        }
    }

    async fn get(&self, id: RunId) -> Result<(Run, Vec<Slice>), Error> {
        let found = self.catalog.run(id).await.map_err(catalog_error)?;
        found.ok_or_else(|| Error::BadStatement { message: format!("there is no run {id}; `coldtrail run list` shows those there are") })
    }

    /// Changes the record of a run, whoever else does at the same time. `None` leaves it as it is.
    async fn change(&self, id: RunId, change: impl Fn(&Run) -> Option<Run>) -> Result<Run, Error> {
        let mut refused = None;
        for _ in 0..CHANGES_MAX {
            let (run, _) = self.get(id).await?;
            let Some(changed) = change(&run) else { return Ok(run) };
            match self.catalog.update_run(run.version, changed).await {
                Ok(stored) => return Ok(stored),
                Err(error @ (CatalogError::RunChanged { .. } | CatalogError::RunEnded { .. })) => refused = Some(error),
                Err(error) => return Err(catalog_error(error)),
            }
            // The change that won may not be visible on this node yet.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Error::Unavailable { message: refused.map_or_else(|| format!("run {id} cannot be changed"), |error| error.to_string()) })
    }
}

/// What the catalog says, as an answer to whoever asked about a run.
pub(crate) fn catalog_error(error: CatalogError) -> Error {
    match error {
        error @ (CatalogError::RunUnknown { .. }
        | CatalogError::RunExists { .. }
        | CatalogError::RunEnded { .. }
        | CatalogError::RunInvalid { .. }) => Error::BadStatement { message: error.to_string() },
        error => Error::Unavailable { message: error.to_string() },
    }
}

pub(crate) fn lake_error(error: coldtrail_lake::Error) -> Error {
    match error.is_retryable() {
        true => Error::Unavailable { message: error.to_string() },
        false => Error::Failed(datafusion::error::DataFusionError::External(Box::new(error))),
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

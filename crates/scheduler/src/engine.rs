use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ballista_core::JobId;
use coldtrail_executor::{JobRegistry, WorkClass, Workspace, guard_operators};
use coldtrail_query::Error as QueryError;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::{TryStreamExt, stream};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::{Cluster, SchedulerRole};
use crate::distribute::distribute;
use crate::failure::{into_stream, query_error};
use crate::job::{Finished, Supervisor, is_executor_lost};
use crate::local::{hide_guards, prints_plan, run_on};
use crate::results::{fetch, nobody_listens};
use crate::stream::{Deadline, ResultStream, stopping};
use crate::tier::{choose_tier, obstacle};
use crate::{EngineConfig, Error, Tier, TierChoice, TierMode};

/// Runs physical plans, in this process or on executors. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    config: EngineConfig,
    role: SchedulerRole,
    workspace: Arc<Workspace>,
    cluster: Arc<Cluster>,
    distributed: Arc<JobRegistry>,
    local: Arc<JobRegistry>,
    slots: Slots,
    supervisors: TaskTracker,
    stop: CancellationToken,
}

/// A plan under way. Dropping the stream cancels the work, wherever it runs; its errors are
/// turned into what the caller can act on by [`query_error`](crate::query_error).
pub struct Run {
    /// Names the run in logs and errors.
    pub query_id: String,
    /// The rows; every batch has the schema of the plan.
    pub stream: SendableRecordBatchStream,
}

/// What executors are to do.
struct Work {
    class: WorkClass,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<SessionContext>,
    /// For its metrics; the rows are thrown away.
    analyze: bool,
    /// Cancelled when nobody wants the result any more.
    released: CancellationToken,
}

/// A plan that a supervisor runs.
struct Supervised {
    query_id: String,
    answer: Answer,
}

/// Places for distributed jobs, of each class its own: runs must not take those of statements.
struct Slots {
    interactive: Arc<Semaphore>,
    batch: Arc<Semaphore>,
}

impl Slots {
    fn new(jobs_max: usize) -> Self {
        Self { interactive: Arc::new(Semaphore::new(jobs_max)), batch: Arc::new(Semaphore::new(jobs_max)) }
    }

    fn of(&self, class: WorkClass) -> Arc<Semaphore> {
        Arc::clone(match class {
            WorkClass::Interactive => &self.interactive,
            WorkClass::Batch => &self.batch,
        })
    }
}

/// How often a query is begun anew because an executor was lost.
const LOST_EXECUTORS_MAX: usize = 4;

type Answer = oneshot::Receiver<Result<Finished, QueryError>>;

impl Engine {
    /// Starts the scheduler and the executor, in this process and on loopback ports only.
    ///
    /// `session` is one as distributed statements are planned with: built from
    /// [`distributed_session_config`](crate::distributed_session_config), with all functions.
    pub async fn start(config: EngineConfig, workspace: Arc<Workspace>, session: &SessionState) -> Result<Self, Error> {
        Self::start_as(config, workspace, session, SchedulerRole::default()).await
    }

    /// The same as a node of a cluster, whose executors may be elsewhere.
    pub async fn start_as(
        config: EngineConfig,
        workspace: Arc<Workspace>,
        session: &SessionState,
        role: SchedulerRole,
    ) -> Result<Self, Error> {
        config.validate()?;
        let cluster = Cluster::start(Arc::clone(&workspace), session, role).await?;
        let slots = Slots::new(config.distributed_jobs_max);
        let shared = Shared {
            config,
            role,
            workspace,
            distributed: cluster.registry(),
            local: JobRegistry::new(),
            cluster: Arc::new(cluster),
            slots,
            supervisors: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Where a plan runs, and why. What cannot be distributed runs in this process, whatever the settings say.
    #[must_use]
    pub fn choose_tier(&self, plan: &Arc<dyn ExecutionPlan>) -> TierChoice {
        self.choose_tier_of_part(plan, 0)
    }

    /// The same for a part of a run that reads so many bytes in all. Where there are executors elsewhere, small parts of large work are
    /// for them too: this process alone would be slower than all of them.
    pub(crate) fn choose_tier_of_part(&self, plan: &Arc<dyn ExecutionPlan>, whole_bytes: u64) -> TierChoice {
        if self.executor_vcores() == 0 && self.shared.config.tier_mode != TierMode::Local {
            return TierChoice { tier: Tier::Local, reason: "local: there is no executor".to_owned() };
        }
        let whole = if self.shared.cluster.remote_vcores().load(Ordering::Relaxed) > 0 { whole_bytes } else { 0 };
        choose_tier(&self.shared.config, plan, whole)
    }

    /// Where the scheduler of Ballista listens on this node.
    #[must_use]
    pub fn scheduler_address(&self) -> SocketAddr {
        self.shared.cluster.address()
    }

    /// Says how many partitions executors elsewhere work on at the same time.
    pub fn set_remote_vcores(&self, vcores: usize) {
        self.shared.cluster.remote_vcores().store(vcores, Ordering::Relaxed);
    }

    /// Partitions that executors work on at the same time, here and elsewhere.
    #[must_use]
    pub fn executor_vcores(&self) -> usize {
        let own = if self.shared.role.executes { self.shared.workspace.config().vcores } else { 0 };
        own + self.shared.cluster.remote_vcores().load(Ordering::Relaxed)
    }

    /// The distributed jobs that something is still done for.
    #[must_use]
    pub fn distributed_jobs(&self) -> &Arc<JobRegistry> {
        &self.shared.distributed
    }

    /// The local queries that something is still done for.
    #[must_use]
    pub fn local_jobs(&self) -> &Arc<JobRegistry> {
        &self.shared.local
    }

    /// Runs a plan in this process; the first row comes as soon as there is one.
    pub fn run_local(&self, class: WorkClass, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<Run, QueryError> {
        let shared = &self.shared;
        if shared.stop.is_cancelled() {
            return Err(stopping());
        }
        let query_id = class.new_job_id();
        let job = shared.local.enter(&query_id);
        let token = job.task_token();
        let plan = guard_operators(plan, &job, &token, shared.workspace.runtime()).map_err(|error| query_error(error, &query_id))?;
        let explained = prints_plan(&plan);
        let rows = run_on(shared.workspace.threads(class), plan, context);
        let rows = if explained { hide_guards(rows) } else { rows };
        let stream = ResultStream::new(query_id.clone(), rows, token, shared.stop.clone(), self.deadline());
        Ok(Run { query_id, stream: Box::pin(stream) })
    }

    /// Runs a plan on executors; the rows come when it is done.
    ///
    /// The plan must be made with a session like the one that the engine was started with, and
    /// [`choose_tier`](Self::choose_tier) must not call it local.
    pub fn run_distributed(&self, class: WorkClass, plan: Arc<dyn ExecutionPlan>, context: Arc<SessionContext>) -> Result<Run, QueryError> {
        let schema = plan.schema();
        let work = Work { class, plan, context, analyze: false, released: CancellationToken::new() };
        let released = work.released.clone();
        let Supervised { query_id, answer } = self.supervise(&work)?;
        let (rows_schema, engine) = (Arc::clone(&schema), self.clone());
        let rows = stream::once(async move {
            let finished = engine.finish(answer, &work).await?;
            Ok::<_, DataFusionError>(fetch(finished.locations, rows_schema))
        });
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten()));
        let stream = ResultStream::new(query_id.clone(), rows, released, self.shared.stop.clone(), self.deadline());
        Ok(Run { query_id, stream: Box::pin(stream) })
    }

    /// Runs a plan on executors for EXPLAIN ANALYZE: its rows are thrown away, and the answer is
    /// the plan of each stage with what its operators measured, such as bytes scanned and row groups pruned.
    pub async fn analyze_distributed(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<SessionContext>) -> Result<String, QueryError> {
        let work = Work { class: WorkClass::Interactive, plan, context, analyze: true, released: CancellationToken::new() };
        let _release = work.released.clone().drop_guard();
        let Supervised { query_id, answer } = self.supervise(&work)?;
        let finished = self.finish(answer, &work).await.map_err(|error| query_error(error, &query_id))?;
        finished.report.ok_or_else(|| QueryError::Unavailable { message: "the metrics of the query were lost".to_owned() })
    }

    /// Ends all queries, then the executor and the scheduler. The temporary files go with the workspace.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.supervisors.close();
        self.shared.supervisors.wait().await;
        self.shared.cluster.stop().await;
    }

    /// Gives up an executor elsewhere whose link is gone; what ran there is begun anew.
    pub async fn lose_executor(&self, executor_id: &str) {
        self.shared.cluster.lose(executor_id).await;
    }

    /// Waits for the end of a job; one that an executor was lost for is begun anew: none of its rows were given to anybody.
    async fn finish(&self, mut answer: Answer, work: &Work) -> Result<Finished, DataFusionError> {
        for _ in 0..LOST_EXECUTORS_MAX {
            match answer.await.map_err(|_| nobody_listens())? {
                Ok(finished) => return Ok(finished),
                Err(error) if is_executor_lost(&error) => {
                    tracing::warn!("an executor was lost; its query is begun anew");
                    self.shared.cluster.settle().await;
                    answer = self.supervise(work).map_err(into_stream)?.answer;
                }
                Err(error) => return Err(into_stream(error)),
            }
        }
        finished(answer).await
    }

    fn supervise(&self, work: &Work) -> Result<Supervised, QueryError> {
        let shared = &self.shared;
        if shared.stop.is_cancelled() {
            return Err(stopping());
        }
        check_distributable(&work.plan, &work.context)?;
        let plan = distribute(Arc::clone(&work.plan))?;
        let query_id = work.class.new_job_id();
        let supervisor = Supervisor {
            cluster: Arc::clone(&shared.cluster),
            registry: Arc::clone(&shared.distributed),
            slots: shared.slots.of(work.class),
            job_id: JobId::new(query_id.clone()),
            released: work.released.clone(),
            stop: shared.stop.clone(),
            deadline: self.deadline(),
            stall_time_max: shared.config.stall_time_max,
            analyze: work.analyze,
        };
        let (sender, answer) = oneshot::channel();
        shared.supervisors.spawn(supervisor.run(plan, Arc::clone(&work.context), sender));
        Ok(Supervised { query_id, answer })
    }

    fn deadline(&self) -> Option<Deadline> {
        self.shared.config.query_time_max.map(Deadline::after)
    }
}

async fn finished(answer: Answer) -> Result<Finished, DataFusionError> {
    answer.await.map_err(|_| nobody_listens())?.map_err(into_stream)
}

/// The last line of defence: such a plan would give wrong rows, or wait for ever.
fn check_distributable(plan: &Arc<dyn ExecutionPlan>, context: &SessionContext) -> Result<(), QueryError> {
    let refused = |reason: String| Err(QueryError::Failed(DataFusionError::Internal(reason)));
    if let Some(obstacle) = obstacle(plan) {
        return refused(obstacle);
    }
    if context.state().config_options().optimizer.enable_dynamic_filter_pushdown {
        return refused("a plan with dynamic filters cannot be distributed".to_owned());
    }
    Ok(())
}

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ballista_core::JobId;
use ballista_core::config::{BallistaConfig, TaskSchedulingPolicy};
use ballista_core::error::BallistaError;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{ExecutorStoppedParams, JobStatus};
use ballista_core::utils::create_grpc_client_endpoint;
use ballista_scheduler::cluster::memory::{InMemoryClusterState, InMemoryJobState};
use ballista_scheduler::cluster::{BallistaCluster, JobState};
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use ballista_scheduler::scheduler_server::{JobIdGenerator, SchedulerServer};
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use ballista_scheduler::state::execution_stage::ExecutionStage;
use coldtrail_executor::{Executor, ExecutorPlace, JobRegistry, MESSAGE_BYTES_MAX, Workspace};
use datafusion::execution::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::fair_share::FairShare;

/// Both live in this process: only a machine that slept looks like a dead executor.
const EMBEDDED_TIMEOUT_SECONDS: u64 = 600;
/// An executor elsewhere that is not heard of for this long is lost, and its tasks are given to others.
const REMOTE_TIMEOUT_SECONDS: u64 = 8;

/// How long the scheduler may take to hear of a lost executor, and then to forget it.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(5);
const SETTLE_POLL: Duration = Duration::from_millis(20);

/// Where the scheduler of a node listens, and whether it has an executor of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulerRole {
    /// The loopback address under which every node knows this scheduler.
    pub host: Ipv4Addr,
    /// An executor in this process. Without one, executors come from elsewhere.
    pub executes: bool,
}

impl Default for SchedulerRole {
    fn default() -> Self {
        Self { host: Ipv4Addr::LOCALHOST, executes: true }
    }
}

tokio::task_local! {
    /// The name of the job that this task is about to submit.
    static JOB_ID: String;
}

/// Ballista's scheduler and one executor, on loopback ports.
pub(crate) struct Cluster {
    server: SchedulerServer<LogicalPlanNode, PhysicalPlanNode>,
    jobs: Arc<InMemoryJobState>,
    registry: Arc<JobRegistry>,
    executor: Mutex<Option<Executor>>,
    serve: JoinHandle<Result<(), BallistaError>>,
    address: SocketAddr,
    /// False in a cluster: its executors are attached from elsewhere.
    executes: bool,
    remote_vcores: Arc<AtomicUsize>,
    /// How often an executor elsewhere was lost.
    losses: watch::Sender<u64>,
    /// How many of these the scheduler has forgotten.
    settled: watch::Sender<u64>,
}

impl Cluster {
    /// Starts both and waits until the scheduler has its executor.
    pub(crate) async fn start(workspace: Arc<Workspace>, session: &SessionState, role: SchedulerRole) -> Result<Self, Error> {
        if session.config().options().extensions.get::<BallistaConfig>().is_none() {
            return Err(Error::Config { key: "session", reason: "must be planned with distributed_session_config" });
        }
        let listener = TcpListener::bind((role.host, 0)).await.map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let executors = Arc::new(InMemoryClusterState::default());
        let task_distribution = TaskDistributionPolicy::Custom(Arc::new(FairShare::new(Arc::clone(&executors))));
        let config = Arc::new(SchedulerConfig { task_distribution, ..scheduler_config(address, session, role) });
        let jobs = Arc::new(job_state(&config.scheduler_id, session));
        let cluster = BallistaCluster::new(executors, Arc::clone(&jobs) as Arc<dyn JobState>);
        let server = create_scheduler(cluster, config).await.map_err(Error::Scheduler)?;
        let serve = tokio::spawn(start_grpc_service_with_listener(listener, server.clone()));
        let executor = if role.executes {
            match Executor::start(workspace, session, ExecutorPlace::beside(address)).await {
                Ok(executor) => Some(executor),
                Err(error) => {
                    serve.abort();
                    return Err(error.into());
                }
            }
        } else {
            None
        };
        let registry = executor.as_ref().map_or_else(JobRegistry::new, |executor| Arc::clone(executor.registry()));
        let (losses, settled) = (watch::Sender::new(0), watch::Sender::new(0));
        let (executor, remote_vcores) = (Mutex::new(executor), Arc::default());
        Ok(Self { server, jobs, registry, executor, serve, address, executes: role.executes, remote_vcores, losses, settled })
    }

    /// The jobs that the executor works on.
    pub(crate) fn registry(&self) -> Arc<JobRegistry> {
        Arc::clone(&self.registry)
    }

    /// True while there is an executor that takes tasks.
    pub(crate) async fn is_running(&self) -> bool {
        let has_remote = self.remote_vcores.load(Ordering::Relaxed) > 0;
        !self.serve.is_finished() && (has_remote || self.executor.lock().await.as_ref().is_some_and(Executor::is_running))
    }

    /// True if the executor lives and dies with this process.
    pub(crate) fn executes(&self) -> bool {
        self.executes
    }

    /// Where the scheduler listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Partitions that executors elsewhere work on at the same time.
    pub(crate) fn remote_vcores(&self) -> &Arc<AtomicUsize> {
        &self.remote_vcores
    }

    /// Gives up an executor elsewhere. Every job is begun anew: Ballista's own recovery of a job whose last stage ran there can double
    /// its rows, or wait for ever.
    pub(crate) async fn lose(&self, executor_id: &str) {
        self.losses.send_modify(|losses| *losses += 1);
        let told = async {
            let endpoint = create_grpc_client_endpoint(format!("http://{}", self.address), None)?;
            let mut scheduler = SchedulerGrpcClient::new(endpoint.connect().await?);
            let parting = ExecutorStoppedParams { executor_id: executor_id.to_owned(), reason: "its link is gone".to_owned() };
            scheduler.executor_stopped(parting).await.map_err(BallistaError::from)?;
            Ok::<(), BallistaError>(())
        };
        match timeout(SETTLE_TIME_MAX, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(executor_id, %error, "the scheduler was not told that an executor is lost; it will notice"),
            Err(_) => tracing::warn!(executor_id, "the scheduler does not hear that an executor is lost; it will notice"),
        }
        // The scheduler forgets it in a task of its own, soon after it was told.
        let forgotten = async {
            while self.server.state.executor_manager.get_executor_metadata(executor_id).await.is_ok() {
                sleep(SETTLE_POLL).await;
            }
        };
        if timeout(SETTLE_TIME_MAX, forgotten).await.is_err() {
            tracing::warn!(executor_id, "the scheduler has not forgotten an executor that is lost");
        }
        self.settled.send_modify(|settled| *settled += 1);
    }

    /// Waits until the scheduler has forgotten every executor that is lost, and gives no task to one.
    pub(crate) async fn settle(&self) {
        let losses = *self.losses.borrow();
        let mut settled = self.settled.subscribe();
        // Several may be lost at once, one after another; each that takes too long has said so itself.
        let _ = timeout(4 * SETTLE_TIME_MAX, settled.wait_for(|settled| *settled >= losses)).await;
    }

    /// True if no stage of this job, which has ended well, was run again. None while that cannot be told.
    pub(crate) async fn ran_once(&self, job_id: &JobId) -> Option<bool> {
        let graph = self.graph(job_id).await?;
        let once = |stage: &ExecutionStage| matches!(stage, ExecutionStage::Successful(stage) if stage.stage_attempt_num == 0);
        Some(graph.stages().values().all(once))
    }

    /// Tells of every executor that is lost.
    pub(crate) fn losses(&self) -> watch::Receiver<u64> {
        self.losses.subscribe()
    }

    /// How far the tasks of a job are, by what the scheduler knows: executors elsewhere tell it nothing in between.
    pub(crate) fn tasks_of(&self, job_id: &JobId) -> Option<RemoteTasks> {
        let jobs = self.server.state.task_manager.get_running_job_cache();
        let graph = jobs.get(job_id)?.execution_graph.clone();
        let graph = graph.try_read().ok()?;
        let mut tasks = RemoteTasks::default();
        for stage in graph.stages().values() {
            match stage {
                ExecutionStage::Running(stage) => tasks.begun += stage.task_infos.len(),
                ExecutionStage::Successful(stage) => {
                    tasks.begun += stage.task_infos.len();
                    tasks.stages_ended += 1;
                }
                _ => {}
            }
        }
        Some(tasks)
    }

    /// Gives a plan to the scheduler. The job's statuses go to `statuses`, but the last one may be lost when nobody makes room.
    pub(crate) async fn submit(
        &self,
        job_id: &JobId,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<SessionContext>,
        statuses: mpsc::Sender<JobStatus>,
    ) -> Result<(), BallistaError> {
        let submit = self.server.submit_physical_plan(job_id.as_str(), context, plan, Some(statuses));
        JOB_ID.scope(job_id.to_string(), submit).await.map(drop)
    }

    pub(crate) async fn status(&self, job_id: &JobId) -> Option<JobStatus> {
        self.server.state.task_manager.get_job_status(job_id).await.ok().flatten()
    }

    /// What is known of a job that has ended.
    pub(crate) async fn graph(&self, job_id: &JobId) -> Option<ExecutionGraphBox> {
        self.jobs.get_execution_graph(job_id).await.ok().flatten()
    }

    pub(crate) async fn cancel(&self, job_id: &JobId) {
        if let Err(error) = self.server.cancel_job(job_id.clone()).await {
            tracing::warn!(%job_id, %error, "could not cancel the job");
        }
    }

    /// Forgets a job that has ended, and removes its files.
    pub(crate) async fn forget(&self, job_id: &JobId) {
        self.server.state.executor_manager.clean_up_job_data(job_id.clone());
        if self.graph(job_id).await.is_some() {
            let _ = self.jobs.remove_job(job_id).await;
        }
    }

    /// Stops the executor, then the scheduler.
    pub(crate) async fn stop(&self) {
        if let Some(executor) = self.executor.lock().await.take() {
            executor.stop().await;
        }
        self.serve.abort();
    }
}

/// How far the tasks of a job are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RemoteTasks {
    pub(crate) begun: usize,
    pub(crate) stages_ended: usize,
}

fn scheduler_config(address: SocketAddr, session: &SessionState, role: SchedulerRole) -> SchedulerConfig {
    let timeout = if role == SchedulerRole::default() { EMBEDDED_TIMEOUT_SECONDS } else { REMOTE_TIMEOUT_SECONDS };
    let config = session.config().clone();
    let state = session.clone();
    SchedulerConfig {
        bind_host: role.host.to_string(),
        external_host: role.host.to_string(),
        bind_port: address.port(),
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        // The supervisor of a job removes its files and its state: a slow client may read for hours.
        finished_job_data_clean_up_interval_seconds: 0,
        finished_job_state_clean_up_interval_seconds: 0,
        executor_timeout_seconds: timeout,
        expire_dead_executor_interval_seconds: 1,
        no_executors_grace_period_seconds: EMBEDDED_TIMEOUT_SECONDS,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_client_max_message_size: MESSAGE_BYTES_MAX as u32,
        override_config_producer: Some(Arc::new(move || config.clone())),
        override_session_builder: Some(Arc::new(move |_| Ok(state.clone()))),
        job_id_generator: Some(Arc::new(GivenJobId)),
        disable_rest_api: true,
        ..SchedulerConfig::default()
    }
}

fn job_state(scheduler_id: &str, session: &SessionState) -> InMemoryJobState {
    let state = session.clone();
    let config = session.config().clone();
    InMemoryJobState::new(scheduler_id, Arc::new(move |_| Ok(state.clone())), Arc::new(move || config.clone()))
}

/// Jobs are named by us, so that a supervisor knows its job before the scheduler does.
struct GivenJobId;

#[async_trait::async_trait]
impl JobIdGenerator for GivenJobId {
    async fn next_id(&self) -> String {
        JOB_ID.try_with(Clone::clone).unwrap_or_else(|_| uuid::Uuid::now_v7().simple().to_string())
    }
}

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ballista_core::JobId;
use ballista_core::config::{BallistaConfig, TaskSchedulingPolicy};
use ballista_core::error::BallistaError;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{ExecutorStoppedParams, JobStatus};
use ballista_core::utils::create_grpc_client_endpoint;
use ballista_scheduler::cluster::memory::{InMemoryClusterState, InMemoryJobState};
use ballista_scheduler::cluster::{BallistaCluster, JobState};
use ballista_scheduler::config::SchedulerConfig;
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

use crate::Error;

/// Both live in this process: only a machine that slept looks like a dead executor.
const EMBEDDED_TIMEOUT_SECONDS: u64 = 600;
/// An executor elsewhere that is not heard of for this long is lost, and its tasks are given to others.
const REMOTE_TIMEOUT_SECONDS: u64 = 8;

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
    remote_vcores: Arc<AtomicUsize>,
    /// How often an executor elsewhere was lost.
    losses: watch::Sender<u64>,
}

impl Cluster {
    /// Starts both and waits until the scheduler has its executor.
    pub(crate) async fn start(workspace: Arc<Workspace>, session: &SessionState, role: SchedulerRole) -> Result<Self, Error> {
        if session.config().options().extensions.get::<BallistaConfig>().is_none() {
            return Err(Error::Config { key: "session", reason: "must be planned with distributed_session_config" });
        }
        let listener = TcpListener::bind((role.host, 0)).await.map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let config = Arc::new(scheduler_config(address, session, role));
        let jobs = Arc::new(job_state(&config.scheduler_id, session));
        let cluster = BallistaCluster::new(Arc::new(InMemoryClusterState::default()), Arc::clone(&jobs) as Arc<dyn JobState>);
        let server = create_scheduler(cluster, config).await.map_err(Error::Scheduler)?;
        let serve = tokio::spawn(start_grpc_service_with_listener(listener, server.clone()));
        let remote_vcores = Arc::default();
        if !role.executes {
            let (registry, executor) = (JobRegistry::new(), Mutex::new(None));
            return Ok(Self { server, jobs, registry, executor, serve, address, remote_vcores, losses: watch::Sender::new(0) });
        }
        let executor = match Executor::start(workspace, session, ExecutorPlace::beside(address)).await {
            Ok(executor) => executor,
            Err(error) => {
                serve.abort();
                return Err(error.into());
            }
        };
        let registry = Arc::clone(executor.registry());
        Ok(Self {
            server,
            jobs,
            registry,
            executor: Mutex::new(Some(executor)),
            serve,
            address,
            remote_vcores,
            losses: watch::Sender::new(0),
        })
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
        if let Err(error) = told.await {
            tracing::warn!(executor_id, %error, "the scheduler was not told that an executor is lost; it will notice");
        }
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

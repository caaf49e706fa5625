use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdTcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use ballista_core::JobId;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::BallistaError;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::serde::BallistaCodec;
use ballista_core::serde::protobuf::ExecutorStoppedParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::{GrpcServerConfig, create_grpc_client_endpoint, create_grpc_server};
use ballista_executor::execution_engine::QueryStageExecutor;
use ballista_executor::executor::Executor as BallistaExecutor;
use ballista_executor::executor_process::{ExecutorProcessConfig, structure_executor_metadata};
use ballista_executor::executor_server;
use ballista_executor::flight_service::BallistaFlightService;
use ballista_executor::health::ExecutorHealth;
use ballista_executor::metrics::ExecutorMetricsCollector;
use ballista_executor::shutdown::ShutdownNotifier;
use datafusion::execution::SessionState;
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;

use crate::{Error, HuntExecutionEngine, JobRegistry, Workspace};

/// Largest message between scheduler and executors: a task's plan, or a report of many tasks.
/// Ballista takes a message that is too large for the death of the executor.
pub const MESSAGE_BYTES_MAX: usize = 256 << 20;
/// Tasks that an executor takes at once for each of its vcores: room for interactive ones beside as many others.
pub const SLOTS_PER_VCORE: usize = 2;
/// Tasks that it takes besides: interactive ones never stop a run altogether.
pub const SLOTS_FOR_BATCH: usize = 1;
/// Also how soon an executor is known to a new leader.
const HEARTBEAT_SECONDS: u64 = 1;
/// Ports tried before giving up: another process may take one between finding and opening it.
const PORT_TRIES: usize = 10;
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// Where an executor listens, and whom it obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutorPlace {
    /// The loopback address that it listens at, under which every other node knows it.
    pub host: Ipv4Addr,
    /// The loopback address of the scheduler, or of a forwarder to it.
    pub scheduler: SocketAddr,
}

impl ExecutorPlace {
    /// Beside the scheduler, in one process.
    #[must_use]
    pub fn beside(scheduler: SocketAddr) -> Self {
        Self { host: Ipv4Addr::LOCALHOST, scheduler }
    }
}

/// The name and the ports of an executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorPorts {
    /// Its name, new with each start.
    pub id: String,
    /// Where it gives shuffle files and results.
    pub flight: u16,
    /// Where it takes tasks.
    pub grpc: u16,
}

/// An executor of Ballista inside this process, on loopback ports only.
///
/// Assembled from Ballista's parts rather than started by its `start_executor_process`, which
/// takes over the process's signals, can run once a process only, and obeys a scheduler that
/// thinks it dead because the machine slept.
pub struct Executor {
    ports: ExecutorPorts,
    scheduler: SocketAddr,
    registry: Arc<JobRegistry>,
    workspace: Arc<Workspace>,
    shutdown: ShutdownNotifier,
    grpc: JoinHandle<Result<(), BallistaError>>,
    flight: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Requests to stop come from a scheduler that lost our heartbeat; the next heartbeat puts that right.
    _stop_requests: mpsc::Receiver<bool>,
}

impl Executor {
    /// Starts an executor that takes its tasks from the scheduler at this place.
    ///
    /// `session` is one as statements are planned with: its functions and its configuration's
    /// extensions are those that tasks will find.
    pub async fn start(workspace: Arc<Workspace>, session: &SessionState, place: ExecutorPlace) -> Result<Self, Error> {
        Self::start_announced(workspace, session, place, async |_| {}).await
    }

    /// The same; before the scheduler hears of it, `announce` makes its ports reachable from there.
    pub async fn start_announced(
        workspace: Arc<Workspace>,
        session: &SessionState,
        place: ExecutorPlace,
        announce: impl AsyncFn(ExecutorPorts),
    ) -> Result<Self, Error> {
        let shutdown = ShutdownNotifier::new();
        let registry = JobRegistry::new();
        let (flight_port, flight) = start_flight(place.host, &workspace.shuffle_dir(), &shutdown).await?;
        let (stop_sender, stop_requests) = mpsc::channel(1);
        let mut tries = 0;
        let (ports, grpc) = loop {
            let process = Arc::new(process_config(&workspace, session.config(), flight_port, place)?);
            let ports = ExecutorPorts { id: process.executor_id.clone(), flight: flight_port, grpc: process.grpc_port };
            announce(ports.clone()).await;
            let executor = ballista_executor(&workspace, session, &registry, &process);
            let scheduler = connect(place.scheduler).await.map_err(Error::Start)?;
            let started = executor_server::startup(
                scheduler,
                process,
                executor,
                BallistaCodec::<LogicalPlanNode, PhysicalPlanNode>::default(),
                stop_sender.clone(),
                &shutdown,
                ExecutorHealth::new(),
            );
            match started.await {
                Ok(grpc) => break (ports, grpc),
                Err(error) if tries == PORT_TRIES => return Err(Error::Start(error)),
                Err(error) => tracing::debug!(%error, "could not start the executor on this port, trying another"),
            }
            tries += 1;
        };
        Ok(Self { ports, scheduler: place.scheduler, registry, workspace, shutdown, grpc, flight, _stop_requests: stop_requests })
    }

    /// Its name and its ports.
    #[must_use]
    pub fn ports(&self) -> &ExecutorPorts {
        &self.ports
    }

    /// The jobs that it works on.
    #[must_use]
    pub fn registry(&self) -> &Arc<JobRegistry> {
        &self.registry
    }

    /// What it shares with the rest of the process.
    #[must_use]
    pub fn workspace(&self) -> &Arc<Workspace> {
        &self.workspace
    }

    /// True while it can take tasks.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.grpc.is_finished() && !self.flight.is_finished()
    }

    /// Tells the scheduler that this executor is about to stop: its tasks are given to others, and it gets no more.
    pub async fn leave(&self, reason: &str) {
        let told = async {
            let mut scheduler = connect(self.scheduler).await?;
            let parting = ExecutorStoppedParams { executor_id: self.ports.id.clone(), reason: reason.to_owned() };
            scheduler.executor_stopped(parting).await.map_err(BallistaError::from)?;
            Ok::<(), BallistaError>(())
        };
        match tokio::time::timeout(STOP_TIME_MAX, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the scheduler was not told that this executor stops; it will notice"),
            Err(_) => tracing::warn!("the scheduler did not hear in {STOP_TIME_MAX:?} that this executor stops; it will notice"),
        }
    }

    /// Cancels what still runs, and waits for all parts to end.
    pub async fn stop(self) {
        for job in self.registry.jobs() {
            job.cancel();
        }
        let ShutdownNotifier { notify_shutdown, mut shutdown_complete_rx, shutdown_complete_tx } = self.shutdown;
        // Nobody listens any more when all parts have ended by themselves.
        let _ = notify_shutdown.send(());
        drop((notify_shutdown, shutdown_complete_tx));
        let ended = async {
            let _ = shutdown_complete_rx.recv().await;
            let _ = tokio::join!(self.grpc, self.flight);
        };
        if tokio::time::timeout(STOP_TIME_MAX, ended).await.is_err() {
            tracing::warn!("the executor did not stop in {STOP_TIME_MAX:?}");
        }
    }
}

/// Serves shuffle files and results.
async fn start_flight(
    host: Ipv4Addr,
    shuffle_dir: &Path,
    shutdown: &ShutdownNotifier,
) -> Result<(u16, JoinHandle<Result<(), tonic::transport::Error>>), Error> {
    let listener = TcpListener::bind((host, 0)).await.map_err(Error::Listen)?;
    let port = listener.local_addr().map_err(Error::Listen)?.port();
    let service = FlightServiceServer::new(BallistaFlightService::new(shuffle_dir.to_string_lossy().into_owned()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let mut stop = shutdown.subscribe_for_shutdown();
    let server = create_grpc_server(&GrpcServerConfig::default()).add_service(service);
    let serve = async move { server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.recv()).await };
    Ok((port, tokio::spawn(serve)))
}

fn process_config(
    workspace: &Workspace,
    session: &SessionConfig,
    flight_port: u16,
    place: ExecutorPlace,
) -> Result<ExecutorProcessConfig, Error> {
    let session = session.clone();
    Ok(ExecutorProcessConfig {
        bind_host: place.host.to_string(),
        external_host: Some(place.host.to_string()),
        port: flight_port,
        grpc_port: free_port(place.host)?,
        scheduler_host: place.scheduler.ip().to_string(),
        scheduler_port: place.scheduler.port(),
        vcores: slots(workspace),
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: Some(workspace.shuffle_dir().to_string_lossy().into_owned()),
        executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        grpc_max_decoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_max_encoding_message_size: MESSAGE_BYTES_MAX as u32,
        override_config_producer: Some(Arc::new(move || session.clone())),
        ..ExecutorProcessConfig::default()
    })
}

/// What Ballista takes for the executor's vcores.
fn slots(workspace: &Workspace) -> usize {
    workspace.config().vcores * SLOTS_PER_VCORE + SLOTS_FOR_BATCH
}

fn ballista_executor(
    workspace: &Workspace,
    session: &SessionState,
    registry: &Arc<JobRegistry>,
    process: &Arc<ExecutorProcessConfig>,
) -> Arc<BallistaExecutor> {
    let slots = slots(workspace);
    let producer = Arc::clone(workspace.runtime());
    let config = session.config().clone();
    Arc::new(BallistaExecutor::new(
        structure_executor_metadata(process, slots as u32),
        &workspace.shuffle_dir().to_string_lossy(),
        // The same one for every task: one memory budget, warm footers, open connections.
        Arc::new(move |_| Ok(Arc::clone(&producer))),
        Arc::new(move || config.clone()),
        Arc::new(BallistaFunctionRegistry::from(session)),
        Arc::new(NoCollector),
        slots,
        Arc::new(HuntExecutionEngine::new(Arc::clone(registry), workspace)),
    ))
}

async fn connect(scheduler: SocketAddr) -> Result<SchedulerGrpcClient<tonic::transport::Channel>, BallistaError> {
    let endpoint = create_grpc_client_endpoint(format!("http://{scheduler}"), None)?;
    let client = SchedulerGrpcClient::new(endpoint.connect().await?);
    Ok(client.max_encoding_message_size(MESSAGE_BYTES_MAX).max_decoding_message_size(MESSAGE_BYTES_MAX))
}

/// Ballista opens this port itself, and tells others the number that it was given.
fn free_port(host: Ipv4Addr) -> Result<u16, Error> {
    let listener = StdTcpListener::bind((host, 0)).map_err(Error::Listen)?;
    Ok(listener.local_addr().map_err(Error::Listen)?.port())
}

/// The scheduler gets the metrics with each task's report.
struct NoCollector;

impl ExecutorMetricsCollector for NoCollector {
    fn record_stage(&self, _: &JobId, _: usize, _: usize, _: Arc<dyn QueryStageExecutor>) {}
}

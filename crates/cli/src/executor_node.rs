//! The part of a node that runs tasks for whoever leads its cluster.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use coldtrail_fleet::{Attachment, EXECUTOR_ROWS, EXECUTOR_TASKS, ExecutorInfo, SCHEDULER, loopback_of};
use coldtrail_link::Forward;
use coldtrail_model::{IndexError, SegmentIndex, Snapshot, SourceObject};
use coldtrail_query::{Geo, Planner, PlannerConfig};
use coldtrail_scheduler::{Executor, ExecutorPlace, Workspace, executor_session};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::links::Links;
use crate::node::open_lake;

/// How long an executor waits for a leader to know it before it says so and goes on waiting.
const ATTACH_PATIENCE: Duration = Duration::from_secs(5);

/// An executor and its place in the cluster.
pub(crate) struct ExecutorNode {
    executor: Executor,
    attachment: Arc<Attachment>,
    keeping: JoinHandle<()>,
    stop: CancellationToken,
    _scheduler: Forward,
}

/// The catalog of a node that has none: tasks carry what they need.
#[derive(Debug)]
struct NoCatalog;

#[async_trait::async_trait]
impl SegmentIndex for NoCatalog {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        Ok(Arc::default())
    }

    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        Ok(Vec::new())
    }
}

impl ExecutorNode {
    /// Starts an executor and attaches it to the leader; waits until there is one.
    pub(crate) async fn start(config: &Config, links: &Links, workspace: Arc<Workspace>) -> anyhow::Result<Self> {
        let attachment = Attachment::new(links.client.clone(), config.cluster.peers.clone(), &links.secret);
        let attachment = Arc::new(attachment.context("the cluster's secret has letters that cannot be sent")?);
        let scheduler = links.client.forward(SCHEDULER, attachment.leader()).await?;
        // For its settings: it has the functions that plans name, and registers the lake's store.
        let planner = Planner::new(PlannerConfig::default(), open_lake(config)?, Arc::new(NoCatalog), Arc::clone(workspace.runtime()));
        let planner = planner.with_geo(Geo::open(&config.query.geo_files())?);
        let session = executor_session(&planner, workspace.config().vcores);
        let stop = CancellationToken::new();
        let vcores = u32::try_from(workspace.config().vcores).unwrap_or(u32::MAX);
        let host = loopback_of(&format!("executor {} {}", links.address, std::process::id()));
        let place = ExecutorPlace { host, scheduler: scheduler.address() };
        let keeping: Mutex<Option<(JoinHandle<()>, CancellationToken)>> = Mutex::new(None);
        let announced = async |ports: coldtrail_scheduler::ExecutorPorts| {
            let info = ExecutorInfo {
                id: ports.id,
                address: links.address.clone(),
                host,
                flight_port: ports.flight,
                grpc_port: ports.grpc,
                vcores,
            };
            let offered = [(EXECUTOR_ROWS, info.flight_port), (EXECUTOR_TASKS, info.grpc_port)];
            for (service, port) in offered {
                if let Err(error) = links.services.offer(service, SocketAddr::from((host, port))) {
                    tracing::error!(%error, service, "cannot be offered");
                }
            }
            let (attachment, stopped) = (Arc::clone(&attachment), stop.child_token());
            let mut attached = attachment.attached();
            let token = stopped.clone();
            let task = tokio::spawn(async move { attachment.keep(&info, token).await });
            if let Some((_, before)) = keeping.lock().replace((task, stopped)) {
                before.cancel();
            }
            while tokio::time::timeout(ATTACH_PATIENCE, attached.wait_for(|attached| *attached)).await.is_err() {
                tracing::warn!("no leader has taken this executor yet; waiting");
            }
        };
        let executor = Executor::start_announced(workspace, &session, place, announced).await?;
        let keeping = keeping.into_inner().map(|(task, _)| task).context("the executor was not announced")?;
        Ok(Self { executor, attachment, keeping, stop, _scheduler: scheduler })
    }

    /// Ends with an error when the executor does by itself.
    pub(crate) async fn ended(&self) -> anyhow::Error {
        loop {
            if !self.executor.is_running() {
                return anyhow::anyhow!("the executor ended by itself");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// True while a leader knows it.
    pub(crate) fn attached(&self) -> watch::Receiver<bool> {
        self.attachment.attached()
    }

    /// Hands its tasks over to other executors, and leaves the cluster.
    pub(crate) async fn stop(self) {
        self.executor.leave("it was asked to stop").await;
        self.executor.stop().await;
        self.stop.cancel();
        let _ = self.keeping.await;
    }
}

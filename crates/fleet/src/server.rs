use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_catalog::{LeaderState, authorize};
use coldtrail_link::LinkClient;
use coldtrail_proto::fleet::v1;
use coldtrail_proto::fleet::v1::fleet_service_server::{FleetService, FleetServiceServer};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::ExecutorInfo;
use crate::forwards::Forwards;

/// How often an executor is asked whether it is there; one that does not answer for so long is lost.
const KEEPALIVE: Duration = Duration::from_secs(2);

/// Where the scheduler of Ballista listens on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulerPlace {
    /// Its loopback address.
    pub host: Ipv4Addr,
    /// Its port.
    pub port: u16,
}

/// Why the fleet could not be served.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The port for executors failed.
    #[error("the port for executors failed: {reason}")]
    Serve {
        /// What the transport said.
        reason: String,
    },
}

/// The executors that are attached to this node while it leads. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
}

struct Shared {
    scheduler: SchedulerPlace,
    leader: watch::Receiver<LeaderState>,
    executors: watch::Sender<BTreeMap<String, ExecutorInfo>>,
    /// Tells an executor's new call from an old one that ends late.
    calls: parking_lot::Mutex<BTreeMap<String, u64>>,
    forwards: Mutex<Forwards>,
    secret: String,
}

impl Fleet {
    /// A fleet without executors, which reaches those that come over `link`. `secret` is what all nodes of the cluster know.
    #[must_use]
    pub fn new(link: LinkClient, scheduler: SchedulerPlace, leader: watch::Receiver<LeaderState>, secret: String) -> Self {
        let forwards = Mutex::new(Forwards::new(link));
        let shared =
            Shared { scheduler, leader, executors: watch::Sender::default(), calls: parking_lot::Mutex::default(), forwards, secret };
        Self { shared: Arc::new(shared) }
    }

    /// The executors there are, now and whenever one comes or goes.
    #[must_use]
    pub fn executors(&self) -> watch::Receiver<BTreeMap<String, ExecutorInfo>> {
        self.shared.executors.subscribe()
    }

    /// Answers executors until `stop`. The listener must be on a loopback address: links lead to it.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> Result<(), FleetError> {
        let expected = format!("Bearer {}", self.shared.secret);
        let service = FleetServiceServer::with_interceptor(Answers { shared: self.shared, stop: stop.clone() }, move |request| {
            authorize(request, &expected)
        });
        let served = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE))
            .add_service(service);
        let served = served.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled_owned()).await;
        served.map_err(|error| FleetError::Serve { reason: error.to_string() })
    }
}

impl Shared {
    /// Gives the number of the call, for [`detach`](Self::detach).
    async fn attach(&self, executor: ExecutorInfo) -> u64 {
        let call = {
            let mut calls = self.calls.lock();
            let call = calls.entry(executor.id.clone()).or_default();
            *call += 1;
            *call
        };
        self.forwards.lock().await.reach(&executor).await;
        tracing::info!(executor = %executor.id, address = %executor.address, vcores = executor.vcores, "an executor has come");
        self.executors.send_modify(|executors| {
            executors.insert(executor.id.clone(), executor);
        });
        call
    }

    async fn detach(&self, id: &str, call: u64) {
        {
            let mut calls = self.calls.lock();
            if calls.get(id) != Some(&call) {
                return;
            }
            calls.remove(id);
        }
        let mut left = Vec::new();
        self.executors.send_modify(|executors| {
            executors.remove(id);
            left = executors.values().cloned().collect();
        });
        self.forwards.lock().await.keep(&left, None);
        tracing::info!(executor = %id, "an executor has gone");
    }
}

struct Answers {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

/// Takes an executor off the list when its call ends, however it does.
struct Attached {
    shared: Arc<Shared>,
    id: String,
    call: u64,
}

impl Drop for Attached {
    fn drop(&mut self) {
        let (shared, id, call) = (Arc::clone(&self.shared), std::mem::take(&mut self.id), self.call);
        tokio::spawn(async move { shared.detach(&id, call).await });
    }
}

#[tonic::async_trait]
impl FleetService for Answers {
    type AttachStream = BoxStream<'static, Result<v1::Fleet, Status>>;

    async fn who_leads(&self, _request: Request<v1::WhoLeadsRequest>) -> Result<Response<v1::WhoLeadsReply>, Status> {
        let leader = self.shared.leader.borrow().clone();
        Ok(Response::new(v1::WhoLeadsReply { address: leader.address, epoch: leader.epoch }))
    }

    async fn attach(&self, request: Request<v1::AttachRequest>) -> Result<Response<Self::AttachStream>, Status> {
        let v1::AttachRequest { version, executor } = request.into_inner();
        let ours = env!("CARGO_PKG_VERSION");
        if version != ours {
            let message = format!("the executor is of version {version} and the leader of {ours}; run one version on all nodes");
            return Err(Status::failed_precondition(message));
        }
        let leader = self.shared.leader.borrow().clone();
        if !leader.is_me {
            let who = leader.address.unwrap_or_else(|| "nobody yet".to_owned());
            return Err(Status::unavailable(format!("this node does not lead; {who} does")));
        }
        let executor = executor.and_then(ExecutorInfo::from_proto);
        let executor = executor.ok_or_else(|| Status::invalid_argument("the executor's address is not a loopback address with ports"))?;
        let id = executor.id.clone();
        let call = self.shared.attach(executor).await;
        let attached = Attached { shared: Arc::clone(&self.shared), id, call };
        let SchedulerPlace { host, port } = self.shared.scheduler;
        let mut executors = self.shared.executors.subscribe();
        executors.mark_changed();
        let changes = futures::stream::unfold(executors, move |mut executors| async move {
            executors.changed().await.ok()?;
            let all = executors.borrow_and_update().values().map(ExecutorInfo::to_proto).collect();
            let fleet = v1::Fleet { executors: all, scheduler_host: host.to_string(), scheduler_port: u32::from(port) };
            Some((Ok(fleet), executors))
        });
        let mut leaders = self.shared.leader.clone();
        let stop = self.stop.clone();
        let over = async move {
            tokio::select! {
                _ = leaders.wait_for(|leader| !leader.is_me) => {}
                () = stop.cancelled() => {}
            }
        };
        let answers = changes.take_until(Box::pin(over)).map(move |fleet| {
            let _held = &attached;
            fleet
        });
        Ok(Response::new(answers.boxed()))
    }
}

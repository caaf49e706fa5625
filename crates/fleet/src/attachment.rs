use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use coldtrail_link::LinkClient;
use coldtrail_proto::fleet::v1;
use coldtrail_proto::fleet::v1::fleet_service_client::FleetServiceClient;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::forwards::Forwards;
use crate::{FLEET, SCHEDULER};

/// How long a look for the leader, or an answer of one node, may take.
const ASK_MAX: Duration = Duration::from_secs(3);
/// The pause before the nodes are asked again.
const PAUSE: Duration = Duration::from_millis(300);
/// How often an idle call is checked; a leader that does not answer three times as long is gone.
const KEEPALIVE: Duration = Duration::from_secs(2);

/// An executor, as the nodes of a cluster know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorInfo {
    /// Its name, new with each start.
    pub id: String,
    /// `host:port` of its link.
    pub address: String,
    /// Its loopback address, the same on all nodes.
    pub host: Ipv4Addr,
    /// Its port for shuffle files and results.
    pub flight_port: u16,
    /// Its port for tasks.
    pub grpc_port: u16,
    /// Partitions that it works on at the same time.
    pub vcores: u32,
}

/// An executor's place in its cluster: it follows the leader, whoever that is.
pub struct Attachment {
    link: LinkClient,
    peers: Vec<String>,
    secret: MetadataValue<Ascii>,
    leader: watch::Sender<Option<String>>,
    attached: watch::Sender<bool>,
}

impl Attachment {
    /// The attachment of an executor to the cluster whose catalog lies on `peers` (`host:port` of their links). None if the secret
    /// cannot be sent.
    #[must_use]
    pub fn new(link: LinkClient, peers: Vec<String>, secret: &str) -> Option<Self> {
        let secret = MetadataValue::try_from(format!("Bearer {secret}")).ok()?;
        Some(Self { link, peers, secret, leader: watch::Sender::new(None), attached: watch::Sender::new(false) })
    }

    /// Where the leader's link is, for forwarders that follow it; none while no leader is known.
    #[must_use]
    pub fn leader(&self) -> watch::Receiver<Option<String>> {
        self.leader.subscribe()
    }

    /// True while a leader knows this executor: it is ready.
    #[must_use]
    pub fn attached(&self) -> watch::Receiver<bool> {
        self.attached.subscribe()
    }

    /// Waits for a leader. Says in the log whom it waits for.
    pub async fn find_leader(&self) -> String {
        loop {
            for peer in &self.peers {
                match tokio::time::timeout(ASK_MAX, self.who_leads(peer)).await {
                    Ok(Ok(Some(leader))) => return leader,
                    Ok(Ok(None)) => tracing::debug!(%peer, "the node knows no leader"),
                    Ok(Err(status)) => tracing::warn!(%peer, error = status.message(), "the node does not say who leads"),
                    Err(_) => tracing::warn!(%peer, "the node did not say who leads in {ASK_MAX:?}"),
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Stays attached until `stop`, to whoever leads.
    pub async fn keep(&self, executor: &ExecutorInfo, stop: CancellationToken) {
        let mut forwards = Forwards::new(self.link.clone());
        let keeping = async {
            loop {
                let leader = self.find_leader().await;
                if self.leader.borrow().as_ref() != Some(&leader) {
                    tracing::info!(%leader, "attaching to the leader");
                    self.leader.send_replace(Some(leader.clone()));
                }
                if let Err(status) = self.stay(&leader, executor, &mut forwards).await {
                    tracing::warn!(%leader, error = status.message(), "not attached; trying again");
                }
                self.attached.send_replace(false);
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = keeping => {}
        }
    }

    async fn who_leads(&self, peer: &str) -> Result<Option<String>, Status> {
        let (_forward, mut client) = self.connect(peer).await?;
        let reply = client.who_leads(self.signed(v1::WhoLeadsRequest {})).await?;
        Ok(reply.into_inner().address)
    }

    async fn stay(&self, leader: &str, executor: &ExecutorInfo, forwards: &mut Forwards) -> Result<(), Status> {
        let (_forward, mut client) = tokio::time::timeout(ASK_MAX, self.connect(leader))
            .await
            .map_err(|_| Status::unavailable(format!("the leader did not answer in {ASK_MAX:?}")))??;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let request = v1::AttachRequest { version, executor: Some(executor.to_proto()) };
        let mut changes = client.attach(self.signed(request)).await?.into_inner();
        while let Some(fleet) = changes.message().await? {
            let scheduler: Option<Ipv4Addr> = fleet.scheduler_host.parse().ok().filter(Ipv4Addr::is_loopback);
            let port = u16::try_from(fleet.scheduler_port).ok();
            let (Some(host), Some(port)) = (scheduler, port) else {
                return Err(Status::internal("the leader's scheduler has no loopback address"));
            };
            let scheduler = SocketAddr::from((host, port));
            forwards.stand_in(scheduler, SCHEDULER, leader).await;
            let others: Vec<ExecutorInfo> = fleet.executors.into_iter().filter_map(ExecutorInfo::from_proto).collect();
            for other in others.iter().filter(|other| other.id != executor.id) {
                forwards.reach(other).await;
            }
            forwards.keep(&others, Some(scheduler));
            self.attached.send_replace(true);
        }
        Ok(())
    }

    fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.secret.clone());
        request
    }

    /// A connection to the fleet's port of a node; it lasts as long as the forwarder that comes with it.
    async fn connect(&self, peer: &str) -> Result<(coldtrail_link::Forward, FleetServiceClient<Channel>), Status> {
        let (_, target) = watch::channel(Some(peer.to_owned()));
        let forward = self.link.forward(FLEET, target).await.map_err(|error| Status::unavailable(error.to_string()))?;
        let endpoint =
            Endpoint::from_shared(format!("http://{}", forward.address())).map_err(|error| Status::internal(error.to_string()))?;
        let endpoint = endpoint.connect_timeout(ASK_MAX).http2_keep_alive_interval(KEEPALIVE).keep_alive_timeout(2 * KEEPALIVE);
        let channel = endpoint.connect().await.map_err(|error| Status::unavailable(format!("{peer} is out of reach: {error}")))?;
        Ok((forward, FleetServiceClient::new(channel)))
    }
}

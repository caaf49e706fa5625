//! The way of Raft's own messages to another node.

use std::sync::Arc;
use std::time::Duration;

use coldtrail_proto::catalog::v1;
use openraft::error::{InstallSnapshotError, RPCError, RaftError, RemoteError, SnapshotMismatch, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{AnyError, SnapshotSegmentId};
use tokio::task::JoinHandle;
use tonic::{Code, Status as GrpcStatus};

use super::peers::{Client, Lane, Peers};
use super::wire;
use crate::raft::{LogId, NodeInfo, RecordError, TypeConfig, Vote};
use crate::store::Disk;

/// How long a node that cannot be reached is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// Makes the ways to other nodes; a catalog of one node knows none.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) peers: Option<Arc<Peers>>,
    pub(crate) disk: Arc<Disk>,
}

/// The way to one node.
#[derive(Debug)]
pub(crate) struct Link {
    network: Network,
    target: u64,
    address: String,
    pending: Option<Pending>,
}

/// Entries that were sent and not answered yet. Raft gives up on an answer after one heartbeat and sends the same again;
/// large ones take longer than that, and are sent once and waited for again.
#[derive(Debug)]
struct Pending {
    key: (Vote, Option<LogId>, LogId),
    call: JoinHandle<Result<AppendEntriesResponse<u64>, Fault>>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.call.abort();
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    NoWay(String),
    #[error("{}: {}", .0.code(), .0.message())]
    Refused(#[from] Box<GrpcStatus>),
    #[error("{0}")]
    Record(#[from] RecordError),
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, node: &NodeInfo) -> Link {
        Link { network: self.clone(), target, address: node.addr.clone(), pending: None }
    }
}

impl Link {
    fn envelope(&self) -> v1::Envelope {
        let identity = self.network.disk.identity();
        v1::Envelope { cluster_id: identity.cluster_id.as_bytes().to_vec(), from: identity.node_id, to: self.target }
    }

    fn client(&self) -> Result<Client, Fault> {
        let peers = self.network.peers.as_ref().ok_or_else(|| Fault::NoWay("there is no way to other nodes".to_owned()))?;
        peers.client(&self.address, Lane::Raft).map_err(|error| Fault::NoWay(error.to_string()))
    }

    /// The error for Raft. The next call asks again how the node is reached, if it was not.
    fn failed<E: std::error::Error>(&self, fault: &Fault) -> RPCError<u64, NodeInfo, E> {
        if let (Fault::Refused(status), Some(peers)) = (fault, &self.network.peers)
            && status.code() == Code::Unavailable
        {
            peers.forget(&self.address, Lane::Raft);
        }
        tracing::debug!(node = self.target, address = self.address, %fault, "a node does not answer");
        RPCError::Unreachable(Unreachable::new(&AnyError::error(fault)))
    }
}

async fn append(client: Result<Client, Fault>, request: v1::AppendEntriesRequest) -> Result<AppendEntriesResponse<u64>, Fault> {
    let response = client?.append_entries(request).await.map_err(Box::new)?;
    Ok(wire::appended_from_proto(response.into_inner())?)
}

impl RaftNetwork<TypeConfig> for Link {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, NodeInfo, RaftError<u64>>> {
        let Some(last) = request.entries.last() else {
            let request = wire::append_to_proto(self.envelope(), &request);
            return append(self.client(), request).await.map_err(|fault| self.failed(&fault));
        };
        let key = (request.vote, request.prev_log_id, last.log_id);
        let pending = match self.pending.take() {
            Some(pending) if pending.key == key => pending,
            _ => {
                let (client, request) = (self.client(), wire::append_to_proto(self.envelope(), &request));
                Pending { key, call: tokio::spawn(append(client, request)) }
            }
        };
        // It stays in its place when this future is dropped.
        let pending = self.pending.insert(pending);
        let result = (&mut pending.call).await;
        self.pending = None;
        let result = result.unwrap_or_else(|stopped| Err(Fault::NoWay(stopped.to_string())));
        result.map_err(|fault| self.failed(&fault))
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RPCError<u64, NodeInfo, RaftError<u64, InstallSnapshotError>>> {
        let segment = |offset| SnapshotSegmentId { id: request.meta.snapshot_id.clone(), offset };
        let mismatch = SnapshotMismatch { expect: segment(0), got: segment(request.offset) };
        let request = wire::piece_to_proto(self.envelope(), request);
        let sent = async {
            let response = self.client()?.install_snapshot(request).await.map_err(Box::new)?.into_inner();
            Ok((wire::vote_of(response.vote, "InstallSnapshotResponse")?, response.must_restart))
        };
        match sent.await {
            Ok((vote, false)) => Ok(InstallSnapshotResponse { vote }),
            Ok((_, true)) => {
                let mismatch = RaftError::APIError(InstallSnapshotError::SnapshotMismatch(mismatch));
                Err(RPCError::RemoteError(RemoteError::new(self.target, mismatch)))
            }
            Err(fault) => Err(self.failed(&fault)),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, NodeInfo, RaftError<u64>>> {
        let request = wire::vote_request_to_proto(self.envelope(), &request);
        let sent = async {
            let response = self.client()?.vote(request).await.map_err(Box::new)?;
            Ok(wire::vote_response_from_proto(response.get_ref())?)
        };
        sent.await.map_err(|fault| self.failed(&fault))
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(PAUSE))
    }
}

use std::sync::Arc;

use coldtrail_proto::catalog::v1;
use openraft::error::{InstallSnapshotError, RaftError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status as GrpcStatus};
use uuid::Uuid;
use v1::raft_service_server::{RaftService, RaftServiceServer};

use super::{MESSAGE_BYTES_MAX, wire};
use crate::raft::{Outcome, RecordError, command_from_proto, membership_to_proto};
use crate::remote::authorize;
use crate::remote::wire::{error_to_grpc, uuid_from_bytes};
use crate::{Catalog, Error};

/// Answers the other nodes until `stop`.
pub(crate) async fn serve_peers(listener: TcpListener, catalog: Catalog, secret: &str, stop: CancellationToken) {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let expected: Arc<str> = format!("Bearer {secret}").into();
    let service = RaftServiceServer::new(Service { catalog })
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let authorized =
        tonic::service::interceptor::InterceptedService::new(service, move |request: Request<()>| authorize(request, &expected));
    let served = tonic::transport::Server::builder()
        .add_service(authorized)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(address, %error, "the other nodes of the catalog are no longer answered");
    }
}

/// The calls of `RaftService`.
struct Service {
    catalog: Catalog,
}

impl Service {
    /// Refuses what is meant for another node or cluster.
    fn check(&self, envelope: Option<v1::Envelope>) -> Result<(), GrpcStatus> {
        let (theirs, is_ours) = self.is_for_us(envelope)?;
        if is_ours { Ok(()) } else { Err(self.other_cluster(theirs)) }
    }

    /// The same for messages of Raft: a node that belongs to no cluster yet becomes part of the one that reaches for it.
    async fn check_or_adopt(&self, envelope: Option<v1::Envelope>) -> Result<(), GrpcStatus> {
        let (theirs, is_ours) = self.is_for_us(envelope)?;
        if is_ours || self.catalog.adopt_cluster(theirs).await.map_err(|error| error_to_grpc(&error))? {
            return Ok(());
        }
        Err(self.other_cluster(theirs))
    }

    // The error is large because tonic's is.
    #[allow(clippy::result_large_err)]
    fn is_for_us(&self, envelope: Option<v1::Envelope>) -> Result<(Uuid, bool), GrpcStatus> {
        let envelope = envelope.ok_or_else(|| GrpcStatus::invalid_argument("a message without an envelope"))?;
        let theirs = uuid_from_bytes(&envelope.cluster_id, "Envelope").map_err(|error| GrpcStatus::invalid_argument(error.to_string()))?;
        let identity = self.catalog.identity();
        if envelope.to != identity.node_id {
            let reason = format!("this is node {}, and the message is for node {}", identity.node_id, envelope.to);
            return Err(GrpcStatus::failed_precondition(reason));
        }
        Ok((theirs, theirs == identity.cluster_id))
    }

    fn other_cluster(&self, theirs: Uuid) -> GrpcStatus {
        let address = self.catalog.config().address.clone();
        let ours = self.catalog.cluster_id();
        tracing::warn!(%ours, %theirs, "a node of another cluster was refused");
        // Seen from the other side: this node is the one of another cluster.
        error_to_grpc(&Error::OtherCluster { address, theirs: ours, ours: theirs })
    }
}

// The error is large because tonic's is.
#[allow(clippy::result_large_err)]
fn read<T>(record: Result<T, RecordError>) -> Result<T, GrpcStatus> {
    record.map_err(|error| GrpcStatus::invalid_argument(error.to_string()))
}

fn stopped(error: &dyn std::error::Error) -> GrpcStatus {
    GrpcStatus::unavailable(error.to_string())
}

#[tonic::async_trait]
impl RaftService for Service {
    async fn hello(&self, _request: Request<v1::HelloRequest>) -> Result<Response<v1::HelloResponse>, GrpcStatus> {
        let is_member = self.catalog.raft().is_initialized().await.map_err(|fatal| stopped(&fatal))?;
        let metrics = self.catalog.raft().metrics().borrow().clone();
        let identity = self.catalog.identity();
        let config = self.catalog.config();
        let progress = |(node_id, matched): (&u64, &Option<crate::raft::LogId>)| v1::NodeProgress {
            node_id: *node_id,
            matched_index: matched.map(|id| id.index),
        };
        Ok(Response::new(v1::HelloResponse {
            node_id: identity.node_id,
            cluster_id: identity.cluster_id.as_bytes().to_vec(),
            is_member,
            address: config.address.clone(),
            peers: config.peers.clone(),
            membership: Some(membership_to_proto(metrics.membership_config.membership())),
            leader_id: metrics.current_leader.unwrap_or_default(),
            last_log_index: metrics.last_log_index,
            last_applied_index: metrics.last_applied.map(|id| id.index),
            progress: metrics.replication.iter().flatten().map(progress).collect(),
        }))
    }

    async fn vote(&self, request: Request<v1::RaftVoteRequest>) -> Result<Response<v1::RaftVoteResponse>, GrpcStatus> {
        let mut request = request.into_inner();
        self.check_or_adopt(request.envelope.take()).await?;
        let request = read(wire::vote_request_from_proto(&request))?;
        let (asked, their_log) = (request.vote, request.last_log_id);
        let response = self.catalog.raft().vote(request).await.map_err(|error| stopped(&error))?;
        let is_behind = !response.vote_granted && their_log < response.last_log_id && asked > response.vote;
        if is_behind && !response.vote.committed {
            self.catalog.stand_instead(asked.leader_id.term);
        }
        Ok(Response::new(wire::vote_response_to_proto(&response)))
    }

    async fn append_entries(&self, request: Request<v1::AppendEntriesRequest>) -> Result<Response<v1::AppendEntriesResponse>, GrpcStatus> {
        let mut request = request.into_inner();
        self.check_or_adopt(request.envelope.take()).await?;
        let request = read(wire::append_from_proto(request))?;
        let response = self.catalog.raft().append_entries(request).await.map_err(|error| stopped(&error))?;
        Ok(Response::new(wire::appended_to_proto(&response)))
    }

    async fn install_snapshot(
        &self,
        request: Request<v1::InstallSnapshotRequest>,
    ) -> Result<Response<v1::InstallSnapshotResponse>, GrpcStatus> {
        let mut request = request.into_inner();
        self.check_or_adopt(request.envelope.take()).await?;
        let request = read(wire::piece_from_proto(request))?;
        let sender = request.vote;
        let (vote, must_restart) = match self.catalog.raft().install_snapshot(request).await {
            Ok(response) => (response.vote, false),
            Err(RaftError::APIError(InstallSnapshotError::SnapshotMismatch(_))) => (sender, true),
            Err(error) => return Err(stopped(&error)),
        };
        Ok(Response::new(v1::InstallSnapshotResponse { vote: Some(crate::raft::vote_to_proto(&vote)), must_restart }))
    }

    async fn propose(&self, request: Request<v1::ProposeRequest>) -> Result<Response<v1::ProposeResponse>, GrpcStatus> {
        use v1::propose_response::Outcome as Told;
        let v1::ProposeRequest { envelope, command } = request.into_inner();
        self.check(envelope)?;
        let command = command.ok_or_else(|| GrpcStatus::invalid_argument("a proposal without a command"))?;
        let command = read(command_from_proto(command))?;
        let (outcome, applied_index) = self.catalog.write_here(command).await.map_err(|error| error_to_grpc(&error))?;
        let outcome = match outcome {
            Outcome::Nothing => None,
            Outcome::Done => Some(Told::Done(v1::Blank {})),
            Outcome::Committed { snapshot_id } => Some(Told::CommittedSnapshotId(snapshot_id)),
            Outcome::Updated(run) => Some(Told::Updated(run.as_ref().into())),
            Outcome::Stored { versions } => Some(Told::Stored(v1::DocumentVersions { versions })),
            Outcome::Refused(refusal) => match Error::from(refusal) {
                // A run may be too large for the details of a status, where other refusals are.
                Error::RunChanged { run } => Some(Told::Changed(run.as_ref().into())),
                error => return Err(error_to_grpc(&error)),
            },
        };
        Ok(Response::new(v1::ProposeResponse { applied_index, outcome }))
    }

    async fn read_index(&self, request: Request<v1::ReadIndexRequest>) -> Result<Response<v1::ReadIndexResponse>, GrpcStatus> {
        self.check(request.into_inner().envelope)?;
        let index = self.catalog.read_index_here().await.map_err(|error| error_to_grpc(&error))?;
        Ok(Response::new(v1::ReadIndexResponse { index }))
    }

    async fn join(&self, request: Request<v1::JoinRequest>) -> Result<Response<v1::JoinResponse>, GrpcStatus> {
        let v1::JoinRequest { envelope, address } = request.into_inner();
        let node_id = envelope.as_ref().map(|envelope| envelope.from).unwrap_or_default();
        self.check(envelope)?;
        self.catalog.admit_here(node_id, address).await.map_err(|error| error_to_grpc(&error))?;
        Ok(Response::new(v1::JoinResponse {}))
    }

    async fn remove(&self, request: Request<v1::RemoveRequest>) -> Result<Response<v1::RemoveResponse>, GrpcStatus> {
        let v1::RemoveRequest { envelope, node_id } = request.into_inner();
        self.check(envelope)?;
        self.catalog.remove_here(node_id).await.map_err(|error| error_to_grpc(&error))?;
        Ok(Response::new(v1::RemoveResponse {}))
    }

    async fn transfer_leader(
        &self,
        request: Request<v1::TransferLeaderRequest>,
    ) -> Result<Response<v1::TransferLeaderResponse>, GrpcStatus> {
        let v1::TransferLeaderRequest { envelope, node_id } = request.into_inner();
        self.check(envelope)?;
        self.catalog.transfer_here(node_id).await.map_err(|error| error_to_grpc(&error))?;
        Ok(Response::new(v1::TransferLeaderResponse {}))
    }

    async fn release(&self, request: Request<v1::ReleaseRequest>) -> Result<Response<v1::ReleaseResponse>, GrpcStatus> {
        let v1::ReleaseRequest { envelope, term } = request.into_inner();
        self.check(envelope)?;
        self.catalog.release_here(term).await.map_err(|error| error_to_grpc(&error))?;
        Ok(Response::new(v1::ReleaseResponse {}))
    }

    async fn elect(&self, request: Request<v1::ElectRequest>) -> Result<Response<v1::ElectResponse>, GrpcStatus> {
        self.check(request.into_inner().envelope)?;
        self.catalog.raft().trigger().elect().await.map_err(|fatal| stopped(&fatal))?;
        Ok(Response::new(v1::ElectResponse {}))
    }
}

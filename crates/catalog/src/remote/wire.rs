//! Errors and small messages, to the wire and back without loss.

use coldtrail_model::{RunId, RunState};
use coldtrail_proto::catalog::{digest_from_bytes, run_id_from_bytes, run_state_from_proto, run_state_to_proto, segment_id_from_bytes, v1};
use prost::Message;
use tonic::{Code, Status as GrpcStatus};
use uuid::Uuid;
use v1::error_detail::Kind;
use v1::source_probe::Identity;

use crate::raft::commit_id_from_bytes;
use crate::{ClusterStatus, Error, NodeRole, NodeStatus, SourceIdentity, SourceProbe, Status};

pub(crate) fn error_to_grpc(error: &Error) -> GrpcStatus {
    let (code, kind) = match error {
        Error::AlreadyIngested { url } => (Code::AlreadyExists, Kind::AlreadyIngestedUrl(url.clone())),
        Error::ContentKnown { url } => (Code::AlreadyExists, Kind::ContentKnownUrl(url.clone())),
        Error::SegmentExists { segment } => (Code::AlreadyExists, Kind::SegmentExists(segment.as_bytes().to_vec())),
        Error::SegmentUnknown { segment } => (Code::NotFound, Kind::SegmentUnknown(segment.as_bytes().to_vec())),
        Error::CommitIdReused { id } => (Code::InvalidArgument, Kind::CommitIdReused(id.as_bytes().to_vec())),
        Error::CommitInvalid { reason } => (Code::InvalidArgument, Kind::CommitInvalid(reason.clone())),
        Error::RunExists { run } => (Code::AlreadyExists, Kind::RunExists(run.as_bytes().to_vec())),
        Error::RunUnknown { run } => (Code::NotFound, Kind::RunUnknown(run.as_bytes().to_vec())),
        Error::RunEnded { run, state } => (Code::FailedPrecondition, Kind::RunEnded(run_refused(*run, *state))),
        Error::RunActive { run, state } => (Code::FailedPrecondition, Kind::RunActive(run_refused(*run, *state))),
        Error::StaleEpoch { epoch, current } => {
            (Code::FailedPrecondition, Kind::StaleEpoch(v1::StaleEpoch { epoch: *epoch, current: *current }))
        }
        Error::SliceEnded { run, number } => {
            (Code::FailedPrecondition, Kind::SliceEnded(v1::SliceEnded { run_id: run.as_bytes().to_vec(), number: *number }))
        }
        Error::SnapshotGone { snapshot_id, oldest, newest } => {
            let gone = v1::SnapshotGone { snapshot_id: *snapshot_id, oldest: *oldest, newest: *newest };
            (Code::OutOfRange, Kind::SnapshotGone(gone))
        }
        Error::TooManyRuns => (Code::ResourceExhausted, Kind::TooManyRuns(crate::RUNS_MAX as u64)),
        Error::RunInvalid { reason } => (Code::InvalidArgument, Kind::RunInvalid(reason.clone())),
        Error::DocumentChanged { kind, key, version } => {
            let changed = v1::DocumentChanged { kind: kind.clone(), key: key.clone(), version: *version };
            (Code::FailedPrecondition, Kind::DocumentChanged(changed))
        }
        Error::DocumentTooLarge { kind, key, bytes } => {
            let too_large = v1::DocumentTooLarge { kind: kind.clone(), key: key.clone(), bytes: *bytes };
            (Code::InvalidArgument, Kind::DocumentTooLarge(too_large))
        }
        Error::DocumentInvalid { reason } => (Code::InvalidArgument, Kind::DocumentInvalid(reason.clone())),
        Error::TooManyDocuments => (Code::ResourceExhausted, Kind::TooManyDocuments(crate::DOCUMENTS_MAX as u64)),
        Error::TooManyDocumentBytes => (Code::ResourceExhausted, Kind::TooManyDocumentBytes(crate::DOCUMENTS_BYTES_MAX as u64)),
        Error::Membership { reason } => (Code::FailedPrecondition, Kind::MembershipRefused(reason.clone())),
        Error::OtherCluster { ours, theirs, .. } => {
            let (ours, theirs) = (ours.as_bytes().to_vec(), theirs.as_bytes().to_vec());
            (Code::FailedPrecondition, Kind::OtherCluster(v1::OtherCluster { ours, theirs }))
        }
        Error::Stopped { file, reason } => {
            (Code::FailedPrecondition, Kind::Stopped(v1::Stopped { file: file.display().to_string(), reason: reason.clone() }))
        }
        other if other.is_retryable() => return GrpcStatus::unavailable(other.to_string()),
        other => return GrpcStatus::internal(other.to_string()),
    };
    let detail = v1::ErrorDetail { kind: Some(kind) }.encode_to_vec();
    GrpcStatus::with_details(code, error.to_string(), detail.into())
}

pub(crate) fn error_from_grpc(status: &GrpcStatus, address: &str) -> Error {
    let address = address.to_owned();
    if let Some(error) = detailed_error(status, &address) {
        return error;
    }
    match status.code() {
        Code::Unauthenticated => Error::Denied { address },
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
            Error::Unreachable { address, reason: status.message().to_owned() }
        }
        // What the transport says of a connection that broke in the middle of a call; what the other side says has details.
        Code::Internal if is_of_transport(status.message()) => Error::Unreachable { address, reason: status.message().to_owned() },
        code => Error::Protocol { address, reason: format!("{}: {}", code.description(), status.message()) },
    }
}

fn is_of_transport(message: &str) -> bool {
    ["h2 protocol error", "transport error", "connection error", "broken pipe", "stream closed"].iter().any(|part| message.contains(part))
}

fn detailed_error(status: &GrpcStatus, address: &str) -> Option<Error> {
    if status.details().is_empty() {
        return None;
    }
    const MESSAGE: &str = "ErrorDetail";
    Some(match v1::ErrorDetail::decode(status.details()).ok()?.kind? {
        Kind::AlreadyIngestedUrl(url) => Error::AlreadyIngested { url },
        Kind::ContentKnownUrl(url) => Error::ContentKnown { url },
        Kind::SegmentExists(id) => Error::SegmentExists { segment: segment_id_from_bytes(&id, MESSAGE, "segment_exists").ok()? },
        Kind::SegmentUnknown(id) => Error::SegmentUnknown { segment: segment_id_from_bytes(&id, MESSAGE, "segment_unknown").ok()? },
        Kind::CommitIdReused(id) => Error::CommitIdReused { id: commit_id_from_bytes(&id).ok()? },
        Kind::CommitInvalid(reason) => Error::CommitInvalid { reason },
        Kind::Stopped(stopped) => Error::Stopped { file: stopped.file.into(), reason: stopped.reason },
        Kind::RunExists(id) => Error::RunExists { run: run_id_from_bytes(&id, MESSAGE, "run_exists").ok()? },
        Kind::RunUnknown(id) => Error::RunUnknown { run: run_id_from_bytes(&id, MESSAGE, "run_unknown").ok()? },
        Kind::RunEnded(refused) => {
            let (run, state) = run_refused_from_proto(&refused).ok()?;
            Error::RunEnded { run, state }
        }
        Kind::RunActive(refused) => {
            let (run, state) = run_refused_from_proto(&refused).ok()?;
            Error::RunActive { run, state }
        }
        Kind::StaleEpoch(v1::StaleEpoch { epoch, current }) => Error::StaleEpoch { epoch, current },
        Kind::SliceEnded(ended) => {
            Error::SliceEnded { run: run_id_from_bytes(&ended.run_id, "SliceEnded", "run_id").ok()?, number: ended.number }
        }
        Kind::SnapshotGone(v1::SnapshotGone { snapshot_id, oldest, newest }) => Error::SnapshotGone { snapshot_id, oldest, newest },
        Kind::TooManyRuns(_) => Error::TooManyRuns,
        Kind::RunInvalid(reason) => Error::RunInvalid { reason },
        Kind::DocumentChanged(v1::DocumentChanged { kind, key, version }) => Error::DocumentChanged { kind, key, version },
        Kind::DocumentTooLarge(v1::DocumentTooLarge { kind, key, bytes }) => Error::DocumentTooLarge { kind, key, bytes },
        Kind::DocumentInvalid(reason) => Error::DocumentInvalid { reason },
        Kind::TooManyDocuments(_) => Error::TooManyDocuments,
        Kind::TooManyDocumentBytes(_) => Error::TooManyDocumentBytes,
        Kind::MembershipRefused(reason) => Error::Membership { reason },
        Kind::OtherCluster(other) => Error::OtherCluster {
            address: address.to_owned(),
            theirs: uuid_from_bytes(&other.theirs, MESSAGE).ok()?,
            ours: uuid_from_bytes(&other.ours, MESSAGE).ok()?,
        },
    })
}

fn run_refused(run: RunId, state: RunState) -> v1::RunRefused {
    v1::RunRefused { run_id: run.as_bytes().to_vec(), state: run_state_to_proto(state).into() }
}

fn run_refused_from_proto(refused: &v1::RunRefused) -> Result<(RunId, RunState), coldtrail_proto::Error> {
    const MESSAGE: &str = "RunRefused";
    Ok((run_id_from_bytes(&refused.run_id, MESSAGE, "run_id")?, run_state_from_proto(refused.state, MESSAGE)?))
}

pub(super) fn probe_to_proto(probe: &SourceProbe) -> v1::SourceProbe {
    let identity = match &probe.identity {
        SourceIdentity::Sha256(sha256) => Identity::Sha256(sha256.to_vec()),
        SourceIdentity::Stamp { bytes, modified_ms, etag } => {
            Identity::Stamp(v1::Stamp { bytes: *bytes, modified_ms: *modified_ms, etag: etag.clone() })
        }
    };
    v1::SourceProbe { url: probe.url.clone(), identity: Some(identity) }
}

pub(super) fn probe_from_proto(probe: v1::SourceProbe) -> Result<SourceProbe, coldtrail_proto::Error> {
    const MESSAGE: &str = "SourceProbe";
    let identity = match probe.identity.ok_or(coldtrail_proto::Error::Missing { message: MESSAGE, field: "identity" })? {
        Identity::Sha256(sha256) => SourceIdentity::Sha256(digest_from_bytes(&sha256, MESSAGE, "sha256")?),
        Identity::Stamp(v1::Stamp { bytes, modified_ms, etag }) => SourceIdentity::Stamp { bytes, modified_ms, etag },
    };
    Ok(SourceProbe { url: probe.url, identity })
}

pub(super) fn status_to_proto(status: &Status) -> v1::StatusResponse {
    v1::StatusResponse {
        cluster_id: status.cluster_id.as_bytes().to_vec(),
        node_id: status.node_id,
        leader_id: status.leader_id,
        snapshot_id: status.snapshot_id,
        segments: status.segments,
        source_objects: status.source_objects,
        last_log_index: status.last_log_index,
        last_applied_index: status.last_applied_index,
        image_log_index: status.image_log_index,
        stopped: status.stopped.clone(),
    }
}

pub(super) fn status_from_proto(status: &v1::StatusResponse) -> Result<Status, coldtrail_proto::Error> {
    Ok(Status {
        cluster_id: uuid_from_bytes(&status.cluster_id, "StatusResponse")?,
        node_id: status.node_id,
        leader_id: status.leader_id,
        snapshot_id: status.snapshot_id,
        segments: status.segments,
        source_objects: status.source_objects,
        last_log_index: status.last_log_index,
        last_applied_index: status.last_applied_index,
        image_log_index: status.image_log_index,
        stopped: status.stopped.clone(),
    })
}

pub(super) fn cluster_to_proto(status: &ClusterStatus) -> v1::ClusterStatusResponse {
    let node = |node: &NodeStatus| v1::NodeStatus {
        id: node.id,
        address: node.address.clone(),
        is_voter: node.role == NodeRole::Voter,
        is_leader: node.is_leader,
        is_reachable: node.is_reachable,
        last_log_index: node.last_log_index,
        last_applied_index: node.last_applied_index,
        matched_index: node.matched_index,
    };
    v1::ClusterStatusResponse {
        cluster_id: status.cluster_id.as_bytes().to_vec(),
        node_id: status.node_id,
        leader_id: status.leader_id,
        nodes: status.nodes.iter().map(node).collect(),
    }
}

pub(super) fn cluster_from_proto(status: v1::ClusterStatusResponse) -> Result<ClusterStatus, coldtrail_proto::Error> {
    let node = |node: v1::NodeStatus| NodeStatus {
        id: node.id,
        address: node.address,
        role: if node.is_voter { NodeRole::Voter } else { NodeRole::Learner },
        is_leader: node.is_leader,
        is_reachable: node.is_reachable,
        last_log_index: node.last_log_index,
        last_applied_index: node.last_applied_index,
        matched_index: node.matched_index,
    };
    Ok(ClusterStatus {
        cluster_id: uuid_from_bytes(&status.cluster_id, "ClusterStatusResponse")?,
        node_id: status.node_id,
        leader_id: status.leader_id,
        nodes: status.nodes.into_iter().map(node).collect(),
    })
}

pub(crate) fn uuid_from_bytes(bytes: &[u8], message: &'static str) -> Result<Uuid, coldtrail_proto::Error> {
    let length = |_| coldtrail_proto::Error::Length { message, field: "cluster_id", wanted: 16, found: bytes.len() };
    bytes.try_into().map(Uuid::from_bytes).map_err(length)
}

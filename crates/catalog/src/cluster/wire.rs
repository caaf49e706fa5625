//! Raft's own messages, to the wire and back.

use coldtrail_proto::catalog::v1;
use openraft::SnapshotMeta;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, VoteRequest, VoteResponse};
use v1::append_entries_response::Result as Appended;

use crate::raft::{
    LogId, NodeInfo, RecordError, TypeConfig, Vote, entry_from_proto, entry_to_proto, log_id_from_proto, log_id_to_proto,
    stored_membership_from_proto, stored_membership_to_proto, vote_from_proto, vote_to_proto,
};

fn optional_log_id(id: Option<&LogId>) -> Option<v1::LogId> {
    id.map(log_id_to_proto)
}

pub(super) fn vote_of(vote: Option<v1::Vote>, message: &'static str) -> Result<Vote, RecordError> {
    Ok(vote.map(vote_from_proto).ok_or(coldtrail_proto::Error::Missing { message, field: "vote" })?)
}

pub(super) fn vote_request_to_proto(envelope: v1::Envelope, request: &VoteRequest<u64>) -> v1::RaftVoteRequest {
    v1::RaftVoteRequest {
        envelope: Some(envelope),
        vote: Some(vote_to_proto(&request.vote)),
        last_log_id: optional_log_id(request.last_log_id.as_ref()),
    }
}

pub(super) fn vote_request_from_proto(request: &v1::RaftVoteRequest) -> Result<VoteRequest<u64>, RecordError> {
    Ok(VoteRequest { vote: vote_of(request.vote, "RaftVoteRequest")?, last_log_id: request.last_log_id.map(log_id_from_proto) })
}

pub(super) fn vote_response_to_proto(response: &VoteResponse<u64>) -> v1::RaftVoteResponse {
    v1::RaftVoteResponse {
        vote: Some(vote_to_proto(&response.vote)),
        is_granted: response.vote_granted,
        last_log_id: optional_log_id(response.last_log_id.as_ref()),
    }
}

pub(super) fn vote_response_from_proto(response: &v1::RaftVoteResponse) -> Result<VoteResponse<u64>, RecordError> {
    Ok(VoteResponse {
        vote: vote_of(response.vote, "RaftVoteResponse")?,
        vote_granted: response.is_granted,
        last_log_id: response.last_log_id.map(log_id_from_proto),
    })
}

pub(super) fn append_to_proto(envelope: v1::Envelope, request: &AppendEntriesRequest<TypeConfig>) -> v1::AppendEntriesRequest {
    v1::AppendEntriesRequest {
        envelope: Some(envelope),
        vote: Some(vote_to_proto(&request.vote)),
        prev_log_id: optional_log_id(request.prev_log_id.as_ref()),
        entries: request.entries.iter().map(entry_to_proto).collect(),
        leader_commit: optional_log_id(request.leader_commit.as_ref()),
    }
}

pub(super) fn append_from_proto(request: v1::AppendEntriesRequest) -> Result<AppendEntriesRequest<TypeConfig>, RecordError> {
    Ok(AppendEntriesRequest {
        vote: vote_of(request.vote, "AppendEntriesRequest")?,
        prev_log_id: request.prev_log_id.map(log_id_from_proto),
        entries: request.entries.into_iter().map(entry_from_proto).collect::<Result<_, _>>()?,
        leader_commit: request.leader_commit.map(log_id_from_proto),
    })
}

pub(super) fn appended_to_proto(response: &AppendEntriesResponse<u64>) -> v1::AppendEntriesResponse {
    let result = match response {
        AppendEntriesResponse::Success => Appended::Success(v1::Appended { up_to: None }),
        AppendEntriesResponse::PartialSuccess(up_to) => Appended::Partial(v1::Appended { up_to: optional_log_id(up_to.as_ref()) }),
        AppendEntriesResponse::Conflict => Appended::Conflict(v1::Conflict {}),
        AppendEntriesResponse::HigherVote(vote) => Appended::HigherVote(vote_to_proto(vote)),
    };
    v1::AppendEntriesResponse { result: Some(result) }
}

pub(super) fn appended_from_proto(response: v1::AppendEntriesResponse) -> Result<AppendEntriesResponse<u64>, RecordError> {
    let missing = coldtrail_proto::Error::Missing { message: "AppendEntriesResponse", field: "result" };
    Ok(match response.result.ok_or(missing)? {
        Appended::Success(_) => AppendEntriesResponse::Success,
        Appended::Partial(v1::Appended { up_to }) => AppendEntriesResponse::PartialSuccess(up_to.map(log_id_from_proto)),
        Appended::Conflict(_) => AppendEntriesResponse::Conflict,
        Appended::HigherVote(vote) => AppendEntriesResponse::HigherVote(vote_from_proto(vote)),
    })
}

pub(super) fn piece_to_proto(envelope: v1::Envelope, request: InstallSnapshotRequest<TypeConfig>) -> v1::InstallSnapshotRequest {
    v1::InstallSnapshotRequest {
        envelope: Some(envelope),
        vote: Some(vote_to_proto(&request.vote)),
        raft_snapshot_id: request.meta.snapshot_id,
        last_log_id: optional_log_id(request.meta.last_log_id.as_ref()),
        membership: Some(stored_membership_to_proto(&request.meta.last_membership)),
        offset: request.offset,
        data: request.data,
        is_last: request.done,
    }
}

pub(super) fn piece_from_proto(request: v1::InstallSnapshotRequest) -> Result<InstallSnapshotRequest<TypeConfig>, RecordError> {
    let missing = coldtrail_proto::Error::Missing { message: "InstallSnapshotRequest", field: "membership" };
    let meta: SnapshotMeta<u64, NodeInfo> = SnapshotMeta {
        last_log_id: request.last_log_id.map(log_id_from_proto),
        last_membership: request.membership.map(stored_membership_from_proto).ok_or(missing)?,
        snapshot_id: request.raft_snapshot_id,
    };
    let vote = vote_of(request.vote, "InstallSnapshotRequest")?;
    Ok(InstallSnapshotRequest { vote, meta, offset: request.offset, data: request.data, done: request.is_last })
}

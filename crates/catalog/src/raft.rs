//! The types that openraft is used with, and their records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use coldtrail_model::{Commit, SegmentId};
use coldtrail_proto::catalog::{digest_from_bytes, v1};
use openraft::{BasicNode, CommittedLeaderId, EntryPayload};
use serde::{Deserialize, Serialize};

use crate::CommitId;

openraft::declare_raft_types!(
    /// Numbers for nodes, `host:port` for their addresses, our commands as entries.
    pub(crate) TypeConfig:
        D = Command,
        R = Outcome,
        NodeId = u64,
        Node = BasicNode,
        Entry = openraft::Entry<TypeConfig>,
        SnapshotData = Cursor<Vec<u8>>,
);

pub(crate) type Entry = openraft::Entry<TypeConfig>;
pub(crate) type LogId = openraft::LogId<u64>;
pub(crate) type Vote = openraft::Vote<u64>;
pub(crate) type Membership = openraft::Membership<u64, BasicNode>;
pub(crate) type StoredMembership = openraft::StoredMembership<u64, BasicNode>;
pub(crate) type StorageError = openraft::StorageError<u64>;

/// What the nodes agree on, one after another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Changes nothing: once it is applied, so is everything before it.
    Barrier,
    /// A change of the catalog.
    Commit(Box<ProposedCommit>),
}

/// A commit with its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProposedCommit {
    pub(crate) id: CommitId,
    /// SHA-256 of the encoded commit: tells a retry from an id that is used twice.
    pub(crate) digest: [u8; 32],
    pub(crate) commit: Commit,
}

/// What became of an entry once it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It was none of ours.
    Nothing,
    /// The commit is visible from this snapshot on.
    Committed { snapshot_id: u64 },
    /// The commit changed nothing.
    Refused(Refusal),
}

/// Why a commit changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    AlreadyIngested { url: String },
    SegmentExists { segment: SegmentId },
    SegmentUnknown { segment: SegmentId },
    CommitIdReused { id: CommitId },
}

/// A record that does not decode.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("a record is cut off or garbled: {0}")]
    Garbled(#[from] prost::DecodeError),
    #[error(transparent)]
    Message(#[from] coldtrail_proto::Error),
}

pub(crate) fn log_id_to_proto(id: &LogId) -> v1::LogId {
    let leader = id.committed_leader_id();
    v1::LogId { term: leader.term, node_id: leader.node_id, index: id.index }
}

pub(crate) fn log_id_from_proto(id: v1::LogId) -> LogId {
    LogId::new(CommittedLeaderId::new(id.term, id.node_id), id.index)
}

pub(crate) fn vote_to_proto(vote: &Vote) -> v1::Vote {
    v1::Vote { term: vote.leader_id.term, node_id: vote.leader_id.node_id, committed: vote.committed }
}

pub(crate) fn vote_from_proto(vote: v1::Vote) -> Vote {
    if vote.committed { Vote::new_committed(vote.term, vote.node_id) } else { Vote::new(vote.term, vote.node_id) }
}

fn membership_to_proto(membership: &Membership) -> v1::Membership {
    let voters = |ids: &BTreeSet<u64>| v1::Voters { node_ids: ids.iter().copied().collect() };
    v1::Membership {
        configs: membership.get_joint_config().iter().map(voters).collect(),
        nodes: membership.nodes().map(|(id, node)| v1::Node { id: *id, address: node.addr.clone() }).collect(),
    }
}

fn membership_from_proto(membership: v1::Membership) -> Membership {
    let configs = membership.configs.into_iter().map(|voters| voters.node_ids.into_iter().collect()).collect();
    let nodes: BTreeMap<_, _> = membership.nodes.into_iter().map(|node| (node.id, BasicNode { addr: node.address })).collect();
    Membership::new(configs, nodes)
}

pub(crate) fn stored_membership_to_proto(stored: &StoredMembership) -> v1::StoredMembership {
    v1::StoredMembership {
        log_id: stored.log_id().as_ref().map(log_id_to_proto),
        membership: Some(membership_to_proto(stored.membership())),
    }
}

pub(crate) fn stored_membership_from_proto(stored: v1::StoredMembership) -> StoredMembership {
    let membership = stored.membership.map(membership_from_proto).unwrap_or_default();
    StoredMembership::new(stored.log_id.map(log_id_from_proto), membership)
}

pub(crate) fn entry_to_proto(entry: &Entry) -> v1::LogEntry {
    use v1::catalog_command::Kind;
    use v1::log_entry::Payload;
    let command = |kind| Payload::Command(v1::CatalogCommand { kind: Some(kind) });
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(v1::Blank {}),
        EntryPayload::Membership(membership) => Payload::Membership(membership_to_proto(membership)),
        EntryPayload::Normal(Command::Barrier) => command(Kind::Barrier(v1::Barrier {})),
        EntryPayload::Normal(Command::Commit(proposed)) => command(Kind::Commit(v1::CommitCommand {
            id: proposed.id.as_bytes().to_vec(),
            digest: proposed.digest.to_vec(),
            commit: Some(v1::Commit::from(&proposed.commit)),
        })),
    };
    v1::LogEntry { log_id: Some(log_id_to_proto(&entry.log_id)), payload: Some(payload) }
}

pub(crate) fn entry_from_proto(entry: v1::LogEntry) -> Result<Entry, RecordError> {
    use v1::log_entry::Payload;
    let missing = |field| coldtrail_proto::Error::Missing { message: "LogEntry", field };
    let payload = match entry.payload.ok_or_else(|| missing("payload"))? {
        Payload::Blank(_) => EntryPayload::Blank,
        Payload::Membership(membership) => EntryPayload::Membership(membership_from_proto(membership)),
        Payload::Command(command) => EntryPayload::Normal(command_from_proto(command)?),
    };
    Ok(Entry { log_id: log_id_from_proto(entry.log_id.ok_or_else(|| missing("log_id"))?), payload })
}

fn command_from_proto(command: v1::CatalogCommand) -> Result<Command, RecordError> {
    use v1::catalog_command::Kind;
    let missing = |message, field| coldtrail_proto::Error::Missing { message, field };
    match command.kind.ok_or_else(|| missing("CatalogCommand", "kind"))? {
        Kind::Barrier(_) => Ok(Command::Barrier),
        Kind::Commit(command) => Ok(Command::Commit(Box::new(ProposedCommit {
            id: commit_id_from_bytes(&command.id)?,
            digest: digest_from_bytes(&command.digest, "CommitCommand", "digest")?,
            commit: command.commit.ok_or_else(|| missing("CommitCommand", "commit"))?.try_into()?,
        }))),
    }
}

pub(crate) fn commit_id_from_bytes(bytes: &[u8]) -> Result<CommitId, coldtrail_proto::Error> {
    let fixed = bytes.try_into().map_err(|_| coldtrail_proto::Error::Length {
        message: "CommitCommand",
        field: "id",
        wanted: 16,
        found: bytes.len(),
    })?;
    Ok(CommitId::from_bytes(fixed))
}

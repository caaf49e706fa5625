//! Entries, votes and members of the log as records.

use std::collections::{BTreeMap, BTreeSet};

use coldtrail_proto::catalog::v1;
use openraft::{BasicNode, CommittedLeaderId, EntryPayload};

use super::{Entry, LogId, Membership, RecordError, StoredMembership, Vote, command_from_proto, command_to_proto};

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

pub(crate) fn membership_to_proto(membership: &Membership) -> v1::Membership {
    let voters = |ids: &BTreeSet<u64>| v1::Voters { node_ids: ids.iter().copied().collect() };
    v1::Membership {
        configs: membership.get_joint_config().iter().map(voters).collect(),
        nodes: membership.nodes().map(|(id, node)| v1::Node { id: *id, address: node.addr.clone() }).collect(),
    }
}

pub(crate) fn membership_from_proto(membership: v1::Membership) -> Membership {
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
    use v1::log_entry::Payload;
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(v1::Blank {}),
        EntryPayload::Membership(membership) => Payload::Membership(membership_to_proto(membership)),
        EntryPayload::Normal(command) => Payload::Command(command_to_proto(command)),
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

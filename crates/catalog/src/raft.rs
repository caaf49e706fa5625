//! The types that openraft is used with, and their records.

use std::io::Cursor;

use coldtrail_model::{Commit, DocumentChange, Run, RunId, RunState, SegmentId, Slice};
use serde::{Deserialize, Serialize};

use crate::CommitId;

mod command;
mod record;

pub(crate) use command::{command_from_proto, command_to_proto, commit_id_from_bytes};
pub(crate) use record::{
    entry_from_proto, entry_to_proto, log_id_from_proto, log_id_to_proto, membership_from_proto, membership_to_proto,
    stored_membership_from_proto, stored_membership_to_proto, vote_from_proto, vote_to_proto,
};

openraft::declare_raft_types!(
    /// Numbers for nodes, `host:port` for their addresses, our commands as entries.
    pub(crate) TypeConfig:
        D = Command,
        R = Outcome,
        NodeId = u64,
        Node = NodeInfo,
        Entry = openraft::Entry<TypeConfig>,
        SnapshotData = Cursor<Vec<u8>>,
);

pub(crate) type NodeInfo = openraft::BasicNode;
pub(crate) type Entry = openraft::Entry<TypeConfig>;
pub(crate) type LogId = openraft::LogId<u64>;
pub(crate) type Vote = openraft::Vote<u64>;
pub(crate) type Membership = openraft::Membership<u64, NodeInfo>;
pub(crate) type StoredMembership = openraft::StoredMembership<u64, NodeInfo>;
pub(crate) type StorageError = openraft::StorageError<u64>;

/// What the nodes agree on, one after another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Changes nothing: once it is applied, so is everything before it.
    Barrier,
    /// A change of the catalog.
    Commit(Box<ProposedCommit>),
    /// A new run.
    CreateRun(Box<Run>),
    /// A new version of a run.
    UpdateRun { expected_version: u64, run: Box<Run> },
    /// Slices of a run.
    PutSlices { run: RunId, epoch: u64, slices: Vec<Slice> },
    /// A run that has ended is no longer wanted.
    DeleteRun { run: RunId },
    /// Documents are made, replaced or deleted, all of them or none.
    PutDocuments { changes: Vec<DocumentChange> },
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
    /// The run is stored like this.
    Updated(Box<Run>),
    /// The documents are stored with these versions, in the order of the changes; 0 for one that was deleted.
    Stored { versions: Vec<u64> },
    /// It is done, and there is nothing to tell.
    Done,
    /// It changed nothing.
    Refused(Refusal),
}

/// Why a command changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    AlreadyIngested { url: String },
    ContentKnown { url: String },
    SegmentExists { segment: SegmentId },
    SegmentUnknown { segment: SegmentId },
    CommitIdReused { id: CommitId },
    RunExists { run: RunId },
    RunUnknown { run: RunId },
    RunChanged { run: Box<Run> },
    RunEnded { run: RunId, state: RunState },
    RunActive { run: RunId, state: RunState },
    StaleEpoch { epoch: u64, current: u64 },
    SliceEnded { run: RunId, number: u32 },
    SnapshotGone { snapshot_id: u64, oldest: u64, newest: u64 },
    TooManyRuns,
    RunInvalid { reason: String },
    DocumentChanged { kind: String, key: String, version: u64 },
    DocumentTooLarge { kind: String, key: String, bytes: u64 },
    DocumentInvalid { reason: String },
    TooManyDocuments,
    TooManyDocumentBytes,
}

/// A record that does not decode.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("a record is cut off or garbled: {0}")]
    Garbled(#[from] prost::DecodeError),
    #[error(transparent)]
    Message(#[from] coldtrail_proto::Error),
}

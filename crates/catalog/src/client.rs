use std::fmt;

use async_trait::async_trait;
use coldtrail_model::{Commit, SegmentIndex};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// What a user of the catalog needs, in its process or from another; reading comes with [`SegmentIndex`].
#[async_trait]
pub trait CatalogClient: SegmentIndex {
    /// Makes a change, all of it or nothing.
    async fn commit(&self, commit: Commit) -> Result<Committed, Error> {
        self.commit_as(CommitId::generate(), commit).await
    }

    /// Makes a change under an id of the caller, who can send the very same commit again after a lost answer or a crash:
    /// it is applied once, and answered as the first time.
    async fn commit_as(&self, id: CommitId, commit: Commit) -> Result<Committed, Error>;

    /// Says of each object whether it was taken in already, in the order asked.
    async fn is_ingested(&self, probes: &[SourceProbe]) -> Result<Vec<bool>, Error>;

    /// How the catalog is.
    async fn status(&self) -> Result<Status, Error>;
}

/// Names one commit, so that it is applied once however often it is sent. The newest 10,000 are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(Uuid);

impl CommitId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes that are persisted.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that these 16 bytes stand for.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A commit that is on disk and visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The first snapshot that shows it. A commit without segments leaves the snapshot as it was.
    pub snapshot_id: u64,
}

/// Asks for one source object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProbe {
    /// Its absolute URL.
    pub url: String,
    /// How it is recognised.
    pub identity: SourceIdentity,
}

/// The two ways to recognise an object at its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceIdentity {
    /// By its content: certain.
    Sha256([u8; 32]),
    /// By what a listing says of it, without reading it. The entity tags must agree where both sides have one.
    Stamp {
        /// Its size as stored.
        bytes: u64,
        /// When it was last changed, in milliseconds since 1970, UTC.
        modified_ms: i64,
        /// The store's entity tag, if it has one.
        etag: Option<String>,
    },
}

/// How the catalog is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Names the cluster; made with it.
    pub cluster_id: Uuid,
    /// The node that answers.
    pub node_id: u64,
    /// The node that leads, if there is one.
    pub leader_id: Option<u64>,
    /// The newest snapshot.
    pub snapshot_id: u64,
    /// How many segments it shows.
    pub segments: u64,
    /// How many source objects were taken in.
    pub source_objects: u64,
    /// The last entry of the Raft log.
    pub last_log_index: Option<u64>,
    /// The last entry that was applied.
    pub last_applied_index: Option<u64>,
    /// The last entry that the stored image of the state covers.
    pub image_log_index: Option<u64>,
    /// Why no more commits are taken, if that is so; reading goes on.
    pub stopped: Option<String>,
}

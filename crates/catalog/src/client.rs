use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use coldtrail_model::{Commit, Document, DocumentChange, Run, RunId, SegmentId, SegmentIndex, Slice, Snapshot, SourceObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// How many runs that have ended are kept at most. All nodes must agree on it.
pub const RUNS_MAX: usize = 10_000;

/// How many labels a run can have.
pub const RUN_LABELS_MAX: usize = 64;

/// How long a label of a run can be, its name and its value together, in bytes.
pub const RUN_LABEL_BYTES_MAX: usize = 4 << 10;

/// How long the body of a document can be, in bytes. All nodes must agree on it and on the limits below.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// How long the name of who changed a document can be, in bytes.
pub const CHANGED_BY_BYTES_MAX: usize = 256;

/// How long the changes of documents that are made at once can be together, in bytes: they are one entry of the log, which has
/// to reach the other nodes while the leader goes on telling them that it is alive.
pub const DOCUMENT_CHANGES_BYTES_MAX: usize = 4 << 20;

/// How many documents are kept at most.
pub const DOCUMENTS_MAX: usize = 1_000_000;

/// How long the documents that are kept can be together, in bytes: every node has them in memory.
pub const DOCUMENTS_BYTES_MAX: usize = 1 << 30;

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

    /// Gives each object as it was taken in, in the order asked; nothing for one that was not. Meant for the few that
    /// [`CatalogClient::is_ingested`] knows: from another process all objects are fetched for it.
    async fn ingested(&self, probes: &[SourceProbe]) -> Result<Vec<Option<SourceObject>>, Error>;

    /// Says of each SHA-256 whether an object with this content was taken in already, under whatever name.
    async fn has_content(&self, sha256: &[[u8; 32]]) -> Result<Vec<bool>, Error>;

    /// How the catalog is.
    async fn status(&self) -> Result<Status, Error>;

    /// Takes in a new run, and keeps the snapshot that it names until it has ended. A run with the same id and definition
    /// that is there already is no error: the answer to an earlier try was lost. Refused with [`Error::RunInvalid`] if it has
    /// more labels than [`RUN_LABELS_MAX`], or one that is longer than [`RUN_LABEL_BYTES_MAX`].
    async fn create_run(&self, run: Run) -> Result<(), Error>;

    /// Replaces a run, if its version is still `expected_version`; gives it as it is stored, with the next version.
    /// One that was changed by another is refused with [`Error::RunChanged`], one that has ended with [`Error::RunEnded`].
    async fn update_run(&self, expected_version: u64, run: Run) -> Result<Run, Error>;

    /// Adds or replaces slices of a run, all of them or none. Refused with [`Error::StaleEpoch`] unless the run's epoch is
    /// `epoch`. A slice that is done or skipped stays as it is; to put an equal one again is no error.
    async fn put_slices(&self, run: RunId, epoch: u64, slices: Vec<Slice>) -> Result<(), Error>;

    /// Forgets a run that has ended, and its slices. One that is not there is forgotten already.
    async fn delete_run(&self, id: RunId) -> Result<(), Error>;

    /// One run, and its slices in order of their numbers.
    async fn run(&self, id: RunId) -> Result<Option<(Run, Vec<Slice>)>, Error>;

    /// Every run, the newest first.
    async fn runs(&self) -> Result<Vec<Arc<Run>>, Error>;

    /// The slices of a run in order of their numbers; none if there is no such run.
    async fn slices(&self, id: RunId) -> Result<Vec<Slice>, Error> {
        Ok(self.run(id).await?.map(|(_, slices)| slices).unwrap_or_default())
    }

    /// A snapshot that is not the newest: one that a run reads that goes on or has answered, or one since which no segment was
    /// removed. Others are refused with [`Error::SnapshotGone`].
    async fn snapshot_at(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error>;

    /// Changes documents, all of them or none; gives those that were put as they are stored now, in the order of the changes.
    ///
    /// A change that expects another version than the present one is refused with [`Error::DocumentChanged`]. A change that is
    /// made already, by the same name and at the same time, is no error: it is sent again when its answer is lost. If another
    /// changed the document in between, one that expects a version is refused then, and one that does not is made twice.
    ///
    /// Names that cannot be, a document that is named twice, and more bytes at once than [`DOCUMENT_CHANGES_BYTES_MAX`] are
    /// refused with [`Error::DocumentInvalid`], a body above [`DOCUMENT_BYTES_MAX`] with [`Error::DocumentTooLarge`], what would
    /// be above [`DOCUMENTS_MAX`] or [`DOCUMENTS_BYTES_MAX`] with [`Error::TooManyDocuments`] or [`Error::TooManyDocumentBytes`].
    async fn put_documents(&self, changes: Vec<DocumentChange>) -> Result<Vec<Document>, Error>;

    /// One document, if it is there.
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, Error>;

    /// Every document of a kind, in order of their keys.
    async fn documents(&self, kind: &str) -> Result<Vec<Arc<Document>>, Error>;

    /// Every segment whose file must be kept: the visible ones, and those that a run reads which goes on or has answered.
    async fn kept_segments(&self) -> Result<Vec<SegmentId>, Error>;

    /// All that is agreed now, as the bytes of a [`crate::Backup`]. Takes memory for all of it, packed.
    async fn backup(&self) -> Result<Vec<u8>, Error>;
}

/// The documents that these changes left, with the versions that are stored; none if those are not theirs.
pub(crate) fn stored_documents(changes: Vec<DocumentChange>, versions: &[u64]) -> Option<Vec<Document>> {
    let is_theirs = versions.len() == changes.len();
    let stored = changes.into_iter().zip(versions).filter_map(|(change, version)| change.into_document(*version));
    is_theirs.then(|| stored.collect())
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

impl Status {
    /// When the cluster was made, in milliseconds since 1970, UTC. A segment that is older and that the catalog does not know belongs to
    /// a catalog of before, which was lost or whose backup is older than the segment: it is no leftover of a writer of this one.
    pub fn created_ms(&self) -> i64 {
        let (seconds, nanos) = self.cluster_id.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
        i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX).saturating_add(i64::from(nanos / 1_000_000))
    }
}

impl SourceIdentity {
    /// True if this is what the catalog knows under the same URL.
    pub(crate) fn is_of(&self, object: &SourceObject) -> bool {
        match self {
            Self::Sha256(sha256) => object.sha256 == *sha256,
            Self::Stamp { bytes, modified_ms, etag } => {
                let tags_agree = match (&object.etag, etag) {
                    (Some(ours), Some(theirs)) => ours == theirs,
                    _ => true,
                };
                object.bytes == *bytes && object.modified_ms == *modified_ms && tags_agree
            }
        }
    }
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

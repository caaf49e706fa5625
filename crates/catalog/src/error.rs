use std::io;
use std::path::PathBuf;

use coldtrail_model::{IndexError, Run, RunId, RunState, SegmentId};
use uuid::Uuid;

use crate::{BACKUP_FORMAT, CommitId, DOCUMENT_BYTES_MAX, DOCUMENTS_BYTES_MAX, DOCUMENTS_MAX, RUNS_MAX};

/// What can go wrong with the catalog, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key of the configuration has a value that cannot work.
    #[error("catalog.{key}: {reason}")]
    Config {
        /// The key.
        key: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// Another process has the catalog open.
    #[error("catalog folder {} is in use by another process (is `coldtrail serve` running?)", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file of the catalog is damaged.
    #[error(
        "catalog file {} is damaged ({reason}); restore it from a backup, or move it away and rebuild the catalog from the lake",
        file.display()
    )]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file was written by a version that this one does not know.
    #[error("catalog file {} has format {format}, which this version of Coldtrail does not know; use the version that wrote it", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// The format it says it has.
        format: u32,
    },
    /// A backup is not as it was written. Nothing was changed.
    #[error(
        "the backup is damaged: {reason}; nothing was changed, use another backup, or rebuild the catalog with `coldtrail lake rebuild`"
    )]
    BackupDamaged {
        /// What was found.
        reason: String,
    },
    /// A backup was written by a version that this one does not know. Nothing was changed.
    #[error("the backup has format {format}, and this version of Coldtrail knows {BACKUP_FORMAT}; use the version that wrote it")]
    BackupFormat {
        /// The format it says it has.
        format: u32,
    },
    /// A backup can be restored only where there is no catalog. Nothing was changed.
    #[error(
        "{} holds a catalog already, and a backup can only be restored where there is none; nothing was changed. Stop the node, move \
         the file away (keep it until all is well) and restore again, or choose another data folder",
        file.display()
    )]
    NotEmpty {
        /// The catalog's file that is there.
        file: PathBuf,
    },
    /// A restore was begun and not finished.
    #[error("a restore into {} was begun and not finished; restore the backup again, or empty the folder", folder.display())]
    RestoreUnfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk refused.
    #[error("could not read or write {}: {source}", file.display())]
    Disk {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A source object of the commit was taken in already; nothing was changed.
    #[error("{url} was ingested already")]
    AlreadyIngested {
        /// The object.
        url: String,
    },
    /// The content of a source object was taken in already under another name, and the commit allows that once only; nothing was changed.
    #[error("the content of {url} was ingested already under another name")]
    ContentKnown {
        /// The object.
        url: String,
    },
    /// A segment that the commit adds is visible already; nothing was changed.
    #[error("segment {segment} is in the catalog already")]
    SegmentExists {
        /// The segment.
        segment: SegmentId,
    },
    /// A segment that the commit removes is not visible; nothing was changed.
    #[error("segment {segment} is not in the catalog")]
    SegmentUnknown {
        /// The segment.
        segment: SegmentId,
    },
    /// The id of the commit was used for another commit; nothing was changed.
    #[error("commit id {id} was used for another commit; make a new id for each commit")]
    CommitIdReused {
        /// The id.
        id: CommitId,
    },
    /// The commit contradicts itself; nothing was changed.
    #[error("the commit is not valid: {reason}")]
    CommitInvalid {
        /// The contradiction.
        reason: String,
    },
    /// The id of the run was used for another run; nothing was changed.
    #[error("there is another run {run}; make a new id for each run")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// There is no such run.
    #[error("there is no run {run}")]
    RunUnknown {
        /// The run.
        run: RunId,
    },
    /// The run is not the one that the caller saw; nothing was changed.
    #[error("run {} was changed by another: it is {} now, at version {}", run.id, run.state, run.version)]
    RunChanged {
        /// As it is now.
        run: Box<Run>,
    },
    /// The run has ended, and nothing of it can be changed.
    #[error("run {run} has ended: it is {state}")]
    RunEnded {
        /// The run.
        run: RunId,
        /// How it ended.
        state: RunState,
    },
    /// The run has not ended, so that it cannot be deleted.
    #[error("run {run} is {state}; it can be deleted once it has ended")]
    RunActive {
        /// The run.
        run: RunId,
        /// How far it is.
        state: RunState,
    },
    /// The change comes from a leader of before; nothing was changed.
    #[error("a leader of epoch {epoch} sent this, and epoch {current} has begun")]
    StaleEpoch {
        /// The epoch of the change.
        epoch: u64,
        /// The epoch of the run.
        current: u64,
    },
    /// The slice is done or skipped, and stays so; nothing was changed.
    #[error("slice {number} of run {run} is done or skipped, and stays as it is")]
    SliceEnded {
        /// The run.
        run: RunId,
        /// The slice.
        number: u32,
    },
    /// The run or a slice contradicts itself; nothing was changed.
    #[error("the run is not valid: {reason}")]
    RunInvalid {
        /// The contradiction.
        reason: String,
    },
    /// As many runs that have ended are kept as can be; nothing was changed.
    #[error("{RUNS_MAX} runs that have ended are kept, and no more can be; delete some of them")]
    TooManyRuns,
    /// The document is not the one that the caller saw; nothing was changed.
    #[error("{kind} {key:?} was changed by another: {}", present(*version))]
    DocumentChanged {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
        /// The version that it has now; 0 if it is not there.
        version: u64,
    },
    /// The document is too large; nothing was changed.
    #[error("{kind} {key:?} has {bytes} bytes, and {DOCUMENT_BYTES_MAX} are the most that a document can have; divide it")]
    DocumentTooLarge {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
        /// The length of its body.
        bytes: u64,
    },
    /// The change of documents contradicts itself, or names what cannot be; nothing was changed.
    #[error("the documents cannot be changed like this: {reason}")]
    DocumentInvalid {
        /// The contradiction.
        reason: String,
    },
    /// As many documents are kept as can be; nothing was changed.
    #[error("{DOCUMENTS_MAX} documents are kept, and no more can be; delete some of them")]
    TooManyDocuments,
    /// The documents that are kept are as long as they can be; nothing was changed.
    #[error("documents of {DOCUMENTS_BYTES_MAX} bytes are kept, and no more can be; delete some of them")]
    TooManyDocumentBytes,
    /// The snapshot is not known: it is to come, or what it showed is no longer kept.
    #[error("snapshot {snapshot_id} cannot be read: those from {oldest} to {newest} can, and those of runs that go on or have answered")]
    SnapshotGone {
        /// The snapshot.
        snapshot_id: u64,
        /// The oldest one from which on all can be read.
        oldest: u64,
        /// The newest one.
        newest: u64,
    },
    /// The catalog no longer takes commits; what was acknowledged is safe.
    #[error("the catalog in {} has stopped: {reason}; what was acknowledged is kept, start again once the cause is gone", file.display())]
    Stopped {
        /// The catalog's file.
        file: PathBuf,
        /// Why it stopped.
        reason: String,
    },
    /// This node does not lead the cluster.
    #[error("this node of the catalog does not lead it{}", leader.as_ref().map(|at| format!("; node at {at} does")).unwrap_or_default())]
    NotLeader {
        /// The address of the leader, if one is known.
        leader: Option<String>,
    },
    /// The cluster has no leader.
    #[error("the catalog has no leader after {waited_ms} ms; are most of its nodes up?")]
    NoLeader {
        /// How long it was waited for.
        waited_ms: u64,
    },
    /// The nodes that are to be the cluster did not come together.
    #[error("the catalog's cluster was not formed or joined within {waited_ms} ms: {missing}")]
    NotFormed {
        /// How long it was waited for.
        waited_ms: u64,
        /// What was missing, by address.
        missing: String,
    },
    /// A node belongs to another cluster than this one.
    #[error("the node at {address} belongs to cluster {theirs}, and not to {ours}; one of them has the data folder of another cluster")]
    OtherCluster {
        /// Where it is.
        address: String,
        /// Its cluster.
        theirs: Uuid,
        /// The cluster that it should be.
        ours: Uuid,
    },
    /// The nodes of the cluster cannot be changed like this; nothing was changed.
    #[error("the cluster cannot be changed like this: {reason}")]
    Membership {
        /// Why not.
        reason: String,
    },
    /// The catalog of another process cannot be reached.
    #[error("the catalog at {address} cannot be reached: {reason} (is `coldtrail serve` running there?)")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// The catalog of another process does not accept the token.
    #[error("the catalog at {address} does not accept this token")]
    Denied {
        /// Where it is.
        address: String,
    },
    /// The other side said something that this version does not understand.
    #[error("the catalog at {address} sent something unexpected: {reason}")]
    Protocol {
        /// Where it is.
        address: String,
        /// What was unexpected.
        reason: String,
    },
    /// The catalog may be served on a loopback address only, and with a token.
    #[error("the catalog cannot be served on {address}: {reason}")]
    Serve {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// True when trying again later may succeed without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::NotLeader { .. } | Self::NoLeader { .. } | Self::NotFormed { .. } | Self::Unreachable { .. })
    }
}

fn present(version: u64) -> String {
    if version == 0 { "it is not there".to_owned() } else { format!("it is at version {version} now") }
}

impl From<Error> for IndexError {
    fn from(error: Error) -> Self {
        Self { message: error.to_string() }
    }
}

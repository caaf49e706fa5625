//! What users of the catalog ask, answered by the node in this process.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use coldtrail_model::{Commit, Document, DocumentChange, IndexError, Run, RunId, SegmentId, SegmentIndex, Slice, Snapshot, SourceObject};

use super::{Catalog, off_reactor, propose};
use crate::client::stored_documents;
use crate::contents::check_document_changes;
use crate::raft::{Command, Outcome};
use crate::{CatalogClient, CommitId, Committed, Error, SourceProbe, Status, backup};

impl Catalog {
    /// Changes documents; gives the versions that are stored, in the order of the changes.
    pub(crate) async fn document_versions(&self, changes: Vec<DocumentChange>) -> Result<Vec<u64>, Error> {
        check_document_changes(&changes)?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        match self.change(Command::PutDocuments { changes }).await? {
            Outcome::Stored { versions } => Ok(versions),
            _ => Err(self.runtime_ends()),
        }
    }
}

#[async_trait]
impl CatalogClient for Catalog {
    async fn commit_as(&self, id: CommitId, commit: Commit) -> Result<Committed, Error> {
        propose::validate(&commit)?;
        let proposed = off_reactor(move || propose::seal(id, commit)).await.ok_or_else(|| self.runtime_ends())?;
        let outcome = self.change(Command::Commit(Box::new(proposed))).await?;
        match outcome {
            Outcome::Committed { snapshot_id } => Ok(Committed { snapshot_id }),
            _ => Err(self.runtime_ends()),
        }
    }

    async fn is_ingested(&self, probes: &[SourceProbe]) -> Result<Vec<bool>, Error> {
        self.linearizable().await?;
        let contents = self.contents();
        Ok(probes.iter().map(|probe| contents.is_ingested(probe)).collect())
    }

    async fn ingested(&self, probes: &[SourceProbe]) -> Result<Vec<Option<SourceObject>>, Error> {
        self.linearizable().await?;
        let contents = self.contents();
        Ok(probes.iter().map(|probe| contents.ingested(probe).map(|object| object.as_ref().clone())).collect())
    }

    async fn has_content(&self, sha256: &[[u8; 32]]) -> Result<Vec<bool>, Error> {
        self.linearizable().await?;
        let contents = self.contents();
        Ok(sha256.iter().map(|sha256| contents.has_content(sha256)).collect())
    }

    async fn status(&self) -> Result<Status, Error> {
        let metrics = self.raft().metrics().borrow().clone();
        let contents = self.contents();
        Ok(Status {
            cluster_id: self.identity().cluster_id,
            node_id: self.identity().node_id,
            leader_id: metrics.current_leader,
            snapshot_id: contents.snapshot_id(),
            segments: contents.segment_count() as u64,
            source_objects: contents.source_count() as u64,
            last_log_index: metrics.last_log_index,
            last_applied_index: self.node.state.read().last_applied.map(|id| id.index),
            image_log_index: metrics.snapshot.map(|id| id.index),
            stopped: metrics.running_state.err().map(|fatal| self.stop_reason(&fatal)),
        })
    }

    async fn create_run(&self, run: Run) -> Result<(), Error> {
        propose::validate_run(&run)?;
        self.change(Command::CreateRun(Box::new(run))).await.map(drop)
    }

    async fn update_run(&self, expected_version: u64, run: Run) -> Result<Run, Error> {
        match self.change(Command::UpdateRun { expected_version, run: Box::new(run) }).await? {
            Outcome::Updated(run) => Ok(*run),
            _ => Err(self.runtime_ends()),
        }
    }

    async fn put_slices(&self, run: RunId, epoch: u64, slices: Vec<Slice>) -> Result<(), Error> {
        propose::validate_slices(run, &slices)?;
        self.change(Command::PutSlices { run, epoch, slices }).await.map(drop)
    }

    async fn delete_run(&self, id: RunId) -> Result<(), Error> {
        self.change(Command::DeleteRun { run: id }).await.map(drop)
    }

    async fn run(&self, id: RunId) -> Result<Option<(Run, Vec<Slice>)>, Error> {
        let contents = self.contents();
        let slices = || contents.slices(id).map(|slice| slice.as_ref().clone()).collect();
        Ok(contents.run(id).map(|run| (run.as_ref().clone(), slices())))
    }

    async fn runs(&self) -> Result<Vec<Arc<Run>>, Error> {
        Ok(self.contents().runs().rev().cloned().collect())
    }

    async fn snapshot_at(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error> {
        if snapshot_id > self.contents().snapshot_id() {
            // Another node may be ahead of this one.
            self.linearizable().await?;
        }
        let newest = self.newest_snapshot().await?;
        if newest.id == snapshot_id { Ok(newest) } else { self.older_snapshot(snapshot_id).await }
    }

    async fn put_documents(&self, changes: Vec<DocumentChange>) -> Result<Vec<Document>, Error> {
        let versions = self.document_versions(changes.clone()).await?;
        stored_documents(changes, &versions).ok_or_else(|| self.runtime_ends())
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, Error> {
        Ok(self.contents().document(kind, key).map(|document| document.as_ref().clone()))
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Arc<Document>>, Error> {
        let (contents, kind) = (self.contents(), kind.to_owned());
        let list = off_reactor(move || contents.documents_of(&kind).cloned().collect()).await;
        list.ok_or_else(|| self.runtime_ends())
    }

    async fn kept_segments(&self) -> Result<Vec<SegmentId>, Error> {
        // One that is missing here may be deleted: nothing may be overlooked.
        self.linearizable().await?;
        let contents = self.contents();
        off_reactor(move || contents.kept_segments()).await.ok_or_else(|| self.runtime_ends())
    }

    async fn backup(&self) -> Result<Vec<u8>, Error> {
        // What was acknowledged anywhere before must be in it.
        self.linearizable().await?;
        let (state, identity, taken_ms) = (self.node.state.read().clone(), self.identity(), now_ms());
        let made = off_reactor(move || backup::encode(&state, identity, taken_ms)).await.ok_or_else(|| self.runtime_ends())?;
        made.map_err(|source| Error::Disk { file: self.node.disk.path().to_owned(), source })
    }
}

/// Now, in milliseconds since 1970, UTC.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl SegmentIndex for Catalog {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        Ok(self.newest_snapshot().await?)
    }

    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        let contents = self.contents();
        let list = off_reactor(move || contents.source_objects().map(|object| object.as_ref().clone()).collect()).await;
        Ok(list.ok_or_else(|| self.runtime_ends())?)
    }
}

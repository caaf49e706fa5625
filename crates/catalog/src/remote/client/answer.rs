//! What users of the catalog ask, answered by another process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use coldtrail_model::{Commit, Document, DocumentChange, IndexError, Run, RunId, SegmentId, SegmentIndex, Slice, Snapshot, SourceObject};
use coldtrail_proto::catalog::v1;

use super::{RemoteCatalog, wire};
use crate::client::stored_documents;
use crate::contents::check_document_changes;
use crate::{CatalogClient, CommitId, Committed, Error, SourceProbe, Status};

/// How many objects are asked for in one message.
const PROBES_PER_CALL: usize = 10_000;

#[async_trait]
impl CatalogClient for RemoteCatalog {
    async fn commit_as(&self, id: CommitId, commit: Commit) -> Result<Committed, Error> {
        let request = v1::CommitRequest { id: id.as_bytes().to_vec(), commit: Some(v1::Commit::from(&commit)) };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.commit(request).await }
        });
        Ok(Committed { snapshot_id: response.await?.snapshot_id })
    }

    async fn is_ingested(&self, probes: &[SourceProbe]) -> Result<Vec<bool>, Error> {
        let mut answers = Vec::with_capacity(probes.len());
        for probes in probes.chunks(PROBES_PER_CALL) {
            let request = v1::IsIngestedRequest { probes: probes.iter().map(wire::probe_to_proto).collect() };
            let response = self.client.clone().is_ingested(request).await.map_err(|status| self.error(&status))?.into_inner();
            if response.ingested.len() != probes.len() {
                return Err(self.unexpected(format_args!("{} answers to {} questions", response.ingested.len(), probes.len())));
            }
            answers.extend(response.ingested);
        }
        Ok(answers)
    }

    /// There is no call for it: whoever asks it often is in the process of the catalog.
    async fn ingested(&self, probes: &[SourceProbe]) -> Result<Vec<Option<SourceObject>>, Error> {
        let mut asked: HashMap<&str, Vec<usize>> = HashMap::new();
        probes.iter().enumerate().for_each(|(number, probe)| asked.entry(&probe.url).or_default().push(number));
        let mut ingested = vec![None; probes.len()];
        for object in self.fetch_source_objects().await? {
            let numbers = asked.get(object.url.as_str()).into_iter().flatten();
            for number in numbers.filter(|number| probes[**number].identity.is_of(&object)) {
                ingested[*number] = Some(object.clone());
            }
        }
        Ok(ingested)
    }

    /// There is no call for it: whoever asks it often is in the process of the catalog.
    async fn has_content(&self, sha256: &[[u8; 32]]) -> Result<Vec<bool>, Error> {
        let known: HashSet<[u8; 32]> = self.fetch_source_objects().await?.into_iter().map(|object| object.sha256).collect();
        Ok(sha256.iter().map(|sha256| known.contains(sha256)).collect())
    }

    async fn status(&self) -> Result<Status, Error> {
        let status = self.client.clone().status(v1::StatusRequest {}).await.map_err(|status| self.error(&status))?;
        wire::status_from_proto(status.get_ref()).map_err(|error| self.unexpected(error))
    }

    async fn create_run(&self, run: Run) -> Result<(), Error> {
        let request = v1::CreateRunRequest { run: Some((&run).into()) };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.create_run(request).await }
        });
        response.await.map(drop)
    }

    async fn update_run(&self, expected_version: u64, run: Run) -> Result<Run, Error> {
        let request = v1::UpdateRunRequest { expected_version, run: Some((&run).into()) };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.update_run(request).await }
        });
        let v1::UpdateRunResponse { run, is_another } = response.await?;
        let run = run.ok_or_else(|| self.unexpected("an answer without a run"))?;
        let run = Run::try_from(run).map_err(|error| self.unexpected(error))?;
        if is_another { Err(Error::RunChanged { run: Box::new(run) }) } else { Ok(run) }
    }

    async fn put_slices(&self, run: RunId, epoch: u64, slices: Vec<Slice>) -> Result<(), Error> {
        let slices = slices.iter().map(Into::into).collect();
        let request = v1::PutSlicesRequest { run_id: run.as_bytes().to_vec(), epoch, slices };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.put_slices(request).await }
        });
        response.await.map(drop)
    }

    async fn delete_run(&self, id: RunId) -> Result<(), Error> {
        let request = v1::DeleteRunRequest { run_id: id.as_bytes().to_vec() };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.delete_run(request).await }
        });
        response.await.map(drop)
    }

    async fn run(&self, id: RunId) -> Result<Option<(Run, Vec<Slice>)>, Error> {
        let request = v1::GetRunRequest { run_id: id.as_bytes().to_vec() };
        let found = self.client.clone().get_run(request).await.map_err(|status| self.error(&status))?.into_inner();
        let Some(run) = found.run else { return Ok(None) };
        let slices = found.slices.into_iter().map(Slice::try_from).collect::<Result<_, _>>();
        let converted = Run::try_from(run).and_then(|run| Ok((run, slices?)));
        converted.map(Some).map_err(|error| self.unexpected(error))
    }

    async fn runs(&self) -> Result<Vec<Arc<Run>>, Error> {
        self.fetch_runs().await
    }

    async fn snapshot_at(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error> {
        self.fetch_older_snapshot(snapshot_id).await
    }

    async fn put_documents(&self, changes: Vec<DocumentChange>) -> Result<Vec<Document>, Error> {
        // Refused here as there: what is too large would not even be sent.
        check_document_changes(&changes)?;
        let request = v1::PutDocumentsRequest { changes: changes.iter().map(Into::into).collect() };
        let response = self.change(|mut client| {
            let request = request.clone();
            async move { client.put_documents(request).await }
        });
        let versions = response.await?.stored.unwrap_or_default().versions;
        stored_documents(changes, &versions).ok_or_else(|| self.unexpected(format_args!("{} versions of documents", versions.len())))
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, Error> {
        let request = v1::GetDocumentRequest { kind: kind.to_owned(), key: key.to_owned() };
        let found = self.client.clone().get_document(request).await.map_err(|status| self.error(&status))?.into_inner();
        found.document.map(Document::try_from).transpose().map_err(|error| self.unexpected(error))
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Arc<Document>>, Error> {
        self.fetch_documents(kind).await
    }

    async fn kept_segments(&self) -> Result<Vec<SegmentId>, Error> {
        self.fetch_kept_segments().await
    }

    async fn backup(&self) -> Result<Vec<u8>, Error> {
        let mut chunks = self.client.clone().backup(v1::BackupRequest {}).await.map_err(|status| self.error(&status))?.into_inner();
        let (mut backup, mut expected) = (Vec::new(), None);
        while let Some(v1::BackupChunk { piece, total }) = self.next(&mut chunks).await? {
            expected = Some(total);
            backup.extend_from_slice(&piece);
        }
        if expected != Some(backup.len() as u64) {
            return Err(self.unexpected(format_args!("{} bytes of a backup instead of {}", backup.len(), expected.unwrap_or(0))));
        }
        Ok(backup)
    }
}

#[async_trait]
impl SegmentIndex for RemoteCatalog {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        Ok(self.fetch_snapshot().await?)
    }

    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        Ok(self.fetch_source_objects().await?)
    }
}

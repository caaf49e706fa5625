use std::pin::Pin;
use std::sync::Arc;

use coldtrail_model::{Commit, Document, DocumentChange, Run, SegmentId, SegmentIndex, Slice, Snapshot, SourceObject, Table};
use coldtrail_proto::catalog::{run_id_from_bytes, v1};
use futures::{Stream, stream};
use tonic::{Request, Response, Status as GrpcStatus};
use v1::catalog_service_server::CatalogService;

use super::{CHUNK_BYTES, CHUNK_DOCUMENT_BYTES, CHUNK_IDS, CHUNK_ITEMS, CHUNK_RUNS, wire};
use crate::raft::commit_id_from_bytes;
use crate::{Catalog, CatalogClient, Error};

/// The calls of `CatalogService`.
pub(super) struct Service {
    catalog: Catalog,
}

impl Service {
    pub(super) fn new(catalog: Catalog) -> Self {
        Self { catalog }
    }

    /// Who asks this process may have heard from another node what must be seen here.
    async fn barrier(&self) -> Result<(), GrpcStatus> {
        self.catalog.linearizable().await.map_err(|error| wire::error_to_grpc(&error))
    }

    async fn snapshot_asked(&self, at: Option<u64>) -> Result<Arc<Snapshot>, GrpcStatus> {
        match at {
            Some(snapshot_id) => self.catalog.snapshot_at(snapshot_id).await.map_err(|error| wire::error_to_grpc(&error)),
            None => {
                self.barrier().await?;
                self.catalog.snapshot().await.map_err(|error| GrpcStatus::internal(error.to_string()))
            }
        }
    }
}

type Chunks<T> = Pin<Box<dyn Stream<Item = Result<T, GrpcStatus>> + Send>>;

#[tonic::async_trait]
impl CatalogService for Service {
    type GetSnapshotStream = Chunks<v1::SnapshotChunk>;
    type ListSourceObjectsStream = Chunks<v1::SourceObjectChunk>;
    type ListRunsStream = Chunks<v1::RunChunk>;
    type ListKeptSegmentsStream = Chunks<v1::KeptSegmentChunk>;
    type ListDocumentsStream = Chunks<v1::DocumentChunk>;
    type BackupStream = Chunks<v1::BackupChunk>;

    async fn commit(&self, request: Request<v1::CommitRequest>) -> Result<Response<v1::CommitResponse>, GrpcStatus> {
        let v1::CommitRequest { id, commit } = request.into_inner();
        let id = commit_id_from_bytes(&id).map_err(invalid)?;
        let commit = Commit::try_from(commit.unwrap_or_default()).map_err(invalid)?;
        let committed = self.catalog.commit_as(id, commit).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::CommitResponse { snapshot_id: committed.snapshot_id }))
    }

    async fn get_snapshot(&self, request: Request<v1::GetSnapshotRequest>) -> Result<Response<Self::GetSnapshotStream>, GrpcStatus> {
        let v1::GetSnapshotRequest { since, cluster_id, at } = request.into_inner();
        let snapshot = self.snapshot_asked(at).await?;
        let ours = self.catalog.cluster_id().as_bytes().to_vec();
        let segments_total = snapshot.segments.values().map(|of_table| of_table.len() as u64).sum();
        let unchanged = since == Some(snapshot.id) && cluster_id == ours;
        let first = v1::SnapshotChunk { snapshot_id: snapshot.id, cluster_id: ours, unchanged, segments: Vec::new(), segments_total };
        let start = Cursor { snapshot, table: Table::all().collect(), next_table: 0, next_segment: 0 };
        let rest = stream::iter((!unchanged).then_some(start).into_iter().flatten());
        let chunk_of = first.clone();
        let rest = futures::StreamExt::map(rest, move |segments| Ok(v1::SnapshotChunk { segments, ..chunk_of.clone() }));
        Ok(Response::new(Box::pin(futures::StreamExt::chain(stream::iter([Ok(first)]), rest))))
    }

    async fn is_ingested(&self, request: Request<v1::IsIngestedRequest>) -> Result<Response<v1::IsIngestedResponse>, GrpcStatus> {
        let probes = request.into_inner().probes.into_iter().map(wire::probe_from_proto).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        let ingested = self.catalog.is_ingested(&probes).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::IsIngestedResponse { ingested }))
    }

    async fn list_source_objects(
        &self,
        _request: Request<v1::ListSourceObjectsRequest>,
    ) -> Result<Response<Self::ListSourceObjectsStream>, GrpcStatus> {
        self.barrier().await?;
        let objects = self.catalog.source_objects().await.map_err(|error| GrpcStatus::internal(error.to_string()))?;
        Ok(Response::new(in_chunks(objects, CHUNK_ITEMS, |objects: &[SourceObject], total| v1::SourceObjectChunk {
            source_objects: objects.iter().map(Into::into).collect(),
            total,
        })))
    }

    async fn status(&self, _request: Request<v1::StatusRequest>) -> Result<Response<v1::StatusResponse>, GrpcStatus> {
        let status = self.catalog.status().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(wire::status_to_proto(&status)))
    }

    async fn create_run(&self, request: Request<v1::CreateRunRequest>) -> Result<Response<v1::CreateRunResponse>, GrpcStatus> {
        let run = run_of(request.into_inner().run, "CreateRunRequest")?;
        self.catalog.create_run(run).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::CreateRunResponse {}))
    }

    async fn update_run(&self, request: Request<v1::UpdateRunRequest>) -> Result<Response<v1::UpdateRunResponse>, GrpcStatus> {
        let v1::UpdateRunRequest { expected_version, run } = request.into_inner();
        // A run may be too large for the details of a status, where other refusals are.
        let (run, is_another) = match self.catalog.update_run(expected_version, run_of(run, "UpdateRunRequest")?).await {
            Ok(run) => (run, false),
            Err(Error::RunChanged { run }) => (*run, true),
            Err(error) => return Err(wire::error_to_grpc(&error)),
        };
        Ok(Response::new(v1::UpdateRunResponse { run: Some((&run).into()), is_another }))
    }

    async fn put_slices(&self, request: Request<v1::PutSlicesRequest>) -> Result<Response<v1::PutSlicesResponse>, GrpcStatus> {
        let v1::PutSlicesRequest { run_id, epoch, slices } = request.into_inner();
        let run = run_id_from_bytes(&run_id, "PutSlicesRequest", "run_id").map_err(invalid)?;
        let slices = slices.into_iter().map(Slice::try_from).collect::<Result<_, _>>().map_err(invalid)?;
        self.catalog.put_slices(run, epoch, slices).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::PutSlicesResponse {}))
    }

    async fn delete_run(&self, request: Request<v1::DeleteRunRequest>) -> Result<Response<v1::DeleteRunResponse>, GrpcStatus> {
        let run = run_id_from_bytes(&request.into_inner().run_id, "DeleteRunRequest", "run_id").map_err(invalid)?;
        self.catalog.delete_run(run).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::DeleteRunResponse {}))
    }

    async fn get_run(&self, request: Request<v1::GetRunRequest>) -> Result<Response<v1::GetRunResponse>, GrpcStatus> {
        let run = run_id_from_bytes(&request.into_inner().run_id, "GetRunRequest", "run_id").map_err(invalid)?;
        self.barrier().await?;
        let found = self.catalog.run(run).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(found.map_or_else(v1::GetRunResponse::default, |(run, slices)| v1::GetRunResponse {
            run: Some((&run).into()),
            slices: slices.iter().map(Into::into).collect(),
        })))
    }

    async fn list_runs(&self, _request: Request<v1::ListRunsRequest>) -> Result<Response<Self::ListRunsStream>, GrpcStatus> {
        self.barrier().await?;
        let runs = self.catalog.runs().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(in_chunks(runs, CHUNK_RUNS, |runs: &[Arc<Run>], total| v1::RunChunk {
            runs: runs.iter().map(|run| run.as_ref().into()).collect(),
            total,
        })))
    }

    async fn list_kept_segments(
        &self,
        _request: Request<v1::ListKeptSegmentsRequest>,
    ) -> Result<Response<Self::ListKeptSegmentsStream>, GrpcStatus> {
        let kept = self.catalog.kept_segments().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(in_chunks(kept, CHUNK_IDS, |ids: &[SegmentId], total| v1::KeptSegmentChunk {
            ids: ids.iter().map(|id| id.as_bytes().to_vec()).collect(),
            total,
        })))
    }

    async fn put_documents(&self, request: Request<v1::PutDocumentsRequest>) -> Result<Response<v1::PutDocumentsResponse>, GrpcStatus> {
        let changes = request.into_inner().changes.into_iter().map(DocumentChange::try_from).collect::<Result<_, _>>().map_err(invalid)?;
        let versions = self.catalog.document_versions(changes).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::PutDocumentsResponse { stored: Some(v1::DocumentVersions { versions }) }))
    }

    async fn get_document(&self, request: Request<v1::GetDocumentRequest>) -> Result<Response<v1::GetDocumentResponse>, GrpcStatus> {
        let v1::GetDocumentRequest { kind, key } = request.into_inner();
        self.barrier().await?;
        let found = self.catalog.document(&kind, &key).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::GetDocumentResponse { document: found.as_ref().map(Into::into) }))
    }

    async fn list_documents(&self, request: Request<v1::ListDocumentsRequest>) -> Result<Response<Self::ListDocumentsStream>, GrpcStatus> {
        self.barrier().await?;
        let documents = self.catalog.documents(&request.get_ref().kind).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(in_chunks_of_bytes(documents)))
    }

    async fn cluster_status(&self, _request: Request<v1::ClusterStatusRequest>) -> Result<Response<v1::ClusterStatusResponse>, GrpcStatus> {
        let status = self.catalog.cluster_status().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(wire::cluster_to_proto(&status)))
    }

    async fn remove_node(&self, request: Request<v1::RemoveNodeRequest>) -> Result<Response<v1::RemoveNodeResponse>, GrpcStatus> {
        self.catalog.remove(request.into_inner().node_id).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::RemoveNodeResponse {}))
    }

    async fn let_lead(&self, request: Request<v1::LetLeadRequest>) -> Result<Response<v1::LetLeadResponse>, GrpcStatus> {
        self.catalog.transfer_leader(request.into_inner().node_id).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::LetLeadResponse {}))
    }

    async fn backup(&self, _request: Request<v1::BackupRequest>) -> Result<Response<Self::BackupStream>, GrpcStatus> {
        let backup = self.catalog.backup().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(in_chunks(backup, CHUNK_BYTES, |piece: &[u8], total| v1::BackupChunk { piece: piece.to_vec(), total })))
    }
}

fn run_of(run: Option<v1::Run>, message: &'static str) -> Result<Run, GrpcStatus> {
    run.ok_or(coldtrail_proto::Error::Missing { message, field: "run" }).and_then(TryInto::try_into).map_err(invalid)
}

/// A list in pieces, each made when it is asked for; an empty list is one empty piece.
fn in_chunks<T, M>(items: Vec<T>, at_once: usize, make: impl Fn(&[T], u64) -> M + Send + 'static) -> Chunks<M>
where
    T: Send + Sync + 'static,
    M: Send + 'static,
{
    let total = items.len() as u64;
    let chunks = items.len().div_ceil(at_once).max(1);
    let chunk = move |number: usize| {
        let end = items.len().min((number + 1) * at_once);
        Ok(make(&items[number * at_once..end], total))
    };
    Box::pin(stream::iter((0..chunks).map(chunk)))
}

/// Documents in pieces that are full by number or by bytes; no documents are one empty piece.
fn in_chunks_of_bytes(documents: Vec<Arc<Document>>) -> Chunks<v1::DocumentChunk> {
    let total = documents.len() as u64;
    let (mut rest, mut is_first) = (documents.into_iter().peekable(), true);
    let chunk = move || {
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while let Some(document) = rest.next_if(|_| documents.len() < CHUNK_ITEMS && bytes < CHUNK_DOCUMENT_BYTES) {
            bytes += document.body.len();
            documents.push(document.as_ref().into());
        }
        let is_needed = std::mem::take(&mut is_first) || !documents.is_empty();
        is_needed.then_some(Ok(v1::DocumentChunk { documents, total }))
    };
    Box::pin(stream::iter(std::iter::from_fn(chunk)))
}

/// Walks a snapshot in pieces, without a second copy of it.
struct Cursor {
    snapshot: Arc<Snapshot>,
    table: Vec<Table>,
    next_table: usize,
    next_segment: usize,
}

impl Iterator for Cursor {
    type Item = Vec<v1::SegmentMeta>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let segments = self.snapshot.segments_of(*self.table.get(self.next_table)?);
            let piece: Vec<_> = segments.iter().skip(self.next_segment).take(CHUNK_ITEMS).map(|segment| segment.as_ref().into()).collect();
            if !piece.is_empty() {
                self.next_segment += piece.len();
                return Some(piece);
            }
            self.next_table += 1;
            self.next_segment = 0;
        }
    }
}

fn invalid(error: coldtrail_proto::Error) -> GrpcStatus {
    GrpcStatus::invalid_argument(error.to_string())
}

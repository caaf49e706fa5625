use std::pin::Pin;
use std::sync::Arc;

use coldtrail_model::{Commit, SegmentIndex, Snapshot, SourceObject, Table};
use coldtrail_proto::catalog::v1;
use futures::{Stream, stream};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status as GrpcStatus};
use v1::catalog_service_server::{CatalogService, CatalogServiceServer};

use super::{CHUNK_ITEMS, MESSAGE_BYTES_MAX, wire};
use crate::raft::commit_id_from_bytes;
use crate::{Catalog, CatalogClient, Error};

/// Answers other processes on this machine until `stop`, then finishes the calls under way.
///
/// The listener must be on a loopback address: the token and the data travel in the clear.
pub async fn serve(listener: TcpListener, catalog: Catalog, token: String, stop: CancellationToken) -> Result<(), Error> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let refuse = |reason: String| Err(Error::Serve { address: address.clone(), reason });
    if !listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        return refuse("it is no loopback address, and the connection is not encrypted".to_owned());
    }
    if token.is_empty() {
        return refuse("there is no token".to_owned());
    }
    let expected = format!("Bearer {token}");
    let service = CatalogServiceServer::new(Service { catalog })
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let authorized =
        tonic::service::interceptor::InterceptedService::new(service, move |request: Request<()>| authorize(request, &expected));
    let served = tonic::transport::Server::builder()
        .add_service(authorized)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled_owned());
    served.await.or_else(|error| refuse(error.to_string()))
}

// The error is large because tonic's is.
#[allow(clippy::result_large_err)]
fn authorize(request: Request<()>, expected: &str) -> Result<Request<()>, GrpcStatus> {
    let given = request.metadata().get("authorization").map(|value| value.as_bytes()).unwrap_or_default();
    if is_same(given, expected.as_bytes()) { Ok(request) } else { Err(GrpcStatus::unauthenticated("the token is not the catalog's")) }
}

/// Takes the same time wherever the first difference is.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let difference = given.iter().zip(expected).fold(0, |difference, (a, b)| difference | (a ^ b));
    given.len() == expected.len() && std::hint::black_box(difference) == 0
}

struct Service {
    catalog: Catalog,
}

type Chunks<T> = Pin<Box<dyn Stream<Item = Result<T, GrpcStatus>> + Send>>;

#[tonic::async_trait]
impl CatalogService for Service {
    type GetSnapshotStream = Chunks<v1::SnapshotChunk>;
    type ListSourceObjectsStream = Chunks<v1::SourceObjectChunk>;

    async fn commit(&self, request: Request<v1::CommitRequest>) -> Result<Response<v1::CommitResponse>, GrpcStatus> {
        let v1::CommitRequest { id, commit } = request.into_inner();
        let id = commit_id_from_bytes(&id).map_err(invalid)?;
        let commit = Commit::try_from(commit.unwrap_or_default()).map_err(invalid)?;
        let committed = self.catalog.commit_as(id, commit).await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(v1::CommitResponse { snapshot_id: committed.snapshot_id }))
    }

    async fn get_snapshot(&self, request: Request<v1::GetSnapshotRequest>) -> Result<Response<Self::GetSnapshotStream>, GrpcStatus> {
        let v1::GetSnapshotRequest { since, cluster_id } = request.into_inner();
        let snapshot = self.catalog.snapshot().await.map_err(|error| GrpcStatus::internal(error.to_string()))?;
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
        let objects = self.catalog.source_objects().await.map_err(|error| GrpcStatus::internal(error.to_string()))?;
        let total = objects.len() as u64;
        let objects: Arc<[SourceObject]> = objects.into();
        let chunks = objects.len().div_ceil(CHUNK_ITEMS).max(1);
        let chunk = move |number: usize| {
            let of_chunk = objects.iter().skip(number * CHUNK_ITEMS).take(CHUNK_ITEMS);
            Ok(v1::SourceObjectChunk { source_objects: of_chunk.map(Into::into).collect(), total })
        };
        Ok(Response::new(Box::pin(stream::iter((0..chunks).map(chunk)))))
    }

    async fn status(&self, _request: Request<v1::StatusRequest>) -> Result<Response<v1::StatusResponse>, GrpcStatus> {
        let status = self.catalog.status().await.map_err(|error| wire::error_to_grpc(&error))?;
        Ok(Response::new(wire::status_to_proto(&status)))
    }
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

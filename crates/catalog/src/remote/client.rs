use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_model::{Document, Run, SegmentId, SegmentMeta, Snapshot, SourceObject, Table};
use coldtrail_proto::catalog::{segment_id_from_bytes, v1};
use parking_lot::Mutex;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status as GrpcStatus, Streaming};
use uuid::Uuid;
use v1::catalog_service_client::CatalogServiceClient;

use super::{MESSAGE_BYTES_MAX, wire};
use crate::{CatalogClient, ClusterStatus, Error};

mod answer;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A change whose answer is lost is sent again, as it is applied once; each pause is twice the one before.
const CHANGE_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The catalog of another process on this machine. A handle: cheap to clone.
#[derive(Clone)]
pub struct RemoteCatalog {
    client: Client,
    address: SocketAddr,
    known: Arc<Mutex<Option<Known>>>,
}

type Client = CatalogServiceClient<InterceptedService<Channel, Bearer>>;

/// The snapshot that was fetched last, so that an unchanged one is not fetched again.
#[derive(Clone)]
struct Known {
    cluster_id: Uuid,
    snapshot: Arc<Snapshot>,
}

#[derive(Clone)]
struct Bearer(MetadataValue<Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, GrpcStatus> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl RemoteCatalog {
    /// Connects, and checks that the token is accepted.
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self, Error> {
        let denied = || Error::Denied { address: address.to_string() };
        let unreachable = |error: tonic::transport::Error| Error::Unreachable { address: address.to_string(), reason: chain(&error) };
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| denied())?;
        bearer.set_sensitive(true);
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreachable)?.connect_timeout(CONNECT_TIMEOUT);
        let channel = endpoint.connect().await.map_err(unreachable)?;
        let client = CatalogServiceClient::with_interceptor(channel, Bearer(bearer))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let remote = Self { client, address, known: Arc::default() };
        remote.status().await?;
        Ok(remote)
    }

    /// How the nodes of the cluster are.
    pub async fn cluster_status(&self) -> Result<ClusterStatus, Error> {
        let status = self.client.clone().cluster_status(v1::ClusterStatusRequest {}).await.map_err(|status| self.error(&status))?;
        wire::cluster_from_proto(status.into_inner()).map_err(|error| self.unexpected(error))
    }

    /// Takes a node out of the cluster. One that leads hands over first.
    pub async fn remove(&self, node_id: u64) -> Result<(), Error> {
        let request = v1::RemoveNodeRequest { node_id };
        self.client.clone().remove_node(request).await.map(drop).map_err(|status| self.error(&status))
    }

    /// Lets another voter lead.
    pub async fn transfer_leader(&self, to: u64) -> Result<(), Error> {
        let request = v1::LetLeadRequest { node_id: to };
        self.client.clone().let_lead(request).await.map(drop).map_err(|status| self.error(&status))
    }

    fn error(&self, status: &GrpcStatus) -> Error {
        wire::error_from_grpc(status, &self.address.to_string())
    }

    fn unexpected(&self, reason: impl fmt::Display) -> Error {
        Error::Protocol { address: self.address.to_string(), reason: reason.to_string() }
    }

    async fn fetch_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let known = self.known.lock().clone();
        let request = v1::GetSnapshotRequest {
            since: known.as_ref().map(|known| known.snapshot.id),
            cluster_id: known.as_ref().map(|known| known.cluster_id.as_bytes().to_vec()).unwrap_or_default(),
            at: None,
        };
        let mut chunks = self.client.clone().get_snapshot(request).await.map_err(|status| self.error(&status))?.into_inner();
        let first = self.next(&mut chunks).await?.ok_or_else(|| self.unexpected("a snapshot without a first part"))?;
        if first.unchanged {
            return known.map(|known| known.snapshot).ok_or_else(|| self.unexpected("an unchanged snapshot that was never fetched"));
        }
        let snapshot = Arc::new(self.collect_snapshot(&first, &mut chunks).await?);
        let cluster_id = wire::uuid_from_bytes(&first.cluster_id, "SnapshotChunk").map_err(|error| self.unexpected(error))?;
        *self.known.lock() = Some(Known { cluster_id, snapshot: Arc::clone(&snapshot) });
        Ok(snapshot)
    }

    async fn collect_snapshot(&self, first: &v1::SnapshotChunk, chunks: &mut Streaming<v1::SnapshotChunk>) -> Result<Snapshot, Error> {
        let mut segments: BTreeMap<Table, Vec<Arc<SegmentMeta>>> = BTreeMap::new();
        let mut count = 0;
        while let Some(chunk) = self.next(chunks).await? {
            for segment in chunk.segments {
                let segment = SegmentMeta::try_from(segment).map_err(|error| self.unexpected(error))?;
                segments.entry(segment.table).or_default().push(Arc::new(segment));
                count += 1;
            }
        }
        if count != first.segments_total {
            return Err(self.unexpected(format_args!("{count} segments instead of {}", first.segments_total)));
        }
        Ok(Snapshot { id: first.snapshot_id, segments })
    }

    async fn fetch_older_snapshot(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error> {
        let request = v1::GetSnapshotRequest { at: Some(snapshot_id), ..v1::GetSnapshotRequest::default() };
        let mut chunks = self.client.clone().get_snapshot(request).await.map_err(|status| self.error(&status))?.into_inner();
        let first = self.next(&mut chunks).await?.ok_or_else(|| self.unexpected("a snapshot without a first part"))?;
        if first.snapshot_id != snapshot_id {
            return Err(self.unexpected(format_args!("snapshot {} instead of {snapshot_id}", first.snapshot_id)));
        }
        Ok(Arc::new(self.collect_snapshot(&first, &mut chunks).await?))
    }

    async fn fetch_source_objects(&self) -> Result<Vec<SourceObject>, Error> {
        let request = v1::ListSourceObjectsRequest {};
        let chunks = self.client.clone().list_source_objects(request).await.map_err(|status| self.error(&status))?.into_inner();
        self.collect(chunks, |chunk| (chunk.source_objects, chunk.total), SourceObject::try_from).await
    }

    async fn fetch_runs(&self) -> Result<Vec<Arc<Run>>, Error> {
        let request = v1::ListRunsRequest {};
        let chunks = self.client.clone().list_runs(request).await.map_err(|status| self.error(&status))?.into_inner();
        self.collect(chunks, |chunk| (chunk.runs, chunk.total), |run| Run::try_from(run).map(Arc::new)).await
    }

    async fn fetch_documents(&self, kind: &str) -> Result<Vec<Arc<Document>>, Error> {
        let request = v1::ListDocumentsRequest { kind: kind.to_owned() };
        let chunks = self.client.clone().list_documents(request).await.map_err(|status| self.error(&status))?.into_inner();
        let convert = |document| Document::try_from(document).map(Arc::new);
        self.collect(chunks, |chunk| (chunk.documents, chunk.total), convert).await
    }

    async fn fetch_kept_segments(&self) -> Result<Vec<SegmentId>, Error> {
        let request = v1::ListKeptSegmentsRequest {};
        let chunks = self.client.clone().list_kept_segments(request).await.map_err(|status| self.error(&status))?.into_inner();
        self.collect(chunks, |chunk| (chunk.ids, chunk.total), |id: Vec<u8>| segment_id_from_bytes(&id, "KeptSegmentChunk", "ids")).await
    }

    /// Puts a list together from its pieces; one that is not whole is an error.
    async fn collect<C, P, T>(
        &self,
        mut chunks: Streaming<C>,
        parts: impl Fn(C) -> (Vec<P>, u64),
        convert: impl Fn(P) -> Result<T, coldtrail_proto::Error>,
    ) -> Result<Vec<T>, Error> {
        let (mut items, mut expected) = (Vec::new(), None);
        while let Some(chunk) = self.next(&mut chunks).await? {
            let (piece, total) = parts(chunk);
            expected = Some(total);
            for item in piece {
                items.push(convert(item).map_err(|error| self.unexpected(error))?);
            }
        }
        if expected != Some(items.len() as u64) {
            return Err(self.unexpected(format_args!("{} items of a list instead of {}", items.len(), expected.unwrap_or(0))));
        }
        Ok(items)
    }

    /// Sends a change until there is an answer: each is applied once, however often it is sent.
    async fn change<T, F>(&self, call: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<tonic::Response<T>, GrpcStatus>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match call(self.client.clone()).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => self.error(&status),
            };
            if attempt == CHANGE_ATTEMPTS || !error.is_retryable() {
                return Err(error);
            }
            tracing::debug!(%error, attempt, "sending the change again");
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn next<T>(&self, chunks: &mut Streaming<T>) -> Result<Option<T>, Error> {
        chunks.message().await.map_err(|status| self.error(&status))
    }
}

impl fmt::Debug for RemoteCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteCatalog").field("address", &self.address).finish_non_exhaustive()
    }
}

/// An error with its causes: tonic's own text is only "transport error".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

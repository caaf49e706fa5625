//! Calls about what hunters bring.

use coldtrail_hunt::{CONTENT_BYTES_MAX, Content, ContentKind, ContentRequest, ContentService};
use coldtrail_proto::hunt::v1;
use coldtrail_query::Principal;
use futures::stream::{self, BoxStream, StreamExt};
use tonic::{Response, Status, Streaming};

use super::refused;

/// The bytes of one message.
const CHUNK_BYTES: usize = 1 << 20;

pub(super) async fn put(
    service: &dyn ContentService,
    by: &Principal,
    mut messages: Streaming<v1::PutContentRequest>,
) -> Result<Response<v1::PutContentReply>, Status> {
    let mut header = None;
    let mut bytes = Vec::new();
    while let Some(message) = messages.message().await? {
        header = header.or(message.header);
        if bytes.len() + message.bytes.len() > CONTENT_BYTES_MAX {
            return Err(Status::resource_exhausted(format!("more than {CONTENT_BYTES_MAX} bytes are not taken; split the feed")));
        }
        bytes.extend_from_slice(&message.bytes);
    }
    let header = header.ok_or_else(|| Status::invalid_argument("the first message must say what is brought"))?;
    let kind = kind(&header.kind)?;
    let options = header.options.into_iter().collect();
    let request = ContentRequest { kind, name: header.name, bytes: bytes.into(), options };
    let report = service.put(by, request).await.map_err(refused)?;
    Ok(Response::new(v1::PutContentReply { content: Some(to_proto(&report.content)), remarks: report.remarks }))
}

pub(super) async fn list(service: &dyn ContentService, name: &str) -> Result<Response<v1::ListContentReply>, Status> {
    let content = service.list(kind(name)?).await.map_err(refused)?;
    Ok(Response::new(v1::ListContentReply { content: content.iter().map(to_proto).collect() }))
}

pub(super) async fn get(
    service: &dyn ContentService,
    named: &v1::ContentName,
) -> Result<Response<BoxStream<'static, Result<v1::ContentChunk, Status>>>, Status> {
    let (content, bytes) = service.get(kind(&named.kind)?, &named.name).await.map_err(refused)?;
    let first = v1::ContentChunk { content: Some(to_proto(&content)), bytes: Vec::new() };
    let offsets = (0..bytes.len()).step_by(CHUNK_BYTES);
    let rest = offsets.map(move |offset| {
        let end = bytes.len().min(offset + CHUNK_BYTES);
        Ok(v1::ContentChunk { content: None, bytes: bytes[offset..end].to_vec() })
    });
    Ok(Response::new(stream::iter(std::iter::once(Ok(first)).chain(rest).collect::<Vec<_>>()).boxed()))
}

pub(super) async fn delete(
    service: &dyn ContentService,
    by: &Principal,
    named: &v1::ContentName,
) -> Result<Response<v1::DeleteContentReply>, Status> {
    service.delete(by, kind(&named.kind)?, &named.name).await.map_err(refused)?;
    Ok(Response::new(v1::DeleteContentReply {}))
}

fn kind(name: &str) -> Result<ContentKind, Status> {
    name.parse().map_err(refused)
}

fn to_proto(content: &Content) -> v1::Content {
    v1::Content {
        kind: content.kind.name().to_owned(),
        name: content.name.clone(),
        versioned_name: content.versioned_name(),
        sha256: content.sha256.clone(),
        bytes: content.bytes,
        options: content.options.clone().into_iter().collect(),
        counts: content.counts.clone().into_iter().collect(),
        brought_ms: content.brought_ms,
        brought_by: content.brought_by.clone(),
    }
}

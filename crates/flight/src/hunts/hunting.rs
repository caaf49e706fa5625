//! Calls about hunts, findings and evidence.

use coldtrail_hunt::{ConclusionRequest, HuntRequest, HuntingService, Judgement};
use coldtrail_model::{RunId, TimeRange};
use coldtrail_proto::hunt::v1;
use coldtrail_query::Principal;
use futures::stream::{self, BoxStream, StreamExt};
use tonic::{Response, Status};

use super::refused;

/// The bytes of one message.
const CHUNK_BYTES: usize = 1 << 20;

type Answers<T> = Result<Response<BoxStream<'static, Result<T, Status>>>, Status>;

pub(super) async fn start(
    service: &dyn HuntingService,
    by: &Principal,
    asked: v1::StartHuntRequest,
) -> Result<Response<v1::StartHuntReply>, Status> {
    let window = match (asked.start_ms, asked.end_ms) {
        (Some(start_ms), Some(end_ms)) => Some(TimeRange { start_ms, end_ms }),
        (None, None) => None,
        _ => return Err(Status::invalid_argument("a window has a first and a last instant")),
    };
    let parameters = asked.parameters.into_iter().collect();
    let request = HuntRequest { hunt: asked.hunt, parameters, window, only_check: asked.only_check };
    let started = service.start_hunt(by, request).await.map_err(refused)?;
    let queries = started.queries.into_iter();
    let queries = queries.map(|query| v1::HuntQuery { id: query.id, sql: query.sql, run_id: query.run.map(|run| run.to_string()) });
    Ok(Response::new(v1::StartHuntReply { queries: queries.collect(), missing: started.missing }))
}

pub(super) async fn verdicts(service: &dyn HuntingService, run: RunId) -> Answers<v1::TextChunk> {
    let lines = service.verdicts(run).await.map_err(refused)?;
    let mut chunks = vec![String::new()];
    for line in lines {
        if let Some(last) = chunks.last_mut().filter(|last| last.len() < CHUNK_BYTES) {
            last.push_str(&line);
            last.push('\n');
        } else {
            chunks.push(line + "\n");
        }
    }
    Ok(in_chunks(chunks))
}

pub(super) async fn facts(service: &dyn HuntingService, by: &Principal, run: RunId) -> Answers<v1::TextChunk> {
    let text = service.facts(by, run).await.map_err(refused)?;
    let mut chunks = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
        chunks.push(chunk.to_owned());
        rest = after;
    }
    Ok(in_chunks(chunks))
}

fn in_chunks(chunks: Vec<String>) -> Response<BoxStream<'static, Result<v1::TextChunk, Status>>> {
    Response::new(stream::iter(chunks.into_iter().map(|text| Ok(v1::TextChunk { text }))).boxed())
}

pub(super) async fn conclude(
    service: &dyn HuntingService,
    by: &Principal,
    asked: v1::ConcludeHuntRequest,
) -> Result<Response<v1::ConcludeHuntReply>, Status> {
    let run = asked.run_id.parse().map_err(|error: coldtrail_model::Error| Status::invalid_argument(error.to_string()))?;
    let conclusion = ConclusionRequest { outcome: asked.outcome, note: asked.note, detections: asked.detections };
    let concluded = service.conclude(by, run, conclusion).await.map_err(refused)?;
    Ok(Response::new(v1::ConcludeHuntReply { hunt: concluded.hunt, at_ms: concluded.at_ms }))
}

pub(super) async fn judge(
    service: &dyn HuntingService,
    by: &Principal,
    asked: v1::JudgeFindingRequest,
) -> Result<Response<v1::JudgeFindingReply>, Status> {
    let judgement = Judgement { status: asked.status, verdict: asked.verdict, note: asked.note };
    let finding = service.judge(by, &asked.key, judgement).await.map_err(refused)?;
    Ok(Response::new(v1::JudgeFindingReply { finding }))
}

//! Runs, content and hunts over gRPC, beside Flight SQL and for the same users.

mod content;
mod hunting;

use std::sync::Arc;
use std::time::Duration;

use coldtrail_hunt::{ContentService, HuntingService, RunRequest, RunService};
use coldtrail_model as model;
use coldtrail_proto::hunt::v1;
use coldtrail_proto::hunt::v1::hunt_service_server::HuntService;
use coldtrail_query::Principal;
use futures::stream::{self, BoxStream, StreamExt};
use tonic::transport::server::TcpConnectInfo;
use tonic::{Request, Response, Status, Streaming};

use crate::auth::Auth;
use crate::status::from_query_error;

/// How often a followed run is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What calls about hunting are answered by.
#[derive(Clone)]
pub struct HuntServices {
    /// Runs.
    pub runs: Arc<dyn RunService>,
    /// What hunters bring.
    pub content: Arc<dyn ContentService>,
    /// Hunts, findings and evidence.
    pub hunting: Arc<dyn HuntingService>,
}

/// Answers calls about runs, content and hunts.
pub(crate) struct Hunts {
    pub(crate) auth: Arc<Auth>,
    pub(crate) services: HuntServices,
}

impl Hunts {
    async fn admit<T>(&self, request: &Request<T>) -> Result<Principal, Status> {
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr).map(|address| address.ip());
        Ok(self.auth.admit(request.metadata(), peer).await?)
    }

    /// The caller and the run that it names.
    async fn named(&self, request: &Request<v1::RunName>) -> Result<(Principal, model::RunId), Status> {
        let principal = self.admit(request).await?;
        let id = request.get_ref().id.parse().map_err(|error: model::Error| Status::invalid_argument(error.to_string()))?;
        Ok((principal, id))
    }
}

fn refused(error: coldtrail_query::Error) -> Status {
    from_query_error(&error, None)
}

fn reply(run: &model::Run, slices: &[model::Slice]) -> Response<v1::RunReply> {
    Response::new(v1::RunReply { run: Some(run_to_proto(run)), slices: slices.iter().map(slice_to_proto).collect() })
}

#[tonic::async_trait]
impl HuntService for Hunts {
    type FollowRunStream = BoxStream<'static, Result<v1::RunReply, Status>>;

    async fn start_run(&self, request: Request<v1::StartRunRequest>) -> Result<Response<v1::RunReply>, Status> {
        let principal = self.admit(&request).await?;
        let asked = request.into_inner();
        let request = RunRequest {
            sql: asked.sql,
            title: asked.title,
            priority: asked.priority,
            time_max: asked.time_max_ms.map(Duration::from_millis),
            bytes_max: asked.bytes_max,
            parallelism: asked.parallelism,
            snapshot_id: asked.snapshot_id,
            labels: asked.labels,
        };
        let run = self.services.runs.submit(&principal, request).await.map_err(refused)?;
        Ok(reply(&run, &[]))
    }

    async fn estimate_run(&self, request: Request<v1::EstimateRunRequest>) -> Result<Response<v1::EstimateRunReply>, Status> {
        self.admit(&request).await?;
        let estimate = self.services.runs.estimate(&request.get_ref().sql).await.map_err(refused)?;
        let plan = Some(plan_to_proto(&estimate.plan));
        Ok(Response::new(v1::EstimateRunReply { plan, row_groups: estimate.row_groups, seconds: estimate.seconds }))
    }

    async fn list_runs(&self, request: Request<v1::ListRunsRequest>) -> Result<Response<v1::ListRunsReply>, Status> {
        self.admit(&request).await?;
        let runs = self.services.runs.list().await.map_err(refused)?;
        Ok(Response::new(v1::ListRunsReply { runs: runs.iter().map(|run| run_to_proto(run)).collect() }))
    }

    async fn get_run(&self, request: Request<v1::RunName>) -> Result<Response<v1::RunReply>, Status> {
        let (_, id) = self.named(&request).await?;
        let (run, slices) = self.services.runs.get(id).await.map_err(refused)?;
        Ok(reply(&run, &slices))
    }

    async fn follow_run(&self, request: Request<v1::RunName>) -> Result<Response<Self::FollowRunStream>, Status> {
        let (_, id) = self.named(&request).await?;
        self.services.runs.get(id).await.map_err(refused)?;
        let runs = Arc::clone(&self.services.runs);
        let changes = stream::unfold((None::<v1::RunReply>, false), move |(shown, ended)| {
            let runs = Arc::clone(&runs);
            async move {
                loop {
                    if ended {
                        return None;
                    }
                    let (run, slices) = match runs.get(id).await {
                        Ok(found) => found,
                        Err(error) => return Some((Err(refused(error)), (shown, true))),
                    };
                    let now = reply(&run, &slices).into_inner();
                    if shown.as_ref() != Some(&now) {
                        return Some((Ok(now.clone()), (Some(now), run.state.has_ended())));
                    }
                    tokio::time::sleep(LOOK).await;
                }
            }
        });
        Ok(Response::new(changes.boxed()))
    }

    async fn cancel_run(&self, request: Request<v1::RunName>) -> Result<Response<v1::RunReply>, Status> {
        let (principal, id) = self.named(&request).await?;
        let run = self.services.runs.cancel(id, &principal).await.map_err(refused)?;
        Ok(reply(&run, &[]))
    }

    async fn pause_run(&self, request: Request<v1::RunName>) -> Result<Response<v1::RunReply>, Status> {
        let (_, id) = self.named(&request).await?;
        Ok(reply(&self.services.runs.pause(id).await.map_err(refused)?, &[]))
    }

    async fn resume_run(&self, request: Request<v1::RunName>) -> Result<Response<v1::RunReply>, Status> {
        let (_, id) = self.named(&request).await?;
        Ok(reply(&self.services.runs.resume(id).await.map_err(refused)?, &[]))
    }

    async fn delete_run(&self, request: Request<v1::RunName>) -> Result<Response<v1::DeleteRunReply>, Status> {
        let (_, id) = self.named(&request).await?;
        self.services.runs.delete(id).await.map_err(refused)?;
        Ok(Response::new(v1::DeleteRunReply {}))
    }

    async fn put_content(&self, request: Request<Streaming<v1::PutContentRequest>>) -> Result<Response<v1::PutContentReply>, Status> {
        let principal = self.admit(&request).await?;
        content::put(self.services.content.as_ref(), &principal, request.into_inner()).await
    }

    async fn list_content(&self, request: Request<v1::ListContentRequest>) -> Result<Response<v1::ListContentReply>, Status> {
        self.admit(&request).await?;
        content::list(self.services.content.as_ref(), &request.get_ref().kind).await
    }

    type GetContentStream = BoxStream<'static, Result<v1::ContentChunk, Status>>;

    async fn get_content(&self, request: Request<v1::ContentName>) -> Result<Response<Self::GetContentStream>, Status> {
        self.admit(&request).await?;
        content::get(self.services.content.as_ref(), request.get_ref()).await
    }

    async fn delete_content(&self, request: Request<v1::ContentName>) -> Result<Response<v1::DeleteContentReply>, Status> {
        let principal = self.admit(&request).await?;
        content::delete(self.services.content.as_ref(), &principal, request.get_ref()).await
    }

    async fn start_hunt(&self, request: Request<v1::StartHuntRequest>) -> Result<Response<v1::StartHuntReply>, Status> {
        let principal = self.admit(&request).await?;
        hunting::start(self.services.hunting.as_ref(), &principal, request.into_inner()).await
    }

    type GetVerdictsStream = BoxStream<'static, Result<v1::TextChunk, Status>>;

    async fn get_verdicts(&self, request: Request<v1::RunName>) -> Result<Response<Self::GetVerdictsStream>, Status> {
        let (_, id) = self.named(&request).await?;
        hunting::verdicts(self.services.hunting.as_ref(), id).await
    }

    async fn judge_finding(&self, request: Request<v1::JudgeFindingRequest>) -> Result<Response<v1::JudgeFindingReply>, Status> {
        let principal = self.admit(&request).await?;
        hunting::judge(self.services.hunting.as_ref(), &principal, request.into_inner()).await
    }

    type GetFactsStream = BoxStream<'static, Result<v1::TextChunk, Status>>;

    async fn get_facts(&self, request: Request<v1::RunName>) -> Result<Response<Self::GetFactsStream>, Status> {
        let (principal, id) = self.named(&request).await?;
        hunting::facts(self.services.hunting.as_ref(), &principal, id).await
    }

    async fn conclude_hunt(&self, request: Request<v1::ConcludeHuntRequest>) -> Result<Response<v1::ConcludeHuntReply>, Status> {
        let principal = self.admit(&request).await?;
        hunting::conclude(self.services.hunting.as_ref(), &principal, request.into_inner()).await
    }
}

fn run_to_proto(run: &model::Run) -> v1::Run {
    let definition = &run.definition;
    v1::Run {
        id: run.id.to_string(),
        title: definition.title.clone(),
        state: run.state.name().to_owned(),
        message: run.message.clone(),
        principal: definition.principal.clone(),
        sql: definition.sql.clone(),
        submitted_ms: definition.submitted_ms,
        started_ms: run.started_ms,
        ended_ms: run.ended_ms,
        snapshot_id: definition.snapshot_id,
        priority: definition.priority,
        deadline_ms: definition.deadline_ms,
        bytes_max: definition.bytes_max,
        parallelism: definition.parallelism,
        plan: run.plan.as_ref().map(plan_to_proto),
        labels: definition.labels.clone(),
    }
}

fn plan_to_proto(plan: &model::RunPlan) -> v1::Plan {
    v1::Plan {
        merge: plan.merge.name().to_owned(),
        reason: plan.reason.clone(),
        slices: plan.slices,
        segments: plan.segments,
        bytes: plan.bytes,
        rows: plan.rows,
    }
}

fn slice_to_proto(slice: &model::Slice) -> v1::Slice {
    let bounded = |ms: i64| (ms != i64::MIN && ms != i64::MAX).then_some(ms);
    let (rows, message, segment) = match &slice.state {
        model::SliceState::Done(result) => (Some(result.rows), None, None),
        model::SliceState::Failed { message, segment } => (None, Some(message.clone()), segment.clone()),
        model::SliceState::Planned | model::SliceState::Skipped => (None, None, None),
    };
    v1::Slice {
        number: slice.number,
        state: slice.state.name().to_owned(),
        start_ms: bounded(slice.time.start_ms),
        end_ms: bounded(slice.time.end_ms),
        segments: slice.segments,
        bytes: slice.bytes,
        attempts: slice.attempts,
        started_ms: slice.started_ms,
        ended_ms: slice.ended_ms,
        rows,
        message,
        segment,
    }
}

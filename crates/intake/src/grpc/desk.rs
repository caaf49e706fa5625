//! Who may call, and what becomes of a batch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coldtrail_ingest::{Marks, SourceChoice};
use coldtrail_proto::ingest::v1::ingest_service_server::IngestService;
use coldtrail_proto::ingest::v1::{self, Compression, PushRequest, PushResponse, Reason, Refused};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::call::Call;
use crate::packing::{Packing, Unpackable, unpack};
use crate::tokens::token_of;
use crate::{Batch, Push, TokenCheck};

/// How long the id of a batch, its account and each of its labels are at most, in bytes.
const WORD_BYTES_MAX: usize = 256;

/// How many labels a batch has at most.
const LABELS_MAX: usize = 16;

/// How long a sender should wait before it sends a batch again that could not be kept, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// How many answers of a call wait for the sender to read them.
const ANSWERS_WAITING_MAX: usize = 64;

/// Takes calls. A handle: cheap to clone.
#[derive(Clone)]
pub(super) struct Desk {
    push: Push,
    tokens: Arc<dyn TokenCheck>,
    calls: Arc<Semaphore>,
    /// Batches that are unpacked and kept at the same time: each takes memory.
    bodies: Arc<Semaphore>,
    stop: CancellationToken,
}

#[tonic::async_trait]
impl IngestService for Desk {
    type PushStream = BoxStream<'static, Result<PushResponse, Status>>;

    async fn push(&self, request: Request<Streaming<PushRequest>>) -> Result<Response<Self::PushStream>, Status> {
        self.authorize(&request)?;
        let many = || Status::resource_exhausted("too many calls are open; come again later, or let push.limits.calls_max allow more");
        let place = Arc::clone(&self.calls).try_acquire_owned().map_err(|_| many())?;
        let (sender, answers) = mpsc::channel(ANSWERS_WAITING_MAX);
        let call = Call::new(self.clone(), sender).run(request.into_inner(), self.stop.clone());
        tokio::spawn(async move {
            call.await;
            drop(place);
        });
        let answers = stream::unfold(answers, |mut answers| async move { Some((answers.recv().await?, answers)) });
        Ok(Response::new(answers.boxed()))
    }
}

impl Desk {
    pub(super) fn new(push: Push, tokens: Arc<dyn TokenCheck>) -> Self {
        let (calls, bodies) = (Semaphore::new(push.config().calls_max), Semaphore::new(push.config().bodies_max));
        Self { push, tokens, calls: Arc::new(calls), bodies: Arc::new(bodies), stop: CancellationToken::new() }
    }

    /// The same desk, which closes at `stop`.
    pub(super) fn until(&self, stop: CancellationToken) -> Self {
        Self { stop, ..self.clone() }
    }

    pub(super) fn push(&self) -> &Push {
        &self.push
    }

    // The error is large because tonic's is.
    #[allow(clippy::result_large_err)]
    fn authorize(&self, request: &Request<Streaming<PushRequest>>) -> Result<(), Status> {
        let refuse = |reason: &str| {
            Status::unauthenticated(format!("{reason}; send `authorization: Bearer TOKEN` with a token of push.tokens_file"))
        };
        let given = request.metadata().get("authorization").ok_or_else(|| refuse("there is no token"))?;
        let token = given.to_str().ok().and_then(token_of).ok_or_else(|| refuse("the authorization is not understood"))?;
        if self.tokens.is_valid(&token) { Ok(()) } else { Err(refuse("the token is not valid")) }
    }

    /// Answers a batch once it is committed, or says why it is not taken.
    pub(super) async fn answer(self, request: PushRequest) -> PushResponse {
        let id = request.id.clone();
        let answer = match self.take(request).await {
            Ok(taken) => v1::push_response::Answer::Taken(taken),
            Err(refused) => v1::push_response::Answer::Refused(refused),
        };
        PushResponse { id, answer: Some(answer) }
    }

    async fn take(&self, request: PushRequest) -> Result<v1::Taken, Refused> {
        let receipt = {
            let _turn = self.bodies.acquire().await.map_err(|_| busy("the server is stopping; send it again".to_owned()))?;
            let (batch, id) = self.to_batch(request).await?;
            self.push.receive(vec![batch], Some(&id)).await.map_err(|error| busy(error.to_senders()))?
        };
        let seconds = self.push.config().answer_seconds_max;
        let taken = match tokio::time::timeout(Duration::from_secs(seconds), receipt.taken()).await {
            Ok(Some(taken)) => taken.into_iter().next().unwrap_or_default(),
            Ok(None) => return Err(busy("the server is stopping; send it again".to_owned())),
            Err(_) => return Err(busy(format!("it is kept, but not committed after {seconds} seconds; send it again"))),
        };
        let crate::Taken { object, events, rejects, duplicates, snapshot_id } = taken;
        Ok(v1::Taken { events, rejects, duplicates, snapshot_id, object })
    }

    /// The batch and its id.
    async fn to_batch(&self, request: PushRequest) -> Result<(Batch, String), Refused> {
        let (body_max, plain_max) = (self.push.config().body_bytes_max, self.push.config().plain_bytes_max);
        check_words(&request)?;
        let choice: SourceChoice = match request.source.as_str() {
            "" => SourceChoice::Auto,
            name => name.parse().map_err(|error: coldtrail_normalize::UnknownSource| refuse(Reason::UnknownSource, error.to_string()))?,
        };
        let packing = match request.compression() {
            Compression::None => Packing::Plain,
            Compression::Gzip => Packing::Gzip,
            Compression::Zstd => Packing::Zstd,
        };
        if Compression::try_from(request.compression).is_err() {
            let reason = format!("compression {} is not known here; send the records with gzip, zstd or none", request.compression);
            return Err(refuse(Reason::Unreadable, reason));
        }
        let bytes = request.records.len();
        if bytes > body_max {
            let reason =
                format!("the records have {bytes} bytes, over push.limits.body_bytes_max ({body_max} bytes); send smaller batches");
            return Err(refuse(Reason::TooLarge, reason));
        }
        let records = Bytes::from(request.records);
        let unpacking = tokio::task::spawn_blocking(move || unpack(records, packing, plain_max));
        let content = unpacking.await.map_err(|_| busy("the server is stopping; send it again".to_owned()))?.map_err(unpackable)?;
        if content.trim_ascii().is_empty() {
            return Err(refuse(Reason::Empty, "there are no records in it; send it with records, or not at all".to_owned()));
        }
        let marks = Marks { account: Some(request.account).filter(|account| !account.is_empty()), labels: request.labels };
        Ok((Batch { content, choice, time_ms: request.time_ms, marks }, request.id))
    }
}

fn check_words(request: &PushRequest) -> Result<(), Refused> {
    let invalid = |reason: String| Err(refuse(Reason::Invalid, reason));
    if request.id.is_empty() || request.id.len() > WORD_BYTES_MAX {
        return invalid(format!("its id has {} bytes; give each batch an id of 1 to {WORD_BYTES_MAX} bytes", request.id.len()));
    }
    if request.account.len() > WORD_BYTES_MAX {
        return invalid(format!("its account has {} bytes; it may have {WORD_BYTES_MAX}", request.account.len()));
    }
    if request.labels.len() > LABELS_MAX {
        return invalid(format!("it has {} labels; it may have {LABELS_MAX}", request.labels.len()));
    }
    match request.labels.iter().find(|label| label.is_empty() || label.len() > WORD_BYTES_MAX) {
        Some(label) => invalid(format!("one of its labels has {} bytes; it may have 1 to {WORD_BYTES_MAX}", label.len())),
        None => Ok(()),
    }
}

fn refuse(reason: Reason, message: String) -> Refused {
    Refused { reason: reason.into(), message, retry_after_seconds: 0 }
}

fn busy(message: String) -> Refused {
    Refused { reason: Reason::Busy.into(), message, retry_after_seconds: RETRY_AFTER_SECONDS }
}

fn unpackable(unpackable: Unpackable) -> Refused {
    match unpackable {
        Unpackable::TooLarge(reason) => refuse(Reason::TooLarge, reason),
        Unpackable::Damaged(reason) => refuse(Reason::Unreadable, reason),
    }
}

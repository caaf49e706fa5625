//! One call: batches in, answers out, and no more under way than may be.

use coldtrail_proto::ingest::v1::{PushRequest, PushResponse};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::desk::Desk;

/// How many batches of a call are under way at the same time, however small they are.
const BATCHES_UNDER_WAY_MAX: usize = 1024;

pub(super) struct Call {
    desk: Desk,
    answers: mpsc::Sender<Result<PushResponse, Status>>,
    /// Batches that were received and are not answered yet, with their bytes.
    under_way: FuturesUnordered<BoxFuture<'static, (u64, PushResponse)>>,
    bytes: u64,
}

impl Call {
    pub(super) fn new(desk: Desk, answers: mpsc::Sender<Result<PushResponse, Status>>) -> Self {
        Self { desk, answers, under_way: FuturesUnordered::new(), bytes: 0 }
    }

    /// Reads batches as long as there is room for them, and answers each once; until the sender has no more, goes away, or `stop`.
    ///
    /// While there is no room nothing is read: HTTP/2 lets the sender go on only as far as its window reaches.
    pub(super) async fn run(mut self, mut requests: Streaming<PushRequest>, stop: CancellationToken) {
        let ended = loop {
            let has_room = self.bytes < self.desk.push().config().inflight_bytes_max && self.under_way.len() < BATCHES_UNDER_WAY_MAX;
            tokio::select! {
                biased;
                () = stop.cancelled() => break Err(Status::unavailable("the server is stopping; send again what it has not answered")),
                () = self.answers.closed() => return,
                Some((bytes, answer)) = self.under_way.next() => {
                    self.bytes -= bytes;
                    if self.answers.send(Ok(answer)).await.is_err() {
                        return;
                    }
                }
                request = requests.message(), if has_room => match request {
                    Ok(Some(request)) => self.begin(request),
                    Ok(None) => break Ok(()),
                    Err(status) => break Err(self.explain(status)),
                },
            }
        };
        self.drain().await;
        if let Err(status) = ended {
            drop(self.answers.send(Err(status)).await);
        }
    }

    fn begin(&mut self, request: PushRequest) {
        let bytes = request.records.len() as u64;
        self.bytes += bytes;
        let answering = self.desk.clone().answer(request);
        self.under_way.push(Box::pin(async move { (bytes, answering.await) }));
    }

    /// Answers what was received, unless the sender has gone away.
    async fn drain(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.answers.closed() => return,
                done = self.under_way.next() => match done {
                    Some((_, answer)) => drop(self.answers.send(Ok(answer)).await),
                    None => return,
                },
            }
        }
    }

    /// A message that is longer than any batch may be ends the call: nothing behind it can be read.
    fn explain(&self, status: Status) -> Status {
        if status.code() != Code::OutOfRange {
            return status;
        }
        let limit = self.desk.push().config().body_bytes_max;
        let reason = "a message is far over push.limits.body_bytes_max";
        Status::out_of_range(format!("{reason} ({limit} bytes); send smaller batches, and again what is not answered"))
    }
}

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use coldtrail_query::Error;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use crate::failure::{into_stream, query_error};

/// When a query must have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    query_time_max: Duration,
}

impl Deadline {
    pub(crate) fn after(query_time_max: Duration) -> Self {
        Self { at: Instant::now() + query_time_max, query_time_max }
    }

    pub(crate) fn sleep(self) -> Sleep {
        sleep_until(self.at)
    }

    pub(crate) fn error(self) -> Error {
        Error::Exhausted { message: format!("the query ran longer than query_time_max {:?}", self.query_time_max) }
    }
}

/// The result of a query in either tier: every batch has the schema that was promised, every
/// error is one that the caller can act on, and nothing comes after the deadline. Its end or
/// its drop ends the work.
pub(crate) struct ResultStream {
    query_id: String,
    schema: SchemaRef,
    /// The rows, and what cancels the work when dropped; none once ended.
    work: Option<(SendableRecordBatchStream, DropGuard)>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    deadline: Option<(Deadline, Pin<Box<Sleep>>)>,
}

impl ResultStream {
    /// `work` is cancelled with the stream; `stop` ends the stream from outside.
    pub(crate) fn new(
        query_id: String,
        rows: SendableRecordBatchStream,
        work: CancellationToken,
        stop: CancellationToken,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            query_id,
            schema: rows.schema(),
            work: Some((rows, work.drop_guard())),
            stop: Box::pin(stop.cancelled_owned()),
            deadline: deadline.map(|deadline| (deadline, Box::pin(deadline.sleep()))),
        }
    }

    fn interruption(&mut self, cx: &mut Context<'_>) -> Option<Error> {
        if self.stop.as_mut().poll(cx).is_ready() {
            return Some(stopping());
        }
        let (deadline, sleep) = self.deadline.as_mut()?;
        sleep.as_mut().poll(cx).is_ready().then(|| deadline.error())
    }

    fn end(&mut self, error: Error) -> Poll<Option<Result<RecordBatch>>> {
        self.work = None;
        Poll::Ready(Some(Err(into_stream(error))))
    }
}

pub(crate) fn stopping() -> Error {
    Error::Unavailable { message: "the server is stopping".to_owned() }
}

impl Stream for ResultStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.work.is_none() {
            return Poll::Ready(None);
        }
        if let Some(error) = this.interruption(cx) {
            return this.end(error);
        }
        let Some((rows, _)) = this.work.as_mut() else { return Poll::Ready(None) };
        match ready!(rows.poll_next_unpin(cx)) {
            Some(Ok(batch)) => match with_schema(&batch, &this.schema) {
                Ok(batch) => Poll::Ready(Some(Ok(batch))),
                Err(error) => this.end(Error::Failed(error)),
            },
            Some(Err(error)) => {
                let error = query_error(error, &this.query_id);
                this.end(error)
            }
            None => {
                this.work = None;
                Poll::Ready(None)
            }
        }
    }
}

impl RecordBatchStream for ResultStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Operators and shuffle files may disagree with the plan about nullability and metadata.
fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if Arc::ptr_eq(batch.schema_ref(), schema) {
        return Ok(batch.clone());
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options).map_err(DataFusionError::from)
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::{FlightData, IpcMessage};
use bytes::Bytes;
use coldtrail_query::{Principal, QueryService, Running};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};

use crate::deadline::Deadline;
use crate::encode::Encoder;
use crate::parameters::rows_from_bytes;
use crate::runs::Run;
use crate::service::FlightSql;
use crate::status::{QUERY_ID, from_engine_error, from_query_error};
use crate::ticket::TicketClaims;

pub(crate) type FlightDataStream = BoxStream<'static, Result<FlightData, Status>>;

/// A result on its way to one client. Dropping it cancels the work.
struct Results {
    encoder: Encoder,
    batches: BoxStream<'static, Result<RecordBatch, Status>>,
    run: Run,
    deadline: Deadline,
    heartbeat_interval: Duration,
    progress: Progress,
}

/// What heartbeats report.
#[derive(Clone)]
struct Progress {
    started: Instant,
    run: Arc<Mutex<Option<RunNames>>>,
    rows: u64,
}

#[derive(Clone)]
struct RunNames {
    query_id: String,
    snapshot_id: u64,
}

impl FlightSql {
    /// Runs the statement of a ticket and streams its rows. May be asked again until the ticket expires; each time runs it again.
    pub(crate) async fn fetch(
        &self,
        caller: Principal,
        claims: TicketClaims,
        deadline: Deadline,
    ) -> Result<Response<FlightDataStream>, Status> {
        let run = self.runs.start(&claims.id).ok_or_else(|| Status::cancelled("the result was cancelled"))?;
        let schema = read_schema(&claims.schema)?;
        let parameters = match &claims.parameters {
            Some(bytes) => rows_from_bytes(bytes)?.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let mut runs = execute_each(Arc::clone(&self.query), caller, claims.sql, parameters);
        let progress = Progress { started: Instant::now(), run: Arc::default(), rows: 0 };
        // A statement that starts at once fails at once, with its id in the header; one that waits is kept alive by heartbeats.
        let interval = self.config.heartbeat_interval;
        let first = tokio::select! {
            biased;
            () = run.cancelled.cancelled() => return Err(cancelled(&progress)),
            () = run.stopped.cancelled() => return Err(stopping()),
            first = tokio::time::timeout(interval, runs.next()) => first.ok().map(Option::transpose).transpose()?,
        };
        let id = first.iter().flatten().next().and_then(|running| MetadataValue::try_from(&running.query_id).ok());
        let runs = stream::iter(first.flatten().map(Ok)).chain(runs);
        let names = Arc::clone(&progress.run);
        let batches = runs.map_ok(move |running| rows_of(running, &names)).try_flatten().boxed();
        let encoder = Encoder::new(schema, &self.config);
        let mut response = Response::new(Results { encoder, batches, run, deadline, heartbeat_interval: interval, progress }.into_stream());
        if let Some(id) = id {
            response.metadata_mut().insert(QUERY_ID, id);
        }
        Ok(response)
    }

    /// One batch, already made, as a result.
    pub(crate) fn send_batch(&self, batch: RecordBatch) -> FlightDataStream {
        let mut encoder = Encoder::new(batch.schema(), &self.config);
        let schema = encoder.schema_message();
        encoder.push(batch);
        let messages = std::iter::from_fn(move || encoder.next_message().transpose());
        stream::iter(std::iter::once(Ok(schema)).chain(messages)).boxed()
    }
}

/// One run for each bound row, each started when the one before it has ended.
fn execute_each(
    query: Arc<dyn QueryService>,
    caller: Principal,
    sql: String,
    parameters: Vec<Option<RecordBatch>>,
) -> BoxStream<'static, Result<Running, Status>> {
    let execute = move |row| {
        let (query, caller, sql) = (Arc::clone(&query), caller.clone(), sql.clone());
        async move { query.execute(&caller, &sql, row).await.map_err(|error| from_query_error(&error, None)) }
    };
    stream::iter(parameters).then(execute).boxed()
}

fn rows_of(running: Running, names: &Mutex<Option<RunNames>>) -> impl Stream<Item = Result<RecordBatch, Status>> + Send + use<> {
    let Running { query_id, snapshot_id, stream } = running;
    *names.lock() = Some(RunNames { query_id: query_id.clone(), snapshot_id });
    stream.map_err(move |error| from_engine_error(&error, Some(&query_id)))
}

impl Results {
    fn into_stream(self) -> FlightDataStream {
        let schema = self.encoder.schema_message();
        let rows = stream::unfold(Some(self), async |state| {
            let mut results = state?;
            match results.next().await {
                // The work ends here, not when the client has read the error.
                Err(status) => Some((Err(status), None)),
                Ok(message) => message.map(|message| (Ok(message), Some(results))),
            }
        });
        stream::once(std::future::ready(Ok(schema))).chain(rows).boxed()
    }

    async fn next(&mut self) -> Result<Option<FlightData>, Status> {
        loop {
            if let Some(message) = self.encoder.next_message()? {
                return Ok(Some(message));
            }
            tokio::select! {
                biased;
                () = self.run.cancelled.cancelled() => return Err(cancelled(&self.progress)),
                () = self.run.stopped.cancelled() => return Err(stopping()),
                status = self.deadline.passed() => return Err(status),
                batch = self.batches.next() => {
                    let Some(batch) = batch.transpose()? else { return Ok(None) };
                    self.progress.rows += batch.num_rows() as u64;
                    self.encoder.push(batch);
                }
                () = tokio::time::sleep(self.heartbeat_interval) => {
                    return self.encoder.heartbeat(self.progress.to_json()).map(Some);
                }
            }
        }
    }
}

impl Progress {
    fn to_json(&self) -> Bytes {
        let run = self.run.lock().clone();
        let json = serde_json::json!({
            "query_id": run.as_ref().map(|run| &run.query_id),
            "snapshot_id": run.as_ref().map(|run| run.snapshot_id),
            "rows_sent": self.rows,
            "elapsed_ms": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        json.to_string().into()
    }
}

fn read_schema(bytes: &Bytes) -> Result<SchemaRef, Status> {
    let schema = arrow::datatypes::Schema::try_from(IpcMessage(bytes.clone()));
    schema.map(Arc::new).map_err(|error| Status::internal(format!("the ticket's schema cannot be read: {error}")))
}

fn cancelled(progress: &Progress) -> Status {
    let run = progress.run.lock().clone();
    match run {
        Some(run) => crate::status::tell(tonic::Code::Cancelled, &format!("query {} was cancelled", run.query_id), Some(&run.query_id)),
        None => Status::cancelled("the result was cancelled"),
    }
}

fn stopping() -> Status {
    Status::unavailable("the server is stopping; run the statement again")
}

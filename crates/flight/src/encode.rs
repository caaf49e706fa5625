use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_flight::{FlightData, IpcMessage, SchemaAsIpc};
use bytes::Bytes;
use tonic::{Code, Status};

use crate::Config;
use crate::wire_types::{convert_batch, plain_bytes};

/// Turns batches into messages of bounded size under one promised schema.
///
/// A batch goes in whole; its messages are made one by one, when they are asked for, so a slow reader holds one batch.
pub(crate) struct Encoder {
    schema: SchemaRef,
    message_bytes_max: usize,
    row_bytes_max: usize,
    pending: VecDeque<RecordBatch>,
    ipc: Ipc,
}

struct Ipc {
    options: IpcWriteOptions,
    generator: IpcDataGenerator,
    dictionaries: DictionaryTracker,
    context: IpcWriteContext,
}

/// A schema as `FlightInfo`, `GetSchema` and prepared statements carry it.
pub(crate) fn schema_bytes(schema: &Schema) -> Result<Bytes, Status> {
    let message: Result<IpcMessage, ArrowError> = SchemaAsIpc::new(schema, &IpcWriteOptions::default()).try_into();
    message.map(|IpcMessage(bytes)| bytes).map_err(|error| Status::internal(format!("could not encode the schema: {error}")))
}

impl Encoder {
    pub(crate) fn new(schema: SchemaRef, config: &Config) -> Self {
        let ipc = Ipc {
            options: IpcWriteOptions::default(),
            generator: IpcDataGenerator::default(),
            dictionaries: DictionaryTracker::new(false),
            context: IpcWriteContext::default(),
        };
        Self { schema, message_bytes_max: config.message_bytes_max, row_bytes_max: config.row_bytes_max, pending: VecDeque::new(), ipc }
    }

    /// The first message of every stream.
    pub(crate) fn schema_message(&self) -> FlightData {
        SchemaAsIpc::new(&self.schema, &self.ipc.options).into()
    }

    /// A batch without rows: clients skip it, proxies see traffic.
    pub(crate) fn heartbeat(&mut self, app_metadata: Bytes) -> Result<FlightData, Status> {
        let empty = RecordBatch::new_empty(SchemaRef::clone(&self.schema));
        self.ipc.encode(&empty).map(|message| message.with_app_metadata(app_metadata)).map_err(|error| broken(&error))
    }

    pub(crate) fn push(&mut self, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.pending.push_back(batch);
        }
    }

    /// The next message of what was pushed, if something is left.
    pub(crate) fn next_message(&mut self) -> Result<Option<FlightData>, Status> {
        while let Some(batch) = self.pending.pop_front() {
            let about_bytes = plain_bytes(&batch);
            if about_bytes > self.message_bytes_max && batch.num_rows() > 1 {
                self.split(&batch, about_bytes);
                continue;
            }
            let plain = convert_batch(&batch, &self.schema).map_err(|error| broken(&error))?;
            let message = self.ipc.encode(&plain).map_err(|error| broken(&error))?;
            let bytes = message.data_header.len() + message.data_body.len();
            if bytes > self.message_bytes_max && batch.num_rows() > 1 {
                self.split(&batch, bytes);
                continue;
            }
            if bytes > self.row_bytes_max {
                return Err(self.row_too_large(bytes));
            }
            return Ok(Some(message));
        }
        Ok(None)
    }

    /// Cuts off as many rows as should fit and puts both parts back; at least one row, at most half.
    fn split(&mut self, batch: &RecordBatch, bytes: usize) {
        let rows = batch.num_rows();
        let fitting = (rows as u128 * self.message_bytes_max as u128 / bytes.max(1) as u128) as usize;
        let first = fitting.clamp(1, rows.div_ceil(2));
        self.pending.push_front(batch.slice(first, rows - first));
        self.pending.push_front(batch.slice(0, first));
    }

    fn row_too_large(&self, bytes: usize) -> Status {
        let limit = self.row_bytes_max;
        Status::resource_exhausted(format!(
            "one row of the result takes {bytes} bytes, flight.row_bytes_max is {limit}; select fewer or smaller columns, or raise the limit"
        ))
    }
}

impl Ipc {
    fn encode(&mut self, batch: &RecordBatch) -> Result<FlightData, ArrowError> {
        let (dictionaries, encoded) = self.generator.encode(batch, &mut self.dictionaries, &self.options, &mut self.context)?;
        match dictionaries.is_empty() {
            true => Ok(encoded.into()),
            false => Err(ArrowError::SchemaError("a dictionary was left in a plain batch".into())),
        }
    }
}

fn broken(error: &ArrowError) -> Status {
    tracing::error!(error = %error, "a result does not match its promised schema");
    crate::status::tell(Code::Internal, &format!("the result does not match its promised schema: {error}"), None)
}

#[cfg(test)]
mod tests;

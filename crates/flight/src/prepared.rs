use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use arrow_flight::error::FlightError;
use arrow_flight::sql::{ActionCreatePreparedStatementRequest, DoPutPreparedStatementResult};
use arrow_flight::{FlightData, PutResult};
use bytes::Bytes;
use coldtrail_query::Principal;
use futures::{Stream, StreamExt, TryStreamExt};
use prost::Message;
use tonic::Status;

use crate::encode::schema_bytes;
use crate::handle::{Statement, too_large};
use crate::parameters::{bind, number_placeholders, to_bytes};
use crate::service::FlightSql;
use crate::statement::refuse_transaction;
use crate::wire_types::plain_schema;

/// `ActionCreatePreparedStatementResult` with `is_update`, which `arrow-flight` does not have yet.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct PreparedStatementResult {
    #[prost(bytes = "bytes", tag = "1")]
    prepared_statement_handle: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    dataset_schema: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    parameter_schema: Bytes,
    #[prost(bool, optional, tag = "4")]
    is_update: Option<bool>,
}

/// Rows that a client bound to a statement.
pub(crate) struct BoundRows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl FlightSql {
    /// Plans a statement and hands out the handle that runs it.
    pub(crate) async fn prepare_statement(
        &self,
        caller: &Principal,
        request: ActionCreatePreparedStatementRequest,
    ) -> Result<PreparedStatementResult, Status> {
        refuse_transaction(request.transaction_id.as_ref())?;
        let statement = Statement::new(caller, number_placeholders(&request.query).into_owned());
        let prepared = self.plan(caller, &statement.sql).await?;
        Ok(PreparedStatementResult {
            prepared_statement_handle: statement.sign(self.auth.key(), self.config.handle_bytes_max)?,
            dataset_schema: schema_bytes(&plain_schema(&prepared.schema))?,
            parameter_schema: schema_bytes(&plain_schema(&prepared.parameters))?,
            is_update: Some(prepared.schema.fields().is_empty()),
        })
    }

    pub(crate) fn statement_of_handle(&self, caller: &Principal, handle: &[u8]) -> Result<Statement, Status> {
        let mut statement = Statement::read(handle, self.auth.key(), caller)?;
        if statement.parameters.is_none() {
            statement.parameters = self.bindings.find(&statement.id);
        }
        Ok(statement)
    }

    /// Handles are kept by their owners: closing one again, or one that was never theirs, changes nothing.
    pub(crate) fn close_statement(&self, caller: &Principal, handle: &[u8]) {
        if let Ok(statement) = Statement::read(handle, self.auth.key(), caller) {
            self.bindings.forget(&statement.id);
        }
    }

    /// Binds rows to a prepared statement; the answer holds the handle that runs it with them.
    pub(crate) async fn bind_parameters(
        &self,
        caller: &Principal,
        handle: &[u8],
        messages: impl Stream<Item = Result<FlightData, Status>> + Send + 'static,
    ) -> Result<PutResult, Status> {
        let mut statement = self.statement_of_handle(caller, handle)?;
        statement.parameters = match read_rows(messages, self.config.handle_bytes_max).await? {
            Some(rows) => {
                let expected = self.plan(caller, &statement.sql).await?.parameters;
                Some(to_bytes(&bind(&rows.batches, &rows.schema, &expected)?)?)
            }
            None => None,
        };
        let handle = statement.sign(self.auth.key(), self.config.handle_bytes_max)?;
        self.bindings.remember(&statement.id, statement.parameters.as_ref());
        let result = DoPutPreparedStatementResult { prepared_statement_handle: Some(handle) };
        Ok(PutResult { app_metadata: result.encode_to_vec().into() })
    }
}

/// The rows of a DoPut; nothing when it carried not even a schema with columns.
pub(crate) async fn read_rows(
    messages: impl Stream<Item = Result<FlightData, Status>> + Send + 'static,
    bytes_max: usize,
) -> Result<Option<BoundRows>, Status> {
    let mut bytes = 0;
    let counted = messages.map(move |message| {
        let message = message?;
        bytes += message.data_header.len() + message.data_body.len();
        if bytes > bytes_max { Err(too_large(bytes, bytes_max)) } else { Ok(message) }
    });
    // A message may carry nothing but its descriptor.
    let with_data = counted.try_filter(|message| std::future::ready(!message.data_header.is_empty()));
    let mut decoder = FlightDataDecoder::new(with_data.map_err(FlightError::from));
    let mut rows: Option<BoundRows> = None;
    while let Some(decoded) = decoder.next().await {
        match (decoded.map_err(unreadable)?.payload, &mut rows) {
            (DecodedPayload::Schema(schema), _) => rows = Some(BoundRows { schema, batches: Vec::new() }),
            (DecodedPayload::RecordBatch(batch), Some(rows)) => rows.batches.push(batch),
            _ => {}
        }
    }
    Ok(rows.filter(|rows| !rows.schema.fields().is_empty()))
}

fn unreadable(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        other => Status::invalid_argument(format!("the bound rows cannot be read: {other}")),
    }
}

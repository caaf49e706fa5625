use arrow_flight::PutResult;
use arrow_flight::sql::DoPutUpdateResult;
use coldtrail_query::{Error, Principal};
use futures::TryStreamExt;
use prost::Message;
use tonic::Status;

use crate::handle::Statement;
use crate::service::FlightSql;
use crate::status::{from_engine_error, from_query_error};

impl FlightSql {
    /// Runs a statement that has no result, once, as JDBC, ADBC scripts and DBeaver do for everything that is not a query.
    ///
    /// Events arrive by ingest only, so all that passes here is what the engine plans as a statement without columns.
    pub(crate) async fn update(&self, caller: &Principal, statement: &Statement) -> Result<PutResult, Status> {
        let prepared = match self.query.prepare(caller, &statement.sql).await {
            Err(Error::BadStatement { message }) => {
                return Err(Status::invalid_argument(format!(
                    "Coldtrail is read-only over SQL, and this was sent as an update: {message}"
                )));
            }
            other => other.map_err(|error| from_query_error(&error, None))?,
        };
        if !prepared.schema.fields().is_empty() {
            return Err(Status::invalid_argument("Coldtrail is read-only over SQL: this statement returns rows, run it as a query"));
        }
        let running = self.query.execute(caller, &statement.sql, None).await.map_err(|error| from_query_error(&error, None))?;
        let query_id = running.query_id;
        let rows = running.stream.try_fold(0, |rows, batch| std::future::ready(Ok(rows + batch.num_rows())));
        rows.await.map_err(|error| from_engine_error(&error, Some(&query_id)))?;
        Ok(PutResult { app_metadata: DoPutUpdateResult { record_count: 0 }.encode_to_vec().into() })
    }
}

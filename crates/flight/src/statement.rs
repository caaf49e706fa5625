use arrow::datatypes::SchemaRef;
use arrow_flight::sql::CommandStatementQuery;
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo};
use bytes::Bytes;
use coldtrail_query::{Prepared, Principal};
use prost_types::Timestamp;
use tonic::Status;
use uuid::Uuid;

use crate::encode::schema_bytes;
use crate::handle::Statement;
use crate::parameters::rows_from_bytes;
use crate::service::FlightSql;
use crate::status::from_query_error;
use crate::ticket::TicketClaims;
use crate::token;
use crate::wire_types::plain_schema;

impl FlightSql {
    /// A statement that was sent as text.
    pub(crate) fn statement_of_query(&self, caller: &Principal, command: CommandStatementQuery) -> Result<Statement, Status> {
        refuse_transaction(command.transaction_id.as_ref())?;
        Ok(Statement::new(caller, command.query))
    }

    /// Plans a statement and promises its result. Nothing runs before the result is fetched.
    pub(crate) async fn info(&self, caller: &Principal, statement: Statement, descriptor: FlightDescriptor) -> Result<FlightInfo, Status> {
        let schema = schema_bytes(&*self.result_schema(caller, &statement).await?)?;
        let expires_at = token::expiry(self.config.ticket_lifetime);
        let claims = TicketClaims {
            id: Uuid::now_v7().as_bytes().to_vec(),
            principal: caller.name.clone(),
            expires_at,
            sql: statement.sql,
            parameters: statement.parameters,
            schema: schema.clone(),
        };
        let endpoint = FlightEndpoint::new()
            .with_ticket(claims.sign(self.auth.key()))
            .with_expiration_time(Timestamp { seconds: expires_at, nanos: 0 });
        // Several endpoints are read partially or out of order by some clients, so there is one; no location means "ask me".
        Ok(FlightInfo { schema, ..FlightInfo::new().with_descriptor(descriptor).with_endpoint(endpoint) })
    }

    /// The schema of the result, as clients will see it.
    pub(crate) async fn result_schema(&self, caller: &Principal, statement: &Statement) -> Result<SchemaRef, Status> {
        let prepared = self.plan(caller, &statement.sql).await?;
        check_bound(&prepared, statement)?;
        Ok(plain_schema(&prepared.schema))
    }

    pub(crate) async fn plan(&self, caller: &Principal, sql: &str) -> Result<Prepared, Status> {
        self.query.prepare(caller, sql).await.map_err(|error| from_query_error(&error, None))
    }
}

/// Coldtrail has no transactions; a statement that believes to be in one is refused rather than run outside of it.
pub(crate) fn refuse_transaction(id: Option<&Bytes>) -> Result<(), Status> {
    match id.is_none_or(Bytes::is_empty) {
        true => Ok(()),
        false => Err(Status::invalid_argument("Coldtrail has no transactions; send the statement without one")),
    }
}

fn check_bound(prepared: &Prepared, statement: &Statement) -> Result<(), Status> {
    let needed = prepared.parameters.fields().len();
    let Some(bytes) = &statement.parameters else {
        return match needed {
            0 => Ok(()),
            _ => {
                Err(Status::invalid_argument(format!("the statement has {needed} parameters and none is bound; prepare it and bind them")))
            }
        };
    };
    let rows = rows_from_bytes(bytes)?;
    match rows.first().map_or(needed, |row| row.num_columns()) == needed {
        true => Ok(()),
        false => Err(Status::invalid_argument(format!("the statement has {needed} parameters by now; prepare it again"))),
    }
}

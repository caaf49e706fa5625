use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, Any, Command, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightEndpoint, FlightInfo,
    RenewFlightEndpointRequest, Result as ActionResult, Ticket,
};
use bytes::Bytes;
use coldtrail_query::Principal;
use prost::Message;
use prost_types::Timestamp;
use tonic::Status;

use crate::service::FlightSql;
use crate::ticket::TicketClaims;
use crate::{session, token};

const CREATE_PREPARED_STATEMENT: &str = "CreatePreparedStatement";
const CLOSE_PREPARED_STATEMENT: &str = "ClosePreparedStatement";
const CANCEL_FLIGHT_INFO: &str = "CancelFlightInfo";
const CANCEL_QUERY: &str = "CancelQuery";
const RENEW_FLIGHT_ENDPOINT: &str = "RenewFlightEndpoint";
const SET_SESSION_OPTIONS: &str = "SetSessionOptions";
const GET_SESSION_OPTIONS: &str = "GetSessionOptions";
const CLOSE_SESSION: &str = "CloseSession";

/// `ActionCancelQueryResult`, whose enumeration `arrow-flight` keeps to itself.
const CANCEL_RESULT_CANCELLED: i32 = 1;

/// Every action that is answered.
pub(crate) fn list() -> Vec<ActionType> {
    [
        (CREATE_PREPARED_STATEMENT, "Plans a statement. ActionCreatePreparedStatementRequest → ActionCreatePreparedStatementResult"),
        (CLOSE_PREPARED_STATEMENT, "Forgets a prepared statement. ActionClosePreparedStatementRequest → nothing"),
        (CANCEL_FLIGHT_INFO, "Cancels a result. CancelFlightInfoRequest → CancelFlightInfoResult"),
        (CANCEL_QUERY, "Cancels a result, as older clients do. ActionCancelQueryRequest → ActionCancelQueryResult"),
        (RENEW_FLIGHT_ENDPOINT, "Lets a result be fetched for longer. RenewFlightEndpointRequest → FlightEndpoint"),
        (SET_SESSION_OPTIONS, "Sets catalog and schema. SetSessionOptionsRequest → SetSessionOptionsResult"),
        (GET_SESSION_OPTIONS, "Tells catalog and schema. GetSessionOptionsRequest → GetSessionOptionsResult"),
        (CLOSE_SESSION, "Ends the session. CloseSessionRequest → CloseSessionResult"),
    ]
    .map(|(name, description)| ActionType { r#type: name.into(), description: description.into() })
    .into()
}

impl FlightSql {
    /// Does what an action asks and returns its answers.
    pub(crate) async fn act(&self, caller: &Principal, action: Action) -> Result<Vec<ActionResult>, Status> {
        let body = action.body;
        let answer: Vec<u8> = match action.r#type.as_str() {
            CREATE_PREPARED_STATEMENT => {
                let result = self.prepare_statement(caller, unpack::<ActionCreatePreparedStatementRequest>(&body)?).await?;
                // The type is ours, its name on the wire is the specification's.
                let type_url = "type.googleapis.com/arrow.flight.protocol.sql.ActionCreatePreparedStatementResult".into();
                Any { type_url, value: result.encode_to_vec().into() }.encode_to_vec()
            }
            CLOSE_PREPARED_STATEMENT => {
                let request = unpack::<ActionClosePreparedStatementRequest>(&body)?;
                self.close_statement(caller, &request.prepared_statement_handle);
                return Ok(Vec::new());
            }
            CANCEL_FLIGHT_INFO => {
                let info = decode::<CancelFlightInfoRequest>(&body)?.info;
                self.cancel(caller, &info.unwrap_or_default())?;
                CancelFlightInfoResult { status: CancelStatus::Cancelled.into() }.encode_to_vec()
            }
            CANCEL_QUERY => {
                let request = unpack::<arrow_flight::sql::ActionCancelQueryRequest>(&body)?;
                self.cancel(caller, &decode::<FlightInfo>(&request.info)?)?;
                arrow_flight::sql::ActionCancelQueryResult { result: CANCEL_RESULT_CANCELLED }.as_any().encode_to_vec()
            }
            RENEW_FLIGHT_ENDPOINT => {
                let endpoint = decode::<RenewFlightEndpointRequest>(&body)?.endpoint;
                self.renew(caller, endpoint.unwrap_or_default())?.encode_to_vec()
            }
            SET_SESSION_OPTIONS => session::set_options(&self.config, &body)?.encode_to_vec(),
            GET_SESSION_OPTIONS => session::get_options(&self.config).encode_to_vec(),
            CLOSE_SESSION => session::close().encode_to_vec(),
            other => return Err(Status::unimplemented(format!("there is no action {other:?}"))),
        };
        Ok(vec![ActionResult { body: answer.into() }])
    }

    /// Cancels every result that a plan names. Cancelling again, or what has ended, is fine.
    fn cancel(&self, caller: &Principal, info: &FlightInfo) -> Result<(), Status> {
        if info.endpoint.is_empty() {
            return Err(Status::invalid_argument("the FlightInfo to cancel has no endpoint"));
        }
        for endpoint in &info.endpoint {
            self.runs.cancel(&self.read_ticket(caller, endpoint.ticket.as_ref())?.id);
        }
        Ok(())
    }

    /// The same result, for another lifetime.
    fn renew(&self, caller: &Principal, endpoint: FlightEndpoint) -> Result<FlightEndpoint, Status> {
        let expires_at = token::expiry(self.config.ticket_lifetime);
        let claims = TicketClaims { expires_at, ..self.read_ticket(caller, endpoint.ticket.as_ref())? };
        let ticket = Some(claims.sign(self.auth.key()));
        Ok(FlightEndpoint { ticket, expiration_time: Some(Timestamp { seconds: expires_at, nanos: 0 }), ..endpoint })
    }

    fn read_ticket(&self, caller: &Principal, ticket: Option<&Ticket>) -> Result<TicketClaims, Status> {
        let ticket = ticket.ok_or_else(|| Status::invalid_argument("the endpoint has no ticket"))?;
        match command_of(&ticket.ticket)? {
            Command::TicketStatementQuery(TicketStatementQuery { statement_handle }) => {
                TicketClaims::read(&statement_handle, self.auth.key(), caller)
            }
            _ => Err(Status::invalid_argument("the ticket is not one of a statement's result")),
        }
    }
}

/// The Flight SQL command in a descriptor or ticket.
pub(crate) fn command_of(bytes: &[u8]) -> Result<Command, Status> {
    let unreadable = |error: String| Status::invalid_argument(format!("not a Flight SQL command: {error}"));
    let message = Any::decode(bytes).map_err(|error| unreadable(error.to_string()))?;
    Command::try_from(message).map_err(|error| unreadable(error.to_string()))
}

fn decode<M: Message + Default>(body: &Bytes) -> Result<M, Status> {
    M::decode(body.clone()).map_err(|error| Status::invalid_argument(format!("the body of the action cannot be read: {error}")))
}

fn unpack<M: ProstMessageExt>(body: &Bytes) -> Result<M, Status> {
    let message = decode::<Any>(body)?;
    let unpacked = message.unpack::<M>().map_err(|error| Status::invalid_argument(error.to_string()))?;
    unpacked.ok_or_else(|| Status::invalid_argument(format!("the action needs {}, {} came", M::type_url(), message.type_url)))
}

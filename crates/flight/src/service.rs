use std::net::IpAddr;
use std::sync::Arc;

use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Command, CommandPreparedStatementQuery, TicketStatementQuery};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse,
    PollInfo, PutResult, Result as ActionResult, SchemaResult, Ticket,
};
use coldtrail_query::{Principal, QueryService};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tonic::{Request, Response, Status, Streaming};

use crate::actions::{self, command_of};
use crate::auth::Auth;
use crate::bindings::Bindings;
use crate::deadline::Deadline;
use crate::encode::schema_bytes;
use crate::handle::Statement;
use crate::handshake::shake_hands;
use crate::metadata::{self, Facts};
use crate::results::FlightDataStream;
use crate::runs::Runs;
use crate::ticket::TicketClaims;
use crate::{Config, poll};

/// Flight SQL over a query service. What arrives is dispatched here; what it means stands in the modules by name.
///
/// `arrow-flight` has a trait for this that answers GetSchema and PollFlightInfo with "unimplemented" and lacks the session
/// actions, so the plain Flight service is implemented instead.
#[derive(Clone)]
pub(crate) struct FlightSql {
    pub(crate) config: Arc<Config>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) query: Arc<dyn QueryService>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) runs: Runs,
    pub(crate) bindings: Arc<Bindings>,
}

/// Who calls and until when.
struct Caller {
    principal: Principal,
    deadline: Deadline,
}

impl FlightSql {
    async fn admit<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let deadline = Deadline::read(request.metadata());
        let principal = deadline.limit(async { Ok(self.auth.admit(request.metadata(), peer(request)).await?) }).await?;
        Ok(Caller { principal, deadline })
    }

    async fn flight_info(&self, caller: &Principal, descriptor: FlightDescriptor) -> Result<FlightInfo, Status> {
        let command = command_of_descriptor(&descriptor)?;
        if let Some(schema) = metadata::schema_of(&command, &self.facts) {
            let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(descriptor.cmd.clone()));
            let info = FlightInfo::new().with_descriptor(descriptor).with_endpoint(endpoint);
            return Ok(FlightInfo { schema: schema_bytes(&schema)?, ..info });
        }
        let statement = self.statement_of(caller, command)?;
        self.info(caller, statement, descriptor).await
    }

    async fn schema(&self, caller: &Principal, descriptor: &FlightDescriptor) -> Result<SchemaResult, Status> {
        let command = command_of_descriptor(descriptor)?;
        let schema = match metadata::schema_of(&command, &self.facts) {
            Some(schema) => schema,
            None => self.result_schema(caller, &self.statement_of(caller, command)?).await?,
        };
        Ok(SchemaResult { schema: schema_bytes(&schema)? })
    }

    fn statement_of(&self, caller: &Principal, command: Command) -> Result<Statement, Status> {
        match command {
            Command::CommandStatementQuery(command) => self.statement_of_query(caller, command),
            Command::CommandPreparedStatementQuery(command) => self.statement_of_handle(caller, &command.prepared_statement_handle),
            other => Err(unsupported(&other)),
        }
    }

    async fn get(&self, caller: Caller, ticket: Ticket) -> Result<Response<FlightDataStream>, Status> {
        match command_of(&ticket.ticket)? {
            Command::TicketStatementQuery(TicketStatementQuery { statement_handle }) => {
                let claims = TicketClaims::read(&statement_handle, self.auth.key(), &caller.principal)?;
                caller.deadline.limit(self.fetch(caller.principal, claims, caller.deadline)).await
            }
            command => match caller.deadline.limit(self.metadata(&caller.principal, command.clone())).await? {
                Some(batch) => Ok(Response::new(self.send_batch(batch))),
                None => Err(unsupported(&command)),
            },
        }
    }

    async fn put(&self, caller: &Principal, mut messages: Streaming<FlightData>) -> Result<PutResult, Status> {
        let first = messages.message().await?.ok_or_else(|| Status::invalid_argument("the call has no message"))?;
        let descriptor = first.flight_descriptor.clone();
        let descriptor = descriptor.ok_or_else(|| Status::invalid_argument("the first message has no descriptor"))?;
        match command_of_descriptor(&descriptor)? {
            Command::CommandPreparedStatementQuery(CommandPreparedStatementQuery { prepared_statement_handle }) => {
                let messages = stream::iter([Ok(first)]).chain(messages);
                self.bind_parameters(caller, &prepared_statement_handle, messages).await
            }
            Command::CommandPreparedStatementUpdate(command) => {
                let statement = self.statement_of_handle(caller, &command.prepared_statement_handle)?;
                self.update(caller, &statement).await
            }
            Command::CommandStatementUpdate(command) => {
                crate::statement::refuse_transaction(command.transaction_id.as_ref())?;
                self.update(caller, &Statement::new(caller, command.query)).await
            }
            other => Err(unsupported(&other)),
        }
    }
}

#[tonic::async_trait]
impl FlightService for FlightSql {
    type HandshakeStream = BoxStream<'static, Result<HandshakeResponse, Status>>;
    type ListFlightsStream = BoxStream<'static, Result<FlightInfo, Status>>;
    type DoGetStream = FlightDataStream;
    type DoPutStream = BoxStream<'static, Result<PutResult, Status>>;
    type DoActionStream = BoxStream<'static, Result<ActionResult, Status>>;
    type ListActionsStream = BoxStream<'static, Result<ActionType, Status>>;
    type DoExchangeStream = BoxStream<'static, Result<FlightData, Status>>;

    async fn handshake(&self, request: Request<Streaming<HandshakeRequest>>) -> Result<Response<Self::HandshakeStream>, Status> {
        let (peer, deadline) = (peer(&request), Deadline::read(request.metadata()));
        let (headers, _, requests) = request.into_parts();
        deadline.limit(shake_hands(&self.auth, &headers, peer, requests)).await
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        let caller = self.admit(&request).await?;
        caller.deadline.limit(self.flight_info(&caller.principal, request.into_inner())).await.map(Response::new)
    }

    async fn poll_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        let caller = self.admit(&request).await?;
        let info = caller.deadline.limit(self.flight_info(&caller.principal, request.into_inner())).await?;
        poll::completed(info).map(Response::new)
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let caller = self.admit(&request).await?;
        caller.deadline.limit(self.schema(&caller.principal, request.get_ref())).await.map(Response::new)
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let caller = self.admit(&request).await?;
        self.get(caller, request.into_inner()).await
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        let caller = self.admit(&request).await?;
        let result = caller.deadline.limit(self.put(&caller.principal, request.into_inner())).await?;
        Ok(Response::new(stream::iter([Ok(result)]).boxed()))
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let caller = self.admit(&request).await?;
        let results = caller.deadline.limit(self.act(&caller.principal, request.into_inner())).await?;
        Ok(Response::new(stream::iter(results.into_iter().map(Ok)).boxed()))
    }

    async fn list_actions(&self, request: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        self.admit(&request).await?;
        Ok(Response::new(stream::iter(actions::list().into_iter().map(Ok)).boxed()))
    }

    async fn list_flights(&self, request: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        self.admit(&request).await?;
        Err(Status::unimplemented("there are no flights to list; ask for tables with CommandGetTables"))
    }

    async fn do_exchange(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoExchangeStream>, Status> {
        self.admit(&request).await?;
        Err(Status::unimplemented("DoExchange is not part of Flight SQL"))
    }
}

fn peer<T>(request: &Request<T>) -> Option<IpAddr> {
    request.remote_addr().map(|address| address.ip())
}

fn command_of_descriptor(descriptor: &FlightDescriptor) -> Result<Command, Status> {
    match descriptor.r#type() {
        DescriptorType::Path => Err(Status::invalid_argument("there are no flights by path; send a Flight SQL command")),
        _ => command_of(&descriptor.cmd),
    }
}

fn unsupported(command: &Command) -> Status {
    Status::unimplemented(format!("this command is not supported: {}", command.type_url()))
}

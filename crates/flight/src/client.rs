//! A small Flight SQL client, for the command line and for tests.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::CommandGetTables;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{FlightInfo, HandshakeRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coldtrail_proto::hunt::v1::hunt_service_client::HuntServiceClient;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server may send one row of up to its `row_bytes_max`.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// Why a call to a server failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("{url:?} is not the address of a server; write it as http://127.0.0.1:32010")]
    Address {
        /// What was given.
        url: String,
    },
    /// Nobody answers.
    #[error("could not reach {url}; is the server running there?")]
    Connect {
        /// Where.
        url: String,
        /// What the transport said.
        source: tonic::transport::Error,
    },
    /// The server said no. The text is the server's.
    #[error("{message}")]
    Server {
        /// What kind of failure it is.
        code: tonic::Code,
        /// What the server said.
        message: String,
    },
    /// The server's answer makes no sense.
    #[error("the server's answer cannot be read: {reason}")]
    Protocol {
        /// What is wrong with it.
        reason: String,
    },
}

/// Signed in at a server.
#[derive(Debug, Clone)]
pub struct Client {
    inner: FlightSqlServiceClient<Channel>,
    channel: Channel,
    token: MetadataValue<Ascii>,
}

/// Asks about runs; its calls fail with what becomes a [`ClientError::Server`].
pub type RunsClient = HuntServiceClient<InterceptedService<Channel, SignedIn>>;

/// Puts the token into each call.
#[derive(Debug, Clone)]
pub struct SignedIn {
    token: MetadataValue<Ascii>,
}

impl Interceptor for SignedIn {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.token.clone());
        Ok(request)
    }
}

/// A result as it arrives. Dropping it cancels the statement on the server.
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows; never an empty batch.
    pub batches: BoxStream<'static, Result<RecordBatch, ClientError>>,
}

impl Client {
    /// Connects to `http://host:port` (`grpc://` is understood too) and signs in.
    pub async fn connect(url: &str, user: &str, password: &str) -> Result<Self, ClientError> {
        let address = url.strip_prefix("grpc://").map_or_else(|| url.to_owned(), |rest| format!("http://{rest}"));
        let wrong = || ClientError::Address { url: url.to_owned() };
        if !address.starts_with("http://") && !address.starts_with("https://") {
            return Err(wrong());
        }
        let endpoint = Endpoint::from_shared(address).map_err(|_| wrong())?.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
        let channel = endpoint.connect().await.map_err(|source| ClientError::Connect { url: url.to_owned(), source })?;
        let inner = FlightServiceClient::new(channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let mut inner = FlightSqlServiceClient::new_from_inner(inner);
        let token = sign_in(inner.inner_mut(), user, password).await?;
        let header = MetadataValue::try_from(format!("Bearer {token}"));
        let header = header.map_err(|_| ClientError::Protocol { reason: "the token does not fit in a header".into() })?;
        inner.set_token(token);
        Ok(Self { inner, channel, token: header })
    }

    /// Asks about runs, as the same user.
    pub fn runs(&self) -> RunsClient {
        let token = self.token.clone();
        HuntServiceClient::with_interceptor(self.channel.clone(), SignedIn { token }).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Plans a statement and starts to fetch its rows.
    pub async fn query(&mut self, sql: &str) -> Result<QueryResult, ClientError> {
        let info = self.inner.execute(sql.to_owned(), None).await?;
        self.fetch(info).await
    }

    /// The tables that this user sees: catalog, schema, name and type.
    pub async fn tables(&mut self) -> Result<QueryResult, ClientError> {
        let info = self.inner.get_tables(CommandGetTables::default()).await?;
        self.fetch(info).await
    }

    async fn fetch(&mut self, info: FlightInfo) -> Result<QueryResult, ClientError> {
        let ticket = info.endpoint.first().and_then(|endpoint| endpoint.ticket.clone());
        let ticket = ticket.ok_or_else(|| ClientError::Protocol { reason: "the result has no ticket".into() })?;
        let schema = info.try_decode_schema().map_err(|error| ClientError::Protocol { reason: error.to_string() })?;
        let batches: FlightRecordBatchStream = self.inner.do_get(ticket).await?;
        // Batches without rows are heartbeats.
        let with_rows = batches.try_filter(|batch| std::future::ready(batch.num_rows() > 0));
        Ok(QueryResult { schema: schema.into(), batches: with_rows.map_err(ClientError::from).boxed() })
    }
}

/// The token for a name and a password.
async fn sign_in(inner: &mut FlightServiceClient<Channel>, user: &str, password: &str) -> Result<String, ClientError> {
    let mut request = Request::new(stream::iter([HandshakeRequest::default()]));
    let credentials = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let header = credentials.parse().map_err(|_| ClientError::Protocol { reason: "the credentials do not fit in a header".into() })?;
    request.metadata_mut().insert("authorization", header);
    let mut answers = inner.handshake(request).await?.into_inner();
    let answer = answers.message().await?.ok_or_else(|| ClientError::Protocol { reason: "the sign-in was not answered".into() })?;
    String::from_utf8(answer.payload.into()).map_err(|_| ClientError::Protocol { reason: "the token is not text".into() })
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::Server { code: status.code(), message: status.message().to_owned() }
    }
}

impl From<FlightError> for ClientError {
    fn from(error: FlightError) -> Self {
        match error {
            FlightError::Tonic(status) => (*status).into(),
            other => Self::Protocol { reason: other.to_string() },
        }
    }
}

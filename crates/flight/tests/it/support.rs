//! A server for a test and what talks to it.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{Any, ProstMessageExt};
use arrow_flight::{Action, FlightData, FlightDescriptor, FlightInfo, Ticket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use coldtrail_flight::{Auth, Config, Error, FlightServer, SigningKey, Users};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::engine::Engine;

pub(crate) const PASSWORD: &str = "pass:wörd";
pub(crate) const USERS: [&str; 2] = ["hunter", "other"];

pub(crate) struct TestServer {
    pub(crate) engine: Arc<Engine>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<Result<(), Error>>,
    _stop_at_end: DropGuard,
}

pub(crate) async fn start() -> TestServer {
    start_with(Config::default(), &SigningKey::generate()).await
}

pub(crate) async fn start_with(config: Config, key: &SigningKey) -> TestServer {
    // Hashed once: the users of several nodes come from one file.
    static SHARED: LazyLock<Users> = LazyLock::new(|| users(&USERS.map(|name| (name, PASSWORD))));
    start_for(config, key, SHARED.clone()).await
}

pub(crate) fn users(passwords: &[(&str, &str)]) -> Users {
    let mut users = Users::default();
    for (name, password) in passwords {
        users.set_password(name, password).expect("a good user");
    }
    users
}

pub(crate) async fn start_for(config: Config, key: &SigningKey, users: Users) -> TestServer {
    let auth = Arc::new(Auth::new(users, key.clone(), &config).expect("good users"));
    let engine = Engine::new().with_view().await;
    let server = FlightServer::new(config, auth, Arc::clone(&engine) as _).expect("a good configuration");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let stop = CancellationToken::new();
    let served = tokio::spawn(server.serve(listener, stop.clone()));
    TestServer { engine, address, _stop_at_end: stop.clone().drop_guard(), stop, served }
}

impl TestServer {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).expect("a URL").connect().await.expect("the server listens")
    }

    /// A client that is signed in.
    pub(crate) async fn sql(&self, user: &str) -> FlightSqlServiceClient<Channel> {
        let mut client = FlightSqlServiceClient::new(self.channel().await);
        client.handshake(user, PASSWORD).await.expect("the password is right");
        client
    }

    /// Raw calls with credentials on each of them.
    pub(crate) async fn raw(&self, user: &str) -> Raw {
        Raw { inner: FlightServiceClient::new(self.channel().await), authorization: Some(basic(user, PASSWORD)) }
    }

    pub(crate) async fn anonymous(&self) -> Raw {
        Raw { inner: FlightServiceClient::new(self.channel().await), authorization: None }
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) inner: FlightServiceClient<Channel>,
    pub(crate) authorization: Option<String>,
}

impl Raw {
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.parse().expect("a header value"));
        }
        request
    }

    pub(crate) async fn info(&self, command: &impl ProstMessageExt) -> Result<FlightInfo, Status> {
        let request = self.request(descriptor(command));
        Ok(self.inner.clone().get_flight_info(request).await?.into_inner())
    }

    pub(crate) async fn get(&self, ticket: Ticket) -> Result<tonic::Streaming<FlightData>, Status> {
        Ok(self.inner.clone().do_get(self.request(ticket)).await?.into_inner())
    }

    /// GetFlightInfo and DoGet.
    pub(crate) async fn rows(&self, command: &impl ProstMessageExt) -> Result<(SchemaRef, Vec<RecordBatch>), Status> {
        let info = self.info(command).await?;
        let promised = info.clone().try_decode_schema().expect("a schema");
        let (schema, batches) = decode(self.get(ticket_of(&info)).await?).await?;
        assert_eq!(*schema, promised, "the stream keeps the promise");
        Ok((schema, batches))
    }

    pub(crate) async fn act(&self, name: &str, body: impl Into<Bytes>) -> Result<Vec<Bytes>, Status> {
        let action = self.request(Action::new(name, body));
        let results: Vec<_> = self.inner.clone().do_action(action).await?.into_inner().try_collect().await?;
        Ok(results.into_iter().map(|result| result.body).collect())
    }

    pub(crate) async fn act_packed<A: ProstMessageExt>(&self, name: &str, message: &impl ProstMessageExt) -> Result<A, Status> {
        let results = self.act(name, message.as_any().encode_to_vec()).await?;
        let any = Any::decode(results[0].clone()).expect("an Any");
        Ok(any.unpack::<A>().expect("decodes").expect("the expected type"))
    }
}

pub(crate) fn descriptor(command: &impl ProstMessageExt) -> FlightDescriptor {
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

/// The ticket of the only endpoint.
pub(crate) fn ticket_of(info: &FlightInfo) -> Ticket {
    assert_eq!(info.endpoint.len(), 1);
    assert!(info.endpoint[0].location.is_empty());
    info.endpoint[0].ticket.clone().expect("a ticket")
}

/// Schema and rows of a stream, without heartbeats.
pub(crate) async fn decode(
    stream: impl futures::Stream<Item = Result<FlightData, Status>> + Send + 'static,
) -> Result<(SchemaRef, Vec<RecordBatch>), Status> {
    let mut stream = FlightRecordBatchStream::new_from_flight_data(stream.map_err(Into::into));
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Status::from)?;
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok((Arc::clone(stream.schema().expect("the schema comes first")), batches))
}

pub(crate) fn query(sql: &str) -> arrow_flight::sql::CommandStatementQuery {
    arrow_flight::sql::CommandStatementQuery { query: sql.into(), transaction_id: None }
}

pub(crate) fn row_count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

pub(crate) fn one_batch(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    arrow::compute::concat_batches(schema, batches).expect("one schema")
}

pub(crate) fn schema_of(bytes: &Bytes) -> Schema {
    Schema::try_from(arrow_flight::IpcMessage(bytes.clone())).expect("a schema")
}

pub(crate) fn table(batches: &[RecordBatch]) -> String {
    arrow::util::pretty::pretty_format_batches(batches).expect("prints").to_string()
}

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_proto::catalog::v1::raft_service_client::RaftServiceClient;
use parking_lot::Mutex;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status as GrpcStatus};

use super::MESSAGE_BYTES_MAX;
use crate::{Config, Dial, Error};

pub(super) type Client = RaftServiceClient<InterceptedService<Channel, Bearer>>;

/// Windows that let a piece of the log or of an image pass without waiting for the other side.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// What a connection is used for: large changes do not stand in the way of heartbeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Raft,
    Calls,
}

/// The connections to the other nodes, each made when it is used first.
pub(crate) struct Peers {
    dial: Arc<dyn Dial>,
    bearer: MetadataValue<Ascii>,
    lease: Duration,
    clients: Mutex<HashMap<(String, Lane), Client>>,
}

/// Shows the secret of the cluster.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, GrpcStatus> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Peers {
    pub(crate) fn new(dial: Arc<dyn Dial>, secret: &str, config: &Config) -> Result<Self, Error> {
        let refused = |_| Error::Config { key: "secret", reason: "it must consist of printable ASCII" };
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {secret}").parse().map_err(refused)?;
        bearer.set_sensitive(true);
        Ok(Self { dial, bearer, lease: Duration::from_millis(config.lease_ms()), clients: Mutex::default() })
    }

    /// The client for an address. Does not wait: it connects with its first call.
    pub(super) fn client(&self, address: &str, lane: Lane) -> Result<Client, Error> {
        let key = (address.to_owned(), lane);
        if let Some(client) = self.clients.lock().get(&key) {
            return Ok(client.clone());
        }
        let endpoint = self
            .dial
            .endpoint(address)?
            .connect_timeout(self.lease)
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(self.lease)
            .keep_alive_timeout(self.lease)
            .keep_alive_while_idle(true);
        let client = RaftServiceClient::with_interceptor(endpoint.connect_lazy(), Bearer(self.bearer.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        self.clients.lock().insert(key, client.clone());
        Ok(client)
    }

    /// Asks anew how this address is reached: a connection to it failed.
    pub(super) fn forget(&self, address: &str, lane: Lane) {
        self.clients.lock().remove(&(address.to_owned(), lane));
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").finish_non_exhaustive()
    }
}

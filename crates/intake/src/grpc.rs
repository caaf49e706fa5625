//! The gRPC listener: `IngestService`, each batch answered once it is committed.

mod accept;
mod call;
mod desk;

use std::sync::Arc;
use std::time::Duration;

use coldtrail_proto::ingest::v1::ingest_service_server::IngestServiceServer;
use futures::stream;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::tls::check_listener;
use crate::{Error, Push, TokenCheck};

use accept::{accept, with_http2};
use desk::Desk;

/// How often a connection on which nothing happens is checked, and how long its other end may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How many calls of one connection are open at the same time.
const CALLS_PER_CONNECTION_MAX: u32 = 16;

/// How long calls under way may take to end when the process stops: as long as the last commit, and a little to say so.
const DRAIN_MAX: Duration = Duration::from_secs(12);

/// What a message may have beside the longest records that are refused by name; a longer one ends its call.
const MESSAGE_MARGIN: usize = 64 << 10;

/// Receives logs over gRPC: `coldtrail.ingest.v1.IngestService`. Shares spool, limits, tokens and the names of batches with
/// [`crate::PushServer`]: a batch that was sent to both is one.
pub struct GrpcServer {
    desk: Desk,
    connections: Arc<Semaphore>,
}

impl GrpcServer {
    /// A server for this spool, open to whoever has a token.
    pub fn new(push: Push, tokens: impl TokenCheck) -> Self {
        let connections = Arc::new(Semaphore::new(push.config().connections_max));
        Self { desk: Desk::new(push, Arc::new(tokens)), connections }
    }

    /// Serves until `stop`, then answers what is committed meanwhile and ends every call. Without TLS only on a loopback address:
    /// tokens and logs would be there for everybody to read. [`Push::run`] must run beside it, or nothing is ever committed.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the listener may not be used like this, or fails.
    pub async fn serve(&self, listener: TcpListener, tls: Option<Arc<ServerConfig>>, stop: CancellationToken) -> Result<(), Error> {
        check_listener(&listener, tls.is_some())?;
        let address = listener.local_addr().map_err(|error| Error::listen("?", error))?;
        let message_max = self.desk.push().config().body_bytes_max.saturating_mul(2).saturating_add(MESSAGE_MARGIN);
        let (sender, accepted) = mpsc::channel(1);
        let tls = tls.map(|config| with_http2(&config));
        tokio::spawn(accept(listener, tls, Arc::clone(&self.connections), sender, stop.clone()));
        let incoming = stream::unfold(accepted, |mut accepted| async move {
            let connection = accepted.recv().await?;
            Some((Ok::<_, std::io::Error>(connection), accepted))
        });
        let desk = self.desk.until(stop.clone());
        let serving = Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE))
            .max_concurrent_streams(Some(CALLS_PER_CONNECTION_MAX))
            .add_service(IngestServiceServer::new(desk).max_decoding_message_size(message_max))
            .serve_with_incoming_shutdown(Box::pin(incoming), stop.clone().cancelled_owned());
        tokio::select! {
            served = serving => served.map_err(|error| Error::listen(address, error)),
            () = async { stop.cancelled().await; tokio::time::sleep(DRAIN_MAX).await } => Ok(()),
        }
    }
}

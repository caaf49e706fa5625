//! The HTTP listener: authenticates, unwraps, keeps, and answers once it is committed.

mod acks;
mod answer;
mod body;
mod collector;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tls::check_listener;
use crate::{Error, Push, TokenCheck};

use routes::Desk;

/// How long a sender may take to say what it wants: for the TLS handshake, and for the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(10);

/// How long requests under way may take when the process stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Receives logs over HTTP/1.1: `/v1/events`, and what the senders of Splunk's HTTP Event Collector use.
pub struct PushServer {
    desk: Arc<Desk>,
    connections: Arc<Semaphore>,
}

impl PushServer {
    /// A server for this spool, open to whoever has a token.
    pub fn new(push: Push, tokens: impl TokenCheck) -> Self {
        let connections = Arc::new(Semaphore::new(push.config().connections_max));
        Self { desk: Arc::new(Desk::new(push, Arc::new(tokens))), connections }
    }

    /// Serves until `stop`, then lets requests under way end. Without TLS only on a loopback address: tokens and logs would be
    /// there for everybody to read. [`Push::run`] must run beside it, or nothing is ever committed.
    pub async fn serve(&self, listener: TcpListener, tls: Option<Arc<ServerConfig>>, stop: CancellationToken) -> Result<(), Error> {
        check_listener(&listener, tls.is_some())?;
        let (tls, tasks) = (tls.map(TlsAcceptor::from), TaskTracker::new());
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Ok(place) = Arc::clone(&self.connections).try_acquire_owned() else {
                tracing::warn!(%peer, "too many connections; push.limits.connections_max allows more");
                continue;
            };
            let (desk, tls, stop) = (Arc::clone(&self.desk), tls.clone(), stop.clone());
            tasks.spawn(async move {
                let _place = place;
                serve_connection(desk, stream, peer, tls, stop).await;
            });
        }
        tasks.close();
        drop(tokio::time::timeout(DRAIN_MAX, tasks.wait()).await);
        Ok(())
    }
}

async fn serve_connection(desk: Arc<Desk>, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    let Some(tls) = tls else { return serve_stream(desk, stream, peer, stop).await };
    match tokio::time::timeout(HEAD_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve_stream(desk, stream, peer, stop).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn serve_stream<S>(desk: Arc<Desk>, stream: S, peer: SocketAddr, stop: CancellationToken)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, std::convert::Infallible>(desk.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

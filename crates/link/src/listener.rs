use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::meter::{Counters, Metered};
use crate::peer::PeerEntry;
use crate::server::ACCEPT_PAUSE;
use crate::wire::{Wire, tune};
use crate::{Error, Options, Peers, ServerIdentity};

/// Connections that are ready and wait to be served.
const READY_MAX: usize = 64;

/// Takes connections of clients from outside, with TLS if it has an identity, for `serve_with_incoming` of tonic.
///
/// Handshakes run beside each other, so that a slow client holds up nobody.
#[derive(Debug)]
pub struct TlsListener {
    listener: TcpListener,
    door: Door,
}

#[derive(Debug, Clone)]
struct Door {
    identity: Option<ServerIdentity>,
    options: Arc<Options>,
    peers: Peers,
    counters: Arc<Counters>,
    handshakes: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

impl TlsListener {
    /// Listens on an address. Without an identity it speaks plain text; whether that may be is for the caller to say.
    pub async fn bind(address: SocketAddr, identity: Option<ServerIdentity>, options: Options) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).await.map_err(|source| Error::Bind { address, source })?;
        Ok(Self::new(listener, identity, options))
    }

    /// The same with a listener that is there already.
    pub fn new(listener: TcpListener, identity: Option<ServerIdentity>, options: Options) -> Self {
        let door = Door {
            identity,
            peers: Peers::default(),
            counters: Arc::default(),
            handshakes: Arc::new(Semaphore::new(options.handshakes_max)),
            connections: Arc::new(Semaphore::new(options.connections_max)),
            options: Arc::new(options),
        };
        Self { listener, door }
    }

    /// The address it listens on.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What went through it. Sent and received are meant as seen from this node.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.door.counters)
    }

    /// Who is behind a connection, by the remote address of a request: with TLS, the names in the client's certificate.
    pub fn peers(&self) -> Peers {
        self.door.peers.clone()
    }

    /// The connections that are ready to be served, until the stop. A handshake that fails is in the log, not in the stream.
    pub fn incoming(self, stop: CancellationToken) -> ReceiverStream<io::Result<TlsConnection>> {
        let (sender, receiver) = mpsc::channel(READY_MAX);
        tokio::spawn(self.run(sender, stop));
        ReceiverStream::new(receiver)
    }

    async fn run(self, ready: mpsc::Sender<io::Result<TlsConnection>>, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = ready.closed() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    self.door.counters.accept();
                    let (door, ready, stop) = (self.door.clone(), ready.clone(), stop.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            biased;
                            () = stop.cancelled() => {}
                            () = door.admit(stream, address, &ready) => {}
                        }
                    });
                }
                Err(error) => {
                    self.door.counters.warn(&format!("could not take a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Door {
    async fn admit(&self, stream: TcpStream, address: SocketAddr, ready: &mpsc::Sender<io::Result<TlsConnection>>) {
        match self.open(stream, address).await {
            // The server is gone if nobody takes it, and then there is nobody to tell.
            Ok(connection) => drop(ready.send(Ok(connection)).await),
            Err(error) => self.counters.refuse(error.to_string()),
        }
    }

    async fn open(&self, stream: TcpStream, address: SocketAddr) -> Result<TlsConnection, Error> {
        let peer = address.to_string();
        let refused = |reason: String| Error::Refused { peer: peer.clone(), reason };
        let many = |_| refused(format!("{} handshakes are under way", self.options.handshakes_max));
        let _handshake = Arc::clone(&self.handshakes).try_acquire_owned().map_err(many)?;
        tune(&stream, self.options.keepalive).map_err(|source| Error::Broken { peer: peer.clone(), source })?;
        let info = TcpConnectInfo { local_addr: stream.local_addr().ok(), remote_addr: Some(address) };
        let wire = match &self.identity {
            None => Wire::Plain(stream),
            Some(identity) => {
                let config = Arc::clone(&identity.current().config);
                let shaken = timeout(self.options.handshake_max, Wire::accept(stream, config, address)).await;
                let late = Error::HandshakeTimeout { peer: peer.clone(), seconds: self.options.handshake_max.as_secs_f64() };
                shaken.unwrap_or(Err(late))?
            }
        };
        let busy = |_| refused(format!("{} connections are open", self.options.connections_max));
        let permit = Arc::clone(&self.connections).try_acquire_owned().map_err(busy)?;
        let entry = self.peers.enter(address, wire.peer(address));
        Ok(TlsConnection { io: Metered::new(wire, &self.counters), info, entry, _permit: permit })
    }
}

/// A connection of a client from outside. Its requests have the client's address as `remote_addr`.
pub struct TlsConnection {
    io: Metered<Wire>,
    info: TcpConnectInfo,
    entry: PeerEntry,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection").field("peer", &self.entry.peer).finish_non_exhaustive()
    }
}

impl Connected for TlsConnection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.info.clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

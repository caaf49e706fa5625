use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::carry::{carry, loopback_socket};
use crate::peer::PeerEntry;
use crate::preamble::{Answer, Code, Hello, Unheard};
use crate::services::{Missing, Route};
use crate::wire::{Wire, refusal, tune_link};
use crate::{Counters, Error, Options, Peer, Peers, Security, Services};

/// How long a listener rests after the system gave it an error instead of a connection, such as too many open files.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The one public port of a node: takes links from other nodes and carries them to the services of its own.
#[derive(Debug)]
pub struct LinkServer {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    security: Security,
    services: Services,
    options: Options,
    peers: Peers,
    counters: Arc<Counters>,
    handshakes: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

/// A link whose two sides agree.
struct Agreed {
    link: Wire,
    inside: TcpStream,
    route: Route,
    _peer: PeerEntry,
    _permit: OwnedSemaphorePermit,
}

impl LinkServer {
    /// Listens on an address; without TLS it must be a loopback one.
    pub async fn bind(address: SocketAddr, security: Security, services: Services, options: Options) -> Result<Self, Error> {
        if matches!(security, Security::Plain) && !address.ip().to_canonical().is_loopback() {
            return Err(Error::PlainBeyondLoopback { address });
        }
        let listener = TcpListener::bind(address).await.map_err(|source| Error::Bind { address, source })?;
        let address = listener.local_addr().map_err(|source| Error::Bind { address, source })?;
        let shared = Shared {
            security,
            services,
            peers: Peers::default(),
            counters: Arc::default(),
            handshakes: Arc::new(Semaphore::new(options.handshakes_max)),
            connections: Arc::new(Semaphore::new(options.connections_max)),
            options,
        };
        Ok(Self { listener, address, shared: Arc::new(shared) })
    }

    /// The address it listens on.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// What went through it.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    /// Who is behind the connections that its services see.
    pub fn peers(&self) -> Peers {
        self.shared.peers.clone()
    }

    /// Takes links until the stop; then lets the open ones go on for `drain_max`, and cuts the rest.
    pub async fn run(self, stop: CancellationToken) {
        let cut = CancellationToken::new();
        // If this future is dropped, the links end with it.
        let _guard = cut.clone().drop_guard();
        let links = TaskTracker::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        links.spawn(Arc::clone(&self.shared).serve(stream, address, cut.clone()));
                    }
                    Err(error) => {
                        self.shared.counters.warn(&format!("could not take a link on {}: {error}", self.address));
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        drop(self.listener);
        links.close();
        if timeout(self.shared.options.drain_max, links.wait()).await.is_err() {
            tracing::info!(links = links.len(), "cut the links that were open still");
        }
        cut.cancel();
        links.wait().await;
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: TcpStream, address: SocketAddr, cut: CancellationToken) {
        self.counters.accept();
        let Ok(handshake) = Arc::clone(&self.handshakes).try_acquire_owned() else {
            let reason = format!("{} handshakes are under way", self.options.handshakes_max);
            self.counters.refuse(Error::Refused { peer: address.to_string(), reason }.to_string());
            return;
        };
        let seconds = self.options.handshake_max.as_secs_f64();
        let agreed = tokio::select! {
            biased;
            () = cut.cancelled() => return,
            agreed = timeout(self.options.handshake_max, self.agree(stream, address)) => {
                agreed.unwrap_or_else(|_| Err(Error::HandshakeTimeout { peer: address.to_string(), seconds }))
            }
        };
        drop(handshake);
        match agreed {
            Ok(Agreed { link, inside, route, _peer, _permit }) => {
                let end = async {
                    tokio::select! { () = cut.cancelled() => {}, () = route.gone.cancelled() => {} }
                };
                carry(link, inside, &self.counters, end).await;
            }
            Err(error) => self.counters.refuse(error.to_string()),
        }
    }

    async fn agree(&self, stream: TcpStream, address: SocketAddr) -> Result<Agreed, Error> {
        let peer = address.to_string();
        tune_link(&stream, self.options.keepalive).map_err(|source| Error::Broken { peer: peer.clone(), source })?;
        let (mut link, identity) = match &self.security {
            Security::Plain => (Wire::Plain(stream), None),
            Security::Mutual(identity) => {
                let identity = identity.current();
                (Wire::accept(stream, Arc::clone(&identity.server), address).await?, Some(identity))
            }
        };
        let is_node = identity.is_none_or(|identity| link.certificate().is_some_and(|certificate| identity.is_node(certificate)));
        let peer = link.peer(address);
        let hello = Hello::read(&mut link).await.map_err(|unheard| unheard_client(&peer, unheard))?;
        let ready = if is_node { self.ready(&hello, &peer).await } else { Err((Code::NotANode, NOT_A_NODE.to_owned())) };
        let (code, text) = match &ready {
            Ok(_) => (Code::Ok, String::new()),
            Err((code, text)) => (*code, text.clone()),
        };
        let answered = Answer { version: self.options.version, code, text }.write(&mut link).await;
        match ready {
            Ok((inside, route, entry, permit)) => {
                answered.map_err(|source| Error::Broken { peer: peer.to_string(), source })?;
                Ok(Agreed { link, inside, route, _peer: entry, _permit: permit })
            }
            Err((_, reason)) => {
                link.close().await;
                Err(Error::Refused { peer: peer.to_string(), reason })
            }
        }
    }

    /// Reaches the service that the peer asks for, or says why it cannot have it.
    async fn ready(&self, hello: &Hello, peer: &Peer) -> Result<(TcpStream, Route, PeerEntry, OwnedSemaphorePermit), (Code, String)> {
        let Hello { version, service } = hello;
        let ours = self.options.version;
        if *version != ours {
            return Err((
                Code::Version,
                format!("it speaks version {version} of links, and this node version {ours}; run the same release"),
            ));
        }
        let route = self.services.find(service).map_err(|missing| match missing {
            Missing::Unknown { offered } => (Code::ServiceUnknown, offered),
            Missing::Elsewhere { reason } => (Code::NotHere, reason),
        })?;
        let busy = |_| (Code::Busy, format!("{} are open", self.options.connections_max));
        let permit = Arc::clone(&self.connections).try_acquire_owned().map_err(busy)?;
        let down = |reason: String| (Code::ServiceDown, reason);
        let (socket, from) = loopback_socket(route.target).map_err(|error| down(error.to_string()))?;
        // Noted before the service can see the connection, so that it never asks too early.
        let entry = self.peers.enter(from, peer.clone());
        let inside = timeout(self.options.connect_max, socket.connect(route.target)).await;
        let inside = inside.map_err(|_| down("it does not take the connection".to_owned()))?.map_err(|error| down(error.to_string()))?;
        inside.set_nodelay(true).map_err(|error| down(error.to_string()))?;
        Ok((inside, route, entry, permit))
    }
}

const NOT_A_NODE: &str = "its certificate does not carry the name of nodes; issue it one that does";

fn unheard_client(peer: &Peer, unheard: Unheard) -> Error {
    let peer = peer.to_string();
    match unheard {
        Unheard::Io(source) => refusal(&peer, source),
        Unheard::Tls => Error::OtherProtocol { peer, reason: "speaks TLS, and this node does not; give this one certificates too" },
        Unheard::Other => Error::OtherProtocol { peer, reason: "does not speak the protocol of links; it took the wrong port" },
    }
}

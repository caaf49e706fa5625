use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::preamble::{Answer, Code, Hello, Unheard};
use crate::wire::{Wire, refusal, tune_link};
use crate::{Error, Forward, Options, Peer, Security};

/// Opens links to services of other nodes. A clone shares its certificates.
#[derive(Debug, Clone)]
pub struct LinkClient {
    security: Security,
    pub(crate) options: Arc<Options>,
}

/// A link to a service: what is written goes to it, what it sends is read.
#[derive(Debug)]
pub struct LinkStream {
    pub(crate) wire: Wire,
    peer: Peer,
}

impl LinkClient {
    /// A client with certificates, or without for loopback addresses.
    pub fn new(security: Security, options: Options) -> Self {
        Self { security, options: Arc::new(options) }
    }

    /// Opens a link to a service of the node at `host:port`.
    pub async fn connect(&self, peer: &str, service: &str) -> Result<LinkStream, Error> {
        let host = host(peer)?;
        let (stream, address) = self.reach(peer).await?;
        let seconds = self.options.handshake_max.as_secs_f64();
        let agreed = timeout(self.options.handshake_max, self.agree(stream, peer, host, service)).await;
        let wire = agreed.unwrap_or_else(|_| Err(Error::HandshakeTimeout { peer: peer.to_owned(), seconds }))?;
        let peer = wire.peer(address);
        Ok(LinkStream { wire, peer })
    }

    /// Listens on a free loopback port, and carries each connection to the service of whichever node `target` names (`host:port`).
    pub async fn forward(&self, service: &str, target: watch::Receiver<Option<String>>) -> Result<Forward, Error> {
        self.forward_at(SocketAddr::from(([127, 0, 0, 1], 0)), service, target).await
    }

    /// The same on a given loopback address, for programs that call the service by an address which they know already.
    pub async fn forward_at(&self, local: SocketAddr, service: &str, target: watch::Receiver<Option<String>>) -> Result<Forward, Error> {
        Forward::start(self.clone(), local, service, target).await
    }

    async fn reach(&self, peer: &str) -> Result<(TcpStream, SocketAddr), Error> {
        let unreachable = |source| Error::Unreachable { peer: peer.to_owned(), source };
        let attempt = timeout(self.options.connect_max, self.dial(peer)).await;
        let late = || {
            unreachable(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", self.options.connect_max.as_secs_f64())))
        };
        attempt.unwrap_or_else(|_| Err(late()))
    }

    /// Tries the addresses of a name in turn.
    async fn dial(&self, peer: &str) -> Result<(TcpStream, SocketAddr), Error> {
        let unreachable = |source| Error::Unreachable { peer: peer.to_owned(), source };
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host(peer).await.map_err(unreachable)? {
            if matches!(self.security, Security::Plain) && !address.ip().to_canonical().is_loopback() {
                return Err(Error::PlainBeyondLoopback { address });
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    tune_link(&stream, self.options.keepalive).map_err(unreachable)?;
                    return Ok((stream, address));
                }
                Err(error) => failure = error,
            }
        }
        Err(unreachable(failure))
    }

    async fn agree(&self, stream: TcpStream, peer: &str, host: &str, service: &str) -> Result<Wire, Error> {
        let mut wire = match &self.security {
            Security::Plain => Wire::Plain(stream),
            Security::Mutual(identity) => {
                let identity = identity.current();
                let dialled = || ServerName::try_from(host.to_owned()).map_err(|_| Error::Address { peer: peer.to_owned() });
                let name = identity.node.clone().map_or_else(dialled, Ok)?;
                Wire::connect(stream, Arc::clone(&identity.client), name, peer).await?
            }
        };
        // A server that refuses this node's certificate says so only now. Then the write may fail first, but the answer tells why.
        let said = Hello { version: self.options.version, service: service.to_owned() }.write(&mut wire).await;
        let answer = match (Answer::read(&mut wire).await, said) {
            (Ok(answer), _) => answer,
            (Err(Unheard::Io(source)), Err(said)) if !is_tls(&source) => return Err(refusal(peer, said)),
            (Err(unheard), _) => return Err(unheard_server(peer, unheard)),
        };
        self.judge(answer, peer, service)?;
        Ok(wire)
    }

    fn judge(&self, answer: Answer, peer: &str, service: &str) -> Result<(), Error> {
        let (peer, service, reason) = (peer.to_owned(), service.to_owned(), answer.text);
        Err(match answer.code {
            Code::Ok if answer.version == self.options.version => return Ok(()),
            Code::Ok | Code::Version => Error::Version { peer, theirs: answer.version, ours: self.options.version },
            Code::ServiceUnknown => Error::ServiceUnknown { peer, service, reason },
            Code::NotHere => Error::NotHere { peer, service, reason },
            Code::ServiceDown => Error::ServiceDown { peer, service, reason },
            Code::Busy => Error::Busy { peer, reason },
            Code::NotANode => Error::RefusedByPeer { peer, reason },
            Code::Other(code) => Error::Handshake { peer, reason: format!("it refuses with code {code}: {reason}") },
        })
    }
}

/// The host in `host:port`.
fn host(peer: &str) -> Result<&str, Error> {
    let wrong = || Error::Address { peer: peer.to_owned() };
    let (host, port) = peer.rsplit_once(':').ok_or_else(wrong)?;
    port.parse::<u16>().map_err(|_| wrong())?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() { Err(wrong()) } else { Ok(bare) }
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>())
}

fn unheard_server(peer: &str, unheard: Unheard) -> Error {
    let peer = peer.to_owned();
    match unheard {
        Unheard::Io(source) => refusal(&peer, source),
        Unheard::Tls => Error::OtherProtocol { peer, reason: "speaks TLS, and this node does not; give this one certificates too" },
        Unheard::Other => Error::OtherProtocol { peer, reason: "does not speak the protocol of links; is this the link port of a node?" },
    }
}

impl LinkStream {
    /// The node at the other side, as its certificate names it.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl AsyncRead for LinkStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buffer)
    }
}

impl AsyncWrite for LinkStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

//! A TCP connection with or without TLS, its handshake, and the words for what goes wrong in it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, AlertDescription, CertificateError, ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::{Error, Peer, files};

/// How much, and for how long, is read from a peer that was told off, so that it sees the reason before the connection ends.
const LINGER_BYTES_MAX: u64 = 64 * 1024;
const LINGER_MAX: Duration = Duration::from_secs(1);

/// One end of a connection to another node.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Takes a connection as the server. A client that is refused learns why.
    pub(crate) async fn accept(stream: TcpStream, config: Arc<ServerConfig>, peer: SocketAddr) -> Result<Self, Error> {
        match TlsAcceptor::from(config).accept(stream).into_fallible().await {
            Ok(stream) => Ok(Self::Tls(Box::new(stream.into()))),
            Err((error, stream)) => {
                linger(stream).await;
                Err(refusal(&peer.to_string(), error))
            }
        }
    }

    /// Opens TLS on a connection as the client.
    pub(crate) async fn connect(
        stream: TcpStream,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        peer: &str,
    ) -> Result<Self, Error> {
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| refusal(peer, error))?;
        Ok(Self::Tls(Box::new(stream.into())))
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// The certificate that the other side showed.
    pub(crate) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.peer_certificates()?.first(),
        }
    }

    /// Who is at the other side.
    pub(crate) fn peer(&self, address: SocketAddr) -> Peer {
        self.certificate().map_or_else(|| Peer::unknown(address), |certificate| Peer::new(address, certificate))
    }

    /// Ends the connection so that the other side reads what was written to it.
    pub(crate) async fn close(mut self) {
        let _ = self.shutdown().await;
        linger(self).await;
    }
}

/// Lets the other side read what was written to it: closing with unread bytes would take them away from it.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
    let rest = async { tokio::io::copy(&mut (&mut stream).take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await };
    let _ = timeout(LINGER_MAX, rest).await;
}

/// Small writes go out at once, and a peer that is gone is noticed, both when nothing is sent and when what is sent stays unacknowledged:
/// after a partition, a new connection is there sooner than the next retransmission of the old one.
pub(crate) fn tune_link(stream: &TcpStream, keepalive: Duration) -> io::Result<()> {
    tune(stream, keepalive)?;
    // Linux cuts peers as well that take nothing for so long. Nodes speak HTTP/2, which stops its sender before TCP has to.
    #[cfg(target_os = "linux")]
    SockRef::from(stream).set_tcp_user_timeout(Some(keepalive * 3))?;
    Ok(())
}

/// Small writes go out at once, and a peer that is gone is noticed while nothing is sent. A peer may be as slow as it likes.
pub(crate) fn tune(stream: &TcpStream, keepalive: Duration) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(keepalive).with_interval(keepalive);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let probes = probes.with_retries(2);
    socket.set_tcp_keepalive(&probes)
}

/// Makes the end of a connection one that cannot be taken for a regular one: the other side sees a reset.
pub(crate) fn abort(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// What a handshake failed of.
pub(crate) fn refusal(peer: &str, error: io::Error) -> Error {
    let peer = peer.to_owned();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => Error::CertificateRefused { peer, reason: explain(reason) },
        Some(rustls::Error::NoCertificatesPresented) => Error::CertificateRefused { peer, reason: "it showed none".to_owned() },
        Some(rustls::Error::AlertReceived(alert)) => match explain_alert(*alert) {
            Some(reason) => Error::RefusedByPeer { peer, reason: reason.to_owned() },
            None => Error::Handshake { peer, reason: format!("it answered {alert:?}") },
        },
        Some(rustls::Error::InvalidMessage(_)) => {
            Error::OtherProtocol { peer, reason: "does not speak TLS; give it the certificates of the cluster, or take the port of links" }
        }
        Some(other) => Error::Handshake { peer, reason: other.to_string() },
        None => Error::Broken { peer, source: error },
    }
}

/// What is wrong with the certificate of the other side.
fn explain(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => format!("it expired on {}; issue a new one there", files::date(*not_after)),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is valid from {} on only; look at the clocks of both nodes", files::date(*not_before))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it is not signed by the authority of this cluster; issue it with the same authority".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("it does not carry the name {:?} but {}; issue it with that name", expected.to_str(), presented.join(", "))
        }
        CertificateError::InvalidPurposeContext { required, .. } => {
            format!("it may not be used for this end of a connection; issue it with the extended key usage {required:?}")
        }
        other => other.to_string(),
    }
}

/// What the other side holds against the certificate of this one; `None` if the alert is about something else.
fn explain_alert(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            "it is not signed by the authority that the peer knows; both need certificates of the same authority"
        }
        AlertDescription::CertificateExpired => "it has expired, or is not valid yet; issue a new one and look at the clocks of both nodes",
        AlertDescription::CertificateRequired => "it asks for one and this node shows none",
        AlertDescription::UnsupportedCertificate => {
            "it may not be used for this end of a connection; issue it with serverAuth and clientAuth"
        }
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown | AlertDescription::CertificateRevoked => {
            "it cannot be used; the log of the peer says why"
        }
        _ => return None,
    })
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

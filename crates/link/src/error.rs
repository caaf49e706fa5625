use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What can go wrong with a link, by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("could not read or write {}: {source}", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} holds no usable {wanted}: {reason}; give a PEM file", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Others can read a private key.
    #[error("key file {} can be read by others (mode {mode:o}); run `chmod 600` on it, or give it to the group alone (640)", file.display())]
    KeyOpenToOthers {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key is not the certificate's.
    #[error("key {} does not belong to certificate {}; give the pair that was issued together", key.display(), certificate.display())]
    KeyMismatch {
        /// The file with the key.
        key: PathBuf,
        /// The file with the certificate.
        certificate: PathBuf,
    },
    /// A certificate of this node cannot be used.
    #[error("certificate {} {reason}", file.display())]
    CertificateUnusable {
        /// The file.
        file: PathBuf,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// A file of the authority is there already, or cannot be used.
    #[error("{} {reason}", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// A name cannot stand in a certificate.
    #[error("{name:?} cannot be the name of a node: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A certificate could not be made.
    #[error("could not make a certificate for {name}: {reason}")]
    Issue {
        /// Whom it is for.
        name: String,
        /// What was wrong.
        reason: String,
    },
    /// An address without TLS that others could reach.
    #[error(
        "{address} is not a loopback address, and links without TLS go no further; configure certificates (`coldtrail cluster certs` makes some)"
    )]
    PlainBeyondLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// An address of a service that others could reach without a link.
    #[error("{address} is not a loopback address; a service at either end of a link stays on its machine, bind it to 127.0.0.1")]
    ServiceBeyondLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("could not listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody says where the service is.
    #[error("no node is known to offer {service:?}, after {seconds} s; is there a leader?")]
    NoTarget {
        /// The service.
        service: String,
        /// How long it was waited for.
        seconds: f64,
    },
    /// The peer's address is not one.
    #[error("{peer:?} is not an address; write host:port")]
    Address {
        /// What was given.
        peer: String,
    },
    /// The peer cannot be reached.
    #[error("could not reach {peer}: {source}; is the node up, and its link port open to this one?")]
    Unreachable {
        /// The peer.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke, or was closed, during the handshake.
    #[error("{peer} ended the connection during the handshake ({source}); its log says why")]
    Broken {
        /// The peer.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
    /// The handshake took too long.
    #[error("{peer} did not finish the handshake within {seconds} s; is this the link port of a node?")]
    HandshakeTimeout {
        /// The peer.
        peer: String,
        /// The limit.
        seconds: f64,
    },
    /// One side speaks TLS, the other one does not, or something else altogether.
    #[error("{peer} {reason}")]
    OtherProtocol {
        /// The peer.
        peer: String,
        /// What it speaks, and the way out.
        reason: &'static str,
    },
    /// This node does not accept the peer's certificate.
    #[error("the certificate of {peer} is refused: {reason}")]
    CertificateRefused {
        /// The peer.
        peer: String,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// The peer does not accept this node's certificate.
    #[error("{peer} refuses the certificate of this node: {reason}")]
    RefusedByPeer {
        /// The peer.
        peer: String,
        /// What it says, and the way out.
        reason: String,
    },
    /// TLS failed for another reason.
    #[error("the TLS handshake with {peer} failed: {reason}")]
    Handshake {
        /// The peer.
        peer: String,
        /// What TLS says.
        reason: String,
    },
    /// The peer has another version.
    #[error("{peer} speaks version {theirs} of links, and this node version {ours}; run the same release of Coldtrail on both")]
    Version {
        /// The peer.
        peer: String,
        /// Its version.
        theirs: u16,
        /// The version of this node.
        ours: u16,
    },
    /// The peer has no such service.
    #[error("{peer} does not offer {service:?}: {reason}")]
    ServiceUnknown {
        /// The peer.
        peer: String,
        /// The service.
        service: String,
        /// What it says.
        reason: String,
    },
    /// The peer knows the service, but another node offers it now.
    #[error("{peer} does not offer {service:?} now: {reason}")]
    NotHere {
        /// The peer.
        peer: String,
        /// The service.
        service: String,
        /// What it says, such as who the leader is.
        reason: String,
    },
    /// The service behind the peer does not answer.
    #[error("{service:?} on {peer} does not answer: {reason}")]
    ServiceDown {
        /// The peer.
        peer: String,
        /// The service.
        service: String,
        /// What the system says.
        reason: String,
    },
    /// This node turned a link down and told the peer why.
    #[error("a link from {peer} was refused: {reason}")]
    Refused {
        /// The peer.
        peer: String,
        /// Why.
        reason: String,
    },
    /// The limit of connections is reached.
    #[error("{peer} has as many links open as it may ({reason}); raise the limit, or look for who opens so many")]
    Busy {
        /// Who has too many.
        peer: String,
        /// The limit.
        reason: String,
    },
}

impl Error {
    /// True when the same may succeed a moment later, without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::NoTarget { .. }
                | Self::Unreachable { .. }
                | Self::Broken { .. }
                | Self::HandshakeTimeout { .. }
                | Self::NotHere { .. }
                | Self::ServiceUnknown { .. }
                | Self::ServiceDown { .. }
                | Self::Busy { .. }
        )
    }
}

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::NODE_NAME;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The names in its certificate (DNS and URI), first those that are its own. None if it showed no certificate.
    pub names: Vec<String>,
    /// The SHA-256 of its certificate, in hexadecimal digits.
    pub fingerprint: Option<String>,
}

impl Peer {
    /// A peer that showed no certificate.
    pub(crate) fn unknown(address: SocketAddr) -> Self {
        Self { address, names: Vec::new(), fingerprint: None }
    }

    pub(crate) fn new(address: SocketAddr, certificate: &CertificateDer<'_>) -> Self {
        let mut names: Vec<String> = EndEntityCert::try_from(certificate)
            .map(|leaf| leaf.valid_dns_names().chain(leaf.valid_uri_names()).map(str::to_owned).collect())
            .unwrap_or_default();
        names.sort_by_key(|name| name == NODE_NAME || name == "localhost");
        Self { address, names, fingerprint: Some(hex::encode(Sha256::digest(certificate))) }
    }

    /// The name to write into a log: the first in its certificate that is its own.
    pub fn name(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

/// Who is behind the connections that a service sees: it asks with the address that its connection comes from.
#[derive(Debug, Clone, Default)]
pub struct Peers(Arc<Mutex<HashMap<SocketAddr, Arc<Peer>>>>);

impl Peers {
    /// The peer behind the connection from an address; `None` if it did not come over a link.
    pub fn of(&self, from: SocketAddr) -> Option<Arc<Peer>> {
        self.0.lock().get(&canonical(from)).cloned()
    }

    /// Notes a peer for as long as the entry lives.
    pub(crate) fn enter(&self, from: SocketAddr, peer: Peer) -> PeerEntry {
        let from = canonical(from);
        let peer = Arc::new(peer);
        self.0.lock().insert(from, Arc::clone(&peer));
        PeerEntry { peers: self.clone(), from, peer }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[derive(Debug)]
pub(crate) struct PeerEntry {
    peers: Peers,
    from: SocketAddr,
    pub(crate) peer: Arc<Peer>,
}

impl Drop for PeerEntry {
    fn drop(&mut self) {
        let mut peers = self.peers.0.lock();
        // The address may have been taken by the next connection already.
        if peers.get(&self.from).is_some_and(|peer| Arc::ptr_eq(peer, &self.peer)) {
            peers.remove(&self.from);
        }
    }
}

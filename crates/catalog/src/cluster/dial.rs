use std::fmt;
use std::sync::Arc;

use tokio::net::TcpListener;
use tonic::transport::Endpoint;

use crate::Error;

/// Says how the node at an address is reached: directly, or through a forwarder that encrypts.
pub trait Dial: Send + Sync {
    /// Where to connect to for the node at `address`, which is one of [`Config::peers`](crate::Config::peers). Asked again
    /// after a connection was lost.
    fn endpoint(&self, address: &str) -> Result<Endpoint, Error>;
}

/// Connects to the address itself, in the clear.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainDial;

impl Dial for PlainDial {
    fn endpoint(&self, address: &str) -> Result<Endpoint, Error> {
        Endpoint::from_shared(format!("http://{address}"))
            .map_err(|error| Error::Unreachable { address: address.to_owned(), reason: error.to_string() })
    }
}

/// How a node and the other nodes reach each other.
pub struct Peering {
    /// Where the others' calls come in; must be a loopback address unless the network between the nodes is trusted.
    pub listener: TcpListener,
    /// How the others are reached.
    pub dial: Arc<dyn Dial>,
    /// What all nodes of the cluster know, and nobody else.
    pub secret: String,
}

impl fmt::Debug for Peering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peering").field("listener", &self.listener).finish_non_exhaustive()
    }
}

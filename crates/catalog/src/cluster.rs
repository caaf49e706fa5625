//! The other nodes: how they are reached, what is said between them, and who belongs.

mod bootstrap;
mod dial;
mod membership;
mod network;
mod peers;
mod rpc;
mod service;
mod status;
mod wire;

pub use dial::{Dial, Peering, PlainDial};
pub(crate) use network::Network;
pub(crate) use peers::Peers;
pub(crate) use rpc::Peer;
pub(crate) use service::serve_peers;
pub use status::{ClusterStatus, NodeRole, NodeStatus};

/// A commit of the largest size that is taken fits, and a little more.
const MESSAGE_BYTES_MAX: usize = 96 << 20;

/// The largest piece of an image that is sent at once.
pub(crate) const SNAPSHOT_PIECE_BYTES: u64 = 1 << 20;

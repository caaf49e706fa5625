//! Encrypted and authenticated links between the nodes of a cluster.
//!
//! ```text
//!  executor                                                     scheduler
//!  ┌───────────────────────────────┐                            ┌────────────────────────────────────┐
//!  │ Ballista ──► 127.0.0.1:41873  │        mutual TLS 1.3      │            ┌► 127.0.0.1:50050      │
//!  │              LinkClient ──────┼──► "ballista-scheduler" ──►│ LinkServer ┼► 127.0.0.1:50060 raft │
//!  │              (follows a leader)                            │  one port  └► …                    │
//!  └───────────────────────────────┘                            └────────────────────────────────────┘
//! ```
//!
//! The services inside a cluster (Ballista's, the catalog's) have neither encryption nor authentication, so they listen on loopback
//! only, and a link carries them to other machines. A [`LinkServer`] has one public port for all [`Services`] of its node. A
//! [`LinkClient`] opens a loopback port for one service and carries each connection to the node that a [`watch`] channel names, which
//! may change. Both sides show a certificate signed by the cluster's authority; then the client says its version and the service it
//! wants, and the server agrees or says why not. Everything after that is the bytes of the service, unchanged.
//!
//! [`TlsListener`] is the door for clients from outside (Flight SQL): plain, TLS, or TLS with certificates of clients. [`authority`]
//! makes certificates for clusters that have no authority of their own.
//!
//! A link never looks into what it carries, and never falls back to plain text: [`Security::Plain`] refuses every address that is not
//! loopback.
//!
//! [`watch`]: tokio::sync::watch

mod error;
mod options;

pub mod authority;
mod files;
mod identity;
mod peer;
mod reloading;

mod log;
mod meter;
mod preamble;
mod wire;

mod carry;
mod client;
mod forward;
mod listener;
mod server;
mod services;

pub use client::{LinkClient, LinkStream};
pub use error::Error;
pub use forward::Forward;
pub use identity::{Identity, Security, ServerFiles, ServerIdentity, TlsFiles};
pub use listener::{TlsConnection, TlsListener};
pub use meter::{Counters, Counts};
pub use options::Options;
pub use peer::{Peer, Peers};
pub use server::LinkServer;
pub use services::Services;

/// The name that the certificates of all nodes carry, unless another one is configured.
pub const NODE_NAME: &str = "coldtrail-node";

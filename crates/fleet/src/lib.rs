//! Executors come, go and find the leader and each other, over encrypted links.
//!
//! Never runs a query.
//!
//! Ballista connects to plain addresses, and its ports have neither authentication nor encryption. So every executor and every
//! scheduler has a loopback address of its own ([`loopback_of`]), the same on all nodes: at home it listens there, and on every other
//! node a forwarder does, which carries the bytes over a link to the real one. What Ballista takes for one machine is a cluster.
//!
//! ```text
//! executor node                                        leader
//! Ballista executor ─► 127.7.8.9:50 (forwarder) ══ link ══► 127.7.8.9:50 Ballista scheduler
//! ```
//!
//! [`Fleet`] is the leader's side: which executors are attached, told to all of them. [`Attachment`] is an executor's: it finds the
//! leader, stays attached, and follows when another leads.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attachment;
mod forwards;
mod loopback;
mod server;

pub use attachment::{Attachment, ExecutorInfo};
pub use loopback::loopback_of;
pub use server::{Fleet, FleetError, SchedulerPlace};

/// The service of links that leads to [`Fleet`].
pub const FLEET: &str = "fleet";
/// The service of links that leads to the scheduler of Ballista.
pub const SCHEDULER: &str = "scheduler";
/// The service of links that leads to an executor's port for tasks.
pub const EXECUTOR_TASKS: &str = "executor-tasks";
/// The service of links that leads to an executor's port for shuffle files and results.
pub const EXECUTOR_ROWS: &str = "executor-rows";
/// The service of links that leads to the catalog's port for other nodes.
pub const CATALOG_PEERS: &str = "catalog-peers";

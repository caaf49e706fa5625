//! Continuous ingest: logs that keep coming go into the lake by themselves, exactly once.
//!
//! Watches folders and prefixes of object stores, and takes what is pushed over HTTP and gRPC. Never knows a log format, and never writes the lake
//! or the catalog itself: both ways end in [`coldtrail_ingest`].
//!
//! ```text
//! folder, prefix ─► list ─► settled, not known ─┐
//!                   watch                       ├─► Taker ─► ingest ─► lake + catalog, one commit a batch
//! HTTP ─► authenticate, unwrap ─► spool (fsync) ┘                        │
//! gRPC    http, grpc              push                                   │
//!  ▲                                                                     │
//!  └──────────── answered with success only after the commit ◄───────────┘
//! ```
//!
//! Read in this order: [`WatchConfig`] and [`Watcher`] for what is fetched; [`PushConfig`], [`Push`] (spool and commits),
//! [`PushServer`] (HTTP) and [`GrpcServer`] for what is sent; [`Taker`] is what they share.

mod config;
mod error;
mod grpc;
mod http;
mod packing;
mod push;
mod taker;
mod tls;
mod tokens;
mod watch;

pub use config::{PushConfig, WatchConfig};
pub use error::Error;
pub use grpc::GrpcServer;
pub use http::PushServer;
pub use push::{Batch, Flushed, Push, Receipt, Taken};
pub use taker::Taker;
pub use tls::server_tls;
pub use tokens::{TokenCheck, Tokens};
pub use watch::{QueueStatus, WatchStatus, Watcher, WatcherStatus};

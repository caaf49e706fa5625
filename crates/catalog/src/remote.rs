//! The catalog of one process, used from another on the same machine.

mod client;
mod server;
mod service;
pub(crate) mod wire;

pub use client::RemoteCatalog;
pub use server::authorize;
pub use server::serve;

/// A commit of a hundred thousand segments fits; the default of 4 MiB would not take ten thousand.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// How many segments or source objects go into one message of a stream.
const CHUNK_ITEMS: usize = 1_000;

/// The same for runs, whose statements may be long, and for bare ids.
const CHUNK_RUNS: usize = 50;
const CHUNK_IDS: usize = 50_000;

/// At this many bytes, a message of a stream of documents is full.
const CHUNK_DOCUMENT_BYTES: usize = 4 << 20;

/// How many bytes of a backup go into one message.
const CHUNK_BYTES: usize = 1 << 20;

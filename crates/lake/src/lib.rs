//! OCSF events in, sorted Parquet segments and their observables out; read back, verify, expire.
//!
//! Step 2 of an event's journey. The only crate that writes object storage; never parses logs.
//!
//! Read in this order: [`Lake`] is one place in one object store, [`SegmentWriter`] turns events into segments there, and what
//! [`SegmentWriter::finish`] returns is what the catalog commits: until then nothing is visible. [`SegmentRewriter`] makes one
//! segment of the rows of several. [`observables_schema`] and
//! [`rejects_schema`] are the two tables that the lake derives itself.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod backups;
mod block_cache;
mod config;
mod content;
mod create;
mod durable;
mod encode;
mod error;
mod events;
mod footer;
mod http;
mod lake;
mod layout;
mod observables;
mod options;
mod orphans;
mod read;
mod rejects;
mod results;
mod rewrite;
mod rows;
mod sources;
mod store;
mod table_files;
mod upload;
mod writer;

pub use config::WriterConfig;
pub use error::Error;
pub use footer::Rewrite;
pub use lake::Lake;
pub use observables::{ANY_SOURCE, observables_schema};
pub use options::StoreOptions;
pub use orphans::{Cleaned, SegmentFile};
pub use read::BatchStream;
pub use rejects::{KeptReject, RejectRow, rejects_schema};
pub use results::{RESULT_BYTES_MAX, WriteRowsError, WrittenRows};
pub use rewrite::{Rewritten, SegmentRewriter, Sightings, conform_rows};
pub use table_files::TableFile;
pub use writer::SegmentWriter;

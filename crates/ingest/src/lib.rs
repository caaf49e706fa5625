//! Source objects through normalize into the lake, committed to the catalog exactly once.
//!
//! Takes files, folders and prefixes of object stores, compressed or not. Never knows a log format and never writes Parquet itself:
//! it only brings [`coldtrail_normalize`], [`coldtrail_lake`] and [`coldtrail_catalog`] together.
//!
//! ```text
//! locations ─► list ─► not yet ingested ─► read, hash, inflate, normalize ─► segments ─► commit
//!              locate   catalog            reader (one thread an object)     lake        segments + objects, all or nothing
//! ```
//!
//! A transaction holds whole objects only. If a read fails in the middle of one, the transaction is given up and its other objects
//! are read again, so that what is committed is never half an object.

mod config;
mod error;
mod ingest;
mod locate;
mod marks;
mod reader;
mod report;
mod retry;
mod take;
mod transaction;

pub use config::{IngestConfig, SourceChoice};
pub use error::Error;
pub use ingest::{Ingest, UNKNOWN_SOURCE};
pub use locate::{SourceFile, find, is_hidden, locate};
pub use marks::Marks;
pub use reader::{ReadOutcome, read_plain};
pub use report::{FailedObject, Progress, ReceivedObject, Report};
pub use retry::{RejectFilter, RetryReport, retry_rejects};
pub use take::{Duplicates, count_duplicates};

//! The vocabulary: OCSF classes and their columns, events, segments, snapshots.
//!
//! Every crate speaks these words. Never does I/O.
//!
//! Read in this order: [`Class`] says which tables there are, [`Column`] which columns each has, [`Event`] is one row,
//! [`SegmentMeta`] one file of rows, [`Snapshot`] the files that a query sees.

mod class;
mod error;
mod ids;
mod segment;
mod time;

pub use class::Class;
pub use error::Error;
pub use ids::SegmentId;
pub use segment::{Commit, IndexError, SegmentIndex, SegmentMeta, Snapshot, SourceObject, Table};
pub use time::{Day, TimeRange, format_ms};

//! Raw log records in, OCSF events and rejects out.
//!
//! Step 1 of an event's journey. Pure: no I/O, no clock, no async; the same bytes always give the same events. Never fails and never
//! panics on input: what cannot be read becomes a [`Reject`] with its reason and place.
//!
//! ```text
//! bytes ─► decompress ─► encoding ─► framing ─► record ─► source mapping ─► Event
//!          Inflater      UTF-8       lines, JSON, EVTX, …  sources/*.rs       + raw record, unmapped rest
//!                                                           mappings/*.yml
//! ```
//!
//! Every record of the input ends as exactly one event or one reject; [`Batch::records`] counts them. Where a
//! JSON object is a list, as in Azure's flow logs, each of its elements is a record.

mod batch;
mod declared;
mod detect;
mod encoding;
mod fields;
mod framing;
mod inflate;
mod normalizer;
mod parse;
mod source;
mod sources;

pub use batch::{Batch, Place, Reason, Reject};
pub use declared::{MappingError, Problem};
pub use detect::detect;
pub use inflate::{Compression, InflateError, Inflater};
pub use normalizer::{Normalizer, Options};
pub use source::{About, DeclaredSource, Source, UnknownSource};

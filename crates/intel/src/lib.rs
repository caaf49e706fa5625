//! Indicator feeds in, indicators and what they match out.
//!
//! Pure: no I/O, no clock. Every entry of a feed ends as accepted, rejected or unsupported, with its reason and its place.
//!
//! ```text
//! bytes ─► format ─► entry ─► normal form ─► guardrails ─► Indicator ─► IndicatorSet ─► matches ─► Verdicts
//!          STIX, MISP, OpenIOC, CSV,         private, too wide,          observables of the lake     SEEN, NOT_SEEN, …
//!          JSON, lines                       empty files, …
//! ```
//!
//! Read in this order: [`read_feed`] reads a [`Feed`], [`Indicator`] is what it holds, [`IndicatorSet`] finds which indicators a value
//! of the table `observables` matches, [`Verdicts`] folds such rows into one [`Verdict`] for each entry of the feed.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod error;
mod feed;
mod indicator;
mod kind;
mod options;

mod formats;
mod guard;
mod normal;

mod batch;
mod set;
mod verdict;

pub use batch::{BatchError, from_record_batch, indicators_schema, to_record_batch};
pub use error::Error;
pub use feed::{Counts, Entry, Feed, FeedFormat, Outcome, Place, read_feed};
pub use guard::WarningList;
pub use indicator::{Confirmation, Indicator, IndicatorId};
pub use kind::IndicatorKind;
pub use options::{Limits, Options, UrlLevel};
pub use set::{Comparison, IndicatorSet, LookupPlan, TypeLookup};
pub use verdict::{Coverage, Sighting, Status, Tally, Verdict, Verdicts, verdicts_schema, verdicts_to_record_batch};

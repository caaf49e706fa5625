//! Deterministic, realistic raw logs in the vendors' own formats, with one planted intrusion and its ground truth.
//!
//! The same [`Config`] gives the same bytes, on any machine and with any number of threads: every file draws from its own
//! dice, seeded by the seed, the stream and the day. Only [`write_all`] does I/O; never reads a clock.
//!
//! Read in this order: [`Config`] says what to write, [`plan`] which files that makes, [`write_file`] writes one,
//! [`write_all`] all of them, with `ground_truth.json` and `manifest.json` beside them.

mod config;
mod error;

mod cast;
mod dice;
mod estate;
mod moment;
mod out;
mod rhythm;
mod sources;
mod stream;

mod intrusion;
mod truth;

mod generator;
mod merge;
mod plan;
mod write;

pub use config::{Config, SourceKind};
pub use error::Error;
pub use generator::{Generator, plan, write_file};
pub use merge::FileSummary;
pub use plan::FilePlan;
pub use truth::{Condition, GroundTruth, Indicators, Step, StepFile};
pub use write::{Progress, Summary, write_all, write_all_on};

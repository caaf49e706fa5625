//! Hunt files: versioned YAML, read and checked.
//!
//! Pure: no I/O, no clock. Says line and column of what it cannot read, and all of it at once.
//!
//! ```text
//! hunt.yaml ─► Hunt::parse ─► Hunt ─► Hunt::render(values, range) ─► statements, Sigma rules, sweeps
//!                 └─► Problems
//! ```
//!
//! Which keys there are stands in `keys.rs`; [`json_schema`] and the tables of the reference page are made from it.

mod duration;
mod hunt;
mod import;
mod keys;
mod parameter;
mod problem;
mod query;
mod reader;
mod render;
mod schedule;
mod schema;
mod skeleton;
mod template;
mod title;
mod value;
mod yaml;

pub use duration::{Duration, NotADuration};
pub use hunt::{Hunt, Status};
pub use import::{Import, import_markdown};
pub use parameter::{Parameter, ParameterType};
pub use problem::{Place, Problem, Problems};
pub use query::{Expect, FindingRule, Indicators, Query, Question, Severity, SigmaRule};
pub use render::{Action, Bindings, Range, Rendered, RenderedHunt};
pub use schedule::Schedule;
pub use schema::{json_schema, reference_tables};
pub use title::Title;
pub use value::{ItemType, Value};

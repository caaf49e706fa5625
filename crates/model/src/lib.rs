//! The vocabulary: OCSF classes and their columns, events, segments, snapshots.
//!
//! Every crate speaks these words. Never does I/O.
//!
//! Read in this order: [`Class`] says which tables there are, [`Column`] which columns each has, [`Event`] is one row, [`ocsf_json`]
//! its nested form, [`SegmentMeta`] one file of rows, [`Snapshot`] the files that a query sees.

mod alarm;
mod captions;
mod class;
mod class_columns;
mod column;
mod columns;
mod document;
mod error;
mod event;
mod ids;
mod nest;
mod observable;
mod reference;
mod required;
mod run;
mod schema;
mod segment;
mod time;

pub use alarm::{ALARM_KIND, Alarm};
pub use captions::{activity_name, severity_name, status_name};
pub use class::Class;
pub use column::{Col, Column, Kind};
pub use document::{Document, DocumentAction, DocumentChange};
pub use error::Error;
pub use event::{Event, OCSF_VERSION, Outcome, Value};
pub use ids::SegmentId;
pub use nest::ocsf_json;
pub use observable::ObservableType;
pub use reference::tables_reference;
pub use run::{Merge, Run, RunDefinition, RunId, RunPlan, RunState, Slice, SliceResult, SliceState};
pub use schema::{EVENT_DAY, SCHEMA_VERSION, arrow_schema, arrow_type};
pub use segment::{Commit, IndexError, SegmentIndex, SegmentMeta, Snapshot, SourceObject, Table};
pub use time::{Day, TimeRange, format_ms};

//! SQL in, a pruned physical plan over a pinned catalog snapshot out.
//!
//! Never knows a cluster.
//!
//! Read in this order: [`Planner`] turns a statement into a [`PlannedQuery`]. `statement` reads the SQL and refuses what does not
//! only read; `paths` makes columns of OCSF paths; `catalog` shows the pinned snapshot as tables; `scan` leaves out segments by what
//! the catalog knows and reads exactly the files that are left; `functions` has what hunters need beside SQL.
//!
//! ```text
//! coldtrail.ocsf      a table for each OCSF class, observables, and the views events over all classes and prevalence
//! coldtrail.system    segments, tables, columns, sources, rejects
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod analysis;
mod catalog;
mod config;
mod conform;
mod content;
mod dialect;
mod error;
mod events;
mod explain;
mod extension;
mod functions;
mod parameters;
mod paths;
mod planned;
mod planner;
mod prevalence;
mod runtime;
mod scan;
mod service;
mod spans;
mod statement;
mod suggest;
mod system;
mod table_calls;
mod views;

pub use catalog::{CATALOG, OCSF, SIGMA, SWEEP, SYSTEM};
pub use config::{ExpectedSource, PlannerConfig};
pub use conform::conform;
pub use content::{ContentStore, Indicators};
pub use error::Error;
pub use extension::Extension;
pub use functions::{Geo, GeoFiles, LOCAL_FUNCTIONS};
pub use planned::{Explained, PlannedQuery, ScanEstimate, StatementKind};
pub use planner::{Planner, Session};
pub use runtime::RuntimeConfig;
pub use service::{Prepared, Principal, QueryService, Running};
pub use statement::Explain;
pub use table_calls::{content_names, with_content_name};

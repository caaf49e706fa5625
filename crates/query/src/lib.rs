//! SQL in, a pruned physical plan over a pinned catalog snapshot out.
//!
//! Never knows a cluster.

mod catalog;
mod config;
mod conform;
mod dialect;
mod error;
mod events;
mod explain;
mod functions;
mod parameters;
mod paths;
mod planned;
mod planner;
mod runtime;
mod scan;
mod service;
mod statement;
mod suggest;
mod system;

pub use catalog::{CATALOG, OCSF, SYSTEM};
pub use config::PlannerConfig;
pub use conform::conform;
pub use error::Error;
pub use planned::{Explained, PlannedQuery, ScanEstimate, StatementKind};
pub use planner::{Planner, Session};
pub use runtime::RuntimeConfig;
pub use service::{Prepared, Principal, QueryService, Running};
pub use statement::Explain;

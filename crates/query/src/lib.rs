//! SQL in, a pruned physical plan over a pinned catalog snapshot out.
//!
//! Never knows a cluster.

mod error;
mod service;

pub use error::Error;
pub use service::{Prepared, Principal, QueryService, Running};

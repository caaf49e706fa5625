//! Runs tasks over segments within its memory, and stops when told.
//!
//! Never asks the catalog: a task carries what it needs.
//!
//! Ballista runs the tasks; this crate supplies what it lacks. A [`GuardExec`] below
//! and above every task's operators, and above every join, ends them when the job is cancelled, counts what they
//! read, names the segment that an error comes from, and tells the errors worth another try
//! from the others. The local tier of the scheduler puts the same guard around its plans.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod config;
mod engine;
mod error;
mod failure;
mod guard;
mod priority;
mod reader;
mod registry;
mod service;
mod session;
mod stop;
mod workspace;

pub use config::ExecutorConfig;
pub use engine::HuntExecutionEngine;
pub use error::Error;
pub use failure::{FailureKind, TaskFailure};
pub use guard::{GuardExec, guard_operators};
pub use priority::WorkClass;
pub use registry::{Job, JobRegistry, Progress};
pub use service::{Executor, ExecutorPlace, ExecutorPorts, MESSAGE_BYTES_MAX, SLOTS_FOR_BATCH, SLOTS_PER_VCORE};
pub use session::{distributed_session_config, local_session_config};
pub use workspace::Workspace;

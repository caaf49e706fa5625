//! Routes each query to local or distributed execution, watches it, cancels it.
//!
//! Never reads data.
//!
//! An [`Engine`] takes physical plans. A small one runs in this process and streams its first
//! row at once; a large one goes to Ballista, whose scheduler and executor are embedded, and
//! streams when it is done. Around Ballista stands a supervisor for each job, for what
//! Ballista has not: a deadline, an eye on jobs that stand still, a cancel that is never lost,
//! and errors that a person can read. Dropping a result stream cancels the work in both tiers.

mod admission;
mod analyze;
mod cluster;
mod config;
mod content;
mod distribute;
mod engine;
mod error;
mod failure;
mod fair_share;
mod hunting;
mod job;
mod local;
mod results;
mod router;
mod runs;
mod stream;
mod tier;

pub use cluster::SchedulerRole;
pub use config::{EngineConfig, TierMode};
pub use content::ContentLibrary;
pub use engine::{Engine, Run};
pub use error::Error;
pub use failure::query_error;
pub use hunting::Hunting;
pub use router::{QueryRouter, executor_session};
pub use runs::{Runs, RunsConfig};
pub use tier::{Tier, TierChoice};

pub use coldtrail_hunt::{RunEstimate, RunRequest, RunService, SlicePolicy};

pub use coldtrail_executor::{
    Executor, ExecutorConfig, ExecutorPlace, ExecutorPorts, Job, JobRegistry, Progress, WorkClass, Workspace, distributed_session_config,
    local_session_config,
};

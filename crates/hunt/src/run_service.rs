use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_model::{Run, RunId, RunPlan, Slice};
use coldtrail_query::{Error, Principal};

/// What is asked of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// The statement.
    pub sql: String,
    /// A name for people.
    pub title: Option<String>,
    /// A run of a higher priority is served first; 0 is ordinary.
    pub priority: i32,
    /// It is ended when it has not ended by itself after this time.
    pub time_max: Option<Duration>,
    /// It is refused when its segments have more bytes than this.
    pub bytes_max: Option<u64>,
    /// Slices at the same time; 0 is the node's default.
    pub parallelism: u32,
    /// The snapshot that it reads, for a run that repeats another; none: the newest.
    pub snapshot_id: Option<u64>,
    /// What those who ask say of it, by name: at most 64, each of at most 4 KiB with its name.
    pub labels: BTreeMap<String, String>,
}

/// What a run would read, known from the catalog alone.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEstimate {
    /// How it would be divided; segments, bytes and rows are at most.
    pub plan: RunPlan,
    /// Row groups of the segments, before their own statistics are looked at.
    pub row_groups: u64,
    /// About how long it would take alone, in seconds, by the speed of the slices that this node has seen.
    pub seconds: f64,
}

/// Runs, as whatever serves clients asks for them.
#[async_trait::async_trait]
pub trait RunService: Send + Sync + 'static {
    /// Says what a statement would read as a run, and into which slices it would be divided, from the catalog alone.
    async fn estimate(&self, sql: &str) -> Result<RunEstimate, Error>;

    /// Takes in a run; it begins when it is its turn. Refused when it would read more than it may, with the estimate.
    async fn submit(&self, principal: &Principal, request: RunRequest) -> Result<Run, Error>;

    /// One run with its slices.
    async fn get(&self, id: RunId) -> Result<(Run, Vec<Slice>), Error>;

    /// Every run, the newest first.
    async fn list(&self) -> Result<Vec<Arc<Run>>, Error>;

    /// Ends a run. One that has ended stays as it is.
    async fn cancel(&self, id: RunId, by: &Principal) -> Result<Run, Error>;

    /// Lets a run rest: slices under way are given up, and what was done is kept.
    async fn pause(&self, id: RunId) -> Result<Run, Error>;

    /// Lets a run go on that was paused.
    async fn resume(&self, id: RunId) -> Result<Run, Error>;

    /// Forgets a run that has ended, with its results.
    async fn delete(&self, id: RunId) -> Result<(), Error>;
}

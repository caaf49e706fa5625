use std::time::Duration;

use crate::Error;

/// Where queries may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TierMode {
    /// Small ones in this process, large ones on executors.
    #[default]
    Auto,
    /// All in this process.
    Local,
    /// On executors whatever their size, but for those that cannot be distributed.
    Distributed,
}

/// How queries are routed and watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Where queries may run.
    pub tier_mode: TierMode,
    /// A query that reads at most this much Parquet, after pruning, runs in this process.
    pub local_bytes_max: u64,
    /// A query is ended after this time. Without it, a query may run for ever.
    pub query_time_max: Option<Duration>,
    /// A distributed query that makes no progress for this long is ended.
    pub stall_time_max: Duration,
    /// Distributed queries at the same time; more wait for their turn.
    pub distributed_jobs_max: usize,
    /// Statements of one user at the same time; more wait for their turn.
    pub statements_per_user_max: usize,
    /// How long a statement may wait for its turn among those of its user.
    pub admission_time_max: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            tier_mode: TierMode::Auto,
            local_bytes_max: 256 << 20,
            query_time_max: None,
            stall_time_max: Duration::from_secs(300),
            distributed_jobs_max: 8,
            statements_per_user_max: 32,
            admission_time_max: Duration::from_secs(60),
        }
    }
}

impl EngineConfig {
    /// Names the first setting that cannot work.
    pub fn validate(&self) -> Result<(), Error> {
        if self.distributed_jobs_max == 0 {
            return Err(Error::Config { key: "distributed_jobs_max", reason: "must be at least 1" });
        }
        if self.statements_per_user_max == 0 {
            return Err(Error::Config { key: "statements_per_user_max", reason: "must be at least 1" });
        }
        if self.stall_time_max < Duration::from_secs(1) {
            return Err(Error::Config { key: "stall_time_max", reason: "must be at least 1 second" });
        }
        Ok(())
    }
}

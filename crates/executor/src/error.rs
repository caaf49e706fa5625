use std::path::PathBuf;

use ballista_core::error::BallistaError;

/// Why an executor could not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting cannot work.
    #[error("executor setting {key} {reason}")]
    Config {
        /// The setting.
        key: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// The folder for temporary files cannot be used.
    #[error("could not use the work folder {}", path.display())]
    WorkDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The memory pool, the caches or the spill folder could not be made.
    #[error("could not set up the query runtime")]
    Runtime(#[source] coldtrail_query::Error),
    /// The threads that compute could not be started.
    #[error("could not start the threads of the query tiers")]
    Threads(#[source] std::io::Error),
    /// A loopback port could not be opened.
    #[error("could not listen on the loopback interface")]
    Listen(#[source] std::io::Error),
    /// The executor could not be started, or the scheduler did not take it.
    #[error("could not start the executor")]
    Start(#[source] BallistaError),
}

use ballista_core::error::BallistaError;

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting cannot work.
    #[error("scheduler setting {key} {reason}")]
    Config {
        /// The setting.
        key: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// A loopback port could not be opened.
    #[error("could not listen on the loopback interface")]
    Listen(#[source] std::io::Error),
    /// The scheduler could not be set up.
    #[error("could not start the scheduler")]
    Scheduler(#[source] BallistaError),
    /// The executor could not be started.
    #[error(transparent)]
    Executor(#[from] coldtrail_executor::Error),
}

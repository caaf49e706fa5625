use datafusion::error::DataFusionError;

/// Why a statement could not be planned or run; each variant is a decision the caller can take.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The statement itself is wrong: syntax, types, unknown names, unsupported commands. The text says where and what is near.
    #[error("{message}")]
    BadStatement {
        /// For the person who wrote it.
        message: String,
    },
    /// The principal may not do this.
    #[error("{message}")]
    NotAllowed {
        /// What is not allowed, and to whom.
        message: String,
    },
    /// A limit was reached: memory, bytes, rows, time. The text names it and its setting.
    #[error("{message}")]
    Exhausted {
        /// Which limit.
        message: String,
    },
    /// The work was cancelled.
    #[error("query {query_id} was cancelled")]
    Cancelled {
        /// The run.
        query_id: String,
    },
    /// The catalog, the object store or an executor could not be reached; trying again may succeed.
    #[error("{message}")]
    Unavailable {
        /// What could not be reached.
        message: String,
    },
    /// A failure while planning or running.
    #[error(transparent)]
    Failed(#[from] DataFusionError),
}

use std::io;
use std::path::PathBuf;

/// Why continuous ingest cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("{section}.{key} cannot be {value}: {reason}")]
    Config {
        /// The section of the setting.
        section: &'static str,
        /// The name of the setting.
        key: &'static str,
        /// Its value as given.
        value: String,
        /// What it must be.
        reason: String,
    },
    /// The spool cannot be used.
    #[error("cannot {action} the spool {path}: {source}; received logs are kept there until they are committed", path = .path.display())]
    Spool {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The spool holds as much as it may: nothing is committed, or more comes than is committed.
    #[error("the spool is full: {bytes} of {limit} bytes wait to be committed; try again later")]
    SpoolFull {
        /// How much waits.
        bytes: u64,
        /// How much may wait.
        limit: u64,
    },
    /// The listener may not be used like this.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// A certificate or a key cannot be used.
    #[error("cannot use {path} for TLS: {reason}", path = .path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A queue cannot be asked.
    #[error("cannot {action} the queue {queue}: {reason}; check the URL, the credentials in the environment and their rights to the queue")]
    Queue {
        /// What was tried.
        action: &'static str,
        /// The queue's URL.
        queue: String,
        /// What the queue or the way to it said.
        reason: String,
    },
    /// The lake, the catalog or a store failed.
    #[error(transparent)]
    Ingest(#[from] coldtrail_ingest::Error),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Catalog(#[from] coldtrail_catalog::Error),
}

impl Error {
    /// What a sender is told whose logs could not be kept: not where on this machine they would have been.
    pub(crate) fn to_senders(&self) -> String {
        if matches!(self, Self::SpoolFull { .. }) {
            return self.to_string();
        }
        tracing::warn!(error = %self, "received logs could not be kept");
        "it cannot be kept now, and the server's log says why; send it again".to_owned()
    }

    pub(crate) fn listen(address: impl ToString, reason: impl ToString) -> Self {
        Self::Listen { address: address.to_string(), reason: reason.to_string() }
    }
}

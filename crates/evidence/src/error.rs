use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// Why evidence could not be made, written or read. What is wrong *with* a bundle is no error: see [`crate::Verification`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or file cannot be read or written.
    #[error("could not {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is something already where a bundle is to be written.
    #[error("{path} exists already; a bundle is written once, choose another folder", path = .path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There is no bundle to read.
    #[error("{path} is not the folder of a bundle", path = .path.display())]
    NotABundle {
        /// What was given.
        path: PathBuf,
    },
    /// A file of a bundle cannot be understood.
    #[error("{file} of the bundle cannot be read: {reason}")]
    Unreadable {
        /// The file, relative to the bundle.
        file: String,
        /// Why.
        reason: String,
    },
    /// A result file's name cannot be a file in a bundle, or is there twice.
    #[error("{name:?} cannot be the name of a result file: {reason}")]
    ResultName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A result file is not Parquet.
    #[error("the result {name} cannot be read as Parquet: {source}")]
    Result {
        /// The name of the result file.
        name: String,
        /// What the reader said.
        source: ParquetError,
    },
    /// Rows cannot be hashed because there is no rule for one of their types.
    #[error("the rows of column {column:?} cannot be hashed: {reason}")]
    Column {
        /// The column.
        column: String,
        /// Why.
        reason: String,
    },
    /// A batch of rows cannot be read.
    #[error("the rows cannot be read: {0}")]
    Rows(#[from] ArrowError),
    /// A value has no canonical form as JSON.
    #[error("no canonical JSON: {reason}")]
    Canonical {
        /// Why.
        reason: String,
    },
    /// A text is not a SHA-256.
    #[error("{text:?} is not a SHA-256 of 64 lower-case hexadecimal digits")]
    NotADigest {
        /// The text.
        text: String,
    },
    /// A key cannot be used.
    #[error("not an Ed25519 {kind} key: {reason}")]
    Key {
        /// `private` or `public`.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system gave no random bytes for a key.
    #[error("could not make a key: the operating system gave no random bytes")]
    NoRandomness,
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

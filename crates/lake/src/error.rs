use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use coldtrail_model::{SegmentId, Table};
use parquet::errors::ParquetError;

/// What went wrong below, boxed because the stores have many kinds of errors.
type Cause = Box<dyn StdError + Send + Sync>;

/// Why the lake could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL does not name a place for a lake.
    #[error("{url:?} is not the URL of a lake: {reason}")]
    Url {
        /// The URL as given, without what may be secret.
        url: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// What the environment says of a store does not suffice to open it.
    #[error("cannot open {url}: {source}; check {variables} in the environment")]
    StoreSettings {
        /// The URL as given, without what may be secret.
        url: String,
        /// What is missing or wrong.
        source: object_store::Error,
        /// Where the environment says it.
        variables: &'static str,
    },
    /// The folder of a local lake cannot be made or opened.
    #[error("cannot use the folder {path}: {source}; choose a folder that this user may write to", path = .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A setting is out of its range.
    #[error("the setting {key} cannot be {value}: {reason}")]
    Config {
        /// The name of the setting.
        key: &'static str,
        /// Its value as given.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// The catalog names a segment whose file is gone.
    #[error("segment {segment} is not in the lake: {path} does not exist; restore the file, or remove the segment from the catalog")]
    SegmentMissing {
        /// The segment.
        segment: SegmentId,
        /// Where its file should be.
        path: String,
    },
    /// A segment's file is not as it was written.
    #[error("segment {segment} is damaged: {path}: {reason}; restore the file, or remove the segment from the catalog")]
    SegmentDamaged {
        /// The segment.
        segment: SegmentId,
        /// Where its file is.
        path: String,
        /// How it differs.
        reason: String,
    },
    /// A file was not written by Coldtrail.
    #[error("{path} is not a segment: {reason}")]
    NotASegment {
        /// Where the file is.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A note of what was taken in is not as it was written.
    #[error("the note {path} is damaged: {reason}; the objects that it names would be taken in again")]
    NoteDamaged {
        /// Where it lies.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of this name is there, and must not be replaced.
    #[error("{path} is there already, and is left as it is; choose another name")]
    FileExists {
        /// Where it lies.
        path: String,
    },
    /// There is nothing to sign requests with.
    #[error(
        "no credentials to {action} {url}: none are in the environment, and this machine's own role gives none: {source}; \
         set them as the vendor's tools read them (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_KEY, GOOGLE_APPLICATION_CREDENTIALS)"
    )]
    NoCredentials {
        /// What was tried.
        action: &'static str,
        /// Where.
        url: String,
        /// What the service that was asked for credentials said.
        source: Cause,
    },
    /// The store refuses the credentials or what they may do.
    #[error("not allowed to {action} {url}: {source}; check the credentials in the environment and the permissions of the store")]
    StoreDenied {
        /// What was tried.
        action: &'static str,
        /// Where.
        url: String,
        /// What the store said.
        source: Cause,
    },
    /// The disk or the store is full.
    #[error("no space left to {action} {url}: {source}; free space or move the lake, then try again")]
    StoreFull {
        /// What was tried.
        action: &'static str,
        /// Where.
        url: String,
        /// What the store said.
        source: Cause,
    },
    /// The store does not answer, or says that it is busy, after all retries.
    #[error("the store did not let us {action} {url}: {source}; it may be busy or out of reach, try again later")]
    StoreUnavailable {
        /// What was tried.
        action: &'static str,
        /// Where.
        url: String,
        /// What the store said.
        source: Cause,
    },
    /// The store failed in a way that trying again will not mend.
    #[error("could not {action} {url}: {source}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// Where.
        url: String,
        /// What the store said.
        source: Cause,
    },
    /// Rows could not be encoded as Parquet.
    #[error("could not encode rows of {table}: {source}")]
    Encode {
        /// The table whose rows they are.
        table: Table,
        /// What the encoder said.
        source: ParquetError,
    },
    /// The rows of a result could not be encoded as Parquet.
    #[error("could not encode the rows of {path}: {source}")]
    EncodeResult {
        /// Where the file was to be.
        path: String,
        /// What the encoder said.
        source: ParquetError,
    },
    /// Something that a hunter brought is not what was kept.
    #[error("{path} is damaged: its name is not the SHA-256 of its bytes; bring the feed, rules or hunt file again")]
    ContentDamaged {
        /// Where it lies.
        path: String,
    },
    /// A result is larger than one file may be.
    #[error("the result {path} has more than {limit} bytes as Parquet; select fewer columns or rows, or aggregate them")]
    ResultTooLarge {
        /// Where the file was to be.
        path: String,
        /// The most bytes.
        limit: usize,
    },
    /// An event is larger than a segment can hold.
    #[error(
        "the event at offset {offset} of {source_object} takes {bytes} bytes, more than a segment holds; reject it or split its object"
    )]
    EventTooLarge {
        /// The object that the event was in.
        source_object: String,
        /// Where in it.
        offset: i64,
        /// How much memory the event takes.
        bytes: usize,
    },
    /// The transaction cannot go on because one of its segments could not be written.
    #[error("this ingest has failed before: one of its segments could not be written; start it again")]
    TransactionFailed,
    /// Work was stopped before its end, because the process is going down or a bug stopped it.
    #[error("writing a segment was stopped: {source}")]
    Interrupted {
        /// How it was stopped.
        source: tokio::task::JoinError,
    },
}

impl Error {
    /// True when trying again later may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::StoreUnavailable { .. })
    }

    /// The error that a store's error is for someone who wanted to do `action` at `url`.
    pub(crate) fn from_store(action: &'static str, url: String, error: object_store::Error) -> Self {
        if let Some(error) = io_error_in(&error) {
            return Self::from_io(action, url, io::Error::new(error.kind(), error.to_string()));
        }
        let status = http_status_in(&error);
        let asked_machine = is_about_machine_role(&error);
        let source = Box::new(error);
        if asked_machine && status.is_none_or(|status| status < 500) {
            return Self::NoCredentials { action, url, source };
        }
        match (&*source, status) {
            (object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }, _) => {
                Self::StoreDenied { action, url, source }
            }
            (object_store::Error::Generic { .. }, Some(507)) => Self::StoreFull { action, url, source },
            (object_store::Error::Generic { .. }, None | Some(408 | 429 | 500..)) => Self::StoreUnavailable { action, url, source },
            _ => Self::Store { action, url, source },
        }
    }

    /// The error that an operating system's error is for someone who wanted to do `action` at `url`.
    pub(crate) fn from_io(action: &'static str, url: String, source: io::Error) -> Self {
        let kind = source.kind();
        let source = Box::new(source);
        match kind {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::StoreDenied { action, url, source },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::StoreFull { action, url, source },
            ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::ResourceBusy => Self::StoreUnavailable { action, url, source },
            _ => Self::Store { action, url, source },
        }
    }
}

/// The operating system's error that a local store wrapped, if any; errors of a network are the store's own affair.
fn io_error_in(error: &object_store::Error) -> Option<&io::Error> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return matches!(
                found.kind(),
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            )
            .then_some(found);
        }
        next = error.source();
    }
    None
}

/// The HTTP status in a store's error. `object_store` keeps the type that has it private, so its words are read.
fn http_status_in(error: &object_store::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

/// True when the error is that of the cloud's own service on a machine, which is asked for credentials when the environment has none.
/// Its address is the same in all clouds.
fn is_about_machine_role(error: &object_store::Error) -> bool {
    let text = error.to_string();
    ["http://169.254.", "http://metadata.google.internal", "http://metadata/"].iter().any(|address| text.contains(address))
}

#[cfg(test)]
mod tests;

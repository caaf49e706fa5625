//! Reading and writing the file, one transaction at a time.

use std::any::Any;
use std::io;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use openraft::{AnyError, ErrorSubject, ErrorVerb, StorageIOError};
use parking_lot::{Mutex, RwLock};
use redb::{Durability, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};
use uuid::Uuid;

use super::file::{self, OpenFile};
use crate::Error;
use crate::image::{ImageError, State};
use crate::raft::{RecordError, StorageError};

/// The format of the file as a whole: which tables it has and what stands in them.
pub(super) const FORMAT: u32 = 1;

/// Single values by name.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// `v1.LogEntry` by index.
pub(super) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// Pieces of images, by generation and number.
pub(super) const IMAGES: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("images");

/// `u32`, little-endian.
pub(super) const FORMAT_KEY: &str = "format";
/// `u64`, little-endian.
pub(super) const NODE_ID_KEY: &str = "node_id";
/// The bytes of a UUID.
pub(super) const CLUSTER_ID_KEY: &str = "cluster_id";
/// `v1.Vote`.
pub(super) const VOTE_KEY: &str = "vote";
/// `v1.LogId`: entries up to this one are agreed.
pub(super) const COMMITTED_KEY: &str = "committed";
/// `v1.LogId`: entries up to this one were removed.
pub(super) const PURGED_KEY: &str = "purged";
/// `v1.ImageMeta`: the newest image.
pub(super) const IMAGE_KEY: &str = "image";

/// Whose catalog it is: the node for ever, the cluster from the moment that there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) node_id: u64,
    pub(crate) cluster_id: Uuid,
}

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Damage(String),
    #[error("the disk refused: {0}")]
    Io(io::Error),
    #[error("it was shut down")]
    Closed,
}

/// The open file. All methods block on the disk; [`Disk::run`] takes them off the reactor.
#[derive(Debug)]
pub(crate) struct Disk {
    path: PathBuf,
    identity: RwLock<Identity>,
    open: RwLock<Option<OpenFile>>,
    /// The first failure; redb takes no more writes after one.
    failure: Arc<OnceLock<String>>,
    /// How many bytes were appended to the log since an image was asked for because of it.
    pub(super) appended_bytes: AtomicU64,
    /// Held by the one who writes an image: building one and receiving one can happen at the same time.
    pub(super) image_turn: Mutex<()>,
}

impl Disk {
    /// Opens the file of this folder, and makes it first if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let (open, identity) = file::open(folder)?;
        Ok(Self {
            path: file::path_in(folder),
            identity: RwLock::new(identity),
            failure: Arc::clone(&open.failure),
            open: RwLock::new(Some(open)),
            appended_bytes: AtomicU64::new(0),
            image_turn: Mutex::new(()),
        })
    }

    /// Makes the file of this folder of a state, in the place of none: whole, or not at all. Gives whose it is.
    pub(crate) fn restore(folder: &Path, state: impl FnOnce(Identity) -> State) -> Result<Identity, Error> {
        file::restore(folder, state)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn identity(&self) -> Identity {
        *self.identity.read()
    }

    /// Becomes part of a cluster; what was made with the file was only a proposal.
    pub(crate) fn adopt_cluster(&self, cluster_id: Uuid) -> Result<(), Fault> {
        self.write(|transaction| put_meta(transaction, CLUSTER_ID_KEY, cluster_id.as_bytes()))?;
        self.identity.write().cluster_id = cluster_id;
        Ok(())
    }

    /// True once this many bytes were appended to the log since it was true the last time.
    pub(crate) fn has_appended(&self, bytes: u64) -> bool {
        let is_so = self.appended_bytes.load(Ordering::Relaxed) >= bytes;
        if is_so {
            self.appended_bytes.store(0, Ordering::Relaxed);
        }
        is_so
    }

    /// The first failure, if there was one.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Waits for what is under way, closes the file and lets other processes in.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let Some(open) = self.open.write().take() else { return Ok(()) };
        open.database.close().map_err(|error| Fault::from(redb::Error::from(error)).into_error(&self.path))
    }

    /// Does this on a thread that may block; a panic there is a failure like others.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let disk = Arc::clone(self);
        let result = match tokio::task::spawn_blocking(move || work(&disk)).await {
            Ok(result) => result,
            Err(stopped) => Err(match stopped.try_into_panic() {
                Ok(panic) => Fault::Damage(panic_text(panic.as_ref())),
                Err(_) => Fault::Closed,
            }),
        };
        if let Err(fault) = &result
            && !matches!(fault, Fault::Closed)
        {
            let reason = self.failure.get_or_init(|| fault.to_string());
            tracing::error!(file = %self.path.display(), reason, "the catalog's file failed");
        }
        result
    }

    /// Reads within one transaction.
    pub(super) fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, Fault> {
        let guard = self.open.read();
        let open = guard.as_ref().ok_or(Fault::Closed)?;
        work(&open.database.begin_read()?)
    }

    /// Writes within one transaction that is on disk when this returns. Two-phase, so that a page that does not verify
    /// is always damage, and never taken for an unfinished write that can be rolled back.
    pub(super) fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, Fault>) -> Result<T, Fault> {
        self.write_with(Durability::Immediate, work)
    }

    /// Writes within one transaction that reaches the disk with the next durable one.
    pub(super) fn write_lazily<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, Fault>) -> Result<T, Fault> {
        self.write_with(Durability::None, work)
    }

    fn write_with<T>(&self, durability: Durability, work: impl FnOnce(&WriteTransaction) -> Result<T, Fault>) -> Result<T, Fault> {
        let guard = self.open.read();
        let open = guard.as_ref().ok_or(Fault::Closed)?;
        let mut transaction = open.database.begin_write()?;
        transaction.set_durability(durability)?;
        transaction.set_two_phase_commit(true);
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

/// A single value.
pub(super) fn get_meta(transaction: &ReadTransaction, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    Ok(transaction.open_table(META)?.get(key)?.map(|value| value.value().to_vec()))
}

/// Sets a single value.
pub(super) fn put_meta(transaction: &WriteTransaction, key: &str, value: &[u8]) -> Result<(), Fault> {
    transaction.open_table(META)?.insert(key, value)?;
    Ok(())
}

/// Removes log entries.
pub(super) fn remove_entries(transaction: &WriteTransaction, range: impl RangeBounds<u64>) -> Result<(), Fault> {
    transaction.open_table(LOG)?.retain_in(range, |_, _| false)?;
    Ok(())
}

/// Makes the tables of a new file.
pub(super) fn open_all_tables(transaction: &WriteTransaction) -> Result<(), Fault> {
    transaction.open_table(META)?;
    transaction.open_table(LOG)?;
    transaction.open_table(IMAGES)?;
    Ok(())
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("reading it failed").to_owned()
}

impl Fault {
    pub(crate) fn into_error(self, file: &Path) -> Error {
        let file = file.to_owned();
        match self {
            Self::Damage(reason) => Error::Corrupt { file, reason },
            Self::Io(source) => Error::Disk { file, source },
            Self::Closed => Error::Stopped { file, reason: Self::Closed.to_string() },
        }
    }

    pub(super) fn into_raft(self, subject: ErrorSubject<u64>, verb: ErrorVerb) -> StorageError {
        StorageIOError::new(subject, verb, AnyError::new(&self)).into()
    }
}

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(source) => Self::Io(source),
            redb::Error::PreviousIo => Self::Io(io::Error::other("an earlier write failed")),
            redb::Error::DatabaseClosed => Self::Closed,
            other => Self::Damage(other.to_string()),
        }
    }
}

macro_rules! fault_from {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

fault_from!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError, redb::SetDurabilityError, redb::DatabaseError);

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Self {
        Self::Damage(error.to_string())
    }
}

impl From<ImageError> for Fault {
    fn from(error: ImageError) -> Self {
        Self::Damage(error.to_string())
    }
}

//! Making, locking and opening the file, with one clear error for each way that can fail.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use prost::Message;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError};
use uuid::Uuid;

use super::disk::{CLUSTER_ID_KEY, COMMITTED_KEY, FORMAT, FORMAT_KEY, Fault, Identity, META, NODE_ID_KEY, PURGED_KEY, VOTE_KEY, put_meta};
use super::watched::Watched;
use crate::image::{self, State};
use crate::raft::{self, Vote};
use crate::{Error, backup};

/// The log is written once and read at starts and by nodes that lag: a small cache does.
const CACHE_BYTES: usize = 32 << 20;

/// An open file, and the lock that keeps other processes out for as long as it lives.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) database: Database,
    /// The first refusal of the disk.
    pub(super) failure: Arc<OnceLock<String>>,
    _lock: File,
}

/// The path of the file within a catalog's folder.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder.join("catalog.redb")
}

/// Opens the file of this folder, every page of it verified; makes it first if it is not there.
pub(super) fn open(folder: &Path) -> Result<(OpenFile, Identity), Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::Disk { file: folder.to_owned(), source })?;
    let lock = lock(folder)?;
    if backup::is_unfinished(folder) {
        return Err(Error::RestoreUnfinished { folder: folder.to_owned() });
    }
    let file = path_in(folder);
    if !file.try_exists().map_err(|source| Error::Disk { file: file.clone(), source })? {
        create(folder, &file)?;
    }
    let failure = Arc::default();
    let database = open_verified(folder, &file, Arc::clone(&failure))?;
    let identity = read_identity(&file, &database)?;
    Ok((OpenFile { database, failure, _lock: lock }, identity))
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("catalog.lock");
    let refused = |source| Error::Disk { file: path.clone(), source };
    let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(refused)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}

/// The file appears under its name only when it is whole, so that an empty or half-made one is always damage.
fn create(folder: &Path, file: &Path) -> Result<(), Error> {
    let identity = new_identity();
    write_whole(folder, file, |database| write_first(database, identity))?;
    tracing::info!(file = %file.display(), node_id = identity.node_id, "made a new catalog");
    Ok(())
}

/// Makes the file of a state, where there is none or an earlier try did not come to its end.
pub(super) fn restore(folder: &Path, state: impl FnOnce(Identity) -> State) -> Result<Identity, Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::Disk { file: folder.to_owned(), source })?;
    let _lock = lock(folder)?;
    let (file, marker) = (path_in(folder), backup::marker(folder));
    let refused = |source| Error::Disk { file: marker.clone(), source };
    if !backup::is_unfinished(folder) && file.try_exists().map_err(refused)? {
        return Err(Error::NotEmpty { file });
    }
    let identity = new_identity();
    let mut written = File::create(&marker).map_err(refused)?;
    written.write_all(b"a restore of the catalog is under way, or was broken off\n").and_then(|()| written.sync_all()).map_err(refused)?;
    flush(folder)?;
    write_whole(folder, &file, |database| {
        write_first(database, identity)?;
        write_state(database, &state(identity))
    })?;
    std::fs::remove_file(&marker).map_err(refused)?;
    flush(folder)?;
    Ok(identity)
}

fn write_whole(folder: &Path, file: &Path, write: impl FnOnce(&Database) -> Result<(), Fault>) -> Result<(), Error> {
    let draft = folder.join("catalog.redb.new");
    let refused = |source| Error::Disk { file: draft.clone(), source };
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    write_draft(&draft, write).map_err(|fault| fault.into_error(&draft))?;
    std::fs::rename(&draft, file).map_err(refused)?;
    flush(folder)
}

fn flush(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| Error::Disk { file: folder.to_owned(), source })
}

/// A node and a cluster that there were never before.
fn new_identity() -> Identity {
    Identity { node_id: random_node_id(), cluster_id: Uuid::now_v7() }
}

/// A number that no other node has: one that is taken by chance, and never again by a disk that was wiped. Short enough
/// to be read aloud, and for every reader of JSON.
fn random_node_id() -> u64 {
    (Uuid::now_v7().as_u64_pair().1 & ((1 << 48) - 1)).max(1)
}

fn write_draft(draft: &Path, write: impl FnOnce(&Database) -> Result<(), Fault>) -> Result<(), Fault> {
    let database = Database::create(draft)?;
    write(&database)?;
    Ok(database.close()?)
}

/// What stands in every file.
fn write_first(database: &Database, identity: Identity) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT_KEY, FORMAT.to_le_bytes().as_slice())?;
        meta.insert(NODE_ID_KEY, identity.node_id.to_le_bytes().as_slice())?;
        meta.insert(CLUSTER_ID_KEY, identity.cluster_id.as_bytes().as_slice())?;
    }
    super::disk::open_all_tables(&transaction)?;
    Ok(transaction.commit()?)
}

/// An image of the state, and a log that begins behind it.
fn write_state(database: &Database, state: &State) -> Result<(), Fault> {
    let image = image::encode(state).map_err(Fault::Io)?;
    let transaction = database.begin_write()?;
    super::machine::put_image(&transaction, state, &image)?;
    if let Some(last) = state.last_applied {
        let leader = last.committed_leader_id();
        let (last, vote) = (raft::log_id_to_proto(&last), raft::vote_to_proto(&Vote::new(leader.term, leader.node_id)));
        put_meta(&transaction, PURGED_KEY, &last.encode_to_vec())?;
        put_meta(&transaction, COMMITTED_KEY, &last.encode_to_vec())?;
        put_meta(&transaction, VOTE_KEY, &vote.encode_to_vec())?;
    }
    Ok(transaction.commit()?)
}

/// redb trusts a file that was closed cleanly and may panic on one that was changed since; so every page is checked,
/// and a panic on the way is one more sign of damage.
fn open_verified(folder: &Path, file: &Path, failure: Arc<OnceLock<String>>) -> Result<Database, Error> {
    let corrupt = |reason: String| Error::Corrupt { file: file.to_owned(), reason };
    let refused = |source| Error::Disk { file: file.to_owned(), source };
    let handle = File::options().read(true).write(true).open(file).map_err(refused)?;
    if handle.metadata().map_err(refused)?.len() == 0 {
        return Err(corrupt("it is empty".to_owned()));
    }
    let open = || {
        let backend = Watched { file: FileBackend::new(handle)?, failure };
        Database::builder().set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true).create_with_backend(backend)
    };
    match panic::catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(Error::InUse { folder: folder.to_owned() }),
        Ok(Err(DatabaseError::UpgradeRequired(version))) => Err(corrupt(format!("it has version {version} of redb's file format"))),
        Ok(Err(DatabaseError::Storage(StorageError::Io(source)))) if !is_damage(&source) => Err(refused(source)),
        Ok(Err(error)) => Err(corrupt(error.to_string())),
        Err(panic) => Err(corrupt(super::disk::panic_text(panic.as_ref()))),
    }
}

/// True for what redb reports as I/O although the disk did its work.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput)
}

fn read_identity(file: &Path, database: &Database) -> Result<Identity, Error> {
    let corrupt = |reason: &str| Error::Corrupt { file: file.to_owned(), reason: reason.to_owned() };
    let read = || -> Result<_, Fault> {
        let transaction = database.begin_read()?;
        let meta = transaction.open_table(META)?;
        let field = |key| -> Result<Option<Vec<u8>>, Fault> { Ok(meta.get(key)?.map(|value| value.value().to_vec())) };
        Ok((field(FORMAT_KEY)?, field(NODE_ID_KEY)?, field(CLUSTER_ID_KEY)?))
    };
    let (format, node_id, cluster_id) = read().map_err(|fault| fault.into_error(file))?;
    let format =
        format.and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes).ok_or_else(|| corrupt("it does not say its format"))?;
    if format != FORMAT {
        return Err(Error::UnknownFormat { file: file.to_owned(), format });
    }
    let node_id =
        node_id.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).ok_or_else(|| corrupt("it does not say its node"))?;
    let cluster_id =
        cluster_id.and_then(|bytes| bytes.try_into().ok()).map(Uuid::from_bytes).ok_or_else(|| corrupt("it does not say its cluster"))?;
    Ok(Identity { node_id, cluster_id })
}

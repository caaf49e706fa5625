use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{ErrorSubject, ErrorVerb, LogState, OptionalSend, RaftLogReader};
use prost::Message;
use redb::{ReadTransaction, ReadableTable};

use super::disk::{COMMITTED_KEY, Disk, Fault, LOG, PURGED_KEY, VOTE_KEY, get_meta, put_meta, remove_entries};
use crate::raft::{self, Entry, LogId, RecordError, StorageError, TypeConfig, Vote};
use coldtrail_proto::catalog::v1;

/// A reader that fetches many entries for another node gets at most about this much at once.
const READ_BYTES_MAX: usize = 2 << 20;

/// The Raft log and the vote.
#[derive(Debug, Clone)]
pub(crate) struct LogStore {
    disk: Arc<Disk>,
}

impl LogStore {
    pub(crate) fn new(disk: Arc<Disk>) -> Self {
        Self { disk }
    }

    async fn get<T: Message + Default + 'static>(&self, key: &'static str) -> Result<Option<T>, Fault> {
        self.disk.run(move |disk| disk.read(|transaction| read_meta(transaction, key))).await
    }

    async fn entries(&self, range: (Bound<u64>, Bound<u64>), bytes_max: usize) -> Result<Vec<Entry>, StorageError> {
        let entries = self.disk.run(move |disk| disk.read(|transaction| read_entries(transaction, range, bytes_max))).await;
        entries.map_err(|fault| fault.into_raft(ErrorSubject::Logs, ErrorVerb::Read))
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        self.entries((range.start_bound().cloned(), range.end_bound().cloned()), usize::MAX).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, StorageError> {
        self.entries((Bound::Included(start), Bound::Excluded(end)), READ_BYTES_MAX).await
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let state = self.disk.run(|disk| disk.read(read_log_state)).await;
        state.map_err(|fault| fault.into_raft(ErrorSubject::Logs, ErrorVerb::Read))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let vote = raft::vote_to_proto(vote).encode_to_vec();
        let saved = self.disk.run(move |disk| disk.write(|transaction| put_meta(transaction, VOTE_KEY, &vote))).await;
        saved.map_err(|fault| fault.into_raft(ErrorSubject::Vote, ErrorVerb::Write))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        let vote = self.get(VOTE_KEY).await.map_err(|fault| fault.into_raft(ErrorSubject::Vote, ErrorVerb::Read))?;
        Ok(vote.map(raft::vote_from_proto))
    }

    /// Spares a start the wait for other nodes, and is found again by agreement if it is lost: it needs no flush of its own.
    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StorageError> {
        let Some(committed) = committed else { return Ok(()) };
        let committed = raft::log_id_to_proto(&committed).encode_to_vec();
        let saved = self.disk.run(move |disk| disk.write_lazily(|transaction| put_meta(transaction, COMMITTED_KEY, &committed))).await;
        saved.map_err(|fault| fault.into_raft(ErrorSubject::Store, ErrorVerb::Write))
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StorageError> {
        let committed = self.get(COMMITTED_KEY).await.map_err(|fault| fault.into_raft(ErrorSubject::Store, ErrorVerb::Read))?;
        Ok(committed.map(raft::log_id_from_proto))
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<TypeConfig>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let flushed = self.disk.run(move |disk| append(disk, &entries)).await;
        flushed.map_err(|fault| fault.into_raft(ErrorSubject::Logs, ErrorVerb::Write))?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let removed = self.disk.run(move |disk| disk.write(|transaction| remove_entries(transaction, log_id.index..))).await;
        removed.map_err(|fault| fault.into_raft(ErrorSubject::Log(log_id), ErrorVerb::Delete))
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let purged = self.disk.run(move |disk| purge(disk, &log_id)).await;
        purged.map_err(|fault| fault.into_raft(ErrorSubject::Log(log_id), ErrorVerb::Delete))
    }
}

/// A single message.
pub(super) fn read_meta<T: Message + Default>(transaction: &ReadTransaction, key: &str) -> Result<Option<T>, Fault> {
    let Some(bytes) = get_meta(transaction, key)? else { return Ok(None) };
    Ok(Some(T::decode(bytes.as_slice()).map_err(RecordError::Garbled)?))
}

fn append(disk: &Disk, entries: &[Entry]) -> Result<(), Fault> {
    let encoded: Vec<(u64, Vec<u8>)> =
        entries.iter().map(|entry| (entry.log_id.index, raft::entry_to_proto(entry).encode_to_vec())).collect();
    disk.write(|transaction| {
        let mut log = transaction.open_table(LOG)?;
        for (index, entry) in &encoded {
            log.insert(index, entry.as_slice())?;
        }
        Ok(())
    })?;
    let bytes: usize = encoded.iter().map(|(_, entry)| entry.len()).sum();
    disk.appended_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    Ok(())
}

fn purge(disk: &Disk, log_id: &LogId) -> Result<(), Fault> {
    disk.write(|transaction| {
        put_meta(transaction, PURGED_KEY, &raft::log_id_to_proto(log_id).encode_to_vec())?;
        remove_entries(transaction, ..=log_id.index)
    })
}

fn read_log_state(transaction: &ReadTransaction) -> Result<LogState<TypeConfig>, Fault> {
    let last_purged_log_id = read_meta(transaction, PURGED_KEY)?.map(raft::log_id_from_proto);
    let log = transaction.open_table(LOG)?;
    let last = match log.last()? {
        Some((_, entry)) => Some(decode_entry(entry.value())?.log_id),
        None => last_purged_log_id,
    };
    Ok(LogState { last_purged_log_id, last_log_id: last })
}

fn read_entries(transaction: &ReadTransaction, range: (Bound<u64>, Bound<u64>), bytes_max: usize) -> Result<Vec<Entry>, Fault> {
    if is_empty(range) {
        return Ok(Vec::new());
    }
    let log = transaction.open_table(LOG)?;
    let (mut entries, mut bytes) = (Vec::new(), 0_usize);
    let mut expected = None;
    for entry in log.range(range)? {
        let (index, entry) = entry?;
        let index = index.value();
        bytes = bytes.saturating_add(entry.value().len());
        if bytes > bytes_max && !entries.is_empty() {
            break;
        }
        let entry = decode_entry(entry.value())?;
        // Raft trusts the log to have no hole, and would apply what stands behind one.
        if entry.log_id.index != index || expected.is_some_and(|expected| expected != index) {
            return Err(Fault::Damage(format!("log entry {} is missing", expected.unwrap_or(index))));
        }
        expected = Some(index + 1);
        entries.push(entry);
    }
    Ok(entries)
}

fn is_empty(range: (Bound<u64>, Bound<u64>)) -> bool {
    matches!(range, (Bound::Included(start), Bound::Excluded(end)) if start >= end)
}

fn decode_entry(bytes: &[u8]) -> Result<Entry, Fault> {
    let entry = v1::LogEntry::decode(bytes).map_err(RecordError::Garbled)?;
    Ok(raft::entry_from_proto(entry)?)
}

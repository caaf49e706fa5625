use std::io::Cursor;
use std::sync::Arc;

use coldtrail_proto::catalog::v1;
use openraft::storage::{RaftStateMachine, Snapshot};
use openraft::{EntryPayload, ErrorSubject, ErrorVerb, OptionalSend, RaftSnapshotBuilder, SnapshotMeta};
use parking_lot::RwLock;
use prost::Message;
use redb::{ReadTransaction, WriteTransaction};

use super::disk::{Disk, Fault, IMAGE_KEY, IMAGES, PURGED_KEY, put_meta};
use super::log::read_meta;
use crate::contents::Contents;
use crate::image::{self, State};
use crate::raft::{self, Command, Entry, LogId, NodeInfo, Outcome, Refusal, StorageError, StoredMembership, TypeConfig};

/// An image is written in pieces, each in its own transaction, so that the log can be written in between. A little less
/// than a power of two: redb adds a header and rounds up to one.
const PIECE_BYTES: usize = (4 << 20) - 4096;

/// The state machine: the contents in memory, and an image of them on disk from time to time.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    disk: Arc<Disk>,
    state: Arc<RwLock<State>>,
}

impl Machine {
    /// Reads the newest image; the log after it is replayed by Raft. What an unfinished image left behind is removed.
    pub(crate) fn load(disk: Arc<Disk>) -> Result<Self, Fault> {
        let newest = disk.read(read_image_meta)?;
        remove_other_images(&disk, newest.as_ref().map_or(0, |meta| meta.generation))?;
        let state = match &newest {
            Some(meta) => image::decode(&disk.read(|transaction| read_image(transaction, meta))?)?,
            None => State::default(),
        };
        let purged: Option<v1::LogId> = disk.read(|transaction| read_meta(transaction, PURGED_KEY))?;
        if purged.map(|id| id.index) > state.last_applied.map(|id| id.index) {
            return Err(Fault::Damage("log entries are missing that no snapshot image covers".to_owned()));
        }
        Ok(Self { disk, state: Arc::new(RwLock::new(state)) })
    }

    /// The state, shared with those who read it.
    pub(crate) fn state(&self) -> Arc<RwLock<State>> {
        Arc::clone(&self.state)
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotBuilder = ImageBuilder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), StorageError> {
        let state = self.state.read();
        Ok((state.last_applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Outcome>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut next = self.state.read().clone();
        let outcomes = entries.into_iter().map(|entry| apply_entry(&mut next, entry)).collect();
        *self.state.write() = next;
        Ok(outcomes)
    }

    async fn get_snapshot_builder(&mut self) -> ImageBuilder {
        ImageBuilder { disk: Arc::clone(&self.disk), state: self.state.read().clone() }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError> {
        Ok(Box::default())
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta<u64, NodeInfo>, snapshot: Box<Cursor<Vec<u8>>>) -> Result<(), StorageError> {
        let meta = meta.clone();
        let installed = self.disk.run(move |disk| {
            let image = snapshot.into_inner();
            let mut state = image::decode(&image)?;
            state.last_applied = meta.last_log_id;
            state.membership = meta.last_membership.clone();
            store_image(disk, &meta, &image)?;
            Ok(state)
        });
        let state = installed.await.map_err(|fault| fault.into_raft(ErrorSubject::Snapshot(None), ErrorVerb::Write))?;
        *self.state.write() = state;
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError> {
        let snapshot = self.disk.run(|disk| disk.read(read_current)).await;
        snapshot.map_err(|fault| fault.into_raft(ErrorSubject::Snapshot(None), ErrorVerb::Read))
    }
}

/// Makes an image of the state as it was when the builder was made.
#[derive(Debug)]
pub(crate) struct ImageBuilder {
    disk: Arc<Disk>,
    state: State,
}

impl RaftSnapshotBuilder<TypeConfig> for ImageBuilder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError> {
        let state = self.state.clone();
        let built = self.disk.run(move |disk| {
            let meta = SnapshotMeta {
                last_log_id: state.last_applied,
                last_membership: state.membership.clone(),
                snapshot_id: snapshot_name(state.last_applied.as_ref(), state.contents.snapshot_id()),
            };
            let image = image::encode(&state).map_err(Fault::Io)?;
            store_image(disk, &meta, &image)?;
            tracing::info!(snapshot = meta.snapshot_id, bytes = image.len(), "wrote an image of the catalog");
            Ok(Snapshot { meta, snapshot: Box::new(Cursor::new(image)) })
        });
        built.await.map_err(|fault| fault.into_raft(ErrorSubject::Snapshot(None), ErrorVerb::Write))
    }
}

fn apply_entry(state: &mut State, entry: Entry) -> Outcome {
    let leader = entry.log_id.committed_leader_id();
    if state.leader_since.is_none_or(|since| since.committed_leader_id() != leader) {
        state.leader_since = Some(entry.log_id);
    }
    state.last_applied = Some(entry.log_id);
    match entry.payload {
        EntryPayload::Blank => Outcome::Nothing,
        EntryPayload::Membership(membership) => {
            state.membership = StoredMembership::new(Some(entry.log_id), membership);
            Outcome::Nothing
        }
        // Written by a leader when its process starts: what the process before did is over.
        EntryPayload::Normal(Command::Barrier) => {
            state.leader_since = Some(entry.log_id);
            Outcome::Nothing
        }
        EntryPayload::Normal(command) => match apply_command(&state.contents, command) {
            Ok((contents, outcome)) => {
                state.contents = contents;
                outcome
            }
            Err(refusal) => Outcome::Refused(refusal),
        },
    }
}

fn apply_command(contents: &Contents, command: Command) -> Result<(Contents, Outcome), Refusal> {
    Ok(match command {
        Command::Barrier => (contents.clone(), Outcome::Nothing),
        Command::Commit(proposed) => {
            let (next, snapshot_id) = contents.apply(*proposed)?;
            (next, Outcome::Committed { snapshot_id })
        }
        Command::CreateRun(run) => (contents.create_run(*run)?, Outcome::Done),
        Command::UpdateRun { expected_version, run } => {
            let (next, stored) = contents.update_run(expected_version, *run)?;
            (next, Outcome::Updated(Box::new(stored)))
        }
        Command::PutSlices { run, epoch, slices } => (contents.put_slices(run, epoch, slices)?, Outcome::Done),
        Command::DeleteRun { run } => (contents.delete_run(run)?, Outcome::Done),
        Command::PutDocuments { changes } => {
            let (next, versions) = contents.put_documents(changes)?;
            (next, Outcome::Stored { versions })
        }
    })
}

fn snapshot_name(last_applied: Option<&LogId>, snapshot_id: u64) -> String {
    match last_applied {
        Some(id) => format!("t{}-n{}-i{}-s{snapshot_id}", id.committed_leader_id().term, id.committed_leader_id().node_id, id.index),
        None => format!("empty-s{snapshot_id}"),
    }
}

/// Writes the pieces under a new generation, then makes it the current one, then removes the others: a crash in
/// between leaves the old image current. Does nothing if a newer image is current already.
fn store_image(disk: &Disk, meta: &SnapshotMeta<u64, NodeInfo>, image: &[u8]) -> Result<(), Fault> {
    let _turn = disk.image_turn.lock();
    let current = disk.read(read_image_meta)?;
    let current_log_id = current.as_ref().and_then(|current| current.last_log_id).map(raft::log_id_from_proto);
    if current_log_id > meta.last_log_id {
        return Ok(());
    }
    let generation = current.map_or(0, |current| current.generation) + 1;
    let mut pieces = 0;
    for piece in image.chunks(PIECE_BYTES) {
        disk.write(|transaction| {
            transaction.open_table(IMAGES)?.insert((generation, pieces), piece)?;
            Ok(())
        })?;
        pieces += 1;
    }
    let record = v1::ImageMeta {
        raft_snapshot_id: meta.snapshot_id.clone(),
        last_log_id: meta.last_log_id.as_ref().map(raft::log_id_to_proto),
        membership: Some(raft::stored_membership_to_proto(&meta.last_membership)),
        generation,
        chunks: pieces,
        bytes: image.len() as u64,
    };
    disk.write(|transaction| put_meta(transaction, IMAGE_KEY, &record.encode_to_vec()))?;
    remove_other_images(disk, generation)
}

/// Writes the first image of a new file, in one transaction.
pub(super) fn put_image(transaction: &WriteTransaction, state: &State, image: &[u8]) -> Result<(), Fault> {
    let mut pieces = 0;
    for piece in image.chunks(PIECE_BYTES) {
        transaction.open_table(IMAGES)?.insert((1, pieces), piece)?;
        pieces += 1;
    }
    let record = v1::ImageMeta {
        raft_snapshot_id: snapshot_name(state.last_applied.as_ref(), state.contents.snapshot_id()),
        last_log_id: state.last_applied.as_ref().map(raft::log_id_to_proto),
        membership: Some(raft::stored_membership_to_proto(&state.membership)),
        generation: 1,
        chunks: pieces,
        bytes: image.len() as u64,
    };
    put_meta(transaction, IMAGE_KEY, &record.encode_to_vec())
}

/// Removes every piece that does not belong to this generation, if there is one.
fn remove_other_images(disk: &Disk, generation: u64) -> Result<(), Fault> {
    let (older, newer) = (..(generation, 0), (generation + 1, 0)..);
    let only_this = disk.read(|transaction| {
        let pieces = transaction.open_table(IMAGES)?;
        Ok(pieces.range(older)?.next().is_none() && pieces.range(newer.clone())?.next().is_none())
    })?;
    if only_this {
        return Ok(());
    }
    disk.write(|transaction| {
        let mut pieces = transaction.open_table(IMAGES)?;
        pieces.retain_in(older, |_, _| false)?;
        Ok(pieces.retain_in(newer, |_, _| false)?)
    })
}

fn read_image_meta(transaction: &ReadTransaction) -> Result<Option<v1::ImageMeta>, Fault> {
    read_meta(transaction, IMAGE_KEY)
}

fn read_image(transaction: &ReadTransaction, meta: &v1::ImageMeta) -> Result<Vec<u8>, Fault> {
    let mut image = Vec::new();
    let pieces = transaction.open_table(IMAGES)?;
    for number in 0..meta.chunks {
        let piece = pieces.get((meta.generation, number))?;
        let piece = piece.ok_or_else(|| Fault::Damage(format!("piece {number} of the snapshot image is missing")))?;
        image.extend_from_slice(piece.value());
    }
    if image.len() as u64 != meta.bytes {
        return Err(Fault::Damage(format!("the snapshot image has {} bytes instead of {}", image.len(), meta.bytes)));
    }
    Ok(image)
}

fn read_current(transaction: &ReadTransaction) -> Result<Option<Snapshot<TypeConfig>>, Fault> {
    let Some(record) = read_image_meta(transaction)? else { return Ok(None) };
    let image = read_image(transaction, &record)?;
    let meta = SnapshotMeta {
        last_log_id: record.last_log_id.map(raft::log_id_from_proto),
        last_membership: record.membership.map(raft::stored_membership_from_proto).unwrap_or_default(),
        snapshot_id: record.raft_snapshot_id,
    };
    Ok(Some(Snapshot { meta, snapshot: Box::new(Cursor::new(image)) }))
}

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coldtrail_model::Snapshot;
use openraft::error::{ClientWriteError, Fatal, RaftError};
use openraft::metrics::WaitError;
use openraft::{BasicNode, Raft, RaftMetrics, RaftState, ServerState, SnapshotPolicy, TokioInstant};
use parking_lot::{Mutex, RwLock};

use crate::contents::Contents;
use crate::image::State;
use crate::network::NoPeers;
use crate::raft::{Command, Outcome, TypeConfig};
use crate::store::{Disk, Identity, LogStore, Machine};
use crate::{Config, Error};

mod answer;
mod propose;
mod refusal;

/// Above this, making a snapshot takes long enough to do it off the reactor.
const SEGMENTS_INLINE_MAX: usize = 5_000;

/// How many older snapshots are kept in memory: the slices of a run ask for the same one again and again.
const OLDER_SNAPSHOTS_KEPT: usize = 4;

/// One node of the catalog, in this process. A handle: cheap to clone, and all clones are the same node.
///
/// Reading needs no disk and goes on when the disk is full. [`Catalog::shutdown`] closes the file; without it, the file
/// stays open until the runtime ends. Nothing is lost either way: what was acknowledged is on disk.
#[derive(Clone)]
pub struct Catalog {
    node: Arc<Node>,
}

struct Node {
    raft: Raft<TypeConfig>,
    disk: Arc<Disk>,
    state: Arc<RwLock<State>>,
    newest: tokio::sync::Mutex<Arc<Snapshot>>,
    /// The older snapshots that were asked for last.
    older: Mutex<VecDeque<Arc<Snapshot>>>,
    bytes_since_image: AtomicU64,
    snapshot_after_bytes: u64,
}

impl Catalog {
    /// Opens the catalog in a folder, and makes a one-node catalog there first if there is none.
    /// Returns once all that was ever acknowledged is visible and commits are taken.
    pub async fn open(config: Config) -> Result<Self, Error> {
        config.validate()?;
        let (disk, machine) = open_store(&config).await?;
        let state = machine.state();
        let raft_config = Arc::new(raft_config(&config, disk.identity()));
        let log = LogStore::new(Arc::clone(&disk));
        let raft = match Raft::new(config.node_id, raft_config, NoPeers, log, machine).await {
            Ok(raft) => raft,
            Err(fatal) => return Err(startup_error(&disk, &fatal)),
        };
        let node = Node {
            raft,
            disk,
            state,
            newest: tokio::sync::Mutex::default(),
            older: Mutex::default(),
            bytes_since_image: AtomicU64::new(0),
            snapshot_after_bytes: config.snapshot_after_bytes,
        };
        let catalog = Self { node: Arc::new(node) };
        if let Err(error) = catalog.start(&config).await {
            if let Err(second) = catalog.shutdown().await {
                tracing::warn!(error = %second, "closing a catalog that did not open failed too");
            }
            return Err(error);
        }
        Ok(catalog)
    }

    /// Stops the node and closes its file, so that another process can open it.
    pub async fn shutdown(&self) -> Result<(), Error> {
        if let Err(stopped) = self.node.raft.shutdown().await {
            tracing::warn!(%stopped, "the raft node did not stop by itself");
        }
        let disk = Arc::clone(&self.node.disk);
        let file = disk.path().to_owned();
        let closed = tokio::task::spawn_blocking(move || disk.close()).await;
        closed.unwrap_or_else(|stopped| Err(Error::Stopped { file, reason: stopped.to_string() }))
    }

    /// Names the cluster that this node belongs to; made with it, the same for ever.
    pub fn cluster_id(&self) -> uuid::Uuid {
        self.identity().cluster_id
    }

    /// Writes an image of the state now, rather than when enough has changed.
    pub async fn write_image(&self) -> Result<(), Error> {
        let covered = self.node.state.read().last_applied;
        let is_written = |metrics: &RaftMetrics<u64, BasicNode>| metrics.snapshot >= covered || metrics.running_state.is_err();
        loop {
            // Raft drops the wish if an image is being written already, which may be older than what is asked for.
            self.node.raft.trigger().snapshot().await.map_err(|fatal| self.stopped(&fatal))?;
            let asked_again_after = Some(Duration::from_millis(500));
            match self.node.raft.wait(asked_again_after).metrics(&is_written, "an image").await {
                Ok(metrics) => return metrics.running_state.map_err(|fatal| self.stopped(&fatal)),
                Err(WaitError::Timeout(..)) => {}
                Err(WaitError::ShuttingDown) => return Err(self.runtime_ends()),
            }
        }
    }

    /// Forms the cluster if it is new, takes the lead if nobody else can, and waits until all that was agreed is applied.
    async fn start(&self, config: &Config) -> Result<(), Error> {
        let raft = &self.node.raft;
        if !raft.is_initialized().await.map_err(|fatal| self.stopped(&fatal))? {
            let members = std::collections::BTreeMap::from([(config.node_id, BasicNode { addr: config.node_address.clone() })]);
            raft.initialize(members).await.map_err(|error| self.stopped(&error))?;
        }
        let id = config.node_id;
        let stands_alone = move |state: &RaftState<u64, BasicNode, TokioInstant>| {
            let is_only_voter = state.membership_state.effective().voter_ids().eq([id]);
            is_only_voter && matches!(state.server_state, ServerState::Follower)
        };
        if raft.with_raft_state(stands_alone).await.map_err(|fatal| self.stopped(&fatal))? {
            raft.trigger().elect().await.map_err(|fatal| self.stopped(&fatal))?;
        }
        let timeout = Duration::from_millis(config.start_timeout_ms);
        let has_leader = |metrics: &RaftMetrics<u64, BasicNode>| metrics.current_leader.is_some() || metrics.running_state.is_err();
        let metrics = raft.wait(Some(timeout)).metrics(has_leader, "a leader").await;
        let metrics = metrics.map_err(|_| Error::NoLeader { waited_ms: config.start_timeout_ms })?;
        metrics.running_state.map_err(|fatal| self.stopped(&fatal))?;
        self.write(Command::Barrier).await?;
        let contents = self.contents();
        tracing::info!(segments = contents.segment_count(), snapshot_id = contents.snapshot_id(), "the catalog is open");
        Ok(())
    }

    async fn write(&self, command: Command) -> Result<Outcome, Error> {
        match self.node.raft.client_write(command).await {
            Ok(response) => Ok(response.data),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                Err(Error::NotLeader { leader: to.leader_node.map(|node| node.addr) })
            }
            Err(error) => Err(self.stopped(&error)),
        }
    }

    /// Writes a command that may be refused.
    async fn change(&self, command: Command) -> Result<Outcome, Error> {
        match self.write(command).await? {
            Outcome::Refused(refusal) => Err(refusal.into()),
            outcome => Ok(outcome),
        }
    }

    fn stopped(&self, error: &dyn std::error::Error) -> Error {
        Error::Stopped { file: self.node.disk.path().to_owned(), reason: self.stop_reason(error) }
    }

    /// What the disk said first, if it is to blame: Raft only passes on that something failed.
    fn stop_reason(&self, error: &dyn std::error::Error) -> String {
        self.node.disk.failure().map_or_else(|| error.to_string(), str::to_owned)
    }

    fn runtime_ends(&self) -> Error {
        Error::Stopped { file: self.node.disk.path().to_owned(), reason: "the process is ending".to_owned() }
    }

    fn contents(&self) -> Contents {
        self.node.state.read().contents.clone()
    }

    fn identity(&self) -> Identity {
        self.node.disk.identity()
    }

    /// An image is due once the log since the last one is long in bytes; Raft itself counts the entries.
    async fn note_committed(&self, bytes: u64) {
        let since_image = &self.node.bytes_since_image;
        let sum = since_image.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if sum < self.node.snapshot_after_bytes {
            return;
        }
        since_image.store(0, Ordering::Relaxed);
        if let Err(fatal) = self.node.raft.trigger().snapshot().await {
            tracing::warn!(%fatal, "could not ask for an image of the catalog");
        }
    }

    /// The newest snapshot; made once for each number, however many ask.
    async fn newest_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let mut newest = self.node.newest.lock().await;
        let contents = self.contents();
        if newest.id == contents.snapshot_id() {
            return Ok(Arc::clone(&newest));
        }
        let made = if contents.segment_count() <= SEGMENTS_INLINE_MAX {
            contents.to_snapshot()
        } else {
            let old = std::mem::take(&mut *newest);
            off_reactor(move || {
                drop(old);
                contents.to_snapshot()
            })
            .await
            .ok_or_else(|| self.runtime_ends())?
        };
        *newest = Arc::new(made);
        Ok(Arc::clone(&newest))
    }

    /// A snapshot that is not the newest, if it is known.
    async fn older_snapshot(&self, snapshot_id: u64) -> Result<Arc<Snapshot>, Error> {
        let contents = self.contents();
        if !contents.knows_snapshot(snapshot_id) {
            return Err(contents.snapshot_gone(snapshot_id).into());
        }
        if let Some(made) = self.node.older.lock().iter().find(|snapshot| snapshot.id == snapshot_id) {
            return Ok(Arc::clone(made));
        }
        let gone = contents.snapshot_gone(snapshot_id);
        let made = off_reactor(move || contents.snapshot_at(snapshot_id)).await.ok_or_else(|| self.runtime_ends())?;
        let made = Arc::new(made.ok_or(gone)?);
        let mut older = self.node.older.lock();
        older.push_front(Arc::clone(&made));
        older.truncate(OLDER_SNAPSHOTS_KEPT);
        Ok(made)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("file", &self.node.disk.path()).finish_non_exhaustive()
    }
}

async fn open_store(config: &Config) -> Result<(Arc<Disk>, Machine), Error> {
    let Config { folder, node_id, .. } = config.clone();
    let file = folder.clone();
    let opened = tokio::task::spawn_blocking(move || Disk::open(&folder, node_id).map(Arc::new)).await;
    let disk = opened.unwrap_or_else(|stopped| Err(Error::Corrupt { file, reason: stopped.to_string() }))?;
    let for_machine = Arc::clone(&disk);
    let machine = disk.run(move |_| Machine::load(for_machine)).await;
    Ok((Arc::clone(&disk), machine.map_err(|fault| fault.into_error(disk.path()))?))
}

fn raft_config(config: &Config, identity: Identity) -> openraft::Config {
    openraft::Config {
        cluster_name: identity.cluster_id.to_string(),
        heartbeat_interval: config.heartbeat_ms,
        election_timeout_min: config.election_timeout_min_ms,
        election_timeout_max: config.election_timeout_max_ms,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(config.snapshot_after_entries),
        max_in_snapshot_log_to_keep: config.covered_entries_kept,
        replication_lag_threshold: config.snapshot_after_entries.saturating_mul(2),
        ..openraft::Config::default()
    }
}

/// Raft reads the log before it starts; what fails then is a file that cannot be used.
fn startup_error(disk: &Disk, fatal: &Fatal<u64>) -> Error {
    let reason = disk.failure().map_or_else(|| fatal.to_string(), str::to_owned);
    Error::Corrupt { file: disk.path().to_owned(), reason }
}

/// Work for the processor that takes longer than a reactor may be held; `None` if the runtime is ending.
async fn off_reactor<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

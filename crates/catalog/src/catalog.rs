use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use coldtrail_model::Snapshot;
use openraft::error::Fatal;
use openraft::metrics::WaitError;
use openraft::{Raft, RaftMetrics, SnapshotPolicy};
use parking_lot::{Mutex, RwLock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Network, Peering, Peers, SNAPSHOT_PIECE_BYTES, serve_peers};
use crate::contents::Contents;
use crate::image::State;
use crate::raft::{NodeInfo, TypeConfig};
use crate::store::{Disk, Identity, LogStore, Machine};
use crate::{Config, Error};

mod answer;
mod at_leader;
mod leader_state;
mod propose;
mod refusal;
mod start;

pub use leader_state::LeaderState;

/// Above this, making a snapshot takes long enough to do it off the reactor.
const SEGMENTS_INLINE_MAX: usize = 5_000;

/// How long a node may take to install an image once its last piece has arrived.
const PIECE_TIMEOUT_MS: u64 = 120_000;

/// How long calls of other nodes that are under way may take when the node stops.
const TASK_STOP_TIMEOUT: Duration = Duration::from_millis(500);

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

pub(crate) struct Node {
    raft: Raft<TypeConfig>,
    disk: Arc<Disk>,
    state: Arc<RwLock<State>>,
    config: Config,
    peers: Option<Arc<Peers>>,
    newest: tokio::sync::Mutex<Arc<Snapshot>>,
    /// The older snapshots that were asked for last.
    older: Mutex<VecDeque<Arc<Snapshot>>>,
    leader: watch::Sender<LeaderState>,
    formation_turn: tokio::sync::Mutex<()>,
    /// Held by the one who changes the cluster, on the leader.
    pub(crate) membership_turn: tokio::sync::Mutex<()>,
    /// True while this leader gives up: what is written waits for the next one.
    pub(crate) is_handing_over: AtomicBool,
    stop: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Catalog {
    /// Opens the catalog of one node in a folder, and makes it first if there is none.
    /// Returns once all that was ever acknowledged is visible and commits are taken.
    pub async fn open(config: Config) -> Result<Self, Error> {
        if config.has_peers() {
            return Err(Error::Config { key: "peers", reason: "a node with others can only be opened with a way to them" });
        }
        Self::open_with(config, None).await
    }

    /// Opens one node of a cluster: forms the cluster with its peers, joins theirs, or goes on as what it is. Answers the
    /// other nodes from the start, and returns once all that was ever acknowledged is visible and commits are taken.
    pub async fn open_in_cluster(config: Config, peering: Peering) -> Result<Self, Error> {
        Self::open_with(config, Some(peering)).await
    }

    async fn open_with(config: Config, peering: Option<Peering>) -> Result<Self, Error> {
        config.validate()?;
        let peers = match &peering {
            Some(Peering { secret, .. }) if secret.is_empty() => {
                return Err(Error::Config { key: "secret", reason: "the nodes of a cluster need one" });
            }
            Some(Peering { dial, secret, .. }) => Some(Arc::new(Peers::new(Arc::clone(dial), secret, &config)?)),
            None => None,
        };
        let (disk, machine) = open_store(&config).await?;
        let catalog = Self { node: Arc::new(start_node(config, disk, machine, peers).await?) };
        if let Some(Peering { listener, secret, .. }) = peering {
            catalog.answer_peers(listener, secret);
        }
        if let Err(error) = catalog.start().await {
            if let Err(second) = catalog.shutdown().await {
                tracing::warn!(error = %second, "closing a catalog that did not open failed too");
            }
            return Err(error);
        }
        Ok(catalog)
    }

    fn answer_peers(&self, listener: TcpListener, secret: String) {
        let (catalog, stop) = (self.clone(), self.node.stop.clone());
        let served = tokio::spawn(async move { serve_peers(listener, catalog, &secret, stop).await });
        self.node.tasks.lock().push(served);
    }

    /// Stops the node and closes its file, so that another process can open it. The other nodes see that it is gone.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.node.stop.cancel();
        if let Err(stopped) = self.node.raft.shutdown().await {
            tracing::warn!(%stopped, "the raft node did not stop by itself");
        }
        let tasks = std::mem::take(&mut *self.node.tasks.lock());
        for mut task in tasks {
            if tokio::time::timeout(TASK_STOP_TIMEOUT, &mut task).await.is_err() {
                task.abort();
            }
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
        let is_written = |metrics: &RaftMetrics<u64, NodeInfo>| metrics.snapshot >= covered || metrics.running_state.is_err();
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

    pub(crate) fn raft(&self) -> &Raft<TypeConfig> {
        &self.node.raft
    }

    pub(crate) fn disk(&self) -> &Arc<Disk> {
        &self.node.disk
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn config(&self) -> &Config {
        &self.node.config
    }

    pub(crate) fn identity(&self) -> Identity {
        self.node.disk.identity()
    }

    /// Held while it is decided which cluster this node belongs to.
    pub(crate) async fn formation_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.node.formation_turn.lock().await
    }

    pub(crate) fn stopped(&self, error: &dyn std::error::Error) -> Error {
        Error::Stopped { file: self.node.disk.path().to_owned(), reason: self.stop_reason(error) }
    }

    /// What the disk said first, if it is to blame: Raft only passes on that something failed.
    fn stop_reason(&self, error: &dyn std::error::Error) -> String {
        self.node.disk.failure().map_or_else(|| error.to_string(), str::to_owned)
    }

    pub(crate) fn runtime_ends(&self) -> Error {
        Error::Stopped { file: self.node.disk.path().to_owned(), reason: "the process is ending".to_owned() }
    }

    fn contents(&self) -> Contents {
        self.node.state.read().contents.clone()
    }

    /// An image is due once the log since the last one is long in bytes; Raft itself counts the entries.
    async fn write_image_if_due(&self) {
        if !self.node.disk.has_appended(self.node.config.snapshot_after_bytes) {
            return;
        }
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
    let folder = config.folder.clone();
    let file = folder.clone();
    let opened = tokio::task::spawn_blocking(move || Disk::open(&folder).map(Arc::new)).await;
    let disk = opened.unwrap_or_else(|stopped| Err(Error::Corrupt { file, reason: stopped.to_string() }))?;
    let for_machine = Arc::clone(&disk);
    let machine = disk.run(move |_| Machine::load(for_machine)).await;
    Ok((Arc::clone(&disk), machine.map_err(|fault| fault.into_error(disk.path()))?))
}

async fn start_node(config: Config, disk: Arc<Disk>, machine: Machine, peers: Option<Arc<Peers>>) -> Result<Node, Error> {
    let state = machine.state();
    let identity = disk.identity();
    let network = Network { peers: peers.clone(), disk: Arc::clone(&disk) };
    let log = LogStore::new(Arc::clone(&disk));
    let raft = match Raft::new(identity.node_id, Arc::new(raft_config(&config, identity)), network, log, machine).await {
        Ok(raft) => raft,
        Err(fatal) => return Err(startup_error(&disk, &fatal)),
    };
    Ok(Node {
        raft,
        disk,
        state,
        config,
        peers,
        newest: tokio::sync::Mutex::default(),
        older: Mutex::default(),
        leader: watch::Sender::new(LeaderState::default()),
        formation_turn: tokio::sync::Mutex::default(),
        membership_turn: tokio::sync::Mutex::default(),
        is_handing_over: AtomicBool::new(false),
        stop: CancellationToken::new(),
        tasks: Mutex::default(),
    })
}

/// Raft waits for the lease of a leader, which it takes to be the longest timeout, and then for a timeout more.
fn raft_config(config: &Config, identity: Identity) -> openraft::Config {
    let lease_ms = config.lease_ms();
    let after_lease_ms = config.election_timeout_min_ms.saturating_sub(lease_ms);
    openraft::Config {
        cluster_name: identity.cluster_id.to_string(),
        heartbeat_interval: config.heartbeat_ms,
        election_timeout_min: after_lease_ms.clamp(lease_ms / 4, lease_ms - 1),
        election_timeout_max: lease_ms,
        install_snapshot_timeout: PIECE_TIMEOUT_MS,
        snapshot_max_chunk_size: SNAPSHOT_PIECE_BYTES,
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

use std::path::PathBuf;

use serde::Deserialize;

use crate::Error;

/// Where a node of the catalog lives and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder that holds `catalog.redb`. It is made if it is not there; only one process at a time can open it.
    pub folder: PathBuf,
    /// `host:port` under which the other nodes of the catalog reach this one. Without use while there is one node.
    pub address: String,
    /// The addresses of all nodes, this one's included, in the same order on every node: the first one forms the cluster.
    /// Empty, or only this node's own, for a catalog of one node.
    pub peers: Vec<String>,
    /// Write a snapshot of the whole state after this many log entries, so that a start has little to replay.
    pub snapshot_after_entries: u64,
    /// Write a snapshot earlier if the log entries since the last one hold this many bytes.
    pub snapshot_after_bytes: u64,
    /// How many log entries that a snapshot covers are kept for nodes that lag behind.
    pub covered_entries_kept: u64,
    /// How often a leader tells the other nodes that it is alive.
    pub heartbeat_ms: u64,
    /// A node that hears nothing for a random time between this and `election_timeout_max_ms` stands for election. A leader
    /// that is not heard for half of the latter has lost its lease.
    pub election_timeout_min_ms: u64,
    /// See `election_timeout_min_ms`.
    pub election_timeout_max_ms: u64,
    /// How long opening may take to have a leader before it fails; reading a large state comes before and does not count.
    pub start_timeout_ms: u64,
    /// How long a change, or a read that must not be stale, may wait for a leader that takes it before it fails.
    pub write_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("catalog"),
            address: String::new(),
            peers: Vec::new(),
            snapshot_after_entries: 5_000,
            snapshot_after_bytes: 64 << 20,
            covered_entries_kept: 100,
            heartbeat_ms: 250,
            election_timeout_min_ms: 1_500,
            election_timeout_max_ms: 2_400,
            start_timeout_ms: 30_000,
            write_timeout_ms: 15_000,
        }
    }
}

impl Config {
    /// The defaults, in this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Refuses values that cannot work, by key.
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |key, reason| Err(Error::Config { key, reason });
        if self.folder.as_os_str().is_empty() {
            return refuse("folder", "it must not be empty");
        }
        if self.snapshot_after_entries == 0 {
            return refuse("snapshot_after_entries", "it must be at least 1");
        }
        if self.heartbeat_ms == 0 {
            return refuse("heartbeat_ms", "it must be at least 1");
        }
        if self.election_timeout_min_ms <= self.heartbeat_ms {
            return refuse("election_timeout_min_ms", "it must be longer than heartbeat_ms");
        }
        if self.election_timeout_max_ms <= self.election_timeout_min_ms {
            return refuse("election_timeout_max_ms", "it must be longer than election_timeout_min_ms");
        }
        if self.election_timeout_max_ms < 4 * self.heartbeat_ms {
            return refuse("election_timeout_max_ms", "it must be at least four times heartbeat_ms");
        }
        if self.has_peers() && !self.peers.contains(&self.address) {
            return refuse("peers", "it must hold the address of this node as well");
        }
        if self.peers.iter().enumerate().any(|(place, peer)| peer.is_empty() || self.peers[..place].contains(peer)) {
            return refuse("peers", "it must hold each address once");
        }
        Ok(())
    }

    /// True if there are to be other nodes.
    pub(crate) fn has_peers(&self) -> bool {
        self.peers.iter().any(|peer| *peer != self.address)
    }

    /// How long the other nodes trust a leader that they do not hear.
    pub(crate) fn lease_ms(&self) -> u64 {
        self.election_timeout_max_ms / 2
    }
}

use std::path::PathBuf;

use serde::Deserialize;

use crate::Error;

/// Where a node of the catalog lives and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder that holds `catalog.redb`. It is made if it is not there; only one process at a time can open it.
    pub folder: PathBuf,
    /// This node's number within the cluster. It is written into a new catalog and cannot be changed afterwards.
    pub node_id: u64,
    /// `host:port` under which other nodes of the catalog reach this one. Without use while there is one node.
    pub node_address: String,
    /// Write a snapshot of the whole state after this many log entries, so that a start has little to replay.
    pub snapshot_after_entries: u64,
    /// Write a snapshot earlier if the log entries since the last one hold this many bytes.
    pub snapshot_after_bytes: u64,
    /// How many log entries that a snapshot covers are kept for nodes that lag behind.
    pub covered_entries_kept: u64,
    /// How often a leader tells the other nodes that it is alive.
    pub heartbeat_ms: u64,
    /// A node that hears nothing for a random time between this and `election_timeout_max_ms` stands for election.
    pub election_timeout_min_ms: u64,
    /// See `election_timeout_min_ms`.
    pub election_timeout_max_ms: u64,
    /// How long opening may take to have a leader before it fails; reading a large state comes before and does not count.
    pub start_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("catalog"),
            node_id: 1,
            node_address: String::new(),
            snapshot_after_entries: 5_000,
            snapshot_after_bytes: 64 << 20,
            covered_entries_kept: 100,
            heartbeat_ms: 250,
            election_timeout_min_ms: 1_000,
            election_timeout_max_ms: 2_000,
            start_timeout_ms: 30_000,
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
        Ok(())
    }
}

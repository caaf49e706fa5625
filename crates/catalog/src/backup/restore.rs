//! From a backup to the folder of a new cluster's first node.

use std::collections::BTreeMap;
use std::path::Path;

use uuid::Uuid;

use super::Backup;
use crate::image::State;
use crate::raft::{LogId, Membership, NodeInfo, StoredMembership};
use crate::store::{Disk, Identity};
use crate::{Config, Error};

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// The cluster that the folder belongs to now: a new one, so that a node of the old one that turns up is told apart.
    pub cluster_id: Uuid,
    /// The node.
    pub node_id: u64,
    /// Its newest snapshot.
    pub snapshot_id: u64,
}

/// Makes the catalog's file of a backup, in a folder that has none. The node can be opened afterwards; in a cluster, the other nodes
/// begin with empty folders and join it. Blocks on the disk.
///
/// The file appears whole or not at all. While it is made, the folder says that a restore is under way, so that what a crash leaves
/// behind is not taken for a new catalog.
///
/// # Errors
///
/// [`Error::NotEmpty`] if there is a catalog already, [`Error::InUse`] if another process has the folder open, [`Error::Disk`].
pub fn restore(config: &Config, backup: &Backup) -> Result<Restored, Error> {
    config.validate()?;
    let identity = Disk::restore(&config.folder, |identity| state_of(backup, identity, &config.address))?;
    tracing::info!(folder = %config.folder.display(), snapshot_id = backup.about.snapshot_id, "restored a catalog from a backup");
    Ok(Restored { cluster_id: identity.cluster_id, node_id: identity.node_id, snapshot_id: backup.about.snapshot_id })
}

/// The state as this node alone would have agreed on it, at the same place of the log. There is at least one entry, so that other
/// nodes cannot have the log from its start, and get the state.
fn state_of(backup: &Backup, identity: Identity, address: &str) -> State {
    let place = backup.about.log;
    let last = LogId::new(openraft::CommittedLeaderId::new(place.term.max(1), identity.node_id), place.index.max(1));
    let nodes = BTreeMap::from([(identity.node_id, NodeInfo::new(address))]);
    let members = Membership::new(vec![[identity.node_id].into()], nodes);
    State {
        last_applied: Some(last),
        membership: StoredMembership::new(Some(last), members),
        leader_since: Some(last),
        contents: backup.contents.clone(),
    }
}

/// True if a restore into this folder was begun and not finished.
pub(crate) fn is_unfinished(folder: &Path) -> bool {
    marker(folder).exists()
}

/// What says that a restore is under way.
pub(crate) fn marker(folder: &Path) -> std::path::PathBuf {
    folder.join("catalog.restoring")
}

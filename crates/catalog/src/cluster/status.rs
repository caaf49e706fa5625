use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use openraft::RaftMetrics;
use uuid::Uuid;

use crate::raft::NodeInfo;
use crate::{Catalog, Error};

/// How long a node may take to say how it is.
const STATUS_TIMEOUT: Duration = Duration::from_millis(500);

/// Whether a node counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// It elects leaders, and what is acknowledged is on the disks of most of its kind.
    Voter,
    /// It gets all that voters get, and does not count: it is new.
    Learner,
}

/// One node of the cluster, as seen from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node.
    pub id: u64,
    /// Where other nodes reach it.
    pub address: String,
    /// Whether it counts.
    pub role: NodeRole,
    /// True for the leader.
    pub is_leader: bool,
    /// True if it answered just now.
    pub is_reachable: bool,
    /// The last entry of its log, as it says.
    pub last_log_index: Option<u64>,
    /// The last entry that it has applied, as it says.
    pub last_applied_index: Option<u64>,
    /// The last entry of the leader's log that it has for sure, as the leader says.
    pub matched_index: Option<u64>,
}

/// The cluster, as seen from one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterStatus {
    /// Names the cluster.
    pub cluster_id: Uuid,
    /// The node that tells.
    pub node_id: u64,
    /// The node that leads, if one is known.
    pub leader_id: Option<u64>,
    /// Every node, in order of its number.
    pub nodes: Vec<NodeStatus>,
}

impl Catalog {
    /// How the nodes of the cluster are; those that are not reached within half a second are said to be unreachable.
    pub async fn cluster_status(&self) -> Result<ClusterStatus, Error> {
        let metrics = self.raft().metrics().borrow().clone();
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<u64> = membership.voter_ids().collect();
        let asked = membership.nodes().map(|(id, node)| self.node_status(*id, node, &metrics));
        let mut nodes = Vec::new();
        let mut progress = own_progress(&metrics);
        for (mut status, told) in join_all(asked).await {
            status.role = if voters.contains(&status.id) { NodeRole::Voter } else { NodeRole::Learner };
            status.is_leader = metrics.current_leader == Some(status.id);
            progress.extend(told);
            nodes.push(status);
        }
        for node in &mut nodes {
            node.matched_index = progress.get(&node.id).copied().flatten();
        }
        let identity = self.identity();
        Ok(ClusterStatus { cluster_id: identity.cluster_id, node_id: identity.node_id, leader_id: metrics.current_leader, nodes })
    }

    /// Asks one node how it is; the leader tells of the others too.
    async fn node_status(
        &self,
        id: u64,
        node: &NodeInfo,
        metrics: &RaftMetrics<u64, NodeInfo>,
    ) -> (NodeStatus, BTreeMap<u64, Option<u64>>) {
        let mut status = NodeStatus {
            id,
            address: node.addr.clone(),
            role: NodeRole::Learner,
            is_leader: false,
            is_reachable: true,
            last_log_index: metrics.last_log_index,
            last_applied_index: metrics.last_applied.map(|id| id.index),
            matched_index: None,
        };
        if id == self.identity().node_id {
            return (status, BTreeMap::new());
        }
        let answer = match self.peer(node.addr.clone(), id, STATUS_TIMEOUT) {
            Ok(peer) => peer.hello().await,
            Err(error) => Err(error),
        };
        let answer = answer.ok().map(|hello| hello.answer).filter(|answer| answer.node_id == id);
        status.is_reachable = answer.is_some();
        status.last_log_index = answer.as_ref().and_then(|answer| answer.last_log_index);
        status.last_applied_index = answer.as_ref().and_then(|answer| answer.last_applied_index);
        let told = answer.iter().flat_map(|answer| &answer.progress).map(|progress| (progress.node_id, progress.matched_index));
        (status, told.collect())
    }
}

fn own_progress(metrics: &RaftMetrics<u64, NodeInfo>) -> BTreeMap<u64, Option<u64>> {
    metrics.replication.iter().flatten().map(|(id, matched)| (*id, matched.map(|id| id.index))).collect()
}

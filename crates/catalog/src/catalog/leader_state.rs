//! Who leads, for those that must do something only there.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Catalog;

/// Who leads the catalog, as far as a node knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaderState {
    /// The node that leads, if one does.
    pub leader_id: Option<u64>,
    /// Where other nodes reach it.
    pub address: Option<String>,
    /// Names this leadership: no other leader had or will have it, nor this one in another process, and each is higher than
    /// those before. Lower ones are over.
    pub epoch: u64,
    /// True if this node leads, most nodes have confirmed that lately, and all that was agreed before is applied here.
    pub is_me: bool,
}

impl Catalog {
    /// Tells of every change of the leader. The channel closes when the node is shut down.
    pub fn leader_changes(&self) -> watch::Receiver<LeaderState> {
        self.node.leader.subscribe()
    }

    fn leader_state(&self) -> LeaderState {
        let metrics = self.raft().metrics().borrow().clone();
        let own = self.identity().node_id;
        let since = self.node.state.read().leader_since;
        let lease_ms = self.config().lease_ms();
        let is_confirmed = self.stands_alone() || metrics.millis_since_quorum_ack.is_some_and(|age| age < lease_ms);
        let is_applied = since.is_some_and(|since| *since.committed_leader_id() == metrics.vote.leader_id);
        let leads = metrics.running_state.is_ok() && metrics.current_leader == Some(own);
        // One that is cut off still takes itself for the leader.
        let leader_id = metrics.current_leader.filter(|id| *id != own || (leads && is_confirmed));
        let node = leader_id.and_then(|id| metrics.membership_config.membership().get_node(&id).cloned());
        LeaderState {
            leader_id,
            address: node.map(|node| node.addr),
            epoch: since.map_or(0, |since| since.index),
            is_me: leads && is_confirmed && is_applied,
        }
    }
}

/// Keeps the channel up to date, and the log short, until the node stops.
pub(super) async fn watch(catalog: &Catalog) {
    let mut metrics = catalog.raft().metrics();
    let mut ticks = tokio::time::interval(Duration::from_millis(catalog.config().heartbeat_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = catalog.leader_state();
        catalog.node.leader.send_if_modified(|state| {
            let is_new = *state != now;
            *state = now;
            is_new
        });
        tokio::select! {
            () = catalog.node.stop.cancelled() => break,
            changed = metrics.changed() => if changed.is_err() { break },
            _ = ticks.tick() => catalog.write_image_if_due().await,
        }
    }
    catalog.node.leader.send_replace(LeaderState::default());
}

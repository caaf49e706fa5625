//! Who belongs to the cluster, and who leads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use openraft::error::{ClientWriteError, RaftError};
use openraft::storage::Snapshot;
use openraft::{ChangeMembers, RaftMetrics, SnapshotMeta};
use tokio::time::Instant;

use crate::raft::{NodeInfo, StoredMembership, Vote};
use crate::{Catalog, Error};

/// How long a node may take to say how it is, or to hear that the leader gives up.
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a change of the cluster may take that does not send the whole state.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a new node may take to get the whole state.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(590);

/// No node has this number: a vote for it is a vote for nobody.
const NOBODY: u64 = 0;

impl Catalog {
    /// Takes a node out of the cluster. One that leads hands over first. Start it no more, or without its peers: a node that
    /// finds itself outside the cluster of its peers joins it.
    pub async fn remove(&self, node_id: u64) -> Result<(), Error> {
        let timeout = CHANGE_TIMEOUT + Duration::from_millis(self.config().write_timeout_ms);
        self.at_leader(timeout, |leader| async move {
            match leader {
                Some(peer) => peer.remove(node_id).await,
                None => self.remove_here(node_id).await,
            }
        })
        .await
    }

    /// Lets another voter lead, within about a second. What is written meanwhile waits, and nothing of it is lost.
    pub async fn transfer_leader(&self, to: u64) -> Result<(), Error> {
        let timeout = CHANGE_TIMEOUT + Duration::from_millis(self.config().write_timeout_ms);
        self.at_leader(timeout, |leader| async move {
            match leader {
                Some(peer) if peer.is_node(to) => Ok(()),
                Some(peer) => peer.transfer_leader(to).await,
                None => self.transfer_here(to).await,
            }
        })
        .await
    }

    /// If this node leads, lets the voter lead that has most of the log. Before a planned stop, it spares the others the
    /// wait until they miss their leader.
    pub async fn step_down(&self) -> Result<(), Error> {
        let Ok(metrics) = self.leading() else { return Ok(()) };
        match best_successor(&metrics) {
            Some(next) => self.transfer_here(next).await,
            None => Ok(()),
        }
    }

    /// [`Catalog::admit`] to its end, whether or not anybody waits for it.
    pub(crate) async fn admit_here(&self, node_id: u64, address: String) -> Result<(), Error> {
        let catalog = self.clone();
        self.to_its_end(async move { catalog.admit(node_id, address).await }).await
    }

    /// [`Catalog::exclude`] to its end, whether or not anybody waits for it.
    pub(crate) async fn remove_here(&self, node_id: u64) -> Result<(), Error> {
        let catalog = self.clone();
        self.to_its_end(async move { catalog.exclude(node_id).await }).await
    }

    /// [`Catalog::hand_over`] to its end, whether or not anybody waits for it: a leader that gives up half is none.
    pub(crate) async fn transfer_here(&self, to: u64) -> Result<(), Error> {
        let catalog = self.clone();
        self.to_its_end(async move { catalog.hand_over(to).await }).await
    }

    async fn to_its_end(&self, change: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
        tokio::spawn(change).await.unwrap_or_else(|_| Err(self.runtime_ends()))
    }

    /// Makes a voter of a node, once it has the log. Another node at the same address is no more, and goes in the same step.
    async fn admit(&self, node_id: u64, address: String) -> Result<(), Error> {
        if node_id == NOBODY || address.is_empty() {
            return Err(Error::Membership { reason: "a node without a number or an address cannot join".to_owned() });
        }
        self.admit_learner(node_id, &address).await?;
        self.wait_until_caught_up(node_id, CATCH_UP_TIMEOUT).await?;
        let _turn = self.node().membership_turn.lock().await;
        let metrics = self.leading()?;
        let membership = metrics.membership_config.membership();
        let replaced: BTreeSet<u64> =
            membership.nodes().filter(|(id, known)| **id != node_id && known.addr == address).map(|(id, _)| *id).collect();
        let voters: BTreeSet<u64> = membership.voter_ids().collect();
        if !voters.contains(&node_id) || !replaced.is_disjoint(&voters) {
            tracing::info!(node_id, address, ?replaced, "a node joins the cluster of the catalog");
            let next: BTreeSet<u64> = voters.iter().copied().filter(|id| !replaced.contains(id)).chain([node_id]).collect();
            self.change_members(ChangeMembers::ReplaceAllVoters(next)).await?;
        }
        let left_over: BTreeSet<u64> = replaced.difference(&voters).copied().collect();
        if left_over.is_empty() { Ok(()) } else { self.change_members(ChangeMembers::RemoveNodes(left_over)).await }
    }

    /// Lets a node have all that voters have, or notes its new address.
    async fn admit_learner(&self, node_id: u64, address: &str) -> Result<(), Error> {
        let _turn = self.node().membership_turn.lock().await;
        let node = NodeInfo::new(address);
        let metrics = self.leading()?;
        let change = match metrics.membership_config.membership().get_node(&node_id) {
            Some(known) if *known == node => return Ok(()),
            Some(_) => ChangeMembers::SetNodes(BTreeMap::from([(node_id, node)])),
            None => ChangeMembers::AddNodes(BTreeMap::from([(node_id, node)])),
        };
        tracing::info!(node_id, address, "a node of the catalog has a new address");
        self.change_members(change).await
    }

    async fn exclude(&self, node_id: u64) -> Result<(), Error> {
        let metrics = self.leading()?;
        let membership = metrics.membership_config.membership();
        let mut voters: BTreeSet<u64> = membership.voter_ids().collect();
        if membership.get_node(&node_id).is_none() {
            return Ok(());
        }
        if voters.len() == 1 && voters.contains(&node_id) {
            return Err(Error::Membership { reason: format!("node {node_id} is the only one that votes") });
        }
        if node_id == self.identity().node_id {
            let next = best_successor(&metrics).ok_or_else(|| self.nobody_leads())?;
            self.hand_over(next).await?;
            // The next leader is asked by the caller, who sees that this one leads no more.
            return Err(self.nobody_leads());
        }
        let _turn = self.node().membership_turn.lock().await;
        tracing::info!(node_id, "a node leaves the cluster of the catalog");
        if voters.remove(&node_id) {
            self.change_members(ChangeMembers::ReplaceAllVoters(voters)).await
        } else {
            self.change_members(ChangeMembers::RemoveNodes(BTreeSet::from([node_id]))).await
        }
    }

    /// Gives up, and lets `to` stand for election before anybody else would. Raft 0.9 has no message for this: voters refuse
    /// a candidate while the leader's lease lasts, so all of them are told of a vote for nobody in the next term, which
    /// ends the lease and elects no one.
    async fn hand_over(&self, to: u64) -> Result<(), Error> {
        let _turn = self.node().membership_turn.lock().await;
        let metrics = self.leading()?;
        let own = self.identity().node_id;
        if to == own {
            return Ok(());
        }
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<u64> = membership.voter_ids().collect();
        if !voters.contains(&to) {
            return Err(Error::Membership { reason: format!("node {to} is none that votes") });
        }
        let _writes_wait = HandingOver::begin(&self.node().is_handing_over);
        self.wait_until_caught_up(to, CHANGE_TIMEOUT).await?;
        let term = self.leading()?.current_term + 1;
        let others = membership.nodes().filter(|(id, _)| **id != own && voters.contains(id));
        let released = join_all(others.map(|(id, node)| async move {
            let told = async { self.peer(node.addr.clone(), *id, CALL_TIMEOUT)?.release(term).await };
            (*id, told.await)
        }));
        for (id, told) in released.await {
            match told {
                Err(error) if id == to => return Err(error),
                Err(error) => tracing::info!(id, %error, "a node was not told that the leader gives up"),
                Ok(()) => {}
            }
        }
        self.release_here(term).await?;
        let address = membership.get_node(&to).map(|node| node.addr.clone()).unwrap_or_default();
        self.peer(address, to, CALL_TIMEOUT)?.elect().await?;
        self.wait_for_other_leader(term, to).await
    }

    /// Forgets the lease of the leader: a vote of a higher term, for nobody, brought by an image that is empty and thus is
    /// not installed.
    pub(crate) async fn release_here(&self, term: u64) -> Result<(), Error> {
        let meta = SnapshotMeta { last_log_id: None, last_membership: StoredMembership::default(), snapshot_id: String::new() };
        let empty = Snapshot { meta, snapshot: Box::default() };
        let told = self.raft().install_full_snapshot(Vote::new(term, NOBODY), empty).await;
        told.map(drop).map_err(|fatal| self.stopped(&fatal))
    }

    /// Stands for election in place of a candidate that lacks entries which this node has, and in a later term. Raft 0.9
    /// forgets the term of one that it refuses for its log: two nodes can then stand in turn for ever, the one that could
    /// win always in a term that is too low.
    pub(crate) fn stand_instead(&self, term: u64) {
        let catalog = self.clone();
        tokio::spawn(async move {
            if catalog.release_here(term).await.is_ok() && catalog.raft().trigger().elect().await.is_ok() {
                tracing::info!(term, "standing for election in place of a node that lacks entries");
            }
        });
    }

    async fn wait_for_other_leader(&self, term: u64, to: u64) -> Result<(), Error> {
        let next_leads = move |metrics: &RaftMetrics<u64, NodeInfo>| {
            metrics.running_state.is_err() || (metrics.current_term > term && metrics.current_leader.is_some())
        };
        let waited = self.raft().wait(Some(CHANGE_TIMEOUT)).metrics(next_leads, "another leader").await;
        let metrics = waited.map_err(|_| self.nobody_leads())?;
        metrics.running_state.map_err(|fatal| self.stopped(&fatal))?;
        match metrics.current_leader {
            Some(leader) if leader != to => Err(Error::Membership { reason: format!("node {leader} was elected, and not node {to}") }),
            _ => Ok(()),
        }
    }

    /// Waits until a node has all of the log of now.
    async fn wait_until_caught_up(&self, node_id: u64, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + timeout;
        let mut metrics = self.raft().metrics();
        let wanted = metrics.borrow().last_log_index;
        loop {
            {
                let now = metrics.borrow_and_update();
                let Some(replication) = &now.replication else { return Err(self.nobody_leads()) };
                if replication.get(&node_id).is_some_and(|matched| matched.map(|id| id.index) >= wanted) {
                    return Ok(());
                }
            }
            match tokio::time::timeout_at(deadline, metrics.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(self.runtime_ends()),
                Err(_) => {
                    let reason = format!("node {node_id} did not catch up within {} ms", timeout.as_millis());
                    return Err(Error::Membership { reason });
                }
            }
        }
    }

    async fn change_members(&self, change: ChangeMembers<u64, NodeInfo>) -> Result<(), Error> {
        let changed = tokio::time::timeout(CHANGE_TIMEOUT, self.raft().change_membership(change, false)).await;
        match changed.map_err(|_| self.nobody_leads())? {
            Ok(_) => Ok(()),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(self.nobody_leads()),
            // Another change is under way; it is tried again.
            Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(error))) => {
                tracing::info!(%error, "the cluster of the catalog cannot be changed now");
                Err(self.nobody_leads())
            }
            Err(RaftError::Fatal(fatal)) => Err(self.stopped(&fatal)),
        }
    }

    fn leading(&self) -> Result<RaftMetrics<u64, NodeInfo>, Error> {
        let metrics = self.raft().metrics().borrow().clone();
        if metrics.current_leader == Some(self.identity().node_id) { Ok(metrics) } else { Err(self.nobody_leads()) }
    }
}

/// The other voter that has most of the log, as far as a leader knows.
fn best_successor(metrics: &RaftMetrics<u64, NodeInfo>) -> Option<u64> {
    let voters: BTreeSet<u64> = metrics.membership_config.membership().voter_ids().collect();
    let others = metrics.replication.iter().flatten().filter(|(id, _)| **id != metrics.id && voters.contains(id));
    others.max_by_key(|(_, matched)| **matched).map(|(id, _)| *id)
}

/// Holds back writes on a leader that gives up, until this is dropped.
struct HandingOver<'a>(&'a std::sync::atomic::AtomicBool);

impl<'a> HandingOver<'a> {
    fn begin(flag: &'a std::sync::atomic::AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for HandingOver<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

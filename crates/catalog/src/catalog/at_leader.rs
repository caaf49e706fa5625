//! What only the leader can do, from whichever node it is asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use coldtrail_proto::catalog::v1;
use openraft::RaftMetrics;
use openraft::error::{CheckIsLeaderError, ClientWriteError, RaftError};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Catalog;
use crate::Error;
use crate::cluster::Peer;
use crate::raft::{Command, NodeInfo, Outcome};

/// The pauses between tries while there is no leader, or it does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A node that needs no other has only its disk to wait for, and that tells when it fails.
const ALONE_TIMEOUT: Duration = Duration::from_secs(3600);

type Metrics = watch::Receiver<RaftMetrics<u64, NodeInfo>>;

impl Catalog {
    /// Returns once this node has applied all that was acknowledged anywhere before the call: what is read then is not stale.
    pub async fn linearizable(&self) -> Result<(), Error> {
        self.linearizable_within(Duration::from_millis(self.config().write_timeout_ms)).await
    }

    pub(super) async fn linearizable_within(&self, timeout: Duration) -> Result<(), Error> {
        if self.stands_alone() {
            return Ok(());
        }
        let deadline = Instant::now() + timeout;
        let index = self.at_leader(timeout, |leader| async move {
            match leader {
                Some(peer) => peer.read_index().await,
                None => self.read_index_here().await,
            }
        });
        let index = index.await?;
        self.wait_until_applied(index, deadline).await
    }

    /// Writes a command at the leader, and waits until it is applied here. It may be sent several times.
    pub(super) async fn write(&self, command: Command) -> Result<Outcome, Error> {
        let timeout = if self.stands_alone() { ALONE_TIMEOUT } else { Duration::from_millis(self.config().write_timeout_ms) };
        let deadline = Instant::now() + timeout;
        let command = &command;
        let written = self.at_leader(timeout, |leader| async move {
            match leader {
                Some(peer) => peer.propose(command).await,
                None => self.write_here(command.clone()).await,
            }
        });
        let (outcome, index) = written.await?;
        // It is acknowledged; who reads here next sees it, unless this node is cut off right now.
        if let Err(error) = self.wait_until_applied(index, deadline).await {
            tracing::debug!(%error, index, "a change that was made is not visible here yet");
        }
        Ok(outcome)
    }

    /// Writes a command that may be refused.
    pub(super) async fn change(&self, command: Command) -> Result<Outcome, Error> {
        match self.write(command).await? {
            Outcome::Refused(refusal) => Err(refusal.into()),
            outcome => Ok(outcome),
        }
    }

    /// Writes a command, if this node leads. Gives the entry that it is in, too.
    pub(crate) async fn write_here(&self, command: Command) -> Result<(Outcome, u64), Error> {
        if self.node.is_handing_over.load(Ordering::SeqCst) {
            return Err(self.nobody_leads());
        }
        match self.raft().client_write(command).await {
            // An entry of another leader may have taken the place of ours.
            Ok(response) if response.log_id.committed_leader_id().node_id != self.identity().node_id => Err(self.nobody_leads()),
            Ok(response) => Ok((response.data, response.log_id.index)),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                Err(Error::NotLeader { leader: to.leader_node.map(|node| node.addr) })
            }
            Err(error) => Err(self.stopped(&error)),
        }
    }

    /// The entry that holds all that was acknowledged, if this node leads; it is applied here already.
    pub(crate) async fn read_index_here(&self) -> Result<u64, Error> {
        match self.raft().ensure_linearizable().await {
            Ok(id) => Ok(id.map_or(0, |id| id.index)),
            Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to))) => {
                Err(Error::NotLeader { leader: to.leader_node.map(|node| node.addr) })
            }
            Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_))) => Err(self.nobody_leads()),
            Err(RaftError::Fatal(fatal)) => Err(self.stopped(&fatal)),
        }
    }

    /// Tries something at the leader, which is another node or this one (`None`), until it is done or refused. It is tried
    /// again at the next leader if one comes, so it must be something that is done once however often it is tried.
    pub(crate) async fn at_leader<T, F>(&self, timeout: Duration, attempt: impl Fn(Option<Peer>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + timeout;
        let mut metrics = self.raft().metrics();
        let mut pause = FIRST_PAUSE;
        loop {
            let now = metrics.borrow_and_update().clone();
            now.running_state.clone().map_err(|fatal| self.stopped(&fatal))?;
            let leader = now.current_leader;
            let tried = async {
                match leader {
                    None => Err(self.nobody_leads()),
                    Some(id) if id == self.identity().node_id => attempt(None).await,
                    Some(id) => attempt(Some(self.leader_peer(id, &now, deadline)?)).await,
                }
            };
            let error = tokio::select! {
                done = tried => match done {
                    Err(error) if error.is_retryable() => error,
                    done => return done,
                },
                () = leads_no_more(metrics.clone(), leader) => self.nobody_leads(),
                () = tokio::time::sleep_until(deadline) => return Err(self.no_leader(timeout)),
            };
            if Instant::now() + pause >= deadline {
                return Err(self.no_leader(timeout));
            }
            tracing::debug!(%error, "trying the leader of the catalog again");
            let _ = tokio::time::timeout(pause, leads_no_more(metrics.clone(), leader)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The node at an address. 0 is a node whose number is not known yet.
    pub(crate) fn peer(&self, address: String, node_id: u64, timeout: Duration) -> Result<Peer, Error> {
        let identity = self.identity();
        let envelope = v1::Envelope { cluster_id: identity.cluster_id.as_bytes().to_vec(), from: identity.node_id, to: node_id };
        let no_way = || Error::Unreachable { address: address.clone(), reason: "this node was opened without a way to others".to_owned() };
        let peers = Arc::clone(self.node.peers.as_ref().ok_or_else(no_way)?);
        Ok(Peer::new(peers, address, envelope, timeout))
    }

    /// True while this node is the leader as far as it knows.
    pub(super) fn leads(&self) -> bool {
        self.raft().metrics().borrow().current_leader == Some(self.identity().node_id)
    }

    /// True if there is no other node that counts: what is applied here is all there is.
    pub(super) fn stands_alone(&self) -> bool {
        self.raft().metrics().borrow().membership_config.membership().voter_ids().eq([self.identity().node_id])
    }

    pub(crate) fn nobody_leads(&self) -> Error {
        Error::NotLeader { leader: None }
    }

    fn no_leader(&self, waited: Duration) -> Error {
        Error::NoLeader { waited_ms: waited.as_millis().try_into().unwrap_or(u64::MAX) }
    }

    fn leader_peer(&self, id: u64, metrics: &RaftMetrics<u64, NodeInfo>, deadline: Instant) -> Result<Peer, Error> {
        let node = metrics.membership_config.membership().get_node(&id).ok_or_else(|| self.nobody_leads())?;
        self.peer(node.addr.clone(), id, deadline.saturating_duration_since(Instant::now()))
    }

    async fn wait_until_applied(&self, index: u64, deadline: Instant) -> Result<(), Error> {
        if self.node.state.read().last_applied.is_some_and(|applied| applied.index >= index) {
            return Ok(());
        }
        let timeout = deadline.saturating_duration_since(Instant::now());
        let applied = move |metrics: &RaftMetrics<u64, NodeInfo>| {
            metrics.running_state.is_err() || metrics.last_applied.is_some_and(|applied| applied.index >= index)
        };
        match self.raft().wait(Some(timeout)).metrics(applied, "an entry to be applied").await {
            Ok(metrics) => metrics.running_state.map_err(|fatal| self.stopped(&fatal)),
            Err(_) => Err(self.no_leader(timeout)),
        }
    }
}

/// Returns once this is no longer the leader.
pub(super) async fn leads_no_more(mut metrics: Metrics, leader: Option<u64>) {
    let gone = |metrics: &RaftMetrics<u64, NodeInfo>| metrics.current_leader != leader || metrics.running_state.is_err();
    if metrics.wait_for(gone).await.is_err() {
        std::future::pending::<()>().await;
    }
}

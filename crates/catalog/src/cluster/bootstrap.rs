//! How nodes come together without anybody saying which is the first start.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use openraft::metrics::WaitError;
use tokio::time::Instant;
use uuid::Uuid;

use super::rpc::Hello;
use crate::raft::{NodeInfo, membership_from_proto};
use crate::{Catalog, Error};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a node may take to say who it is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the leader may take to make a voter of a new node: it sends the whole state first.
const JOIN_TIMEOUT: Duration = Duration::from_secs(600);

/// What the other nodes said when they were asked once.
struct Round {
    answers: Vec<(String, Result<Hello, Error>)>,
}

impl Round {
    fn heard(&self) -> impl Iterator<Item = (&str, &Hello)> {
        self.answers.iter().filter_map(|(address, answer)| answer.as_ref().ok().map(|hello| (address.as_str(), hello)))
    }

    /// Those that belong to a cluster.
    fn members(&self) -> impl Iterator<Item = (&str, &Hello)> {
        self.heard().filter(|(_, hello)| hello.answer.is_member)
    }

    /// Who did not answer, and why, for people.
    fn unheard(&self) -> Option<String> {
        let unheard: Vec<String> = self.answers.iter().filter_map(|(_, answer)| Some(answer.as_ref().err()?.to_string())).collect();
        (!unheard.is_empty()).then(|| unheard.join("; "))
    }
}

impl Catalog {
    /// Makes this node a voter of the cluster that its peers belong to; or of a new one, if none of them does, nor this node.
    /// Two can never come to be: only the first address of the list forms one, and only when every other node has said that
    /// it belongs to none and has the same list.
    pub(crate) async fn form_or_join(&self, deadline: Instant) -> Result<(), Error> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut said = String::new();
        loop {
            let round = self.ask_peers().await;
            let waits_for = self.try_round(&round).await?;
            if self.is_settled(pause).await? {
                return Ok(());
            }
            let Some(waits_for) = waits_for else { continue };
            if waits_for != said {
                tracing::info!(waits_for, "this node of the catalog does not take part in a cluster yet");
                said.clone_from(&waits_for);
            }
            if Instant::now() + pause > deadline {
                let waited_ms = started.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
                return Err(Error::NotFormed { waited_ms, missing: said });
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Who does not answer, for the error when there is no leader.
    pub(crate) async fn silent_peers(&self) -> Option<String> {
        self.ask_peers().await.unheard()
    }

    /// Becomes part of a cluster that reaches for this node, unless it belongs to one already.
    pub(crate) async fn adopt_cluster(&self, cluster_id: Uuid) -> Result<bool, Error> {
        let _turn = self.formation_turn().await;
        if self.cluster_id() == cluster_id {
            return Ok(true);
        }
        if self.is_member().await? {
            return Ok(false);
        }
        tracing::info!(%cluster_id, "this node of the catalog becomes part of a cluster");
        let adopted = self.disk().run(move |disk| disk.adopt_cluster(cluster_id)).await;
        adopted.map_err(|fault| fault.into_error(self.disk().path())).map(|()| true)
    }

    async fn is_member(&self) -> Result<bool, Error> {
        self.raft().is_initialized().await.map_err(|fatal| self.stopped(&fatal))
    }

    async fn ask_peers(&self) -> Round {
        let config = self.config();
        let others = config.peers.iter().filter(|peer| **peer != config.address);
        let answers = others.map(|address| async {
            let answer = match self.peer(address.clone(), 0, HELLO_TIMEOUT) {
                Ok(peer) => peer.hello().await,
                Err(error) => Err(error),
            };
            (address.clone(), answer)
        });
        Round { answers: join_all(answers).await }
    }

    /// True once this node votes and knows a leader; waits a while for that.
    async fn is_settled(&self, wait: Duration) -> Result<bool, Error> {
        let node_id = self.identity().node_id;
        let settled = move |metrics: &openraft::RaftMetrics<u64, NodeInfo>| {
            let votes = metrics.membership_config.membership().voter_ids().any(|voter| voter == node_id);
            metrics.running_state.is_err() || (votes && metrics.current_leader.is_some())
        };
        match self.raft().wait(Some(wait)).metrics(settled, "a cluster").await {
            Ok(metrics) => metrics.running_state.map(|()| true).map_err(|fatal| self.stopped(&fatal)),
            Err(WaitError::Timeout(..)) => Ok(false),
            Err(WaitError::ShuttingDown) => Err(self.runtime_ends()),
        }
    }

    /// One try; says what it waits for if that is not enough yet.
    async fn try_round(&self, round: &Round) -> Result<Option<String>, Error> {
        let is_member = self.is_member().await?;
        let known = is_member.then(|| self.cluster_id()).or_else(|| round.members().next().map(|(_, hello)| hello.cluster_id));
        if let Some(cluster_id) = known {
            if let Some((address, other)) = round.members().find(|(_, hello)| hello.cluster_id != cluster_id) {
                return Err(other_cluster(address, other.cluster_id, cluster_id));
            }
            return self.try_join(round, cluster_id).await;
        }
        if let Some(unheard) = round.unheard() {
            return Ok(Some(unheard));
        }
        let config = self.config();
        if let Some((address, other)) = round.heard().find(|(_, hello)| hello.answer.peers != config.peers) {
            let theirs = other.answer.peers.join(", ");
            return Ok(Some(format!("{address} has another list of nodes: it has {theirs}, and this one {}", config.peers.join(", "))));
        }
        match config.peers.first() {
            Some(first) if *first != config.address => Ok(Some(format!("{first}, which is the first of the list, to form the cluster"))),
            _ => self.form(round).await.map(|()| None),
        }
    }

    async fn form(&self, round: &Round) -> Result<(), Error> {
        let _turn = self.formation_turn().await;
        if self.is_member().await? {
            return Ok(());
        }
        let own = (self.identity().node_id, NodeInfo::new(&self.config().address));
        let others = round.heard().map(|(address, hello)| (hello.answer.node_id, NodeInfo::new(address)));
        let nodes: BTreeMap<u64, NodeInfo> = others.chain([own]).collect();
        tracing::info!(cluster_id = %self.cluster_id(), nodes = nodes.len(), "forming the cluster of the catalog");
        self.raft().initialize(nodes).await.map_err(|error| self.stopped(&error))
    }

    /// Asks the leader, if one of the peers leads, to make a voter of this node, unless it is one.
    async fn try_join(&self, round: &Round, cluster_id: Uuid) -> Result<Option<String>, Error> {
        let node_id = self.identity().node_id;
        let mut waits_for = format!("a leader of cluster {cluster_id}");
        for (address, hello) in round.members().filter(|(_, hello)| hello.answer.leader_id == hello.answer.node_id) {
            let membership = hello.answer.membership.clone().map(membership_from_proto).unwrap_or_default();
            let address_known = membership.get_node(&node_id).is_some_and(|node| node.addr == self.config().address);
            if address_known && membership.voter_ids().any(|voter| voter == node_id) {
                continue;
            }
            tracing::info!(%cluster_id, leader = address, "joining the cluster of the catalog");
            self.adopt_cluster(cluster_id).await?;
            let leader = self.peer(address.to_owned(), hello.answer.node_id, JOIN_TIMEOUT)?;
            match leader.join(&self.config().address).await {
                Ok(()) => return Ok(None),
                Err(error) if error.is_retryable() => waits_for = error.to_string(),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(round.unheard().map_or(waits_for.clone(), |unheard| format!("{waits_for}; {unheard}"))))
    }
}

fn other_cluster(address: &str, theirs: Uuid, ours: Uuid) -> Error {
    Error::OtherCluster { address: address.to_owned(), theirs, ours }
}

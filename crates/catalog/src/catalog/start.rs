//! From an open file to a node that takes commits.

use std::collections::BTreeMap;
use std::time::Duration;

use openraft::{RaftMetrics, RaftState, ServerState, TokioInstant};
use tokio::time::Instant;

use super::at_leader::leads_no_more;
use super::{Catalog, leader_state};
use crate::Error;
use crate::raft::{Command, NodeInfo};

impl Catalog {
    /// Forms or joins the cluster, takes the lead if nobody else can, and waits until all that was agreed is applied.
    pub(super) async fn start(&self) -> Result<(), Error> {
        let timeout = Duration::from_millis(self.config().start_timeout_ms);
        let deadline = Instant::now() + timeout;
        if self.config().has_peers() {
            self.form_or_join(deadline).await?;
        } else {
            self.form_alone().await?;
        }
        self.wait_for_leader(deadline).await?;
        if self.leads() {
            self.begin_epoch(deadline).await?;
        }
        if let Err(error) = self.linearizable_within(deadline.saturating_duration_since(Instant::now())).await {
            return Err(self.explain(error).await);
        }
        if self.config().has_peers() {
            self.tell_address().await?;
        }
        let watched = self.clone();
        self.node.tasks.lock().push(tokio::spawn(async move { leader_state::watch(&watched).await }));
        let contents = self.contents();
        tracing::info!(segments = contents.segment_count(), snapshot_id = contents.snapshot_id(), "the catalog is open");
        Ok(())
    }

    async fn form_alone(&self) -> Result<(), Error> {
        let (raft, id) = (self.raft(), self.identity().node_id);
        if !raft.is_initialized().await.map_err(|fatal| self.stopped(&fatal))? {
            let members = BTreeMap::from([(id, NodeInfo::new(&self.config().address))]);
            raft.initialize(members).await.map_err(|error| self.stopped(&error))?;
        }
        let stands_alone = move |state: &RaftState<u64, NodeInfo, TokioInstant>| {
            let is_only_voter = state.membership_state.effective().voter_ids().eq([id]);
            is_only_voter && matches!(state.server_state, ServerState::Follower)
        };
        if raft.with_raft_state(stands_alone).await.map_err(|fatal| self.stopped(&fatal))? {
            raft.trigger().elect().await.map_err(|fatal| self.stopped(&fatal))?;
        }
        Ok(())
    }

    async fn wait_for_leader(&self, deadline: Instant) -> Result<(), Error> {
        let has_leader = |metrics: &RaftMetrics<u64, NodeInfo>| metrics.current_leader.is_some() || metrics.running_state.is_err();
        let timeout = deadline.saturating_duration_since(Instant::now());
        match self.raft().wait(Some(timeout)).metrics(has_leader, "a leader").await {
            Ok(metrics) => metrics.running_state.map_err(|fatal| self.stopped(&fatal)),
            Err(_) => Err(self.explain(Error::NoLeader { waited_ms: self.config().start_timeout_ms }).await),
        }
    }

    /// What the process before this one began as a leader is over: raft itself lets a leader go on where it was.
    async fn begin_epoch(&self, deadline: Instant) -> Result<(), Error> {
        tokio::select! {
            written = self.write_here(Command::Barrier) => match written {
                Err(error) if !error.is_retryable() => Err(error),
                _ => Ok(()),
            },
            () = leads_no_more(self.raft().metrics(), Some(self.identity().node_id)) => Ok(()),
            () = tokio::time::sleep_until(deadline) => {
                Err(self.explain(Error::NoLeader { waited_ms: self.config().start_timeout_ms }).await)
            }
        }
    }

    /// Others find this node where its configuration says now.
    async fn tell_address(&self) -> Result<(), Error> {
        let (id, address) = (self.identity().node_id, &self.config().address);
        let known = self.raft().metrics().borrow().membership_config.membership().get_node(&id).map(|node| node.addr.clone());
        if known.as_ref() == Some(address) {
            return Ok(());
        }
        let timeout = Duration::from_millis(self.config().write_timeout_ms);
        self.at_leader(timeout, |leader| async move {
            match leader {
                Some(peer) => peer.join(address).await,
                None => self.admit_here(id, address.clone()).await,
            }
        })
        .await
    }

    /// Says which nodes do not answer, if that is why there is no leader.
    async fn explain(&self, error: Error) -> Error {
        match (error, self.silent_peers().await) {
            (Error::NoLeader { .. }, Some(missing)) => Error::NotFormed { waited_ms: self.config().start_timeout_ms, missing },
            (error, _) => error,
        }
    }
}

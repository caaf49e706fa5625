use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use coldtrail_link::{Forward, LinkClient};
use tokio::sync::watch;

use crate::{EXECUTOR_ROWS, EXECUTOR_TASKS, ExecutorInfo};

/// How long the port of a forwarder that was closed is waited for.
const CLOSE_PAUSES: usize = 50;
const CLOSE_PAUSE: Duration = Duration::from_millis(20);

/// The forwarders of one node, by the loopback address that they stand in for.
pub(crate) struct Forwards {
    link: LinkClient,
    open: HashMap<SocketAddr, Standing>,
    /// Where a forwarder was that is not needed any more: its port is free a moment later.
    closing: HashSet<SocketAddr>,
}

/// A forwarder; none where the real one listens, on this very machine.
struct Standing {
    target: watch::Sender<Option<String>>,
    forward: Option<Forward>,
}

impl Forwards {
    pub(crate) fn new(link: LinkClient) -> Self {
        Self { link, open: HashMap::new(), closing: HashSet::new() }
    }

    /// Makes both ports of an executor reachable.
    pub(crate) async fn reach(&mut self, executor: &ExecutorInfo) {
        for (port, service) in executor.ports() {
            self.stand_in(SocketAddr::from((executor.host, port)), service, &executor.address).await;
        }
    }

    /// Listens at `local` for what is meant for this service of the node at `address`.
    pub(crate) async fn stand_in(&mut self, local: SocketAddr, service: &str, address: &str) {
        // Where another listened the last time, it is tried again: it may have been a forwarder of ours that was just closing.
        if let Some(standing) = self.open.get(&local).filter(|standing| standing.forward.is_some()) {
            standing.target.send_replace(Some(address.to_owned()));
            return;
        }
        let (target, targets) = watch::channel(Some(address.to_owned()));
        let forward = self.bind(local, service, targets).await;
        self.open.insert(local, Standing { target, forward });
    }

    async fn bind(&mut self, local: SocketAddr, service: &str, targets: watch::Receiver<Option<String>>) -> Option<Forward> {
        let pauses = if self.closing.remove(&local) { CLOSE_PAUSES } else { 0 };
        for pause in 0..=pauses {
            match self.link.forward_at(local, service, targets.clone()).await {
                Ok(forward) => return Some(forward),
                Err(error) if pause == pauses => {
                    // The real one listens here: it is a process of this machine.
                    tracing::debug!(%local, %error, "needs no forwarder");
                }
                Err(_) => tokio::time::sleep(CLOSE_PAUSE).await,
            }
        }
        None
    }

    /// Closes the forwarders of executors that are not among these.
    pub(crate) fn keep(&mut self, executors: &[ExecutorInfo], also: Option<SocketAddr>) {
        let wanted = |local: &SocketAddr| {
            let of_executor =
                executors.iter().any(|executor| executor.ports().iter().any(|(port, _)| *local == (executor.host, *port).into()));
            of_executor || also == Some(*local)
        };
        let closing = &mut self.closing;
        self.open.retain(|local, standing| {
            let stays = wanted(local);
            if !stays && standing.forward.is_some() {
                closing.insert(*local);
            }
            stays
        });
    }
}

impl ExecutorInfo {
    /// Its ports, with the services of its link that lead to them.
    pub(crate) fn ports(&self) -> [(u16, &'static str); 2] {
        [(self.flight_port, EXECUTOR_ROWS), (self.grpc_port, EXECUTOR_TASKS)]
    }

    pub(crate) fn from_proto(executor: coldtrail_proto::fleet::v1::Executor) -> Option<Self> {
        let host: Ipv4Addr = executor.host.parse().ok().filter(Ipv4Addr::is_loopback)?;
        Some(Self {
            id: executor.id,
            address: executor.address,
            host,
            flight_port: u16::try_from(executor.flight_port).ok()?,
            grpc_port: u16::try_from(executor.grpc_port).ok()?,
            vcores: executor.vcores,
        })
    }

    pub(crate) fn to_proto(&self) -> coldtrail_proto::fleet::v1::Executor {
        coldtrail_proto::fleet::v1::Executor {
            id: self.id.clone(),
            address: self.address.clone(),
            host: self.host.to_string(),
            flight_port: u32::from(self.flight_port),
            grpc_port: u32::from(self.grpc_port),
            vcores: self.vcores,
        }
    }
}

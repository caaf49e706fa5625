use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::carry::carry;
use crate::server::ACCEPT_PAUSE;
use crate::wire::abort;
use crate::{Counters, Error, LinkClient, LinkStream};

/// The first pause between two attempts to reach a peer; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

type Target = watch::Receiver<Option<String>>;

/// A loopback port whose connections are carried to a service of another node.
///
/// A new connection is held while no node is named, or while the named one cannot be reached or does not have the service yet, for
/// `hold_max` at most. What does not pass by itself, such as a wrong certificate, ends it at once. When another node is named,
/// connections to the one before are cut; they stay while none is named, because a leader that is not known may be the same as before.
///
/// Dropping it closes the port and cuts its connections.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    counters: Arc<Counters>,
    _stop: DropGuard,
}

impl Forward {
    pub(crate) async fn start(client: LinkClient, local: SocketAddr, service: &str, target: Target) -> Result<Self, Error> {
        if !local.ip().to_canonical().is_loopback() {
            return Err(Error::ServiceBeyondLoopback { address: local });
        }
        let bind = |source| Error::Bind { address: local, source };
        let listener = TcpListener::bind(local).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let counters = Arc::<Counters>::default();
        let stop = CancellationToken::new();
        let connections = Arc::new(Semaphore::new(client.options.connections_max));
        let port = Port { client, service: service.to_owned(), target, counters: Arc::clone(&counters), stop: stop.clone() };
        tokio::spawn(port.run(listener, connections));
        Ok(Self { address, counters, _stop: stop.drop_guard() })
    }

    /// The address to call the service by.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What went through it.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }
}

#[derive(Clone)]
struct Port {
    client: LinkClient,
    service: String,
    target: Target,
    counters: Arc<Counters>,
    stop: CancellationToken,
}

impl Port {
    async fn run(self, listener: TcpListener, connections: Arc<Semaphore>) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let local = match accepted {
                Ok((local, _)) => local,
                Err(error) => {
                    self.counters.warn(&format!("could not take a connection for {:?}: {error}", self.service));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            self.counters.accept();
            let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
                let reason = format!("{} are open", self.client.options.connections_max);
                self.counters.refuse(Error::Busy { peer: "this node".to_owned(), reason }.to_string());
                abort(&local);
                continue;
            };
            let port = self.clone();
            tokio::spawn(async move {
                port.serve(local).await;
                drop(permit);
            });
        }
    }

    async fn serve(mut self, local: TcpStream) {
        let stop = self.stop.clone();
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            opened = self.open() => Some(opened),
        };
        match opened {
            Some(Ok((link, node))) => {
                // Small messages of the service go out at once; if the system refuses, they are only late.
                let _ = local.set_nodelay(true);
                let end = async {
                    tokio::select! { () = stop.cancelled() => {}, () = moved(&mut self.target, &node) => {} }
                };
                carry(link.wire, local, &self.counters, end).await;
            }
            Some(Err(error)) => {
                self.counters.refuse(error.to_string());
                abort(&local);
            }
            None => abort(&local),
        }
    }

    /// Opens a link to the node that is named, waiting for one to be named and to be there.
    async fn open(&mut self) -> Result<(LinkStream, String), Error> {
        let deadline = Instant::now() + self.client.options.hold_max;
        let mut failure = Error::NoTarget { service: self.service.clone(), seconds: self.client.options.hold_max.as_secs_f64() };
        let mut pause = RETRY_FIRST;
        loop {
            let node = self.target.borrow_and_update().clone();
            if let Some(node) = node {
                let attempt = tokio::select! {
                    biased;
                    () = moved(&mut self.target, &node) => continue,
                    attempt = self.client.connect(&node, &self.service) => attempt,
                };
                match attempt {
                    Ok(link) => return Ok((link, node)),
                    Err(error) if !error.is_retryable() => return Err(error),
                    Err(error) => failure = error,
                }
            } else {
                pause = hold_pause(deadline);
            }
            let retry = (Instant::now() + pause).min(deadline);
            tokio::select! {
                biased;
                () = named_anew(&mut self.target) => pause = RETRY_FIRST,
                () = sleep_until(retry) => {
                    if retry == deadline {
                        return Err(failure);
                    }
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }
}

/// While nobody is named there is nothing to try until somebody is, or the time is up.
fn hold_pause(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Ends when another node than this one is named.
async fn moved(target: &mut Target, node: &str) {
    let elsewhere = target.wait_for(|named| named.as_deref().is_some_and(|named| named != node)).await.is_ok();
    if !elsewhere {
        // Nobody is left to name another one.
        std::future::pending::<()>().await;
    }
}

/// Ends when a node is named, be it the same again.
async fn named_anew(target: &mut Target) {
    if target.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

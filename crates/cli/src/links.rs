//! How this node and the others of its cluster reach each other.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use coldtrail_catalog::{Dial, Peering};
use coldtrail_fleet::CATALOG_PEERS;
use coldtrail_link::{Forward, Identity, LinkClient, LinkServer, Options, Security, Services, TlsFiles};
use futures::FutureExt;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;

use crate::config::Config;
use crate::secrets::cluster_secret;

/// This node's end of all links.
pub(crate) struct Links {
    /// `host:port` under which the others reach it.
    pub(crate) address: String,
    pub(crate) client: LinkClient,
    /// What others may reach here.
    pub(crate) services: Services,
    pub(crate) secret: String,
    server: JoinHandle<()>,
}

impl Links {
    /// Accepts links from now on.
    pub(crate) async fn open(config: &Config, stop: CancellationToken) -> anyhow::Result<Self> {
        let cluster = &config.cluster;
        let secret = cluster_secret(cluster.secret_file.as_deref().context("a cluster needs cluster.secret_file")?)?;
        let security = match (&cluster.tls_ca, &cluster.tls_certificate, &cluster.tls_key) {
            (Some(ca), Some(certificate), Some(key)) => Security::Mutual(Identity::load(TlsFiles::new(ca, certificate, key))?),
            _ => Security::Plain,
        };
        let bind = match cluster.bind {
            Some(bind) => bind,
            None => cluster.address.parse().with_context(|| {
                format!("cluster.address {} is not an address of this machine; say with cluster.bind where to listen", cluster.address)
            })?,
        };
        let services = Services::default();
        let server = LinkServer::bind(bind, security.clone(), services.clone(), Options::default()).await?;
        let client = LinkClient::new(security, Options::default());
        let server = tokio::spawn(server.run(stop));
        Ok(Self { address: cluster.address.clone(), client, services, secret, server })
    }

    /// How the catalogs of the nodes reach each other.
    pub(crate) async fn peering(&self, peers: &[String]) -> anyhow::Result<Peering> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        self.services.offer(CATALOG_PEERS, listener.local_addr()?)?;
        let dial = LinkDial { client: self.client.clone(), forwards: Mutex::default() };
        for peer in peers.iter().filter(|peer| **peer != self.address) {
            dial.endpoint(peer)?;
        }
        Ok(Peering { listener, dial: Arc::new(dial), secret: self.secret.clone() })
    }

    /// Waits until the last link has ended; the token that it was opened with must be cancelled.
    pub(crate) async fn closed(self) {
        let _ = self.server.await;
    }
}

/// Leads each node's address to a forwarder on this machine: those of `cluster.peers`, and those that joined later.
struct LinkDial {
    client: LinkClient,
    forwards: Mutex<HashMap<String, Forward>>,
}

impl Dial for LinkDial {
    fn endpoint(&self, address: &str) -> Result<Endpoint, coldtrail_catalog::Error> {
        let unreachable = |reason: String| coldtrail_catalog::Error::Unreachable { address: address.to_owned(), reason };
        let mut forwards = self.forwards.lock();
        if !forwards.contains_key(address) {
            let (_, target) = watch::channel(Some(address.to_owned()));
            // A free port of this machine is there at once, or not at all.
            let opened = self.client.forward(CATALOG_PEERS, target).now_or_never();
            let forward = opened.ok_or_else(|| unreachable("no port of this machine was free at once".to_owned()))?;
            let forward = forward.map_err(|error| unreachable(error.to_string()))?;
            forwards.insert(address.to_owned(), forward);
        }
        let local = forwards[address].address();
        Endpoint::from_shared(format!("http://{local}")).map_err(|error| unreachable(error.to_string()))
    }
}

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_catalog::{Catalog, CatalogClient, Config, Dial, Error, LeaderState, Peering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::transport::Endpoint;

use super::proxy::Proxy;

pub(super) const SECRET: &str = "what the nodes know";

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// Nodes with a folder each, and links between them.
pub(crate) struct Nodes {
    folders: Vec<TempDir>,
    links: BTreeMap<(usize, usize), Arc<Proxy>>,
    running: Vec<Option<Catalog>>,
    pub(crate) config: Config,
}

/// Reaches the others through the links of one node.
struct Links(HashMap<String, SocketAddr>);

impl Dial for Links {
    fn endpoint(&self, address: &str) -> Result<Endpoint, Error> {
        let link = self.0.get(address).expect("only the addresses of the nodes are dialled");
        Ok(Endpoint::from_shared(format!("http://{link}")).expect("an address"))
    }
}

pub(crate) fn address(node: usize) -> String {
    format!("node-{node}:7000")
}

impl Nodes {
    /// Folders and links for so many nodes; none of them runs.
    pub(crate) async fn new(count: usize) -> Self {
        let mut links = BTreeMap::new();
        for from in 0..count {
            for to in (0..count).filter(|to| *to != from) {
                links.insert((from, to), Proxy::start().await);
            }
        }
        let config = Config {
            peers: (0..count).map(address).collect(),
            heartbeat_ms: 100,
            election_timeout_min_ms: 700,
            election_timeout_max_ms: 1_000,
            snapshot_after_entries: 40,
            covered_entries_kept: 5,
            ..Config::default()
        };
        let folders = (0..count).map(|_| tempfile::tempdir().expect("a folder")).collect();
        Self { folders, links, running: (0..count).map(|_| None).collect(), config }
    }

    /// Three nodes that are one cluster.
    pub(crate) async fn three() -> Self {
        let mut nodes = Self::new(3).await;
        nodes.start_all().await;
        nodes
    }

    pub(crate) async fn start_all(&mut self) {
        let opened = futures::future::join_all((0..self.folders.len()).map(|node| self.open(node, self.config.clone()))).await;
        for (node, catalog) in opened.into_iter().enumerate() {
            self.running[node] = Some(catalog.expect("it opens"));
        }
    }

    /// Opens a node, which is not counted as running.
    pub(super) async fn open(&self, node: usize, config: Config) -> Result<Catalog, Error> {
        self.open_with_secret(node, config, SECRET).await
    }

    pub(super) async fn open_with_secret(&self, node: usize, config: Config, secret: &str) -> Result<Catalog, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = listener.local_addr().expect("an address");
        self.links_to(node).for_each(|link| link.lead_to(Some(here)));
        let links = self.links.iter().filter(|((from, _), _)| *from == node);
        let dial = Links(links.map(|((_, to), link)| (address(*to), link.address)).collect());
        let is_default = config.folder == Config::default().folder;
        let folder = if is_default { self.folders[node].path().to_owned() } else { config.folder };
        let config = Config { folder, address: address(node), ..config };
        let peering = Peering { listener, dial: Arc::new(dial), secret: secret.to_owned() };
        tokio::time::timeout(PATIENCE, Catalog::open_in_cluster(config, peering)).await.expect("it opens or fails in time")
    }

    pub(crate) async fn start(&mut self, node: usize) {
        self.running[node] = Some(self.open(node, self.config.clone()).await.expect("it opens"));
    }

    /// Takes over a node that was opened.
    pub(super) fn adopt(&mut self, node: usize, catalog: Catalog) {
        self.running[node] = Some(catalog);
    }

    pub(crate) async fn stop(&mut self, node: usize) {
        let catalog = self.running[node].take().expect("it runs");
        self.links_to(node).for_each(|link| link.lead_to(None));
        catalog.shutdown().await.expect("it stops");
    }

    pub(crate) fn wipe(&mut self, node: usize) {
        self.folders[node] = tempfile::tempdir().expect("a folder");
    }

    pub(crate) fn folder(&self, node: usize) -> &std::path::Path {
        self.folders[node].path()
    }

    pub(crate) fn get(&self, node: usize) -> &Catalog {
        self.running[node].as_ref().expect("it runs")
    }

    pub(super) fn running(&self) -> Vec<Catalog> {
        self.running.iter().flatten().cloned().collect()
    }

    /// Cuts what one node sends to another, or lets it through again.
    pub(super) fn cut(&self, from: usize, to: usize, is_cut: bool) {
        self.links[&(from, to)].cut(is_cut);
    }

    /// Cuts one node off, or lets it back.
    pub(super) fn isolate(&self, node: usize, is_cut: bool) {
        for ((from, to), link) in &self.links {
            if *from == node || *to == node {
                link.cut(is_cut);
            }
        }
    }

    pub(super) fn link(&self, from: usize, to: usize) -> &Proxy {
        &self.links[&(from, to)]
    }

    /// The node that leads, once one of those says that it does.
    pub(super) async fn leader_of(&self, nodes: &[usize]) -> (usize, LeaderState) {
        let leads = nodes.iter().map(|node| {
            let mut changes = self.get(*node).leader_changes();
            Box::pin(async move { (*node, changes.wait_for(|state| state.is_me).await.expect("it runs").clone()) })
        });
        match tokio::time::timeout(PATIENCE, futures::future::select_all(leads)).await {
            Ok((found, ..)) => found,
            Err(_) => panic!("none of {nodes:?} leads:\n{}", self.describe().await),
        }
    }

    /// What the running nodes know, for a test that failed.
    async fn describe(&self) -> String {
        let mut text = String::new();
        for (node, catalog) in self.running.iter().enumerate() {
            let Some(catalog) = catalog else { continue };
            let state = catalog.leader_changes().borrow().clone();
            text += &format!("{node}: {state:?} {:?}\n", catalog.status().await);
        }
        text
    }

    pub(crate) async fn leader(&self) -> usize {
        let running: Vec<usize> = (0..self.running.len()).filter(|node| self.running[*node].is_some()).collect();
        self.leader_of(&running).await.0
    }

    pub(super) async fn id(&self, node: usize) -> u64 {
        self.get(node).status().await.expect("a status").node_id
    }

    fn links_to(&self, node: usize) -> impl Iterator<Item = &Arc<Proxy>> {
        self.links.iter().filter(move |((_, to), _)| *to == node).map(|(_, link)| link)
    }
}

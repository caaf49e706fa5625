//! Ready-made folders for the nodes of a cluster: `cluster init` and `cluster join`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use coldtrail_flight::Users;
use coldtrail_link::authority;
use serde::{Deserialize, Serialize};

use crate::arguments::{ClusterInit, ClusterJoin, NodeAddress};
use crate::exit;
use crate::secrets::{FIRST_USER, make_cluster_secret, set_password, write_secret};

/// What a folder knows of its cluster.
const CLUSTER: &str = "cluster.toml";
const USERS: &str = "users.toml";
const SECRET: &str = "cluster.secret";
/// How many nodes hold a catalog: an even number tolerates no more failures than the odd one below it.
const SCHEDULERS: [usize; 3] = [1, 3, 5];

/// The nodes of a cluster, as they were asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    lake: String,
    /// In the order in which they were named: the first forms the cluster.
    schedulers: Vec<Node>,
    executors: Vec<Node>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    name: String,
    address: String,
}

impl From<&NodeAddress> for Node {
    fn from(given: &NodeAddress) -> Self {
        Self { name: given.name.clone(), address: given.address.clone() }
    }
}

/// Makes the folder of a new cluster.
#[allow(clippy::print_stdout)]
pub(super) fn init(init: &ClusterInit) -> anyhow::Result<u8> {
    let folder = &init.folder;
    if folder.join(CLUSTER).exists() {
        bail!("{} has a cluster already; `coldtrail cluster join` adds nodes to it", folder.display());
    }
    if !SCHEDULERS.contains(&init.schedulers.len()) {
        bail!("{} schedulers were named; one, three or five can agree", init.schedulers.len());
    }
    // Each node is started in a folder of its own: a folder of the lake means the same to all only as a whole path.
    let lake = match init.lake.contains("://") {
        true => init.lake.clone(),
        false => std::path::absolute(&init.lake).with_context(|| format!("{} is no folder", init.lake))?.display().to_string(),
    };
    let layout = Layout {
        lake,
        schedulers: init.schedulers.iter().map(Node::from).collect(),
        executors: init.executors.iter().map(Node::from).collect(),
    };
    layout.validate()?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    authority::create_authority(folder, false)?;
    make_cluster_secret(&folder.join(SECRET))?;
    let (_, password) = set_password(&folder.join(USERS), Users::default(), FIRST_USER)?;
    layout.write(folder)?;
    println!("user {FIRST_USER} with password {password}");
    layout.say(folder);
    Ok(exit::DONE)
}

/// Adds nodes to the folder of a cluster.
pub(super) fn join(join: &ClusterJoin) -> anyhow::Result<u8> {
    let path = join.folder.join(CLUSTER);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}; `coldtrail cluster init` makes it", path.display()))?;
    let mut layout: Layout = toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?;
    if join.schedulers.is_empty() && join.executors.is_empty() {
        bail!("no node was named; --scheduler and --executor take NAME=HOST:PORT");
    }
    layout.schedulers.extend(join.schedulers.iter().map(Node::from));
    layout.executors.extend(join.executors.iter().map(Node::from));
    layout.validate()?;
    layout.write(&join.folder)?;
    layout.say(&join.folder);
    Ok(exit::DONE)
}

impl Layout {
    fn nodes(&self) -> impl Iterator<Item = (&Node, &'static str)> {
        let schedulers = self.schedulers.iter().map(|node| (node, "scheduler"));
        schedulers.chain(self.executors.iter().map(|node| (node, "executor")))
    }

    fn validate(&self) -> anyhow::Result<()> {
        let (mut names, mut addresses) = (BTreeMap::new(), BTreeMap::new());
        for (node, _) in self.nodes() {
            if names.insert(&node.name, ()).is_some() {
                bail!("two nodes are named {}", node.name);
            }
            if let Some(other) = addresses.insert(&node.address, &node.name) {
                bail!("nodes {other} and {} have the same address {}", node.name, node.address);
            }
        }
        Ok(())
    }

    /// Writes what each node needs into a folder of its own. Certificates, secret and users that are there are kept.
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        for (node, _) in self.nodes() {
            let host = node.address.rsplit_once(':').map_or(node.address.as_str(), |(host, _)| host);
            let also = host.trim_matches(['[', ']']).to_owned();
            authority::issue(folder, &authority::Node::new(&node.name, &[also]))?;
            let own = folder.join(&node.name);
            fs::create_dir_all(&own).with_context(|| format!("cannot make the folder {}", own.display()))?;
            for (from, to) in [
                ("ca.pem", "ca.pem"),
                (SECRET, SECRET),
                (USERS, USERS),
                (&format!("{}.pem", node.name), "node.pem"),
                (&format!("{}-key.pem", node.name), "node-key.pem"),
            ] {
                let path = folder.join(from);
                let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                write_secret(&own.join(to), &bytes)?;
            }
            let path = own.join("coldtrail.toml");
            fs::write(&path, self.configuration(node)?).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let path = folder.join(CLUSTER);
        fs::write(&path, toml::to_string_pretty(self)?).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The configuration of a node, whose files lie beside it.
    fn configuration(&self, node: &Node) -> anyhow::Result<String> {
        let peers: Vec<&str> = self.schedulers.iter().map(|node| node.address.as_str()).collect();
        let text = |value: &str| toml::Value::String(value.to_owned());
        let mut cluster = toml::Table::from_iter([
            ("address".to_owned(), text(&node.address)),
            ("peers".to_owned(), toml::Value::try_from(peers)?),
            ("secret_file".to_owned(), text(SECRET)),
            ("tls_ca".to_owned(), text("ca.pem")),
            ("tls_certificate".to_owned(), text("node.pem")),
            ("tls_key".to_owned(), text("node-key.pem")),
        ]);
        // What a name means may differ on the node itself; an address is listened on as it is.
        if let (Some((_, port)), Err(_)) = (node.address.rsplit_once(':'), node.address.parse::<std::net::SocketAddr>()) {
            cluster.insert("bind".to_owned(), text(&format!("0.0.0.0:{port}")));
        }
        let whole = toml::Table::from_iter([
            ("lake".to_owned(), text(&self.lake)),
            ("users_file".to_owned(), text(USERS)),
            ("data_folder".to_owned(), text("data")),
            ("cluster".to_owned(), toml::Value::Table(cluster)),
        ]);
        Ok(format!("# {}: start it in this folder.\n{}", node.name, toml::to_string_pretty(&whole)?))
    }

    #[allow(clippy::print_stdout)]
    fn say(&self, folder: &Path) {
        for (node, role) in self.nodes() {
            println!("{}: copy {} to it, and there: coldtrail serve --role {role}", node.address, folder.join(&node.name).display());
        }
        println!("Keep {} away from all nodes: whoever has it can make more.", folder.join("ca-key.pem").display());
        if !SCHEDULERS.contains(&self.schedulers.len()) {
            println!("{} schedulers tolerate no more failures than {}; add one more.", self.schedulers.len(), self.schedulers.len() - 1);
        }
    }
}

mod layout;

use std::path::Path;

use anyhow::Context;
use coldtrail_catalog::RemoteCatalog;
use coldtrail_link::authority::{self, Made};
use serde_json::json;

use crate::arguments::{Arguments, ClusterCommand};
use crate::config::Config;
use crate::exit;
use crate::secrets::{CatalogDoor, make_cluster_secret};

/// Certificates of a cluster, and its nodes.
pub(crate) async fn run(command: &ClusterCommand, arguments: &Arguments) -> anyhow::Result<u8> {
    match command {
        ClusterCommand::Init(init) => layout::init(init),
        ClusterCommand::Join(join) => layout::join(join),
        ClusterCommand::Certs { folder, nodes, also, force } => certs(folder, nodes, also, *force),
        ClusterCommand::Status { json } => status(&door(&Config::read(arguments)?).await?, *json).await,
        ClusterCommand::Transfer { node } => {
            door(&Config::read(arguments)?).await?.transfer_leader(*node).await?;
            Ok(exit::DONE)
        }
        ClusterCommand::Remove { node } => {
            door(&Config::read(arguments)?).await?.remove(*node).await?;
            Ok(exit::DONE)
        }
    }
}

#[allow(clippy::print_stdout)]
fn certs(folder: &Path, nodes: &[String], also: &[String], force: bool) -> anyhow::Result<u8> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let said = |what: &str, made: &Made| match made {
        Made::Written => println!("{what}: written"),
        Made::Kept => println!("{what}: was there, and is kept"),
    };
    said("ca.pem, ca-key.pem", &authority::create_authority(folder, force)?);
    for name in nodes {
        let mut node = authority::Node::new(name, also);
        node.force = force;
        said(&format!("{name}.pem, {name}-key.pem"), &authority::issue(folder, &node)?);
    }
    make_cluster_secret(&folder.join("cluster.secret"))?;
    println!("cluster.secret\nGive each node ca.pem, cluster.secret, and its own certificate and key; keep ca-key.pem away from all.");
    Ok(exit::DONE)
}

/// The node that runs with this data folder.
async fn door(config: &Config) -> anyhow::Result<RemoteCatalog> {
    let door = CatalogDoor::read(&config.data_folder).context("no `coldtrail serve` that holds a catalog runs with this data folder")?;
    Ok(RemoteCatalog::connect(door.address, &door.token).await?)
}

#[allow(clippy::print_stdout)]
async fn status(catalog: &RemoteCatalog, as_json: bool) -> anyhow::Result<u8> {
    let status = catalog.cluster_status().await?;
    if as_json {
        let nodes = status.nodes.iter().map(|node| {
            json!({"id": node.id, "address": node.address, "role": format!("{:?}", node.role).to_lowercase(),
                   "leads": Some(node.id) == status.leader_id, "reachable": node.is_reachable})
        });
        println!(
            "{}",
            json!({"cluster_id": status.cluster_id.to_string(), "leader": status.leader_id, "nodes": nodes.collect::<Vec<_>>()})
        );
        return Ok(exit::DONE);
    }
    println!("cluster {}", status.cluster_id);
    for node in &status.nodes {
        let leads = if Some(node.id) == status.leader_id { "leads" } else { "" };
        let reach = if node.is_reachable { "" } else { "out of reach" };
        println!("{:20}  {:24}  {:8}  {leads} {reach}", node.id, node.address, format!("{:?}", node.role).to_lowercase());
    }
    Ok(exit::DONE)
}

use coldtrail_catalog::{Catalog, CatalogClient, Config, Error, NodeRole};
use futures::future::join;

use super::nodes::{Nodes, address};
use crate::support::{commit_all, whole_commits};

async fn assert_is_one_cluster(nodes: &Nodes, count: usize) {
    let mut statuses = Vec::new();
    for catalog in nodes.running() {
        statuses.push(catalog.status().await.expect("a status"));
        let cluster = catalog.cluster_status().await.expect("a status");
        assert_eq!(cluster.nodes.iter().filter(|node| node.role == NodeRole::Voter).count(), count, "{cluster:?}");
    }
    assert_eq!(statuses.len(), count);
    assert!(statuses.iter().all(|status| status.cluster_id == statuses[0].cluster_id), "{statuses:?}");
    let mut ids: Vec<u64> = statuses.iter().map(|status| status.node_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "each node has a number of its own");
}

#[tokio::test]
async fn nodes_that_start_together_become_one_cluster() {
    let nodes = Nodes::three().await;
    assert_is_one_cluster(&nodes, 3).await;
    commit_all(nodes.get(1), 0..3).await;
    for catalog in nodes.running() {
        catalog.linearizable().await.expect("there is a leader");
        assert_eq!(whole_commits(&catalog).await, [0, 1, 2]);
    }
}

#[tokio::test]
async fn nodes_that_wait_for_the_first_one_become_one_cluster_once_it_comes() {
    let mut nodes = Nodes::new(3).await;
    let first_is_late = async {
        // Both have looked for it in vain, more than once.
        join(nodes.link(1, 0).asked(3), nodes.link(2, 0).asked(3)).await;
        nodes.open(0, nodes.config.clone()).await
    };
    let others = join(nodes.open(2, nodes.config.clone()), nodes.open(1, nodes.config.clone()));
    let (zero, (two, one)) = join(first_is_late, others).await;
    for (node, catalog) in [zero, one, two].into_iter().enumerate() {
        nodes.adopt(node, catalog.expect("it opens"));
    }
    assert_is_one_cluster(&nodes, 3).await;
}

#[tokio::test]
async fn the_first_node_forms_no_cluster_before_it_has_heard_of_every_other_and_names_who_is_silent() {
    let nodes = Nodes::new(3).await;
    let config = Config { start_timeout_ms: 1_200, ..nodes.config.clone() };
    let (zero, one) = join(nodes.open(0, config.clone()), nodes.open(1, config)).await;
    let error = zero.expect_err("the third is missing");
    assert!(
        matches!(&error, Error::NotFormed { missing, .. } if missing.contains(&address(2)) && !missing.contains(&address(1))),
        "{error}"
    );
    let error = one.expect_err("it may not form the cluster");
    assert!(matches!(error, Error::NotFormed { .. }), "{error}");
}

#[tokio::test]
async fn nodes_with_different_lists_form_no_cluster() {
    let nodes = Nodes::new(2).await;
    let config = Config { start_timeout_ms: 1_200, ..nodes.config.clone() };
    let other = Config { peers: config.peers.iter().rev().cloned().collect(), ..config.clone() };
    let (zero, one) = join(nodes.open(0, config), nodes.open(1, other)).await;
    // One of them may have given up a moment before the other asked for the last time.
    let errors = [zero.expect_err("the lists differ").to_string(), one.expect_err("the lists differ").to_string()];
    assert!(errors.iter().any(|error| error.contains("has another list of nodes: it has node-")), "{errors:?}");
}

#[tokio::test]
async fn a_node_with_another_secret_is_not_let_in_and_says_so() {
    let nodes = Nodes::new(2).await;
    let config = Config { start_timeout_ms: 1_200, ..nodes.config.clone() };
    let (zero, one) = join(nodes.open(0, config.clone()), nodes.open_with_secret(1, config, "something else")).await;
    for error in [zero.expect_err("it is refused"), one.expect_err("it is refused")] {
        assert!(error.to_string().contains("does not accept this token"), "{error}");
    }
}

#[tokio::test]
async fn the_node_of_another_cluster_is_refused() {
    let mut nodes = Nodes::new(2).await;
    nodes.start_all().await;
    nodes.stop(1).await;
    let folder = nodes.folder(1).join("other");
    let alone = Catalog::open(Config::in_folder(&folder)).await.expect("it opens");
    alone.shutdown().await.expect("it stops");
    let error = nodes.open(1, Config { folder, ..nodes.config.clone() }).await.expect_err("it has its own");
    let (other, theirs) = (alone.cluster_id(), nodes.get(0).cluster_id());
    let expected = format!("the node at node-0:7000 belongs to cluster {theirs}, and not to {other}; ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn everything_is_there_after_a_restart_of_all_nodes() {
    let mut nodes = Nodes::three().await;
    commit_all(nodes.get(2), 0..60).await;
    let cluster_id = nodes.get(0).cluster_id();
    for node in 0..3 {
        nodes.stop(node).await;
    }
    nodes.start_all().await;
    assert_is_one_cluster(&nodes, 3).await;
    for catalog in nodes.running() {
        assert_eq!(catalog.cluster_id(), cluster_id);
        assert_eq!(whole_commits(&catalog).await, (0..60).collect::<Vec<_>>(), "a node is open once it has all");
    }
    commit_all(nodes.get(1), 60..62).await;
}

#[tokio::test]
async fn a_catalog_of_one_node_grows_to_three_and_keeps_what_it_has() {
    let mut nodes = Nodes::new(3).await;
    let alone = Config { folder: nodes.folder(0).to_owned(), ..Config::default() };
    let catalog = Catalog::open(alone).await.expect("it opens");
    commit_all(&catalog, 0..50).await;
    let cluster_id = catalog.cluster_id();
    catalog.shutdown().await.expect("it stops");
    nodes.start_all().await;
    assert_is_one_cluster(&nodes, 3).await;
    for catalog in nodes.running() {
        assert_eq!(catalog.cluster_id(), cluster_id);
        assert_eq!(whole_commits(&catalog).await, (0..50).collect::<Vec<_>>());
    }
    let cluster = nodes.get(2).cluster_status().await.expect("a status");
    let mut addresses: Vec<String> = cluster.nodes.iter().map(|node| node.address.clone()).collect();
    addresses.sort();
    assert_eq!(addresses, [address(0), address(1), address(2)]);
}

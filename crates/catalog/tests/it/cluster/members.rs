use coldtrail_catalog::{CatalogClient, Error, RemoteCatalog, serve};
use coldtrail_model::{Commit, SegmentIndex};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::nodes::{Nodes, address};
use crate::support::{commit_all, segment, whole_commits};

/// The addresses of those that vote, with their ids.
async fn voters(nodes: &Nodes, node: usize) -> Vec<(String, u64)> {
    let cluster = nodes.get(node).cluster_status().await.expect("a status");
    let mut voters: Vec<_> = cluster.nodes.into_iter().map(|node| (node.address, node.id)).collect();
    voters.sort();
    voters
}

#[tokio::test]
async fn a_node_whose_disk_was_wiped_takes_the_place_of_the_one_it_was() {
    let mut nodes = Nodes::three().await;
    commit_all(nodes.get(0), 0..50).await;
    let cluster_id = nodes.get(0).cluster_id();
    let (wiped, before) = (0, voters(&nodes, 1).await);
    nodes.stop(wiped).await;
    nodes.wipe(wiped);
    nodes.start(wiped).await;
    let after = voters(&nodes, 1).await;
    assert_eq!(nodes.get(wiped).cluster_id(), cluster_id, "even the first of the list forms no second cluster");
    assert_eq!(after.len(), 3);
    assert!(after[0].0 == address(0) && after[0].1 != before[0].1 && after[1..] == before[1..], "{before:?} became {after:?}");
    assert_eq!(whole_commits(nodes.get(wiped)).await, (0..50).collect::<Vec<_>>());
    // It counts: with it, one of the others may be gone.
    nodes.stop(1).await;
    commit_all(nodes.get(wiped), 50..52).await;
    nodes.get(2).linearizable().await.expect("there is a leader");
    assert_eq!(whole_commits(nodes.get(2)).await.len(), 52);
}

#[tokio::test]
async fn a_state_of_many_pieces_and_an_entry_larger_than_a_heartbeat_reach_a_new_node() {
    let mut nodes = Nodes::three().await;
    nodes.stop(2).await;
    nodes.wipe(2);
    // Without optimisation, and beside other tests, one entry of 30,000 takes longer than an election.
    for first in (0..30_000).step_by(5_000) {
        let added = (first..first + 5_000).map(segment).collect();
        nodes.get(0).commit(Commit { added, ..Commit::default() }).await.expect("it is taken");
    }
    nodes.get(1).write_image().await.expect("an image");
    let leader = nodes.leader().await;
    nodes.get(leader).write_image().await.expect("an image");
    nodes.start(2).await;
    assert_eq!(nodes.get(2).status().await.expect("a status").segments, 30_000);
}

#[tokio::test]
async fn a_node_that_is_removed_counts_no_more_and_a_leader_can_be_removed() {
    let mut nodes = Nodes::three().await;
    commit_all(nodes.get(0), 0..3).await;
    let leader = nodes.leader().await;
    let (leader_id, asked) = (nodes.id(leader).await, (leader + 1) % 3);
    nodes.get(asked).remove(leader_id).await.expect("it leaves");
    nodes.get(asked).remove(leader_id).await.expect("it has left");
    assert!(voters(&nodes, asked).await.iter().all(|(_, id)| *id != leader_id));
    nodes.stop(leader).await;
    commit_all(nodes.get(asked), 3..6).await;
    let last = nodes.id((leader + 2) % 3).await;
    nodes.get(asked).remove(last).await.expect("it leaves");
    nodes.stop((leader + 2) % 3).await;
    commit_all(nodes.get(asked), 6..9).await;
    let error = nodes.get(asked).remove(nodes.id(asked).await).await.expect_err("somebody has to vote");
    assert!(matches!(error, Error::Membership { .. }), "{error}");
    assert_eq!(whole_commits(nodes.get(asked)).await, (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn another_process_sees_the_cluster_and_changes_it() {
    let nodes = Nodes::three().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, nodes.get(0).clone(), "a token".to_owned(), CancellationToken::new()));
    let remote = RemoteCatalog::connect(address, "a token").await.expect("it connects");
    commit_all(nodes.get(1), 0..3).await;
    assert_eq!(remote.snapshot().await.expect("a snapshot").id, 3, "what another node acknowledged is there");
    let leader = nodes.leader().await;
    let (next, gone) = ((leader + 1) % 3, (leader + 2) % 3);
    remote.transfer_leader(nodes.id(next).await).await.expect("it is handed over");
    nodes.leader_of(&[next]).await;
    if gone != 0 {
        remote.remove(nodes.id(gone).await).await.expect("it leaves");
    }
    nodes.get(next).step_down().await.expect("another one leads");
    let mut changes = nodes.get(next).leader_changes();
    changes.wait_for(|state| !state.is_me).await.expect("it runs");
    nodes.get(0).linearizable().await.expect("there is a leader");
    let (there, here) = (remote.cluster_status().await.expect("there"), nodes.get(0).cluster_status().await.expect("here"));
    assert_eq!((there.cluster_id, there.leader_id, there.nodes.len()), (here.cluster_id, here.leader_id, here.nodes.len()));
    let error = remote.transfer_leader(5).await.expect_err("there is no such node");
    assert!(matches!(error, Error::Membership { .. }), "{error}");
}

#[tokio::test]
async fn the_status_says_who_is_there_and_how_far() {
    let mut nodes = Nodes::three().await;
    commit_all(nodes.get(0), 0..5).await;
    let leader = nodes.leader().await;
    let gone = (leader + 1) % 3;
    let gone_id = nodes.id(gone).await;
    nodes.stop(gone).await;
    for asked in [leader, (leader + 2) % 3] {
        let cluster = nodes.get(asked).cluster_status().await.expect("a status");
        assert_eq!((cluster.cluster_id, cluster.nodes.len()), (nodes.get(leader).cluster_id(), 3));
        for node in cluster.nodes {
            assert_eq!(node.is_reachable, node.id != gone_id, "{node:?}");
            assert_eq!(node.last_log_index.is_some(), node.is_reachable, "{node:?}");
            assert_eq!(node.is_leader, Some(node.id) == cluster.leader_id);
            assert!(node.matched_index.is_some(), "{node:?}");
        }
    }
}

use std::time::{Duration, Instant};

use coldtrail_catalog::CatalogClient;

use super::nodes::Nodes;
use crate::support::{commit_all, whole_commits};

#[tokio::test]
async fn a_leader_that_is_gone_is_replaced_and_the_next_one_has_a_higher_epoch() {
    let mut nodes = Nodes::three().await;
    commit_all(nodes.get(0), 0..5).await;
    let leader = nodes.leader().await;
    let before = nodes.get(leader).leader_changes().borrow().clone();
    assert!(before.is_me && before.epoch > 0, "{before:?}");
    nodes.stop(leader).await;
    let start = Instant::now();
    let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
    let (next, state) = nodes.leader_of(&others).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(state.epoch > before.epoch && state.leader_id == Some(nodes.id(next).await), "{state:?} after {before:?}");
    let follower = others.into_iter().find(|node| *node != next).expect("there are two");
    let mut changes = nodes.get(follower).leader_changes();
    let told = changes.wait_for(|told| told.epoch == state.epoch).await.expect("it runs").clone();
    assert_eq!((told.leader_id, told.address, told.is_me), (state.leader_id, state.address, false));
    commit_all(nodes.get(follower), 5..8).await;
    assert_eq!(whole_commits(nodes.get(follower)).await, (0..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn leadership_is_handed_over_within_two_seconds_with_the_usual_timeouts() {
    let mut nodes = Nodes::new(3).await;
    let usual = coldtrail_catalog::Config::default();
    nodes.config.heartbeat_ms = usual.heartbeat_ms;
    nodes.config.election_timeout_min_ms = usual.election_timeout_min_ms;
    nodes.config.election_timeout_max_ms = usual.election_timeout_max_ms;
    nodes.start_all().await;
    commit_all(nodes.get(0), 0..3).await;
    for round in 0..3 {
        let leader = nodes.leader().await;
        let next = (leader + 1) % 3;
        let asked = (leader + round) % 3;
        let start = Instant::now();
        nodes.get(asked).transfer_leader(nodes.id(next).await).await.expect("it is handed over");
        commit_all(nodes.get(leader), u32::try_from(round).expect("few") + 3..u32::try_from(round).expect("few") + 4).await;
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        nodes.leader_of(&[next]).await;
        nodes.get(next).transfer_leader(nodes.id(next).await).await.expect("it leads already");
    }
    let error = nodes.get(0).transfer_leader(77).await.expect_err("there is no such node");
    assert_eq!(error.to_string(), "the cluster cannot be changed like this: node 77 is none that votes");
}

#[tokio::test]
async fn a_leader_that_starts_again_begins_a_new_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut last = 0;
    for _ in 0..3 {
        let catalog = crate::support::open(folder.path()).await;
        let mut changes = catalog.leader_changes();
        let state = changes.wait_for(|state| state.is_me).await.expect("it runs").clone();
        assert!(state.epoch > last && state.leader_id == Some(catalog.status().await.expect("a status").node_id), "{state:?}");
        last = state.epoch;
        catalog.write_image().await.expect("an image");
        catalog.shutdown().await.expect("it stops");
        changes.wait_for(|state| !state.is_me).await.expect("the last word is that it does not lead");
    }
}

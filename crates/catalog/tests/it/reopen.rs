use std::time::{Duration, Instant};

use coldtrail_catalog::{Catalog, CatalogClient, Config, Error};

use crate::support::{commit, commit_all, open, try_open, whole_commits};

#[tokio::test]
async fn everything_is_there_after_a_restart_and_images_keep_the_log_short() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut made = None;
    for round in 0..4 {
        let catalog = open(folder.path()).await;
        assert_eq!(whole_commits(&catalog).await, (0..round * 10).collect::<Vec<_>>());
        commit_all(&catalog, round * 10..round * 10 + 10).await;
        let status = catalog.status().await.expect("a status");
        assert_eq!(status.leader_id, Some(status.node_id));
        let names = (status.cluster_id, status.node_id);
        assert_eq!(*made.get_or_insert(names), names, "a cluster and a node keep their names");
        catalog.shutdown().await.expect("it stops");
    }
    let catalog = open(folder.path()).await;
    let status = catalog.status().await.expect("a status");
    let (image, last) = (status.image_log_index.expect("an image"), status.last_log_index.expect("a log"));
    assert!(last - image <= 8, "the image covers {image} of {last} entries");
    assert_eq!(whole_commits(&catalog).await.len(), 40);
}

#[tokio::test]
async fn an_image_is_written_when_the_log_is_long_in_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { snapshot_after_entries: 1_000_000, snapshot_after_bytes: 2_000, ..Config::in_folder(folder.path()) };
    let catalog = Catalog::open(config).await.expect("it opens");
    commit_all(&catalog, 0..5).await;
    while catalog.status().await.expect("a status").image_log_index.is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_image_that_is_asked_for_covers_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    for round in 0..3 {
        commit_all(&catalog, round * 5..round * 5 + 5).await;
        catalog.write_image().await.expect("an image is written");
        let status = catalog.status().await.expect("a status");
        assert_eq!(status.image_log_index, status.last_applied_index);
    }
    catalog.shutdown().await.expect("it stops");
    let error = catalog.write_image().await.expect_err("it has stopped");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    assert_eq!(whole_commits(&open(folder.path()).await).await.len(), 15);
}

#[tokio::test]
async fn opening_takes_well_under_a_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let catalog = open(folder.path()).await;
        fastest = fastest.min(start.elapsed());
        catalog.shutdown().await.expect("it stops");
    }
    assert!(fastest < Duration::from_millis(500), "{fastest:?}");
}

#[tokio::test]
async fn a_folder_that_is_open_here_cannot_be_opened_again_until_it_is_shut_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let error = try_open(folder.path()).await.expect_err("it is open");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    catalog.shutdown().await.expect("it stops");
    let error = catalog.commit(commit(0)).await.expect_err("it was shut down");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    open(folder.path()).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_a_file = folder.path().join("file/catalog");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let error = Catalog::open(Config::in_folder(&in_a_file)).await.expect_err("a file is in the way");
    assert_eq!(error.to_string(), format!("could not read or write {}: Not a directory (os error 20)", in_a_file.display()));
}

#[test]
fn a_value_that_cannot_work_is_refused_by_its_key() {
    let peers = |peers: &[&str]| Config {
        address: "a:1".to_owned(),
        peers: peers.iter().map(|peer| (*peer).to_owned()).collect(),
        ..Config::default()
    };
    let cases = [
        (Config { election_timeout_min_ms: 100, ..Config::default() }, "election_timeout_min_ms: it must be longer than heartbeat_ms"),
        (Config { heartbeat_ms: 700, ..Config::default() }, "election_timeout_max_ms: it must be at least four times heartbeat_ms"),
        (peers(&["b:1", "c:1"]), "peers: it must hold the address of this node as well"),
        (peers(&["a:1", "b:1", "b:1"]), "peers: it must hold each address once"),
    ];
    for (config, reason) in cases {
        let error = config.validate().expect_err(reason);
        assert_eq!(error.to_string(), format!("catalog.{reason}"));
    }
    peers(&["a:1", "b:1", "c:1"]).validate().expect("so it can be");
}

#[tokio::test]
async fn a_node_with_peers_is_not_opened_as_if_it_were_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, peers) = ("a:1".to_owned(), vec!["a:1".to_owned(), "b:1".to_owned()]);
    let error = Catalog::open(Config { address, peers, ..Config::in_folder(folder.path()) }).await.expect_err("there is no way to b");
    assert_eq!(error.to_string(), "catalog.peers: a node with others can only be opened with a way to them");
}

use coldtrail_catalog::{CatalogClient, CommitId, Error, SourceIdentity, SourceProbe};
use coldtrail_model::{Commit, Run, RunState, SegmentIndex, SliceState};

use super::nodes::Nodes;
use crate::support::{commit, run, slice, source_object, whole_commits};

#[tokio::test]
async fn every_node_takes_changes_and_shows_its_own_at_once() {
    let nodes = Nodes::three().await;
    for number in 0..12 {
        let catalog = nodes.get(number as usize % 3);
        let committed = catalog.commit(commit(number)).await.expect("it is taken");
        assert_eq!(committed.snapshot_id, u64::from(number) + 1);
        assert_eq!(catalog.snapshot().await.expect("a snapshot").id, committed.snapshot_id);
        let probe = SourceProbe { url: source_object(number).url, identity: SourceIdentity::Sha256(source_object(number).sha256) };
        let other = nodes.get((number as usize + 1) % 3);
        assert_eq!(other.is_ingested(&[probe]).await.expect("an answer"), [true], "any other node knows");
    }
    for catalog in nodes.running() {
        catalog.linearizable().await.expect("there is a leader");
        assert_eq!(whole_commits(&catalog).await, (0..12).collect::<Vec<_>>());
        assert_eq!(catalog.kept_segments().await.expect("a list").len(), 24);
    }
}

#[tokio::test]
async fn a_change_is_refused_on_every_node_as_on_the_leader() {
    let nodes = Nodes::three().await;
    let id = CommitId::generate();
    let first = nodes.get(0).commit_as(id, commit(0)).await.expect("it is taken");
    let mut texts = Vec::new();
    for catalog in nodes.running() {
        assert_eq!(catalog.commit_as(id, commit(0)).await.expect("a retry is none"), first);
        let again = Commit { added: Vec::new(), ..commit(0) };
        let error = catalog.commit(again).await.expect_err("it is there already");
        assert!(matches!(error, Error::AlreadyIngested { .. }), "{error}");
        texts.push(error.to_string());
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
}

#[tokio::test]
async fn of_two_nodes_that_change_the_same_run_one_wins_and_the_other_is_told() {
    let nodes = Nodes::three().await;
    let mut long = run(1, 0);
    long.definition.sql = "SELECT ".repeat(10_000);
    nodes.get(0).create_run(long.clone()).await.expect("it is taken");
    let changed = |epoch| Run { state: RunState::Running, epoch, ..long.clone() };
    let both = tokio::join!(nodes.get(1).update_run(0, changed(5)), nodes.get(2).update_run(0, changed(6)));
    let (won, lost) = match both {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        other => panic!("one wins: {other:?}"),
    };
    assert!(matches!(&lost, Error::RunChanged { run } if **run == won), "{lost}");
    for catalog in nodes.running() {
        catalog.put_slices(long.id, won.epoch, vec![slice(&long, 0, SliceState::Skipped)]).await.expect("an equal one is no change");
        let error = catalog.put_slices(long.id, 1, vec![slice(&long, 1, SliceState::Planned)]).await.expect_err("it is stale");
        assert!(matches!(error, Error::StaleEpoch { epoch: 1, current } if current == won.epoch), "{error}");
    }
}

#[tokio::test]
async fn a_snapshot_that_one_node_shows_can_be_read_on_every_other_while_a_run_needs_it() {
    let nodes = Nodes::three().await;
    for round in 0..4_u8 {
        let (here, there) = (nodes.get(usize::from(round) % 3), nodes.get((usize::from(round) + 1) % 3));
        let snapshot_id = here.commit(commit(u32::from(round))).await.expect("it is taken").snapshot_id;
        let (shown, other) = (here.snapshot_at(snapshot_id).await.expect("here"), there.snapshot_at(snapshot_id).await.expect("there"));
        assert_eq!((shown.id, &shown.segments), (other.id, &other.segments));
        here.create_run(run(round, snapshot_id)).await.expect("it is taken");
        let removed = commit(u32::from(round)).added.iter().map(|segment| segment.id).collect();
        there.commit(Commit { removed, ..Commit::default() }).await.expect("they are there");
        for catalog in nodes.running() {
            catalog.linearizable().await.expect("there is a leader");
            let pinned = catalog.snapshot_at(snapshot_id).await.expect("a run reads it");
            assert_eq!(pinned.segments, shown.segments);
        }
    }
}

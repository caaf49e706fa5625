//! Runs and slices, and the snapshots that they pin.

use std::path::Path;

use coldtrail_catalog::{Catalog, CatalogClient, Error};
use coldtrail_model::{Commit, Run, RunId, RunState, SegmentId, SegmentIndex, Slice, SliceResult, SliceState, Snapshot};

use crate::support::{commit, commit_all, open, run, segment, segment_id, slice};

/// The numbers of the segments that a snapshot shows.
fn numbers(snapshot: &Snapshot) -> Vec<u32> {
    (0..100).filter(|number| snapshot.segments.values().flatten().any(|segment| segment.id == segment_id(*number))).collect()
}

async fn at(catalog: &Catalog, snapshot_id: u64) -> Option<Vec<u32>> {
    match catalog.snapshot_at(snapshot_id).await {
        Ok(snapshot) => Some(numbers(&snapshot)),
        Err(Error::SnapshotGone { snapshot_id: asked, .. }) if asked == snapshot_id => None,
        Err(error) => panic!("{error}"),
    }
}

async fn remove(catalog: &Catalog, numbers: &[u32]) {
    let removed = numbers.iter().map(|number| segment_id(*number)).collect();
    catalog.commit(Commit { removed, ..Commit::default() }).await.expect("they are there");
}

async fn end(catalog: &Catalog, run: &Run, state: RunState) {
    let version = catalog.run(run.id).await.expect("an answer").expect("it is there").0.version;
    catalog.update_run(version, Run { state, ..run.clone() }).await.expect("it can end");
}

#[tokio::test]
async fn a_run_is_there_after_a_restart_with_its_slices_and_the_newest_run_comes_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let runs: Vec<Run> = (0..3).map(|number| run(number, 0)).collect();
    for run in &runs {
        catalog.create_run(run.clone()).await.expect("it is taken");
    }
    let slices = vec![slice(&runs[1], 0, SliceState::Planned), slice(&runs[1], 1, SliceState::Skipped)];
    catalog.put_slices(runs[1].id, 0, slices.iter().rev().cloned().collect()).await.expect("they are taken");
    let mut catalog_to_close = Some(catalog);
    let newest_first: Vec<Run> = runs.iter().rev().cloned().collect();
    for from_image in [false, true] {
        let catalog = reopen(catalog_to_close.take(), folder.path()).await;
        let found: Vec<Run> = catalog.runs().await.expect("a list").iter().map(|run| run.as_ref().clone()).collect();
        assert_eq!(found, newest_first, "from an image: {from_image}");
        assert_eq!(catalog.run(runs[1].id).await.expect("an answer"), Some((runs[1].clone(), slices.clone())));
        assert_eq!(catalog.slices(runs[0].id).await.expect("an answer"), []);
        catalog.write_image().await.expect("an image");
        catalog_to_close = Some(catalog);
    }
}

async fn reopen(catalog: Option<Catalog>, folder: &Path) -> Catalog {
    if let Some(catalog) = catalog {
        catalog.shutdown().await.expect("it stops");
    }
    open(folder).await
}

#[tokio::test]
async fn a_change_that_is_sent_again_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let run = run(1, 0);
    for _ in 0..2 {
        catalog.create_run(run.clone()).await.expect("it is taken");
    }
    let changed = Run { state: RunState::Running, epoch: 7, ..run.clone() };
    for _ in 0..2 {
        let stored = catalog.update_run(run.version, changed.clone()).await.expect("it is taken");
        assert_eq!(stored, Run { version: run.version + 1, ..changed.clone() });
    }
    catalog.create_run(run.clone()).await.expect("the first try was taken, and went on since");
    let done = slice(&run, 0, done());
    for _ in 0..2 {
        catalog.put_slices(run.id, 7, vec![done.clone()]).await.expect("it is taken");
    }
    end(&catalog, &changed, RunState::Done).await;
    catalog.put_slices(run.id, 7, vec![done]).await.expect("nothing would change");
    for _ in 0..2 {
        catalog.delete_run(run.id).await.expect("it has ended");
    }
    assert_eq!(catalog.run(run.id).await.expect("an answer"), None);
    assert_eq!(catalog.slices(run.id).await.expect("an answer"), []);
}

#[tokio::test]
async fn a_change_of_a_run_that_is_another_by_now_is_refused_with_the_present_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let run = run(1, 0);
    let unknown = catalog.update_run(0, run.clone()).await.expect_err("it is not there");
    assert_eq!(unknown.to_string(), format!("there is no run {}", run.id));
    catalog.create_run(run.clone()).await.expect("it is taken");
    let running = catalog.update_run(0, Run { state: RunState::Running, epoch: 5, ..run.clone() }).await.expect("it is taken");
    let error = catalog.update_run(0, Run { state: RunState::Cancelled, ..run.clone() }).await.expect_err("it changed since");
    assert!(matches!(&error, Error::RunChanged { run } if **run == running), "{error}");
    let error = catalog.update_run(1, Run { epoch: 4, ..running.clone() }).await.expect_err("epochs only grow");
    assert!(matches!(error, Error::StaleEpoch { epoch: 4, current: 5 }), "{error}");
    let mut other = running.clone();
    other.definition.sql = "SELECT 2".to_owned();
    let error = catalog.update_run(1, other.clone()).await.expect_err("definitions stay");
    assert!(matches!(error, Error::RunInvalid { .. }), "{error}");
    let error = catalog.create_run(other).await.expect_err("another run has the id");
    assert!(matches!(error, Error::RunExists { run: id } if id == run.id), "{error}");
    let error = catalog.delete_run(run.id).await.expect_err("it has not ended");
    assert_eq!(error.to_string(), format!("run {} is running; it can be deleted once it has ended", run.id));
    end(&catalog, &running, RunState::Failed).await;
    let error = catalog.update_run(2, running).await.expect_err("it has ended");
    assert_eq!(error.to_string(), format!("run {} has ended: it is failed", run.id));
}

#[tokio::test]
async fn slices_are_taken_from_the_leader_of_the_epoch_only_and_stay_once_they_are_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let run = Run { epoch: 5, ..run(1, 0) };
    let put = |epoch, slices: Vec<Slice>| {
        let catalog = catalog.clone();
        async move { catalog.put_slices(run_id(), epoch, slices).await }
    };
    let planned = |number| slice(&run, number, SliceState::Planned);
    assert!(matches!(put(5, vec![planned(0)]).await, Err(Error::RunUnknown { .. })));
    catalog.create_run(run.clone()).await.expect("it is taken");
    for epoch in [4, 6] {
        let error = put(epoch, vec![planned(0)]).await.expect_err("it is not that leader's");
        assert!(matches!(error, Error::StaleEpoch { epoch: found, current: 5 } if found == epoch), "{error}");
    }
    let failed = SliceState::Failed { message: "it cannot be read".to_owned(), segment: Some("a/b".to_owned()) };
    put(5, vec![slice(&run, 0, done()), slice(&run, 1, failed), slice(&run, 2, SliceState::Skipped)]).await.expect("they are taken");
    for number in [0, 2] {
        let error = put(5, vec![planned(1), planned(number)]).await.expect_err("it has ended");
        assert!(matches!(error, Error::SliceEnded { number: found, .. } if found == number), "{error}");
    }
    let states = |slices: Vec<Slice>| slices.iter().map(|slice| slice.state.name()).collect::<Vec<_>>();
    assert_eq!(states(catalog.slices(run.id).await.expect("a list")), ["done", "failed", "skipped"], "all of them or none");
    put(5, vec![planned(1)]).await.expect("what failed can be tried again");
    assert_eq!(states(catalog.slices(run.id).await.expect("a list")), ["done", "planned", "skipped"]);
    for slices in [vec![planned(4), planned(4)], vec![Slice { run: RunId::generate(), ..planned(4) }]] {
        assert!(matches!(put(5, slices).await, Err(Error::RunInvalid { .. })));
    }
    end(&catalog, &run, RunState::Cancelled).await;
    assert!(matches!(put(5, vec![planned(9)]).await, Err(Error::RunEnded { state: RunState::Cancelled, .. })));
}

#[tokio::test]
async fn a_run_reads_the_snapshot_it_names_whatever_is_added_and_removed_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut catalog = open(folder.path()).await;
    commit_all(&catalog, 0..2).await;
    let run = run(1, 2);
    catalog.create_run(run.clone()).await.expect("the newest snapshot is known");
    remove(&catalog, &[1]).await;
    commit_all(&catalog, 2..3).await;
    catalog.commit(Commit { added: vec![segment(50)], removed: vec![segment_id(2)], ..Commit::default() }).await.expect("it is taken");
    remove(&catalog, &[50]).await;
    let mut expected: Vec<SegmentId> = [0, 1, 2, 3, 4, 5].into_iter().map(segment_id).collect();
    expected.sort_unstable();
    for from_image in [false, true] {
        assert_eq!(at(&catalog, 2).await, Some(vec![0, 1, 2, 3]), "from an image: {from_image}");
        assert_eq!(at(&catalog, 6).await, Some(vec![0, 3, 4, 5]));
        assert_eq!(catalog.kept_segments().await.expect("a list"), expected, "what came and went between is not kept");
        for gone in [0, 1, 3, 4, 5, 7] {
            assert_eq!(at(&catalog, gone).await, None);
        }
        catalog.write_image().await.expect("an image");
        catalog = reopen(Some(catalog), folder.path()).await;
    }
    end(&catalog, &run, RunState::Done).await;
    assert!(at(&catalog, 2).await.is_some(), "an answer can be repeated as long as it is there");
    catalog.delete_run(run.id).await.expect("it has ended");
    assert_eq!(at(&catalog, 2).await, None, "no run needs it any more");
    assert_eq!(catalog.kept_segments().await.expect("a list").len(), 4);
}

#[tokio::test]
async fn what_two_runs_read_is_kept_until_the_second_one_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    commit_all(&catalog, 0..1).await;
    let runs = [run(1, 1), run(2, 1)];
    for run in &runs {
        catalog.create_run(run.clone()).await.expect("it is taken");
    }
    remove(&catalog, &[0, 1]).await;
    end(&catalog, &runs[0], RunState::Done).await;
    assert_eq!(at(&catalog, 1).await, Some(vec![0, 1]));
    catalog.create_run(run(3, 1)).await.expect("a snapshot that another run reads is known");
    end(&catalog, &runs[1], RunState::Failed).await;
    assert_eq!(at(&catalog, 1).await, Some(vec![0, 1]));
    end(&catalog, &run(3, 1), RunState::Partial).await;
    assert_eq!(at(&catalog, 1).await, Some(vec![0, 1]), "an answer can be repeated as long as it is there");
    catalog.delete_run(runs[0].id).await.expect("it has ended");
    assert_eq!(at(&catalog, 1).await, Some(vec![0, 1]));
    catalog.delete_run(run(3, 1).id).await.expect("it has ended");
    assert_eq!(at(&catalog, 1).await, None);
    assert_eq!(catalog.kept_segments().await.expect("a list"), []);
}

#[tokio::test]
async fn a_run_of_a_snapshot_that_is_gone_or_to_come_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    commit_all(&catalog, 0..3).await;
    assert_eq!(at(&catalog, 1).await, Some(vec![0, 1]), "nothing was removed since");
    catalog.create_run(run(1, 2)).await.expect("nor since this one");
    remove(&catalog, &[0]).await;
    for snapshot_id in [1, 3, 5] {
        let error = catalog.create_run(run(7, snapshot_id)).await.expect_err("it cannot be read");
        let expected =
            format!("snapshot {snapshot_id} cannot be read: those from 4 to 4 can, and those of runs that go on or have answered");
        assert_eq!(error.to_string(), expected);
    }
    catalog.commit(commit(9)).await.expect("it is taken");
    catalog.create_run(run(7, 4)).await.expect("nothing was removed since");
    assert_eq!(catalog.snapshot().await.expect("a snapshot").id, 5);
}

fn run_id() -> RunId {
    run(1, 0).id
}

fn done() -> SliceState {
    SliceState::Done(SliceResult { path: Some("runs/1/0.arrow".to_owned()), rows: 7, bytes: 700, sha256: [7; 32] })
}

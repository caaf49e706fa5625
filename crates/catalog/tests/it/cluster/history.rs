//! What was acknowledged is there once, whatever happens to links and leaders.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use coldtrail_catalog::{Catalog, CatalogClient, CommitId, Error};
use coldtrail_model::SegmentIndex;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::nodes::{Nodes, PATIENCE};
use crate::support::{commit, segment_id, whole_commits};

/// More than the clients of one test come to.
const NUMBERS_MAX: u32 = 3_000;

/// What a leader that is cut off is asked to commit.
const IN_VAIN: u32 = NUMBERS_MAX - 1;

/// What clients did and saw.
#[derive(Default)]
pub(super) struct History {
    /// When each number was first sent.
    sent: Mutex<Vec<(u32, Instant)>>,
    /// When each number was acknowledged.
    acknowledged: Mutex<Vec<(u32, Instant)>>,
    /// When each read began and ended, and what it saw.
    reads: Mutex<Vec<(Instant, Instant, BTreeSet<u32>)>>,
}

impl History {
    fn check(&self) {
        let (sent, acknowledged) = (self.sent.lock(), self.acknowledged.lock());
        let mut reads = self.reads.lock();
        for (start, end, seen) in reads.iter() {
            for (number, at) in acknowledged.iter() {
                assert!(at >= start || seen.contains(number), "{number} was acknowledged, and a later read does not show it");
            }
            for number in seen {
                let was_sent = sent.iter().any(|(other, at)| other == number && at <= end);
                assert!(was_sent, "{number} was seen before it was sent");
            }
        }
        reads.sort_by_key(|(_, end, _)| *end);
        for (place, (_, end, seen)) in reads.iter().enumerate() {
            let later = reads[place..].iter().filter(|(start, ..)| start > end);
            for (_, _, more) in later {
                assert!(seen.is_subset(more), "a later read shows less");
            }
        }
    }
}

/// Clients that commit and read through all nodes until they are stopped.
pub(super) struct Clients {
    history: Arc<History>,
    stop: CancellationToken,
    acknowledged: watch::Sender<usize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Clients {
    pub(super) fn start(catalogs: &[Catalog]) -> Self {
        let clients =
            Self { history: Arc::default(), stop: CancellationToken::new(), acknowledged: watch::Sender::new(0), tasks: Vec::new() };
        let next = Arc::new(AtomicU32::new(0));
        let tasks = (0..catalogs.len()).flat_map(|first| {
            let in_turn: Vec<Catalog> = catalogs.iter().cycle().skip(first).take(catalogs.len()).cloned().collect();
            let (history, stop, acknowledged) = (Arc::clone(&clients.history), clients.stop.clone(), clients.acknowledged.clone());
            let writer = tokio::spawn(write(in_turn.clone(), Arc::clone(&next), history, stop, acknowledged));
            let reader = tokio::spawn(read(in_turn[0].clone(), Arc::clone(&clients.history), clients.stop.clone()));
            [writer, reader]
        });
        let tasks = tasks.collect();
        Self { tasks, ..clients }
    }

    /// Returns once so many more commits were acknowledged.
    pub(super) async fn progress(&self, commits: usize) {
        let mut acknowledged = self.acknowledged.subscribe();
        let wanted = *acknowledged.borrow() + commits;
        let reached = tokio::time::timeout(PATIENCE, acknowledged.wait_for(|count| *count >= wanted)).await;
        reached.expect("commits are taken in time").expect("the clients run");
    }

    pub(super) async fn finish(self) -> Arc<History> {
        self.stop.cancel();
        for task in self.tasks {
            tokio::time::timeout(PATIENCE, task).await.expect("it ends in time").expect("no panic");
        }
        self.history
    }
}

/// Sends each number until it is acknowledged, under one id, to one node after another.
async fn write(
    nodes: Vec<Catalog>,
    next: Arc<AtomicU32>,
    history: Arc<History>,
    stop: CancellationToken,
    acknowledged: watch::Sender<usize>,
) {
    while !stop.is_cancelled() {
        let number = next.fetch_add(1, Ordering::Relaxed);
        assert!(number < IN_VAIN, "the test is too short for this machine");
        let id = CommitId::generate();
        history.sent.lock().push((number, Instant::now()));
        for catalog in nodes.iter().cycle() {
            match catalog.commit_as(id, commit(number)).await {
                Ok(_) => break,
                // A node that was shut down; another one takes it.
                Err(error) if error.is_retryable() || matches!(error, Error::Stopped { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{number} was refused: {error}"),
            }
        }
        history.acknowledged.lock().push((number, Instant::now()));
        acknowledged.send_modify(|count| *count += 1);
    }
}

async fn read(catalog: Catalog, history: Arc<History>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let start = Instant::now();
        if catalog.linearizable().await.is_ok() {
            let seen = visible(&catalog).await;
            history.reads.lock().push((start, Instant::now(), seen));
        }
        // The nodes of the test share a processor or two with it.
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
        }
    }
}

/// The numbers that one snapshot shows, each of them whole and once.
async fn visible(catalog: &Catalog) -> BTreeSet<u32> {
    let snapshot = catalog.snapshot().await.expect("a snapshot");
    let ids: BTreeSet<_> = snapshot.segments.values().flatten().map(|segment| segment.id).collect();
    assert_eq!(ids.len(), snapshot.segments.values().map(Vec::len).sum::<usize>(), "a segment is there twice");
    let numbers: BTreeSet<u32> = (0..NUMBERS_MAX).filter(|number| ids.contains(&segment_id(2 * number))).collect();
    let whole = numbers.iter().all(|number| ids.contains(&segment_id(2 * number + 1)));
    assert!(whole && 2 * numbers.len() == ids.len(), "a commit is half there");
    numbers
}

/// On a busy machine a leader may take longer than one question waits.
async fn wait_for_leader(catalog: &Catalog) {
    let asked = Instant::now();
    while let Err(error) = catalog.linearizable().await {
        assert!(asked.elapsed() < PATIENCE, "there is no leader: {error}");
    }
}

/// All numbers that were acknowledged are on every node, and none that was not sent.
pub(super) async fn assert_all_there(nodes: &Nodes, history: &History) {
    let acknowledged: BTreeSet<u32> = history.acknowledged.lock().iter().map(|(number, _)| *number).collect();
    let sent: BTreeSet<u32> = history.sent.lock().iter().map(|(number, _)| *number).collect();
    for catalog in nodes.running() {
        wait_for_leader(&catalog).await;
        let there: BTreeSet<u32> = whole_commits(&catalog).await.into_iter().collect();
        assert!(acknowledged.is_subset(&there) && there.is_subset(&sent), "{acknowledged:?} of {sent:?}, and {there:?} are there");
    }
    history.check();
    assert!(history.reads.lock().len() > 3, "the history says something");
}

#[tokio::test]
async fn a_leader_that_is_cut_off_acknowledges_nothing_and_no_commit_is_lost_or_doubled() {
    let mut nodes = Nodes::new(3).await;
    nodes.config.write_timeout_ms = 2_000;
    nodes.start_all().await;
    let clients = Clients::start(&nodes.running());
    clients.progress(10).await;
    let old = nodes.leader().await;
    let epoch = nodes.get(old).leader_changes().borrow().epoch;
    nodes.isolate(old, true);
    clients.history.sent.lock().push((IN_VAIN, Instant::now()));
    let error = nodes.get(old).commit(commit(IN_VAIN)).await.expect_err("it has no majority");
    assert!(matches!(error, Error::NoLeader { .. }), "{error}");
    let error = nodes.get(old).linearizable().await.expect_err("nor can it say what is newest");
    assert!(matches!(error, Error::NoLeader { .. }), "{error}");
    assert!(!nodes.get(old).leader_changes().borrow().is_me, "it knows that it does not lead any more");
    let others: Vec<usize> = (0..3).filter(|node| *node != old).collect();
    let (_, next) = nodes.leader_of(&others).await;
    assert!(next.epoch > epoch, "{next:?}");
    clients.progress(10).await;
    nodes.isolate(old, false);
    clients.progress(20).await;
    let history = clients.finish().await;
    assert_all_there(&nodes, &history).await;
}

#[tokio::test]
async fn a_leader_that_is_not_heard_and_hears_all_harms_no_history() {
    let mut nodes = Nodes::new(3).await;
    nodes.config.write_timeout_ms = 2_000;
    nodes.start_all().await;
    let clients = Clients::start(&nodes.running());
    for round in 0..2 {
        clients.progress(10).await;
        let old = nodes.leader().await;
        let others: Vec<usize> = (0..3).filter(|node| *node != old).collect();
        others.iter().for_each(|other| nodes.cut(old, *other, true));
        let (_, state) = nodes.leader_of(&others).await;
        assert!(state.is_me, "round {round}");
        clients.progress(10).await;
        others.iter().for_each(|other| nodes.cut(old, *other, false));
    }
    clients.progress(10).await;
    let history = clients.finish().await;
    assert_all_there(&nodes, &history).await;
}

#[tokio::test]
async fn leaders_that_stop_one_after_another_take_no_acknowledged_commit_with_them() {
    let mut nodes = Nodes::three().await;
    let clients = Clients::start(&nodes.running());
    clients.progress(10).await;
    let leader = nodes.leader().await;
    nodes.stop(leader).await;
    clients.progress(20).await;
    let history = clients.finish().await;
    nodes.start(leader).await;
    assert_all_there(&nodes, &history).await;
}

#[tokio::test]
async fn leaders_that_hand_over_under_load_lose_nothing() {
    let nodes = Nodes::three().await;
    let clients = Clients::start(&nodes.running());
    for _ in 0..3 {
        clients.progress(10).await;
        let leader = nodes.leader().await;
        let next = nodes.id((leader + 1) % 3).await;
        // Under load another node may be faster; what counts here is the history.
        let _ = nodes.get((leader + 2) % 3).transfer_leader(next).await;
    }
    clients.progress(10).await;
    let history = clients.finish().await;
    assert_all_there(&nodes, &history).await;
}

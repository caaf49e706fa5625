//! Figures for a million segments: `cargo test -p coldtrail-catalog --release -- --ignored --nocapture million`.
//! `COLDTRAIL_TEST_SEGMENTS` sets another number. For a cluster: `two_hundred_thousand` in place of `million`.

use std::io::Write;
use std::time::Instant;

use coldtrail_catalog::{Catalog, CatalogClient, Config};
use coldtrail_model::{Commit, SegmentIndex};

use crate::cluster::Nodes;
use crate::support::segment;

const AT_ONCE: u32 = 10_000;
const ROUNDS: u32 = 15;

#[tokio::test]
#[ignore = "prints figures; takes minutes without optimisation"]
async fn a_million_segments() {
    let segments: u32 = std::env::var("COLDTRAIL_TEST_SEGMENTS").map_or(1_000_000, |number| number.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Catalog::open(Config::in_folder(folder.path()));
    let catalog = open().await.expect("it opens");
    let before = resident_mib();
    let start = Instant::now();
    for first in (0..segments).step_by(AT_ONCE as usize) {
        let added = (first..first + AT_ONCE).map(segment).collect();
        catalog.commit(Commit { added, ..Commit::default() }).await.expect("it is taken");
    }
    report("filling it", start);
    let start = Instant::now();
    catalog.write_image().await.expect("an image");
    report("an image", start);
    say(&format!("memory: {} MiB more", resident_mib() - before));
    let (mut commits, mut snapshots) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let start = Instant::now();
        catalog.commit(Commit { added: vec![segment(segments + round)], ..Commit::default() }).await.expect("it is taken");
        commits.push(start.elapsed());
        let start = Instant::now();
        catalog.snapshot().await.expect("a snapshot");
        snapshots.push(start.elapsed());
    }
    commits.sort();
    snapshots.sort();
    say(&format!("a commit of one segment: least {:.1?}, median {:.1?}", commits[0], commits[commits.len() / 2]));
    say(&format!("the first snapshot after it: least {:.1?}, median {:.1?}", snapshots[0], snapshots[snapshots.len() / 2]));
    let start = Instant::now();
    catalog.snapshot().await.expect("a snapshot");
    report("the same snapshot again", start);
    say(&format!("memory: {} MiB more, with a snapshot", resident_mib() - before));
    catalog.shutdown().await.expect("it stops");
    drop(catalog);
    let bytes = std::fs::metadata(folder.path().join("catalog.redb")).expect("the file").len();
    say(&format!("file: {} MiB", bytes >> 20));
    let start = Instant::now();
    let catalog = open().await.expect("it opens");
    report("opening it", start);
    assert_eq!(catalog.status().await.expect("a status").segments, u64::from(segments) + u64::from(ROUNDS));
}

/// Figures for a cluster of three nodes in one process; `COLDTRAIL_TEST_SEGMENTS` sets the number of segments.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; takes a minute without optimisation"]
async fn a_cluster_with_two_hundred_thousand_segments() {
    let segments: u32 = std::env::var("COLDTRAIL_TEST_SEGMENTS").map_or(200_000, |number| number.parse().expect("a number"));
    let mut nodes = Nodes::new(3).await;
    let usual = Config::default();
    nodes.config = Config { peers: nodes.config.peers.clone(), ..usual };
    nodes.start_all().await;
    let before = resident_mib();
    let start = Instant::now();
    for first in (0..segments).step_by(AT_ONCE as usize) {
        let added = (first..first + AT_ONCE).map(segment).collect();
        nodes.get(1).commit(Commit { added, ..Commit::default() }).await.expect("it is taken");
    }
    report("filling it", start);
    say(&format!("memory: {} MiB more for three nodes", resident_mib() - before));
    let leader = nodes.leader().await;
    for (what, node) in [("the leader", leader), ("a follower", (leader + 1) % 3)] {
        commit_figures(nodes.get(node), what, segments + 1_000 * u32::try_from(node).expect("few")).await;
    }
    let start = Instant::now();
    let snapshot = nodes.get(leader).snapshot().await.expect("a snapshot");
    report("the first snapshot", start);
    let start = Instant::now();
    let day = segment(7).time;
    let found =
        snapshot.segments.values().flatten().filter(|segment| segment.time.start_ms <= day.end_ms && day.start_ms <= segment.time.end_ms);
    say(&format!("{} segments of one day in {:.1?}", found.count(), start.elapsed()));
    let start = Instant::now();
    nodes.get(leader).write_image().await.expect("an image");
    report("an image", start);
    let start = Instant::now();
    for node in 0..3 {
        nodes.stop(node).await;
    }
    report("stopping all", start);
    let start = Instant::now();
    nodes.start_all().await;
    report("starting all, with a leader and all that was acknowledged", start);
    nodes.stop(2).await;
    nodes.wipe(2);
    let start = Instant::now();
    nodes.start(2).await;
    report("a wiped node until it counts again", start);
    let leader = nodes.leader().await;
    nodes.stop(leader).await;
    let start = Instant::now();
    nodes.get((leader + 1) % 3).commit(Commit { added: vec![segment(segments + 9_000)], ..Commit::default() }).await.expect("it is taken");
    report("a commit after the leader has stopped", start);
}

async fn commit_figures(catalog: &Catalog, what: &str, first: u32) {
    let mut commits = Vec::new();
    for number in first..first + 200 {
        let start = Instant::now();
        catalog.commit(Commit { added: vec![segment(number)], ..Commit::default() }).await.expect("it is taken");
        commits.push(start.elapsed());
    }
    commits.sort();
    say(&format!("a commit through {what}: median {:.1?}, p95 {:.1?}, worst {:.1?}", commits[100], commits[190], commits[199]));
}

fn report(what: &str, start: Instant) {
    say(&format!("{what}: {:.1?}", start.elapsed()));
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("someone listens");
}

fn resident_mib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse::<i64>().expect("a number") / 1024
}

//! Figures for a million segments: `cargo test -p coldtrail-catalog --release -- --ignored --nocapture million`.
//! `COLDTRAIL_TEST_SEGMENTS` sets another number.

use std::io::Write;
use std::time::Instant;

use coldtrail_catalog::{Catalog, CatalogClient, Config};
use coldtrail_model::{Commit, SegmentIndex};

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

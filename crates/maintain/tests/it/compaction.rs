//! Many small segments become few, and nothing else changes.

use std::sync::Arc;

use coldtrail_catalog::CatalogClient;
use coldtrail_maintain::MaintenanceConfig;
use coldtrail_model::{Commit, SegmentMeta, Table};
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;

use crate::crashes::Meddled;
use crate::support::*;

/// Several sources and days, taken in bit by bit in an order that the seed chooses.
async fn fill(house: &House, seed: u64) {
    let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    for commit in 0..12 {
        let first = commit * 1000;
        let day = MARCH_1 + dice.random_range(0..2) * DAY_MS;
        match dice.random_range(0..5) {
            0 => drop(house.ingest_rejects(&format!("r{commit}"), day, dice.random_range(1..40)).await),
            1 => {
                let flows = (0..dice.random_range(1..200)).map(|number| flow(first + number, day + number * 500)).collect();
                house.ingest(&format!("f{commit}"), "aws_vpcflow", flows).await;
            }
            _ => drop(house.ingest(&format!("c{commit}"), "aws_cloudtrail", calls(first..first + dice.random_range(1..400), day)).await),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_taken_in_the_rows_stay_the_same() {
    for seed in 0..4 {
        let house = House::new(config()).await;
        fill(&house, seed).await;
        let (before, first) = (house.rows().await, house.snapshot().await);
        let report = house.pass(in_hours(48)).await.compaction;
        assert_eq!((report.failed.len(), report.jobs_given_up, report.duplicates), (0, 0, 0), "seed {seed}: {report:?}");
        assert_eq!(house.rows().await, before, "seed {seed}");
        house.check_observables().await;
        let after = house.snapshot().await;
        let count = |all: &coldtrail_model::Snapshot| all.segments.values().map(Vec::len).sum::<usize>();
        assert!(count(&after) < count(&first), "seed {seed}");
        let places = |table: Table| after.segments_of(table).iter().map(|segment| (segment.day, segment.source.clone()));
        for table in Table::all() {
            let each: std::collections::BTreeSet<_> = places(table).collect();
            assert_eq!(each.len(), places(table).count(), "seed {seed}: one segment is left for each day and source of {table}");
        }
        let again = house.pass(in_hours(49)).await.compaction;
        assert_eq!((again.jobs, again.segments_removed), (0, 0), "seed {seed}: nothing is left to do");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merged_rows_are_in_order_and_the_catalog_knows_what_is_in_them() {
    let house = House::new(config()).await;
    for part in 0..3 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 500..part * 500 + 500, MARCH_1)).await;
    }
    house.pass(in_hours(48)).await;
    let snapshot = house.snapshot().await;
    let [segment] = snapshot.segments_of(API) else { panic!("one segment is left") };
    let times: Vec<i64> = raw_rows(&house.lake, segment).await.iter().map(|row| row["time"].parse().unwrap()).collect();
    assert!(times.is_sorted() && times.len() == 1500);
    assert_eq!((segment.time.start_ms, segment.time.end_ms), (times[0], times[1499]));
    assert_eq!((segment.accounts.as_deref(), segment.has_rows_without_account), (Some(&["111122223333".to_owned()][..]), false));
    assert_eq!(house.lake.segment_meta_from_footer(&segment.path).await.unwrap(), **segment);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_reading_what_it_read() {
    let house = House::new(config()).await;
    house.ingest("a", "aws_cloudtrail", calls(0..100, MARCH_1)).await;
    house.ingest("b", "aws_cloudtrail", calls(100..200, MARCH_1)).await;
    let (run, before) = (house.pin().await, house.rows().await);
    house.pass(in_hours(48)).await;
    let late = house.pass(in_hours(24 * 365)).await.garbage;
    assert!(late.removed_pinned > 0 && late.removed_deleted == 0, "{late:?}");
    let pinned = house.catalog.snapshot_at(run.definition.snapshot_id).await.unwrap();
    assert_eq!((rows_of(&house.lake, &pinned).await, house.rows().await), (before.clone(), before));
    assert_eq!((pinned.segments_of(API).len(), house.segments(API).await), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_segment_was_removed_meanwhile_is_given_up_without_a_trace() {
    let house = House::new(config()).await;
    let gone: Vec<SegmentMeta> = house.ingest("a", "aws_cloudtrail", calls(0..100, MARCH_1)).await;
    house.ingest("b", "aws_cloudtrail", calls(100..200, MARCH_1)).await;
    let removed = vec![gone.iter().find(|segment| segment.table == API).unwrap().id];
    let first = Commit { removed, ..Commit::default() };
    let files = house.files().await;
    let meddled = keeper(&house.lake, Arc::new(Meddled::new(&house.catalog, Some(first), None)), config());
    let report = meddled.compact(in_hours(48), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.jobs, report.jobs_given_up, report.failed.len()), (0, 1, 0), "{report:?}");
    assert_eq!((house.files().await, house.row_count(API).await), (files, 100), "what was written is deleted again");
    assert!(house.catalog.documents(coldtrail_maintain::REMOVAL_KIND).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_segment_is_left_as_it_is_and_named_and_the_other_days_are_merged() {
    let house = House::new(config()).await;
    let mut damaged = None;
    for (day, part) in [(0, 0), (0, 1), (1, 2), (1, 3)] {
        let written =
            house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 100..part * 100 + 100, MARCH_1 + day * DAY_MS)).await;
        damaged.get_or_insert_with(|| written.into_iter().find(|segment| segment.table == API).unwrap());
    }
    let damaged = damaged.unwrap();
    let path = house.folder.path().join("lake").join(&damaged.path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.failed.len()), (1, 1));
    assert_eq!(report.failed[0].day, "2026-03-01");
    assert!(report.failed[0].reason.contains(&damaged.id.to_string()), "{}", report.failed[0].reason);
    assert!(house.visible().await.contains(&damaged.id));
    assert_eq!(house.segments(API).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_does_so_many_jobs_and_says_what_is_left() {
    let house = House::new(MaintenanceConfig { jobs_max: 2, ..config() }).await;
    for part in 0..8 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 10..part * 10 + 10, MARCH_1 + part / 2 * DAY_MS)).await;
    }
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.jobs_left, report.rows), (2, 2, 40));
    assert!(report.io_bytes > 0);
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.jobs_left, house.segments(API).await), (2, 0, 4));
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(matches!(house.maintenance.pass(in_hours(48), &stop).await, Err(coldtrail_maintain::Error::Stopped)));
}

//! Files go when nobody needs them, and not before.

use coldtrail_catalog::CatalogClient;
use coldtrail_lake::{SegmentWriter, WriterConfig};
use coldtrail_maintain::REMOVAL_KIND;
use coldtrail_model::RunState;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn afterwards_the_bucket_holds_exactly_what_the_catalog_says() {
    let house = House::new(config()).await;
    for part in 0..4 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 100..part * 100 + 100, MARCH_1)).await;
    }
    let mut orphan = SegmentWriter::new(house.lake.clone(), WriterConfig::default());
    orphan.append("zeek", &"o".into(), call(0, MARCH_1), 0).unwrap();
    let orphans = orphan.finish().await.unwrap();
    let rows = house.rows().await;

    let first = house.pass(in_hours(1)).await;
    assert_eq!((first.compaction.segments_removed, first.garbage.removed_young, first.garbage.removed_deleted), (8, 8, 0));
    assert_eq!((first.garbage.orphans_young, first.garbage.orphans_deleted), (orphans.len() as u64, 0));
    let second = house.pass(in_hours(72)).await.garbage;
    assert_eq!((second.orphans_deleted, second.removed_young, second.removed_deleted), (orphans.len() as u64, 8, 0));
    let third = house.pass(in_hours(74)).await.garbage;
    assert_eq!((third.removed_deleted, third.removed_young), (8, 0));
    assert!(third.bytes_deleted > 0);
    assert_eq!((house.files().await, house.rows().await), (house.visible().await, rows));
    assert!(house.catalog.documents(REMOVAL_KIND).await.unwrap().is_empty(), "there is nothing left to remember");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_reads_goes_once_the_run_is_over() {
    let house = House::new(config()).await;
    for part in 0..2 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 100..part * 100 + 100, MARCH_1)).await;
    }
    let run = house.pin().await;
    house.pass(in_hours(48)).await;
    let pinned = house.pass(in_hours(1000)).await.garbage;
    assert_eq!((pinned.removed_pinned, pinned.removed_deleted), (4, 0));
    house.catalog.update_run(0, coldtrail_model::Run { state: RunState::Cancelled, ..run }).await.unwrap();
    let over = house.pass(in_hours(1001)).await.garbage;
    assert_eq!((over.removed_pinned, over.removed_deleted), (0, 4), "{over:?}");
    assert_eq!(house.files().await, house.visible().await);
}

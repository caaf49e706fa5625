//! Rejects become events once, and what cannot be read stays as it was.

use coldtrail_ingest::{IngestConfig, RejectFilter, RetryReport, retry_rejects};
use coldtrail_lake::rejects_schema;
use coldtrail_model::{SegmentIndex, Table};
use coldtrail_normalize::Source;

use crate::{House, record};

/// Adds a source for this process. Until it is there, its records are taken for those of another source.
fn add_source(name: &str, kind: &str) -> Source {
    let lines = [
        &format!("source: {name}"),
        "documentation: https://example.org/retry",
        "recognised_by:",
        &format!("  - [kind = {kind}]"),
        "time: at",
        "event: kind",
        "classes: {\"*\": api_activity other}",
        "fields:",
        "  metadata_product_name: {is: Retry}",
        "  metadata_product_vendor_name: {is: Retry}",
    ];
    Source::add(&format!("{name}.yml"), &lines.join("\n")).expect("a mapping")
}

async fn retry(house: &House, filter: &RejectFilter) -> RetryReport {
    retry_rejects(&house.lake, &house.catalog, filter).await.expect("a report")
}

/// Offsets and texts of the rejects that are visible, in order.
async fn rejects(house: &House) -> Vec<(i64, String, bool, bool)> {
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    let mut found = Vec::new();
    for segment in snapshot.segments.get(&Table::Rejects).into_iter().flatten() {
        for batch in house.lake.read_segment(segment).await.expect("rows") {
            assert_eq!(batch.schema().fields(), rejects_schema().fields());
            found.extend(crate::reject_rows(&batch));
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejects_are_events_once_when_their_mapping_is_there() {
    let house = House::new(IngestConfig::default()).await;
    let odd = |number: usize| format!("{{\"kind\":\"retry-one\",\"n\":{number},\"at\":\"2026-03-01T00:00:0{number}Z\"}}\n");
    let long = format!("{{\"kind\":\"retry-one\",\"at\":\"2026-03-01T00:00:00Z\",\"x\":\"{}\"}}\n", "y".repeat(70_000));
    house.log("a.json", format!("{}\n{}not json\n{}{long}", record(0), odd(1), odd(2)));
    house.log("b.json", format!("{}\n{}", record(1), odd(3)));
    house.run().await;
    let before = rejects(&house).await;
    assert_eq!((house.visible().await, before.len()), ((2, 5), 5));
    let cut: Vec<_> = before.iter().filter(|(_, _, is_cut, _)| *is_cut).map(|(_, raw, _, is_lossy)| (raw.len(), *is_lossy)).collect();
    assert_eq!(cut, [(64 << 10, false)], "only of the long record the beginning is kept");

    let nothing = retry(&house, &RejectFilter::default()).await;
    assert_eq!((nothing.rows, nothing.events, nothing.rejects, nothing.not_whole, nothing.snapshot_id), (5, 0, 4, 1, None));
    let source = add_source("retry_one", "retry-one");
    let only_b = RejectFilter { object: Some("b.json".to_owned()), read_as: Some(source), ..RejectFilter::default() };
    let report = retry(&house, &only_b).await;
    assert_eq!((report.rows, report.events, house.visible().await), (1, 1, (3, 4)));
    let all = RejectFilter { read_as: Some(source), ..RejectFilter::default() };
    let report = retry(&house, &all).await;
    assert_eq!((report.rows, report.events, report.rejects, report.not_whole), (4, 2, 1, 1));
    assert_eq!(report.events_by_source["retry_one"], 2);
    assert_eq!(house.visible().await, (5, 2));
    let after = rejects(&house).await;
    assert!(after.iter().all(|row| before.contains(row)), "what stays, stays as it was: {after:?}");

    let again = retry(&house, &all).await;
    assert_eq!((again.rows, again.events, house.visible().await), (2, 0, (5, 2)), "nothing is an event twice");
    let objects = house.catalog.source_objects().await.expect("the objects");
    let retried: Vec<u64> = objects.iter().filter(|object| object.url.starts_with("rejects://")).map(|object| object.events).collect();
    assert_eq!(retried.iter().sum::<u64>(), 3);
    let (events, rejects) = objects.iter().fold((0, 0), |sum, object| (sum.0 + object.events, sum.1 + object.rejects));
    assert_eq!((events, rejects - 3), (5, 2), "system.sources adds up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_retries_at_once_make_each_reject_an_event_once() {
    let house = House::new(IngestConfig { commit_objects_max: 1, ..IngestConfig::default() }).await;
    for number in 0..8 {
        let odd = format!("{{\"kind\":\"retry-two\",\"n\":{number},\"at\":\"2026-03-01T00:00:00Z\"}}\n");
        house.log(&format!("{number}.json"), format!("{}\n{odd}", record(number)));
    }
    house.run().await;
    assert_eq!(house.visible().await, (8, 8));
    let filter = RejectFilter { read_as: Some(add_source("retry_two", "retry-two")), ..RejectFilter::default() };
    let (one, other) = tokio::join!(retry(&house, &filter), retry(&house, &filter));
    assert_eq!((one.events + other.events, house.visible().await), (8, (16, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_the_head_of_its_object_stays_a_reject() {
    let house = House::new(IngestConfig::default()).await;
    let head = "srcaddr dstaddr srcport dstport protocol start end account-id action";
    house.log("flow.log", format!("{head}\n192.0.2.1 192.0.2.2 1 2 6 x 1772366400 123456789012 ACCEPT\n"));
    let report = house.run().await;
    assert_eq!((report.events, report.rejects), (0, 1), "{report:?}");
    let report = retry(&house, &RejectFilter::default()).await;
    assert_eq!((report.rows, report.context, report.events), (1, 1, 0));
    let none = RejectFilter { source: Some("zeek".to_owned()), ..RejectFilter::default() };
    assert_eq!(retry(&house, &none).await, RetryReport::default());
}

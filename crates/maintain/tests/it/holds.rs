//! Nothing on hold is removed, and who set or lifted it is known.

use coldtrail_catalog::CatalogClient;
use coldtrail_maintain::{AUDIT_KIND, AuditEntry, Error, HOLD_KIND, Hold, HoldScope, Holds, RETENTION_KIND, lift_hold, set_hold};
use coldtrail_model::{DocumentChange, Table};

use crate::support::*;

fn hold(name: &str, scope: HoldScope) -> Hold {
    Hold { name: name.to_owned(), reason: "case 7".to_owned(), who: "ann".to_owned(), since_ms: 1, scope }
}

fn of_api() -> HoldScope {
    HoldScope { table: Some(API), ..HoldScope::default() }
}

async fn keep_one_day(house: &House) {
    let put = DocumentChange::put(RETENTION_KIND, "all".to_owned(), b"days: 1".to_vec(), 0, "ann");
    house.catalog.put_documents(vec![put]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_hold_stays_byte_by_byte_until_it_is_lifted() {
    let house = House::new(config()).await;
    for part in 0..2 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(0..50, MARCH_1)).await;
        house.ingest(&format!("f{part}"), "aws_vpcflow", vec![flow(part, MARCH_1)]).await;
    }
    keep_one_day(&house).await;
    set_hold(&house.catalog, &hold("case-7", of_api())).await.unwrap();
    let held: Vec<_> = house.snapshot().await.segments_of(API).to_vec();
    let report = house.pass(in_hours(48)).await;
    assert_eq!((report.retention.segments_held, report.compaction.duplicates), (2, 0));
    house.pass(in_hours(1000)).await;
    assert_eq!((house.segments(API).await, house.row_count(NETWORK).await), (2, 0));
    for segment in &held {
        house.lake.verify_segment(segment).await.unwrap();
    }
    assert_eq!(house.files().await, held.iter().map(|segment| segment.id).collect());

    lift_hold(&house.catalog, "case-7", "bob", "closed", 5).await.unwrap();
    assert_eq!(house.pass(in_hours(1001)).await.retention.segments_removed, 2);
    house.pass(in_hours(2000)).await;
    assert!(house.files().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whose_observables_are_on_hold_is_not_merged() {
    let house = House::new(config()).await;
    for day in 0..2 {
        for part in 0..2 {
            house.ingest(&format!("c{day}{part}"), "aws_cloudtrail", calls(0..50, MARCH_1 + day * DAY_MS)).await;
        }
    }
    let files = house.files().await;
    let scope = HoldScope { source: Some("zeek".to_owned()), last_day: Some("2026-03-01".parse().unwrap()), ..HoldScope::default() };
    set_hold(&house.catalog, &hold("h", scope)).await.unwrap();
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.duplicates, report.segments_held), (1, 50, 4));
    house.pass(in_hours(1000)).await;
    let left = house.files().await;
    assert_eq!((left.intersection(&files).count(), left.len()), (4, 6), "the held day's files, and two new ones");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_comes_in_time_brings_back_what_retention_removed() {
    let house = House::new(config()).await;
    house.ingest("c", "aws_cloudtrail", calls(0..50, MARCH_1)).await;
    keep_one_day(&house).await;
    let rows = house.rows().await;
    assert_eq!(house.pass(in_hours(0)).await.retention.segments_removed, 2);
    assert!(house.visible().await.is_empty());
    set_hold(&house.catalog, &hold("late", HoldScope::default())).await.unwrap();
    let report = house.pass(in_hours(1000)).await;
    assert_eq!((report.retention.segments_restored, report.garbage.removed_deleted), (2, 0));
    assert_eq!(house.rows().await, rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_were_replaced_before_the_hold_stay_as_well() {
    let house = House::new(config()).await;
    for part in 0..2 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(0..50, MARCH_1)).await;
    }
    house.pass(in_hours(1)).await;
    set_hold(&house.catalog, &hold("h", of_api())).await.unwrap();
    let report = house.pass(in_hours(1000)).await.garbage;
    assert_eq!((report.removed_held, report.removed_deleted), (2, 2), "the two of events stay, those of observables go");
    lift_hold(&house.catalog, "h", "ann", "over", 9).await.unwrap();
    assert_eq!(house.pass(in_hours(1001)).await.garbage.removed_deleted, 2);
    assert_eq!(house.files().await, house.visible().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setting_and_lifting_are_audited_and_a_hold_is_not_changed_silently() {
    let house = House::new(config()).await;
    let first = hold("case-7", of_api());
    set_hold(&house.catalog, &first).await.unwrap();
    let narrower = Hold { scope: HoldScope { table: Some(Table::Rejects), ..HoldScope::default() }, ..first.clone() };
    assert!(matches!(set_hold(&house.catalog, &narrower).await, Err(Error::HoldExists { .. })));
    assert_eq!(Holds::load(&house.catalog).await.unwrap().iter().collect::<Vec<_>>(), [&first]);
    assert_eq!(lift_hold(&house.catalog, "case-7", "bob", "closed", 9).await.unwrap(), first);
    assert!(matches!(lift_hold(&house.catalog, "case-7", "bob", "closed", 9).await, Err(Error::HoldUnknown { .. })));
    let audit: Vec<AuditEntry> =
        house.catalog.documents(AUDIT_KIND).await.unwrap().iter().map(|entry| serde_json::from_slice(&entry.body).unwrap()).collect();
    let told: Vec<_> = audit.iter().map(|entry| (entry.act.as_str(), entry.who.as_str(), entry.reason.as_str(), entry.at_ms)).collect();
    assert_eq!(told, [("hold_set", "ann", "case 7", 1), ("hold_lifted", "bob", "closed", 9)]);
    assert!(audit.iter().all(|entry| entry.hold == first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_hold_cannot_be_understood_nothing_is_removed_or_merged() {
    let house = House::new(config()).await;
    for part in 0..2 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(0..50, MARCH_1)).await;
    }
    keep_one_day(&house).await;
    let put = DocumentChange::put(HOLD_KIND, "odd".to_owned(), b"{}".to_vec(), 0, "ann");
    house.catalog.put_documents(vec![put]).await.unwrap();
    let files = house.files().await;
    for refused in [
        house.maintenance.retain(in_hours(1000), &Default::default()).await.map(drop),
        house.maintenance.compact(in_hours(1000), &Default::default()).await.map(drop),
        house.maintenance.collect_garbage(in_hours(1000), &Default::default()).await.map(drop),
    ] {
        assert!(matches!(&refused, Err(Error::Document { kind: "hold", key, .. }) if key == "odd"), "{refused:?}");
    }
    assert_eq!((house.visible().await, house.files().await), (files.clone(), files));
}

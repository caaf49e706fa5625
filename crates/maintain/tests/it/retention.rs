//! What is past its time goes, by table and source.

use coldtrail_catalog::CatalogClient;
use coldtrail_maintain::{Error, RETENTION_KIND};
use coldtrail_model::{DocumentChange, Table};

use crate::support::*;

async fn rule(house: &House, key: &str, text: &str) {
    let put = DocumentChange::put(RETENTION_KIND, key.to_owned(), text.as_bytes().to_vec(), 0, "ann");
    house.catalog.put_documents(vec![put]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_go_when_their_time_has_come() {
    let house = House::new(config()).await;
    for day in 0..4 {
        house.ingest(&format!("c{day}"), "aws_cloudtrail", calls(day * 10..day * 10 + 10, MARCH_1 + day * DAY_MS)).await;
        house.ingest(&format!("f{day}"), "aws_vpcflow", vec![flow(day, MARCH_1 + day * DAY_MS)]).await;
    }
    let now = MARCH_1 + 4 * DAY_MS;
    assert_eq!(house.pass(now).await.retention.segments_removed, 0, "without a rule all stays");
    rule(&house, "flows", "table: network_activity\ndays: 1").await;
    rule(&house, "trail", "source: aws_cloudtrail\ndays: 4").await;
    let report = house.maintenance.retain(now, &Default::default()).await.unwrap();
    assert_eq!((report.segments_removed, report.rows_removed), (3, 3), "the flows of the last day stay");
    assert_eq!((house.row_count(NETWORK).await, house.row_count(API).await), (1, 40));
    let report = house.maintenance.retain(now + DAY_MS, &Default::default()).await.unwrap();
    assert_eq!((report.segments_removed, report.rows_removed), (2, 11));
    assert!(house.segments(Table::Observables).await > 0, "no rule is about them");
    rule(&house, "all", "days: 1").await;
    house.maintenance.retain(now + 100 * DAY_MS, &Default::default()).await.unwrap();
    assert!(house.visible().await.is_empty());
    house.pass(in_hours(24 * 400)).await;
    assert!(house.files().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_cannot_be_understood_removes_nothing() {
    let house = House::new(config()).await;
    house.ingest("c", "aws_cloudtrail", calls(0..10, MARCH_1)).await;
    rule(&house, "good", "days: 1").await;
    rule(&house, "bad", "dayz: 1").await;
    let error = house.maintenance.retain(in_hours(0), &Default::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Document { kind: "retention", key, .. } if key == "bad"), "{error}");
    assert_eq!(house.row_count(API).await, 10);
}

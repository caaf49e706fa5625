//! Other engines are told of what is visible before files are deleted, and versions stay as long as files.

use std::collections::BTreeSet;

use coldtrail_lake::Lake;
use coldtrail_maintain::{Error, MaintenanceConfig, removed_segments};
use tokio_util::sync::CancellationToken;

use crate::support::*;

fn publishing() -> MaintenanceConfig {
    MaintenanceConfig { iceberg: true, ..config() }
}

async fn filled(config: MaintenanceConfig) -> House {
    let house = House::new(config).await;
    for part in 0..4 {
        house.ingest(&format!("c{part}"), "aws_cloudtrail", calls(part * 100..part * 100 + 100, MARCH_1)).await;
    }
    house
}

/// The versions of the table of calls that there are.
async fn versions(house: &House) -> BTreeSet<String> {
    let files = house.lake.list_table_files().await.unwrap().into_iter().filter(|file| file.table == API);
    files.map(|file| file.name).filter(|name| name.ends_with(".metadata.json")).collect()
}

/// What the newest version says of its files and rows.
async fn totals(house: &House) -> (String, String) {
    let hint = house.lake.get_table_file(API, "version-hint.text").await.unwrap().unwrap();
    let name = format!("v{}.metadata.json", String::from_utf8_lossy(&hint));
    let metadata: serde_json::Value = serde_json::from_slice(&house.lake.get_table_file(API, &name).await.unwrap().unwrap()).unwrap();
    let total = |key: &str| metadata["snapshots"][0]["summary"][key].as_str().unwrap().to_owned();
    (total("total-data-files"), total("total-records"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_publishes_what_it_merged_and_keeps_the_version_before_as_long_as_its_files() {
    let house = filled(publishing()).await;
    let stop = CancellationToken::new();
    house.maintenance.publish(in_hours(0), &stop).await.unwrap();
    assert_eq!(totals(&house).await, ("4".to_owned(), "400".to_owned()));
    let merged = house.pass(in_hours(1)).await;
    assert_eq!(merged.iceberg.unwrap().published.snapshot_id, house.snapshot().await.id);
    assert_eq!((totals(&house).await, versions(&house).await.len()), (("1".to_owned(), "400".to_owned()), 2));

    let young = house.pass(in_hours(71)).await;
    assert_eq!((young.garbage.removed_deleted, young.iceberg.unwrap().expired.versions_deleted), (0, 0));
    assert_eq!(removed_segments(&house.catalog).await.unwrap().len(), 8, "they stay for those who read the version before");
    let old = house.pass(in_hours(74)).await;
    assert_eq!(old.garbage.removed_deleted, 8);
    assert!(old.iceberg.unwrap().expired.versions_deleted >= 1);
    assert_eq!(versions(&house).await, BTreeSet::from(["v2.metadata.json".to_owned()]));
    assert_eq!(house.files().await, house.visible().await, "where segments lie, there is nothing else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_deleted_while_the_tables_cannot_be_published() {
    let house = filled(publishing()).await;
    house.pass(in_hours(1)).await;
    let before = house.files().await;
    let damaged = house.folder.path().join("lake").join(Lake::table_file_path(API, "v9.metadata.json"));
    std::fs::write(&damaged, "{").unwrap();
    let stop = CancellationToken::new();
    let error = house.maintenance.pass(in_hours(74), &stop).await.unwrap_err();
    assert!(matches!(error, Error::Iceberg(_)) && error.to_string().contains("v9.metadata.json"), "{error}");
    assert_eq!(house.files().await, before);
    std::fs::remove_file(damaged).unwrap();
    assert_eq!(house.pass(in_hours(74)).await.garbage.removed_deleted, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unless_it_is_asked_for_nothing_is_published() {
    let house = filled(config()).await;
    assert_eq!(house.pass(in_hours(1)).await.iceberg, None);
    assert!(house.lake.list_table_files().await.unwrap().is_empty());
}

//! A lost catalog is made again from the files: the same rows.

use std::collections::BTreeMap;

use coldtrail_catalog::{Catalog, Config};
use coldtrail_maintain::{Error, RebuildOptions, rebuild};
use coldtrail_model::{SegmentIndex, Table};
use futures::TryStreamExt;

use crate::support::*;

/// Makes a catalog of the files, and compares what it shows.
pub(crate) async fn check_rebuilt(house: &House, rows: &BTreeMap<Table, Vec<Row>>, place: &str) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    let report = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    let snapshot = catalog.snapshot().await.unwrap();
    assert_eq!(rows_of(&house.lake, &snapshot).await, *rows, "{place}: {report:?}");
    let again = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!((again.segments_added, again.segments_known), (0, report.segments_added), "{place}");
    catalog.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_number_of_merges_and_deletions_the_rows_are_the_same() {
    let house = House::new(config()).await;
    for round in 0..4 {
        for part in 0..2 {
            let first = round * 1000 + part * 100;
            house.ingest(&format!("c{first}"), "aws_cloudtrail", calls(first..first + 100, MARCH_1)).await;
            house.ingest_rejects(&format!("r{first}"), MARCH_1, 5).await;
        }
        let rows = house.rows().await;
        check_rebuilt(&house, &rows, &format!("round {round} before")).await;
        house.pass(in_hours(48 * (round + 1))).await;
        assert_eq!(house.rows().await, rows);
        check_rebuilt(&house, &rows, &format!("round {round} after")).await;
    }
    assert_eq!(house.row_count(API).await, 800);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_segment_is_named_and_a_catalog_with_other_segments_is_refused() {
    let house = House::new(config()).await;
    let written = house.ingest("a", "aws_cloudtrail", calls(0..10, MARCH_1)).await;
    let folder = house.folder.path().join("lake/ocsf/api_activity");
    std::fs::write(folder.join("notes.parquet"), b"not Parquet").unwrap();
    let report = rebuild(&house.lake, &house.catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!((report.segments_known, report.commits, report.refused.len()), (written.len() as u64, 0, 1));
    assert_eq!(report.refused[0].path, "ocsf/api_activity/notes.parquet");
    std::fs::remove_file(house.folder.path().join("lake").join(&written[0].path)).unwrap();
    let refused = rebuild(&house.lake, &house.catalog, RebuildOptions::default()).await.unwrap_err();
    assert!(matches!(refused, Error::NotEmpty { segments: 1 }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_in_is_known_again_and_what_nobody_noted_is_counted() {
    let house = House::new(config()).await;
    house.ingest("file:///of before", "aws_cloudtrail", calls(0..10, MARCH_1)).await;
    house.ingest_noted("file:///a", calls(10..20, MARCH_1)).await;
    house.ingest_noted("file:///b", calls(20..30, MARCH_1)).await;
    house.pass(in_hours(48)).await;
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    let report = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!((report.source_objects_restored, report.source_objects_known, report.source_objects_unknown), (2, 0, 1), "{report:?}");
    assert_eq!(catalog.source_objects().await.unwrap(), house.catalog.source_objects().await.unwrap());
    let again = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!((again.source_objects_restored, again.source_objects_known, again.source_objects_unknown), (0, 2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_is_damaged_is_named_and_its_objects_are_counted_as_unknown() {
    let house = House::new(config()).await;
    house.ingest_noted("file:///a", calls(0..10, MARCH_1)).await;
    let path = house.lake.list_source_notes().try_next().await.unwrap().expect("there is a note");
    let file = house.folder.path().join("lake").join(&path);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("file:///a", "file:///b")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    let report = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!((report.source_objects_restored, report.source_objects_unknown), (0, 1));
    assert_eq!(
        (report.refused[0].path.as_str(), report.refused[0].reason.as_str()),
        (path.as_str(), "the SHA-256 of its objects is another")
    );
}

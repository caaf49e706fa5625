use std::path::Path;

use coldtrail_catalog::{Backup, Catalog, Config, restore};
use coldtrail_lake::Lake;
use coldtrail_maintain::{Error, RebuildOptions, back_up, compare_backup, rebuild};
use coldtrail_model::SegmentIndex;
use tokio_util::sync::CancellationToken;

use crate::support::*;

async fn taken(house: &House) -> Backup {
    let taken = back_up(&house.lake, &house.catalog).await.unwrap();
    let bytes = house.lake.get_file(&Lake::backup_path(&taken.name)).await.unwrap();
    assert_eq!(bytes.len() as u64, taken.bytes);
    Backup::decode(&bytes).unwrap()
}

async fn restored(folder: &Path, backup: &Backup) -> Catalog {
    let config = Config::in_folder(folder);
    restore(&config, backup).unwrap();
    Catalog::open(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_gives_the_same_rows_and_what_came_since_is_named_and_taken_in() {
    let house = House::new(config()).await;
    house.ingest("a", "aws_cloudtrail", calls(0..50, MARCH_1)).await;
    let backup = taken(&house).await;
    let rows = house.rows().await;
    assert_eq!(compare_backup(&house.lake, &backup).await.unwrap(), Default::default());
    let since = house.ingest("b", "aws_cloudtrail", calls(50..80, MARCH_1)).await;

    let folder = tempfile::tempdir().unwrap();
    let catalog = restored(folder.path(), &backup).await;
    assert_eq!(rows_of(&house.lake, catalog.snapshot().await.unwrap().as_ref()).await, rows);
    let comparison = compare_backup(&house.lake, &backup).await.unwrap();
    assert!(comparison.missing.is_empty());
    assert!(comparison.newer.iter().map(|file| file.segment.unwrap()).eq(sorted_by_path(&since)));

    rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
    assert_eq!(rows_of(&house.lake, catalog.snapshot().await.unwrap().as_ref()).await, house.rows().await);
}

fn sorted_by_path(segments: &[coldtrail_model::SegmentMeta]) -> Vec<coldtrail_model::SegmentId> {
    let mut segments: Vec<_> = segments.iter().map(|segment| (segment.path.clone(), segment.id)).collect();
    segments.sort();
    segments.into_iter().map(|(_, id)| id).collect()
}

/// What was merged after the backup: while the old files are there, once they are gone, and once that was merged again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_merges_since_the_backup_each_row_comes_once() {
    let house = House::new(config()).await;
    for part in 0..3 {
        house.ingest(&format!("a{part}"), "aws_cloudtrail", calls(part * 40..part * 40 + 40, MARCH_1)).await;
    }
    let backup = taken(&house).await;
    let rows = house.rows().await;
    for (hours, is_gone) in [(48, false), (48 + 80, true)] {
        house.pass(in_hours(hours)).await;
        assert_eq!(house.rows().await, rows);
        let comparison = compare_backup(&house.lake, &backup).await.unwrap();
        assert_eq!((comparison.missing.is_empty(), comparison.newer.is_empty()), (!is_gone, false), "{comparison:?}");
        let folder = tempfile::tempdir().unwrap();
        let catalog = restored(folder.path(), &backup).await;
        let report = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
        assert!(report.segments_removed > 0, "{report:?}");
        assert_eq!(rows_of(&house.lake, catalog.snapshot().await.unwrap().as_ref()).await, rows, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_nothing_explains_is_forgotten_only_when_asked() {
    let house = House::new(config()).await;
    let lost = house.ingest("a", "aws_cloudtrail", calls(0..10, MARCH_1)).await;
    let backup = taken(&house).await;
    lost.iter().for_each(|segment| std::fs::remove_file(house.folder.path().join("lake").join(&segment.path)).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let catalog = restored(folder.path(), &backup).await;
    assert_eq!(compare_backup(&house.lake, &backup).await.unwrap().missing.len(), lost.len());
    let refused = rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap_err();
    assert!(matches!(refused, Error::NotEmpty { segments } if segments == lost.len() as u64), "{refused}");
    let options = RebuildOptions { forget_missing: true, ..RebuildOptions::default() };
    assert_eq!(rebuild(&house.lake, &catalog, options).await.unwrap().segments_removed, lost.len() as u64);
    assert!(catalog.snapshot().await.unwrap().segments.is_empty());
}

/// The worst that could happen after a disaster: the first pass takes everything since the backup for leftovers of dead writers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_catalog_showed_is_never_taken_for_garbage() {
    let house = House::new(config()).await;
    house.ingest("a", "aws_cloudtrail", calls(0..10, MARCH_1)).await;
    let backup = taken(&house).await;
    house.ingest("b", "aws_cloudtrail", calls(10..20, MARCH_1)).await;
    let (files, rows) = (house.files().await, house.rows().await);
    let (of_backup, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let restored = restored(of_backup.path(), &backup).await;
    let new = Catalog::open(Config::in_folder(empty.path())).await.unwrap();
    for catalog in [restored, new] {
        let keeper = keeper(&house.lake, std::sync::Arc::new(catalog.clone()), config());
        let stop = CancellationToken::new();
        let garbage = keeper.collect_garbage(in_hours(1_000), &stop).await.unwrap();
        assert_eq!((garbage.orphans_deleted, garbage.removed_deleted), (0, 0));
        assert_eq!(house.files().await, files);
        rebuild(&house.lake, &catalog, RebuildOptions::default()).await.unwrap();
        assert_eq!(rows_of(&house.lake, catalog.snapshot().await.unwrap().as_ref()).await, rows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_regular_backup_is_taken_when_it_is_due_and_so_many_are_kept() {
    let house = House::new(coldtrail_maintain::MaintenanceConfig { backup_every_hours: 24, backups_kept: 2, ..config() }).await;
    let other = "0000000000001-s1-01956a3e-7c00-7000-8000-000000000001.backup";
    house.lake.put_new(&Lake::backup_path(other), "another cluster's".into()).await.unwrap();
    let first = house.pass(in_hours(0)).await.backup.taken.expect("there is none");
    assert_eq!(house.pass(in_hours(23)).await.backup, Default::default());
    let mut taken = vec![first];
    for days in 1..4 {
        let report = house.pass(in_hours(25 * days)).await.backup;
        assert_eq!((report.deleted, report.failed), (u64::from(days >= 2), None));
        taken.extend(report.taken);
    }
    let kept = house.lake.list_backups().await.unwrap();
    let newest: Vec<&str> = taken[2..].iter().map(|path| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(kept, [&[other][..], &newest].concat());
}

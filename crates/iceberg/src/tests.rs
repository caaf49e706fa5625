//! What publishing promises, on a real folder and on a store whose writer dies. No file of events is needed: only the catalog is asked.

mod mortal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use coldtrail_lake::{Lake, StoreOptions};
use coldtrail_model::{Class, Day, SegmentId, SegmentMeta, Snapshot, Table};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::avro::{Decoder, read_file};
use crate::manifest::{MONTH_SEGMENTS_MAX, entry_schema};
use crate::metadata::TableMetadata;
use crate::table::{Named, VERSION_HINT, metadata_name, read_manifests, read_metadata, read_name};
use crate::{Error, expire, publish};

use self::mortal::Mortal;

const API: Table = Table::Events(Class::ApiActivity);
const NOW_MS: i64 = 1_772_323_200_000;
/// Later than every file of a test is written.
const LATER_MS: i64 = i64::MAX;

fn segment(table: Table, day: &str) -> Arc<SegmentMeta> {
    let (id, day) = (SegmentId::generate(), day.parse::<Day>().unwrap());
    let folder = if table == Table::Rejects { "system" } else { "ocsf" };
    let source = if table == Table::Observables { "*" } else { "aws_cloudtrail" };
    Arc::new(SegmentMeta {
        id,
        table,
        day,
        path: format!("{folder}/{table}/event_day={day}/{id}.parquet"),
        rows: 10,
        bytes: 1000,
        created_ms: NOW_MS,
        time: day.range(),
        source: source.to_owned(),
        accounts: Some(Vec::new()),
        has_rows_without_account: true,
        sha256: [0; 32],
        schema_version: 1,
    })
}

fn snapshot(id: u64, segments: impl IntoIterator<Item = Arc<SegmentMeta>>) -> Snapshot {
    let mut snapshot = Snapshot { id, ..Snapshot::default() };
    for segment in segments {
        snapshot.segments.entry(segment.table).or_default().push(segment);
    }
    snapshot.segments.values_mut().for_each(|segments| segments.sort_by_key(|segment| (segment.day, segment.id)));
    snapshot
}

fn in_folder(folder: &tempfile::TempDir) -> Lake {
    Lake::open(folder.path().join("my lake").to_str().unwrap(), &StoreOptions::default()).unwrap()
}

fn mortal() -> (Arc<Mortal>, Lake) {
    let store = Arc::new(Mortal::default());
    store.revive();
    let lake = Lake::in_store("s3://bucket/lake".parse().unwrap(), Arc::clone(&store) as Arc<dyn ObjectStore>, Path::from("lake"));
    (store, lake)
}

async fn file(lake: &Lake, table: Table, name: &str) -> Option<Bytes> {
    lake.get_table_file(table, name).await.unwrap()
}

async fn names(lake: &Lake, table: Table) -> BTreeSet<String> {
    lake.list_table_files().await.unwrap().into_iter().filter(|file| file.table == table).map(|file| file.name).collect()
}

/// The newest version, for those who list.
async fn newest(lake: &Lake, table: Table) -> Option<u64> {
    let version = |name: &String| match read_name(name) {
        Some(Named::Metadata(version)) => Some(version),
        _ => None,
    };
    names(lake, table).await.iter().filter_map(version).max()
}

/// The newest version, for those who read the hint.
async fn hinted(lake: &Lake, table: Table) -> Option<u64> {
    Some(String::from_utf8(file(lake, table, VERSION_HINT).await?.to_vec()).unwrap().parse().unwrap())
}

/// One file as a version describes it.
#[derive(Debug, PartialEq, Eq)]
struct DataFile {
    rows: i64,
    bytes: i64,
    days: Vec<i32>,
    /// Lower and upper bounds by the names of the columns.
    bounds: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
}

fn read_entry(entry: &mut Decoder<'_>, metadata: &TableMetadata) -> Result<(String, DataFile), String> {
    assert_eq!(entry.long()?, 1, "added");
    for _ in 0..3 {
        assert_eq!(entry.option(Decoder::long)?, None, "inherited");
    }
    assert_eq!(entry.long()?, 0, "rows");
    let address = entry.text()?;
    assert_eq!(entry.text()?, "PARQUET");
    let days = metadata.partition_specs[0].fields.iter().map(|_| entry.option(Decoder::int)).collect::<Result<Vec<_>, _>>()?;
    let (rows, bytes) = (entry.long()?, entry.long()?);
    let counts = |entry: &mut Decoder<'_>| entry.option(|entry| entry.list(|entry| Ok((entry.int()?, entry.long()?))));
    let (values, nulls) = (counts(entry)?.unwrap(), counts(entry)?.unwrap());
    assert!(values.iter().all(|(_, count)| *count == rows) && nulls.iter().all(|(_, count)| *count == 0));
    let sides = |entry: &mut Decoder<'_>| entry.option(|entry| entry.list(|entry| Ok((entry.int()?, entry.bytes()?.to_vec()))));
    let (lower, upper) = (sides(entry)?.unwrap(), sides(entry)?.unwrap());
    assert_eq!(entry.option(Decoder::int)?, None);
    let name = |id: i32| metadata.schemas[0].fields.iter().find(|field| field.id == id).unwrap().name.clone();
    let bounds = lower.into_iter().zip(upper).map(|((id, lower), (_, upper))| (name(id), (lower, upper))).collect();
    Ok((address, DataFile { rows, bytes, days: days.into_iter().flatten().collect(), bounds }))
}

/// All that a version of a table names, by address; fails if something is not there or does not add up.
async fn read_version(lake: &Lake, table: Table, version: u64) -> BTreeMap<String, DataFile> {
    let metadata = read_metadata(lake, table, version).await.unwrap().unwrap();
    let mut files = BTreeMap::new();
    for manifest in read_manifests(lake, table, &metadata).await.unwrap().unwrap() {
        let bytes = file(lake, table, manifest.name()).await.expect("every manifest that is named is there");
        assert_eq!(
            (manifest.address.as_str(), bytes.len() as i64),
            (&*lake.address(&Lake::table_file_path(table, manifest.name())), manifest.bytes)
        );
        let entries = read_file(&bytes, &entry_schema(&metadata.partition_specs[0]), |entry| read_entry(entry, &metadata)).unwrap();
        assert_eq!(manifest.rows, entries.iter().map(|(_, file)| file.rows).sum::<i64>());
        assert!(
            entries.iter().all(|(_, file)| file.days.iter().zip(&manifest.days).all(|(day, (first, last))| first <= day && day <= last))
        );
        assert!(manifest.sequence_number <= metadata.last_sequence_number);
        files.extend(entries);
    }
    assert_eq!(metadata.snapshot().summary["total-data-files"], files.len().to_string());
    files
}

fn addresses(lake: &Lake, snapshot: &Snapshot, table: Table) -> BTreeSet<String> {
    snapshot.segments_of(table).iter().map(|segment| lake.address(&segment.path)).collect()
}

async fn shown(lake: &Lake, table: Table, version: u64) -> BTreeSet<String> {
    read_version(lake, table, version).await.into_keys().collect()
}

#[tokio::test]
async fn every_table_shows_the_segments_of_the_snapshot_with_what_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = in_folder(&folder);
    let visible = snapshot(7, [API, Table::Observables, Table::Rejects].map(|table| segment(table, "2026-03-01")));
    let report = publish(&lake, &visible, NOW_MS).await.unwrap();
    assert_eq!((report.snapshot_id, report.tables_published), (7, Table::all().count() as u64));
    for table in Table::all() {
        assert_eq!(hinted(&lake, table).await, Some(1), "{table}");
        let files = read_version(&lake, table, 1).await;
        assert_eq!(files.keys().cloned().collect::<BTreeSet<_>>(), addresses(&lake, &visible, table));
        let Some((address, file)) = files.first_key_value() else { continue };
        let path = address.strip_prefix("file://").expect("the address of a folder of this machine");
        assert!(path.starts_with(folder.path().canonicalize().unwrap().to_str().unwrap()) && path.contains("/my lake/"), "{path}");
        assert_eq!((file.rows, file.bytes, file.days[0]), (10, 1000, 20_513));
        let day = (1_772_323_200_000_000_i64.to_le_bytes().to_vec(), 1_772_409_599_999_000_i64.to_le_bytes().to_vec());
        let time = if table == Table::Observables { "first_time" } else { "time" };
        assert_eq!(file.bounds[time], day, "in microseconds");
        let source = (b"aws_cloudtrail".to_vec(), b"aws_cloudtrail".to_vec());
        assert_eq!(file.bounds.get("source"), (table != Table::Observables).then_some(&source), "observables are of several sources");
        assert_eq!(file.days.len(), if table == Table::Observables { 1 } else { 2 }, "its day, and that of its time");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("my lake")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["iceberg"], "nothing lies where events lie");
}

#[tokio::test]
async fn what_did_not_change_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let lake = in_folder(&folder);
    let old = [segment(API, "2026-02-27"), segment(API, "2026-03-01"), segment(Table::Rejects, "2026-03-01")];
    publish(&lake, &snapshot(1, old.clone()), NOW_MS).await.unwrap();
    let before = lake.list_table_files().await.unwrap().len();
    let same = publish(&lake, &snapshot(2, old.clone()), NOW_MS).await.unwrap();
    assert_eq!((same.tables_published, same.tables_unchanged), (0, Table::all().count() as u64));
    assert_eq!(lake.list_table_files().await.unwrap().len(), before);

    let visible = snapshot(3, old.into_iter().chain([segment(API, "2026-03-02")]));
    let more = publish(&lake, &visible, NOW_MS).await.unwrap();
    assert_eq!((more.tables_published, more.manifests_written, more.manifests_reused), (1, 1, 1), "March is new, February is not");
    assert_eq!(lake.list_table_files().await.unwrap().len(), before + 3, "manifest, manifest list, metadata");
    let metadata = read_metadata(&lake, API, 2).await.unwrap().unwrap();
    let manifests = read_manifests(&lake, API, &metadata).await.unwrap().unwrap();
    assert_eq!(manifests.iter().map(|manifest| manifest.sequence_number).collect::<Vec<_>>(), [1, 2], "a file keeps its age");
    let first = read_metadata(&lake, API, 1).await.unwrap().unwrap();
    assert_eq!((metadata.table_uuid, &metadata.schemas), (first.table_uuid, &first.schemas), "it is the same table");
    assert_eq!(shown(&lake, API, 2).await, addresses(&lake, &visible, API));
    assert_eq!(shown(&lake, API, 1).await.len(), 2, "who reads the version before goes on");
}

#[tokio::test]
async fn of_a_month_with_many_segments_only_the_day_that_changed_is_written() {
    let (_, lake) = mortal();
    let days = ["2026-03-01", "2026-03-02", "2026-03-03"];
    let mut segments: Vec<_> = (0..MONTH_SEGMENTS_MAX).map(|number| segment(API, days[number % 3])).collect();
    let month = publish(&lake, &snapshot(1, segments.clone()), NOW_MS).await.unwrap();
    segments.push(segment(API, days[2]));
    let split = publish(&lake, &snapshot(2, segments.clone()), NOW_MS).await.unwrap();
    segments.push(segment(API, days[2]));
    let visible = snapshot(3, segments);
    let day = publish(&lake, &visible, NOW_MS).await.unwrap();
    assert_eq!((month.manifests_written, split.manifests_written), (1, 3));
    assert_eq!((day.manifests_written, day.manifests_reused), (1, 2));
    assert_eq!(shown(&lake, API, 3).await, addresses(&lake, &visible, API));
}

/// Counts how many changes a step makes, then has the writer die at each of them.
#[tokio::test]
async fn wherever_it_is_stopped_a_table_shows_one_moment_or_the_next() {
    let kept = segment(API, "2026-02-27");
    let old = snapshot(1, [kept.clone(), segment(API, "2026-03-01"), segment(API, "2026-03-01")]);
    let new = snapshot(2, [kept, segment(API, "2026-03-01")]);
    let mut deaths = 0;
    for changes in 0.. {
        let (store, lake) = mortal();
        publish(&lake, &old, NOW_MS).await.unwrap();
        store.die_after(changes);
        let died = async {
            publish(&lake, &new, NOW_MS).await?;
            expire(&lake, LATER_MS).await
        };
        let is_dead = died.await.is_err();
        store.revive();
        for version in [newest(&lake, API).await.unwrap(), hinted(&lake, API).await.unwrap()] {
            if is_dead && file(&lake, API, &metadata_name(version)).await.is_none() {
                panic!("after {changes} changes version {version} is named and gone");
            }
            let moment = if version == 1 { &old } else { &new };
            assert_eq!(shown(&lake, API, version).await, addresses(&lake, moment, API), "after {changes} changes");
        }
        publish(&lake, &new, NOW_MS).await.unwrap();
        expire(&lake, LATER_MS).await.unwrap();
        assert_eq!((newest(&lake, API).await, hinted(&lake, API).await), (Some(2), Some(2)));
        assert_eq!(shown(&lake, API, 2).await, addresses(&lake, &new, API));
        deaths += u32::from(is_dead);
        if !is_dead {
            break;
        }
    }
    assert!(deaths >= 7, "it died only {deaths} times; publishing writes four files and expiring deletes three");
}

#[tokio::test]
async fn versions_go_once_they_were_replaced_long_enough_ago_with_what_only_they_name() {
    let (_, lake) = mortal();
    let february = segment(API, "2026-02-27");
    for id in 1..=3 {
        publish(&lake, &snapshot(id, [february.clone(), segment(API, "2026-03-01")]), NOW_MS).await.unwrap();
    }
    // What a writer left that died before its version was there, or was overtaken.
    lake.put_table_file(API, "m-2-00112233445566778899aabbccddeeff.avro", Bytes::from_static(b"left")).await.unwrap();
    lake.put_table_file(API, "snap-2-0000000000000001.avro", Bytes::from_static(b"left")).await.unwrap();
    lake.put_table_file(API, "notes.txt", Bytes::from_static(b"not ours")).await.unwrap();
    let before = names(&lake, API).await;
    assert_eq!(expire(&lake, 0).await.unwrap().versions_deleted, 0, "none was replaced that long ago");
    assert_eq!(names(&lake, API).await, before);

    let report = expire(&lake, LATER_MS).await.unwrap();
    assert_eq!((report.versions_deleted, report.files_deleted), (2, 3 + 3 + 2));
    let kinds = names(&lake, API).await.into_iter().map(|name| read_name(&name)).collect::<Vec<_>>();
    let count = |kind: fn(&Named) -> bool| kinds.iter().flatten().filter(|named| kind(named)).count();
    assert_eq!(count(|named| matches!(named, Named::Metadata(_))), 1);
    assert_eq!(count(|named| matches!(named, Named::ManifestList(_))), 1);
    assert_eq!(count(|named| matches!(named, Named::Manifest(_))), 2, "February of the first version is named still");
    assert_eq!(kinds.iter().filter(|named| named.is_none()).count(), 2, "the hint, and what is not ours");
    assert_eq!(shown(&lake, API, 3).await.len(), 2);
    assert_eq!(expire(&lake, LATER_MS).await.unwrap().files_deleted, 0);
}

#[tokio::test]
async fn a_table_without_segments_is_published_empty() {
    let (_, lake) = mortal();
    publish(&lake, &snapshot(1, [segment(API, "2026-03-01")]), NOW_MS).await.unwrap();
    let emptied = publish(&lake, &snapshot(2, []), NOW_MS).await.unwrap();
    assert_eq!((emptied.tables_published, shown(&lake, API, 2).await.len()), (1, 0));
}

#[tokio::test]
async fn of_two_that_publish_at_once_one_is_overtaken_and_nothing_is_mixed() {
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let lake = in_folder(&folder);
        let (one, other) = (snapshot(1, [segment(API, "2026-03-01")]), snapshot(2, [segment(API, "2026-03-02")]));
        let (first, second) = tokio::join!(publish(&lake, &one, NOW_MS), publish(&lake, &other, NOW_MS));
        let (first, second) = (first.unwrap(), second.unwrap());
        let all = 2 * Table::all().count() as u64;
        assert_eq!([first, second].iter().map(|r| r.tables_published + r.tables_unchanged + r.tables_overtaken).sum::<u64>(), all);
        let visible = shown(&lake, API, newest(&lake, API).await.unwrap()).await;
        assert!([&one, &other].iter().any(|moment| visible == addresses(&lake, moment, API)));
        publish(&lake, &other, NOW_MS).await.unwrap();
        assert_eq!(shown(&lake, API, hinted(&lake, API).await.unwrap()).await, addresses(&lake, &other, API));
    }
}

#[tokio::test]
async fn what_cannot_be_understood_stops_with_its_name_and_the_way_out() {
    let (_, lake) = mortal();
    publish(&lake, &snapshot(1, [segment(API, "2026-03-01")]), NOW_MS).await.unwrap();
    lake.put_table_file(API, "v2.metadata.json", Bytes::from_static(br#"{"format-version": 3}"#)).await.unwrap();
    let error = publish(&lake, &snapshot(2, []), NOW_MS).await.unwrap_err();
    assert!(matches!(&error, Error::Damaged { table: API, file, .. } if file == "v2.metadata.json"), "{error:?}");
    assert!(error.to_string().contains("delete the table's folder below iceberg/"), "{error}");
}

use std::collections::BTreeMap;
use std::path::Path;

use coldtrail_catalog::{Catalog, CatalogClient, Config, Error};
use coldtrail_model::{
    Class, Commit, Day, Run, RunDefinition, RunId, RunState, SegmentId, SegmentIndex, SegmentMeta, Slice, SliceState, SourceObject, Table,
    TimeRange,
};

/// Opens the catalog in this folder, with images as often as every seventh entry, so that tests meet them.
pub(crate) async fn open(folder: &Path) -> Catalog {
    try_open(folder).await.expect("the catalog opens")
}

pub(crate) async fn try_open(folder: &Path) -> Result<Catalog, Error> {
    open_with_images_every(7, folder).await
}

pub(crate) async fn open_with_images_every(entries: u64, folder: &Path) -> Result<Catalog, Error> {
    Catalog::open(Config { snapshot_after_entries: entries, covered_entries_kept: 2, ..Config::in_folder(folder) }).await
}

/// A segment that is the same for the same number.
pub(crate) fn segment(number: u32) -> SegmentMeta {
    let id = segment_id(number);
    let day = Day::from_epoch_days(20_000 + i32::try_from(number % 90).expect("below 90"));
    let table = [Table::Events(Class::ApiActivity), Table::Events(Class::DnsActivity), Table::Observables][number as usize % 3];
    SegmentMeta {
        id,
        table,
        day,
        path: format!("ocsf/{table}/event_day={day}/{id}.parquet"),
        rows: 100_000,
        bytes: 20_000_000,
        created_ms: 1_770_000_000_000,
        time: day.range(),
        source: "aws_cloudtrail".to_owned(),
        accounts: Some(vec!["111122223333".to_owned()]),
        has_rows_without_account: number.is_multiple_of(2),
        sha256: spread(number),
        schema_version: 1,
    }
}

pub(crate) fn segment_id(number: u32) -> SegmentId {
    let mut id = [0; 16];
    id.copy_from_slice(&spread(number)[..16]);
    SegmentId::from_bytes(id)
}

/// A source object that is the same for the same number.
pub(crate) fn source_object(number: u32) -> SourceObject {
    SourceObject {
        url: format!("s3://trail/{number:08}.json.gz"),
        source: "aws_cloudtrail".to_owned(),
        bytes: 5_000,
        modified_ms: 1_769_000_000_000,
        etag: Some(format!("\"{number}\"")),
        sha256: spread(number),
        records: 11,
        events: 10,
        rejects: 1,
        ingested_ms: 1_770_000_000_000,
    }
}

/// A run that is the same for the same number, and newer for a higher one.
pub(crate) fn run(number: u8, snapshot_id: u64) -> Run {
    let definition = RunDefinition {
        sql: "SELECT count(*) FROM api_activity".to_owned(),
        title: Some(format!("run {number}")),
        principal: "ann".to_owned(),
        submitted_ms: 1_770_000_000_000 + i64::from(number),
        snapshot_id,
        priority: -1,
        deadline_ms: Some(1_770_000_600_000),
        bytes_max: Some(1 << 40),
        parallelism: 3,
        labels: BTreeMap::new(),
    };
    Run {
        id: RunId::from_bytes([number; 16]),
        definition,
        state: RunState::Queued,
        plan: None,
        epoch: 0,
        version: 0,
        message: None,
        started_ms: None,
        ended_ms: None,
    }
}

pub(crate) fn slice(run: &Run, number: u32, state: SliceState) -> Slice {
    let day = Day::from_epoch_days(20_000 - i32::try_from(number).expect("few"));
    Slice { run: run.id, number, time: day.range(), segments: 4, bytes: 80_000_000, attempts: 1, state, started_ms: None, ended_ms: None }
}

/// One source object that became two segments.
pub(crate) fn commit(number: u32) -> Commit {
    let added = vec![segment(2 * number), segment(2 * number + 1)];
    Commit { added, source_objects: vec![source_object(number)], ..Commit::default() }
}

/// The numbers of the commits whose parts are all there. Fails if a part of another one is.
pub(crate) async fn whole_commits(catalog: &Catalog) -> Vec<u32> {
    let objects = catalog.source_objects().await.expect("source objects");
    let numbers: Vec<u32> = objects.iter().map(|object| object.url[11..19].parse().expect("a number")).collect();
    let snapshot = catalog.snapshot().await.expect("a snapshot");
    let mut visible: Vec<SegmentMeta> = snapshot.segments.values().flatten().map(|segment| segment.as_ref().clone()).collect();
    visible.sort_by_key(|segment| segment.id);
    let mut expected: Vec<SegmentMeta> = numbers.iter().flat_map(|number| commit(*number).added).collect();
    expected.sort_by_key(|segment| segment.id);
    assert!(visible == expected, "{} segments instead of {}: a commit is half there", visible.len(), expected.len());
    assert!(objects.iter().zip(&numbers).all(|(object, number)| *object == source_object(*number)), "a source object changed");
    numbers
}

pub(crate) fn time(start_ms: i64, end_ms: i64) -> TimeRange {
    TimeRange { start_ms, end_ms }
}

/// Commits these numbers, one after another.
pub(crate) async fn commit_all(catalog: &Catalog, numbers: std::ops::Range<u32>) {
    for number in numbers {
        catalog.commit(commit(number)).await.expect("the commit is taken");
    }
}

/// Bytes without a pattern, from a number.
fn spread(number: u32) -> [u8; 32] {
    let mut state = u64::from(number).wrapping_add(0x9e37_79b9_7f4a_7c15);
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    })
}

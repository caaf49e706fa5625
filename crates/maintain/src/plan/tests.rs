use coldtrail_model::{Class, TimeRange};

use super::*;

const HOUR_MS: i64 = 3_600_000;
const API: Table = Table::Events(Class::ApiActivity);

fn segment(table: Table, day: i32, bytes: u64, created_ms: i64) -> Arc<SegmentMeta> {
    let source = if table == Table::Observables { "*" } else { "aws_cloudtrail" };
    Arc::new(SegmentMeta {
        id: SegmentId::generate(),
        table,
        day: Day::from_epoch_days(day),
        path: "p".to_owned(),
        rows: 1,
        bytes,
        created_ms,
        time: TimeRange { start_ms: 0, end_ms: 0 },
        source: source.to_owned(),
        accounts: None,
        has_rows_without_account: false,
        sha256: [0; 32],
        schema_version: SCHEMA_VERSION,
    })
}

fn config() -> MaintenanceConfig {
    MaintenanceConfig { segment_bytes_target: 1000, ..MaintenanceConfig::default() }
}

/// The sizes of what is merged, job by job and group by group.
fn sizes(segments: &[Arc<SegmentMeta>], config: &MaintenanceConfig, now_ms: i64) -> Vec<Vec<Vec<u64>>> {
    let mut snapshot = Snapshot::default();
    for segment in segments {
        snapshot.segments.entry(segment.table).or_default().push(Arc::clone(segment));
    }
    let bytes = |group: &Group| group.segments.iter().map(|segment| segment.bytes).collect();
    let jobs = plan(&snapshot, &Holds::default(), config, now_ms).jobs;
    jobs.iter().map(|job| job.groups.iter().chain(&job.observables).map(bytes).collect()).collect()
}

fn of_sizes(sizes: &[u64]) -> Vec<Arc<SegmentMeta>> {
    sizes.iter().map(|bytes| segment(API, 1, *bytes, 0)).collect()
}

#[test]
fn small_segments_of_one_day_are_packed_up_to_the_target() {
    assert_eq!(sizes(&of_sizes(&[300, 300, 300, 300, 300]), &config(), 0), Vec::<Vec<Vec<u64>>>::new(), "packs of three are too few");
    assert_eq!(sizes(&of_sizes(&[100; 12]), &config(), 0), [[vec![100; 10]]]);
    assert_eq!(sizes(&of_sizes(&[600, 500, 100, 100, 100, 100]), &config(), 0), [[vec![100; 4]]], "half of the target is no longer small");
    let apart: Vec<_> = (0..6).map(|day| segment(API, day, 100, 0)).collect();
    assert!(sizes(&apart, &config(), 0).is_empty(), "each is of another day");
}

#[test]
fn a_large_segment_waits_until_the_others_are_as_large_together() {
    assert_eq!(sizes(&of_sizes(&[400, 50, 50, 50, 50]), &config(), 0), [[vec![50; 4]]]);
    assert_eq!(sizes(&of_sizes(&[400, 100, 100, 100, 100]), &config(), 0), [[vec![100, 100, 100, 100, 400]]]);
}

#[test]
fn a_day_that_is_settled_is_merged_to_the_end() {
    let segments = of_sizes(&[400, 50]);
    assert!(sizes(&segments, &config(), 24 * HOUR_MS - 1).is_empty());
    assert_eq!(sizes(&segments, &config(), 24 * HOUR_MS), [[vec![400, 50]]]);
}

#[test]
fn whatever_the_sizes_a_row_is_written_again_a_few_times_only() {
    let (mut segments, mut written, total): (Vec<_>, u64, u64) = (Vec::new(), 0, 4_000);
    let config = MaintenanceConfig { segment_bytes_target: 10_000, ..MaintenanceConfig::default() };
    for _ in 0..total {
        segments.push(segment(API, 1, 1, 0));
        let mut snapshot = Snapshot::default();
        snapshot.segments.insert(API, segments.clone());
        for group in plan(&snapshot, &Holds::default(), &config, 0).jobs.into_iter().flat_map(|job| job.groups) {
            written += group.bytes();
            segments.retain(|segment| !group.segments.iter().any(|merged| merged.id == segment.id));
            segments.push(segment(API, 1, group.bytes(), 0));
        }
    }
    assert!(segments.len() < 30, "{} segments are left", segments.len());
    assert!(written < 12 * total, "{written} bytes were written for {total}");
}

#[test]
fn a_job_takes_all_observables_of_its_day_and_is_the_only_one_that_does() {
    let mut segments = of_sizes(&[100; 8]);
    segments.extend([700, 20, 900].map(|bytes| segment(Table::Observables, 1, bytes, 0)));
    segments.extend((0..4).map(|_| segment(Table::Observables, 2, 10, 0)));
    let config = MaintenanceConfig { segments_max: 4, job_segments_max: 4, ..config() };
    assert_eq!(sizes(&segments, &config, 0), [vec![vec![10; 4]], vec![vec![100; 4], vec![700, 20], vec![900]]]);
}

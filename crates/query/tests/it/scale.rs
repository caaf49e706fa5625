//! How long planning takes over many segments. Times depend on the machine and the profile, so the bounds are wide;
//! `COLDTRAIL_PLANNING_REPORT=<file>` writes down what was measured.

use std::time::{Duration, Instant};

use coldtrail_model::{Class, Day, SegmentId, SegmentMeta, Table};

use crate::support::{World, config};

/// Segments that the catalog names and that planning never opens.
fn segments(table: Table, days: i32, per_day: usize) -> Vec<SegmentMeta> {
    let first: Day = "2026-01-01".parse().unwrap();
    let segment = |day: Day, n: usize| {
        let id = SegmentId::generate();
        SegmentMeta {
            id,
            table,
            day,
            path: format!("ocsf/{table}/event_day={day}/{id}.parquet"),
            rows: 100_000,
            bytes: 64 << 20,
            created_ms: 0,
            time: day.range(),
            source: ["aws_cloudtrail", "gcp_audit", "k8s_audit"][n % 3].to_owned(),
            accounts: Some(vec![format!("{:012}", n % 7), format!("{:012}", 10 + n % 11)]),
            has_rows_without_account: false,
            sha256: [0; 32],
            schema_version: 1,
        }
    };
    (0..days).flat_map(|day| (0..per_day).map(move |n| segment(Day::from_epoch_days(first.epoch_days() + day), n))).collect()
}

async fn plan_times(world: &World, sql: &str, expected: usize) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let planned = world.planner.plan(sql, None, config()).await.unwrap();
        times.push(start.elapsed());
        assert_eq!(planned.scan.segments, expected, "{sql}");
    }
    times.sort();
    times[2]
}

#[tokio::test]
async fn planning_over_many_segments_stays_interactive() {
    let world = World::new();
    world.index.commit(segments(Table::Events(Class::ApiActivity), 90, 223));
    for class in Class::ALL.iter().filter(|class| **class != Class::ApiActivity) {
        world.index.commit(segments(Table::Events(*class), 90, 10));
    }
    let mut report = String::new();
    for (sql, expected) in [
        ("SELECT time, src_endpoint_ip FROM api_activity WHERE event_day = '2026-02-01' AND src_endpoint_ip = 'x'", 223),
        ("SELECT time, src_endpoint_ip FROM api_activity WHERE time >= '2026-02-01' AND time < '2026-02-02' AND source = 'gcp_audit'", 74),
        ("SELECT time FROM api_activity WHERE cloud_account_uid = '000000000003' AND time >= '2026-02-01' AND time < '2026-02-02'", 32),
        ("SELECT time, class_uid FROM events WHERE time >= '2026-02-01' AND time < '2026-02-02' AND src_endpoint_ip = 'x'", 223 + 170),
        ("SELECT * FROM events WHERE class_uid = 3002 AND event_day = '2026-02-01'", 10),
        ("SELECT src_endpoint_ip, count(*) FROM api_activity GROUP BY 1", 20_070),
    ] {
        let time = plan_times(&world, sql, expected).await;
        report.push_str(&format!("{time:?} {sql}\n"));
        assert!(time < Duration::from_secs(5), "{report}");
    }
    if let Ok(path) = std::env::var("COLDTRAIL_PLANNING_REPORT") {
        std::fs::write(path, report).unwrap();
    }
}

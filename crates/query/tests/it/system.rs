use coldtrail_lake::{RejectRow, SegmentWriter, WriterConfig};
use coldtrail_model::{Class, SourceObject};

use crate::support::{World, moment};

#[tokio::test]
async fn the_segments_and_tables_of_the_snapshot_can_be_queried() {
    let world = World::four_days().await;
    let rows = world
        .rows("SELECT table_name, source, count(*) AS segments, sum(rows) AS rows, min(event_day) AS first_day FROM system.segments WHERE table_name <> 'observables' GROUP BY 1, 2 ORDER BY 1")
        .await;
    assert_eq!(
        rows,
        "\
+------------------+----------------+----------+------+------------+
| table_name       | source         | segments | rows | first_day  |
+------------------+----------------+----------+------+------------+
| api_activity     | aws_cloudtrail | 8        | 80   | 2026-03-01 |
| authentication   | azure_entra    | 4        | 40   | 2026-03-01 |
| network_activity | aws_vpcflow    | 4        | 40   | 2026-03-01 |
+------------------+----------------+----------+------+------------+"
    );
    let rows = world.rows("SELECT schema_name, class_uid, segments, rows, first_time, last_time FROM system.tables WHERE table_name IN ('api_activity', 'dns_activity') ORDER BY class_uid").await;
    assert_eq!(
        rows,
        "\
+-------------+-----------+----------+------+----------------------+----------------------+
| schema_name | class_uid | segments | rows | first_time           | last_time            |
+-------------+-----------+----------+------+----------------------+----------------------+
| ocsf        | 4003      | 0        | 0    |                      |                      |
| ocsf        | 6003      | 8        | 80   | 2026-03-01T00:00:00Z | 2026-03-04T09:00:00Z |
+-------------+-----------+----------+------+----------------------+----------------------+"
    );
    assert_eq!(
        world
            .value(
                "SELECT count(*) FROM system.segments WHERE length(sha256) = 64 AND accounts IS NOT NULL AND table_name = 'api_activity'"
            )
            .await,
        "8"
    );
}

#[tokio::test]
async fn every_column_is_described() {
    let world = World::new();
    let rows = world
        .rows("SELECT ocsf_path, data_type, observable_type, has_bloom_filter, comment FROM system.columns WHERE table_name = 'api_activity' AND column_name = 'src_endpoint_ip'")
        .await;
    assert!(rows.contains("| src_endpoint.ip | Utf8      | IP Address      | true "), "{rows}");
    for class in Class::ALL {
        let described = world.value(&format!("SELECT count(comment) FROM system.columns WHERE table_name = '{class}'")).await;
        assert_eq!(described, (class.columns().len() + 1).to_string(), "{class}");
    }
    assert_eq!(world.value("SELECT count(*) FROM system.columns WHERE table_name = 'observables' AND ocsf_path IS NOT NULL").await, "0");
}

#[tokio::test]
async fn rejects_and_sources_can_be_queried() {
    let world = World::new();
    let mut writer = SegmentWriter::new(world.lake.clone(), WriterConfig::default());
    for n in 0..3 {
        writer.reject(RejectRow {
            time_ms: moment(1, n),
            source: "zeek",
            source_object: "file:///logs/conn.log",
            offset: n,
            reason: "cut short",
            raw: b"x\ty",
            raw_bytes: 3,
        });
    }
    world.index.commit(writer.finish().await.unwrap());
    world.index.add_source(SourceObject {
        url: "file:///logs/conn.log".to_owned(),
        source: "zeek".to_owned(),
        bytes: 12,
        modified_ms: moment(1, 0),
        etag: None,
        sha256: [7; 32],
        records: 3,
        events: 0,
        rejects: 3,
        ingested_ms: moment(1, 1),
    });
    assert_eq!(world.value("SELECT count(*) FROM system.rejects").await, "3");
    assert_eq!(
        world.value("SELECT raw FROM system.rejects WHERE reason = 'cut short' AND time = '2026-03-01 01:00:00' AND source = 'zeek'").await,
        "x\ty"
    );
    assert_eq!(world.opens("SELECT raw FROM system.rejects WHERE time > '2026-03-01 03:00:00'").await.len(), 0);
    assert_eq!(world.opens("SELECT raw FROM system.rejects WHERE source = 'other'").await.len(), 0);
    assert_eq!(
        world.rows("SELECT source, records, events, rejects, ingested_time FROM system.sources WHERE url LIKE '%conn.log'").await,
        "\
+--------+---------+--------+---------+----------------------+
| source | records | events | rejects | ingested_time        |
+--------+---------+--------+---------+----------------------+
| zeek   | 3       | 0      | 3       | 2026-03-01T01:00:00Z |
+--------+---------+--------+---------+----------------------+"
    );
}

#[tokio::test]
async fn observables_are_not_pruned_by_what_only_events_mean() {
    let world = World::four_days().await;
    for (filter, sightings) in [
        ("value = '198.51.100.11'", "2"),
        ("value = '198.51.100.11' AND source = 'aws_cloudtrail'", "2"),
        ("value = '198.51.100.11' AND class_uid = 6003", "2"),
        ("value = '198.51.100.11' AND event_day = '2026-03-01'", "2"),
        ("value = '198.51.100.11' AND event_day = '2026-03-02'", "0"),
    ] {
        let sql = format!("SELECT coalesce(sum(count), 0) FROM observables WHERE {filter}");
        assert_eq!(world.value(&sql).await, sightings, "{filter}");
    }
}

use crate::support::{API, World, api_call, collect, config, files};

/// Both accounts' segments of API calls of these days of March.
fn api(days: &[i32]) -> Vec<String> {
    days.iter().flat_map(|day| ["111", "222"].map(|account| format!("api_activity 2026-03-0{day} {account}"))).collect()
}

#[tokio::test]
async fn a_filter_on_the_day_opens_only_its_files() {
    let world = World::four_days().await;
    for (filter, days) in [
        ("event_day = '2026-03-02'", &[2][..]),
        ("event_day = date '2026-03-02'", &[2]),
        ("'2026-03-02' = event_day", &[2]),
        ("event_day <> '2026-03-02'", &[1, 3, 4]),
        ("event_day < '2026-03-03'", &[1, 2]),
        ("event_day >= '2026-03-03'", &[3, 4]),
        ("event_day BETWEEN '2026-03-02' AND '2026-03-03'", &[2, 3]),
        ("event_day NOT BETWEEN '2026-03-02' AND '2026-03-03'", &[1, 4]),
        ("event_day IN ('2026-03-01', '2026-03-04')", &[1, 4]),
        ("event_day NOT IN ('2026-03-01', '2026-03-04')", &[2, 3]),
        ("event_day = date '2026-03-05' - interval '2 days'", &[3]),
        ("event_day = '2026-03-01' OR event_day = '2026-03-04'", &[1, 4]),
        ("NOT (event_day = '2026-03-01' OR event_day > '2026-03-02')", &[2]),
        ("date_part('day', event_day) = 4", &[4]),
        ("event_day IS NULL", &[]),
        ("event_day IS NOT NULL", &[1, 2, 3, 4]),
    ] {
        assert_eq!(world.opens(&format!("SELECT time FROM api_activity WHERE {filter}")).await, api(days), "{filter}");
    }
}

#[tokio::test]
async fn a_filter_on_the_time_opens_only_the_files_that_reach_into_it() {
    let world = World::four_days().await;
    for (filter, days) in [
        ("time >= '2026-03-03'", &[3, 4][..]),
        ("time >= '2026-03-03T00:00:00Z'", &[3, 4]),
        ("time >= timestamp '2026-03-03 00:00:00'", &[3, 4]),
        ("time < '2026-03-02'", &[1]),
        ("time <= '2026-03-02'", &[1, 2]),
        ("time > '2026-03-02 09:00:00'", &[3, 4]),
        ("time >= '2026-03-02 09:00:00'", &[2, 3, 4]),
        ("time = '2026-03-02 04:00:00'", &[2]),
        ("time BETWEEN '2026-03-02' AND '2026-03-02 23:59:59'", &[2]),
        ("time NOT BETWEEN '2026-03-01' AND '2026-03-03 23:00:00'", &[4]),
        ("time IN ('2026-03-01 01:00:00', '2026-03-04 01:00:00')", &[1, 4]),
        ("'2026-03-03' <= time", &[3, 4]),
        ("NOT time < '2026-03-03'", &[3, 4]),
        ("time >= '2026-03-02' AND time < '2026-03-03'", &[2]),
        ("time < '2026-03-02' OR time >= '2026-03-04'", &[1, 4]),
        ("time >= '2026-03-02' AND (time < '2026-03-03' OR time >= '2026-03-04') AND api_operation = 'x'", &[2, 4]),
        ("time > now() + interval '7 days'", &[]),
        ("time > now() - interval '100000 days'", &[1, 2, 3, 4]),
        ("time >= to_timestamp('2026-03-03T00:00:00Z')", &[3, 4]),
        ("time >= timestamp '2026-03-04 00:00:00' - interval '1 day'", &[3, 4]),
        ("event_day = '2026-03-02' AND time >= '2026-03-02 12:00:00'", &[]),
    ] {
        assert_eq!(world.opens(&format!("SELECT time FROM api_activity WHERE {filter}")).await, api(days), "{filter}");
    }
}

#[tokio::test]
async fn a_filter_on_the_source_or_the_class_opens_only_their_files() {
    let world = World::new().with_four_days().await;
    world.add("gcp_audit", std::iter::once(api_call(1, 1, "333"))).await;
    let gcp = vec!["api_activity 2026-03-01 333".to_owned()];
    for (filter, expected) in [
        ("source = 'gcp_audit'", gcp.clone()),
        ("source IN ('gcp_audit', 'k8s_audit')", gcp.clone()),
        ("source <> 'aws_cloudtrail'", gcp.clone()),
        ("source NOT IN ('aws_cloudtrail', 'k8s_audit')", gcp.clone()),
        ("source LIKE 'gcp%'", gcp.clone()),
        ("source = 'windows_event'", vec![]),
        ("source IS NULL AND source = 'gcp_audit'", vec![]),
        ("class_uid = 3002", vec![]),
        ("class_uid = 6003 AND source = 'gcp_audit'", gcp.clone()),
    ] {
        assert_eq!(world.opens(&format!("SELECT time FROM api_activity WHERE {filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_on_the_account_opens_only_the_files_that_have_it() {
    let world = World::four_days().await;
    let of = |account: &str| (1..=4).map(|day| format!("api_activity 2026-03-0{day} {account}")).collect::<Vec<_>>();
    for (filter, expected) in [
        ("cloud_account_uid = '222'", of("222")),
        ("cloud.account.uid = '222'", of("222")),
        ("cloud_account_uid IN ('222', '999')", of("222")),
        ("cloud_account_uid <> '111'", of("222")),
        ("cloud_account_uid NOT IN ('111', '999')", of("222")),
        ("cloud_account_uid > '111'", of("222")),
        ("cloud_account_uid = '999'", vec![]),
        ("cloud_account_uid IS NULL", vec![]),
    ] {
        assert_eq!(world.opens(&format!("SELECT time FROM api_activity WHERE {filter}")).await, expected, "{filter}");
    }
    assert_eq!(world.opens("SELECT time FROM authentication WHERE cloud_account_uid = '111'").await, Vec::<String>::new());
    assert_eq!(world.opens("SELECT time FROM authentication WHERE cloud_account_uid IS NULL").await.len(), 4);
    assert_eq!(world.value("SELECT count(*) FROM authentication WHERE cloud_account_uid IS NULL").await, "40");
}

#[tokio::test]
async fn what_pruning_does_not_understand_opens_every_file_and_gives_the_right_rows() {
    let world = World::four_days().await;
    for (filter, rows) in [
        ("date_trunc('day', time) = timestamp '2026-03-02'", "20"),
        ("cast(time AS varchar) LIKE '2026-03-02%'", "20"),
        ("time + interval '1 day' >= '2026-03-05'", "20"),
        ("extract(hour FROM time) = 3", "8"),
        ("upper(cloud_account_uid) = '222'", "40"),
        ("length(source) = 14", "80"),
        ("class_uid % 2 = 1", "80"),
        ("time IN (SELECT max(time) FROM api_activity)", "2"),
        ("time >= (SELECT max(time) FROM api_activity)", "2"),
        ("event_day = (SELECT max(event_day) FROM api_activity)", "20"),
        ("coalesce(cloud_account_uid, 'none') = '111'", "40"),
    ] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM api_activity WHERE {filter}")).await, rows, "{filter}");
    }
}

/// Every filter gives the same rows with pruning as it gives over a copy of the rows that cannot be pruned.
#[tokio::test]
async fn pruning_never_loses_a_row() {
    let world = World::four_days().await;
    let moments = ["2026-03-01", "2026-03-02 04:00:00", "2026-03-02 09:00:00", "2026-03-03 00:00:00", "2026-03-05"];
    let mut filters = Vec::new();
    for moment in moments {
        for operator in ["=", "<>", "<", "<=", ">", ">="] {
            filters.push(format!("time {operator} '{moment}'"));
            filters.push(format!("NOT (time {operator} '{moment}' AND cloud_account_uid = '111')"));
            filters.push(format!("(time {operator} '{moment}') IS NOT TRUE"));
            filters.push(format!("event_day {operator} date '{}' OR cloud_account_uid {operator} '111'", &moment[..10]));
        }
    }
    for filter in filters {
        let pruned = world.value(&format!("SELECT count(*) FROM api_activity WHERE {filter}")).await;
        let whole = "SELECT time, event_day, cloud_account_uid FROM api_activity ORDER BY time LIMIT 1000000";
        let filtered = world.value(&format!("SELECT count(*) FROM ({whole}) WHERE {filter}")).await;
        assert_eq!(pruned, filtered, "{filter}");
    }
}

#[tokio::test]
async fn a_limit_without_a_filter_opens_no_more_files_than_it_needs() {
    let world = World::four_days().await;
    for (sql, files) in [
        ("SELECT time FROM api_activity LIMIT 5", 1),
        ("SELECT time FROM api_activity LIMIT 10", 1),
        ("SELECT time FROM api_activity LIMIT 11", 2),
        ("SELECT time FROM api_activity WHERE event_day = '2026-03-01' LIMIT 5", 1),
        ("SELECT time FROM api_activity WHERE api_operation = 'CreateAccessKey' LIMIT 5", 8),
    ] {
        assert_eq!(world.opens(sql).await.len(), files, "{sql}");
    }
    assert_eq!(world.value("SELECT count(*) FROM (SELECT time FROM api_activity LIMIT 25)").await, "25");
    assert_eq!(world.opens("SELECT time FROM api_activity LIMIT 5").await[0][..23], *"api_activity 2026-03-04");
}

#[tokio::test]
async fn the_newest_or_oldest_rows_open_only_the_files_that_may_have_them() {
    let world = World::four_days().await;
    for (sql, days) in [
        ("SELECT time FROM api_activity ORDER BY time DESC LIMIT 5", &[4][..]),
        ("SELECT time FROM api_activity ORDER BY time LIMIT 5", &[1]),
        ("SELECT time FROM api_activity ORDER BY time DESC LIMIT 25", &[3, 4]),
        ("SELECT time FROM api_activity ORDER BY time DESC LIMIT 5 OFFSET 20", &[3, 4]),
        ("SELECT * FROM api_activity ORDER BY time DESC, message LIMIT 5", &[4]),
        ("SELECT upper(message), t FROM (SELECT e.time AS t, message FROM api_activity e) ORDER BY t DESC LIMIT 5", &[4]),
        ("SELECT time FROM api_activity WHERE event_day < '2026-03-03' ORDER BY time DESC LIMIT 5", &[2]),
        ("SELECT time FROM api_activity ORDER BY time DESC LIMIT 1000", &[1, 2, 3, 4]),
        ("SELECT time FROM api_activity ORDER BY message, time DESC LIMIT 5", &[1, 2, 3, 4]),
        ("SELECT time FROM api_activity WHERE api_operation = 'CreateAccessKey' ORDER BY time DESC LIMIT 5", &[1, 2, 3, 4]),
        ("SELECT end_time AS time FROM api_activity ORDER BY time DESC LIMIT 5", &[1, 2, 3, 4]),
        ("SELECT max(time) AS time FROM api_activity GROUP BY api_operation ORDER BY time DESC LIMIT 1", &[1, 2, 3, 4]),
        ("SELECT DISTINCT time FROM api_activity ORDER BY time DESC LIMIT 5", &[1, 2, 3, 4]),
    ] {
        assert_eq!(world.opens(sql).await, api(days), "{sql}");
    }
    for (order, limit) in [("DESC", 1), ("DESC", 19), ("DESC", 20), ("DESC", 21), ("ASC", 1), ("ASC", 45), ("ASC", 80), ("DESC", 200)] {
        let newest = format!("SELECT time FROM api_activity ORDER BY time {order} LIMIT {limit}");
        let numbered = format!("SELECT time, row_number() OVER (ORDER BY time {order}) AS n FROM api_activity");
        let sums = ["min(time)", "max(time)", "count(time)"];
        for sum in sums {
            let bounded = world.value(&format!("SELECT {sum} FROM ({newest})")).await;
            let whole = world.value(&format!("SELECT {sum} FROM ({numbered}) WHERE n <= {limit}")).await;
            assert_eq!(bounded, whole, "{sum} {order} {limit}");
        }
    }
}

#[tokio::test]
async fn a_needle_in_a_column_with_a_bloom_filter_reads_a_small_part_of_the_bytes() {
    let world = World::new();
    let address = |day: i32, n: i64| format!("2001:db8::{day}:{:x}", n * 7919);
    for day in 1..=4 {
        let calls = (0..8_000).map(|n| {
            let mut event = api_call(day, 0, "111");
            event.text(coldtrail_model::Col::SrcEndpointIp, address(day, n));
            event.text(coldtrail_model::Col::RawData, noise(n));
            event
        });
        world.add("aws_cloudtrail", calls).await;
    }
    let sql = format!("SELECT time, raw_data FROM api_activity WHERE src_endpoint_ip = '{}'", address(2, 777));
    // The first run reads the footers, which are kept.
    collect(&world.plan(&sql).await).await;
    let planned = world.plan(&sql).await;
    let batches = collect(&planned).await;
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    let read = metric(&planned.physical, "bytes_scanned");
    let total = planned.scan.bytes;
    assert!(read * 20 < total as usize, "read {read} of {total} bytes");
}

/// 512 letters that hardly compress, as raw records are.
fn noise(seed: i64) -> String {
    let mut state = seed.unsigned_abs() + 1;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        format!("{:016x}", state ^ (state >> 29))
    };
    (0..32).map(|_| next()).collect()
}

/// A counter summed over all scans of a plan that ran.
fn metric(plan: &std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>, name: &str) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.sum_by_name(name)).map_or(0, |value| value.as_usize());
    own + plan.children().into_iter().map(|child| metric(child, name)).sum::<usize>()
}

#[tokio::test]
async fn a_statement_does_not_see_what_is_committed_after_it_was_planned() {
    let world = World::new().with_four_days().await;
    let planned = world.plan("SELECT count(api_operation) FROM api_activity").await;
    let before = planned.snapshot_id;
    world.add("aws_cloudtrail", (0..10).map(|hour| api_call(5, hour, "111"))).await;
    let shown = crate::support::show(&collect(&planned).await);
    assert!(shown.contains("80"), "{shown}");
    let later = world.plan("SELECT count(api_operation) FROM api_activity").await;
    assert_eq!(later.snapshot_id, before + 1);
    let shown = crate::support::show(&collect(&later).await);
    assert!(shown.contains("90"), "{shown}");
}

#[tokio::test]
async fn the_estimate_counts_what_is_left_and_what_there_was() {
    let world = World::four_days().await;
    let planned = world.plan("SELECT api_operation FROM api_activity WHERE time >= '2026-03-04'").await;
    let left: Vec<_> =
        world.index.newest().segments_of(API).iter().filter(|segment| segment.day.to_string() == "2026-03-04").cloned().collect();
    assert_eq!((planned.scan.segments, planned.scan.segments_total), (2, 8));
    assert_eq!(planned.scan.rows, 20);
    assert_eq!(planned.scan.bytes, left.iter().map(|segment| segment.bytes).sum::<u64>());
    let joined = world
        .plan("SELECT a.time FROM api_activity a JOIN authentication b ON a.actor_user_name = b.user_name WHERE b.event_day = '2026-03-01'")
        .await;
    assert_eq!((joined.scan.segments, joined.scan.segments_total), (9, 12));
    let none = world.plan("SELECT time FROM api_activity WHERE event_day = '2027-01-01'").await;
    assert_eq!((none.scan.segments, none.scan.segments_total, none.scan.bytes), (0, 8, 0));
    let constant = world.plan("SELECT 1").await;
    assert_eq!((constant.scan.segments, constant.scan.segments_total), (0, 0));
}

#[tokio::test]
async fn files_are_dealt_to_the_partitions_by_size_and_none_is_lost_or_read_twice() {
    let world = World::four_days().await;
    for partitions in [1, 2, 3, 16] {
        let planned =
            world.planner.plan("SELECT message FROM api_activity", None, config().with_target_partitions(partitions)).await.unwrap();
        let mut paths = files(&planned.physical);
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 8, "{partitions} partitions");
        let batches = collect(&planned).await;
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 80, "{partitions} partitions");
    }
}

use std::sync::Arc;
use std::time::Duration;

use coldtrail_scheduler::{EngineConfig, Tier, TierMode, WorkClass};

use crate::fixture::{FILES, Lab, ROWS_A_FILE, rows};

/// What hunters write, once each.
const HUNTS: &[&str] = &[
    "SELECT id, ip, port FROM events WHERE port = 22 AND bytes > 500",
    "SELECT count(*), count(ip), sum(bytes), min(id), max(id), avg(port) FROM events",
    "SELECT ip, count(*), sum(bytes), count(DISTINCT port) FROM events GROUP BY ip HAVING count(*) > 100",
    "SELECT DISTINCT ip, day FROM events WHERE day < 3",
    "SELECT e.id, i.feed FROM events e JOIN indicators i ON e.ip = i.value WHERE e.port < 50",
    "SELECT i.value, count(e.id) FROM indicators i LEFT JOIN events e ON e.ip = i.value GROUP BY i.value",
    "SELECT e.ip, i.value FROM (SELECT DISTINCT ip FROM events) e FULL JOIN indicators i ON e.ip = i.value",
    "SELECT count(*) FROM events e RIGHT JOIN indicators i ON e.ip = i.value AND e.bytes > 1000",
    "SELECT count(*) FROM events WHERE id NOT IN (SELECT id FROM events WHERE day < 9)",
    "SELECT count(*) FROM events WHERE ip IN (SELECT value FROM indicators WHERE feed = 'feed 8')",
    "SELECT value FROM indicators i WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.ip = i.value)",
    "SELECT count(*) FROM events a JOIN indicators b ON a.port > length(b.value) AND a.day = 1",
    "SELECT count(*) FROM indicators a CROSS JOIN (SELECT DISTINCT day FROM events) b",
    "SELECT id FROM events WHERE bytes > (SELECT avg(bytes) FROM events WHERE day = 2) AND day = 4",
    "SELECT day, id, row_number() OVER (PARTITION BY day ORDER BY bytes DESC, id) FROM events WHERE port < 5",
    "SELECT id, sum(bytes) OVER (ORDER BY id) FROM events WHERE port = 3",
    "SELECT id, lag(bytes) OVER (PARTITION BY ip ORDER BY id) FROM events WHERE port = 3",
    "SELECT ip FROM events WHERE port = 1 UNION SELECT value FROM indicators",
    "SELECT 'event' AS kind, ip FROM events WHERE port = 1 UNION ALL SELECT 'indicator', value FROM indicators",
    "SELECT ip FROM events INTERSECT SELECT value FROM indicators",
    "SELECT value FROM indicators EXCEPT SELECT ip FROM events",
    "SELECT tag, count(*) FROM (SELECT unnest(tags) AS tag FROM events) GROUP BY tag",
    "SELECT id, array_length(tags), array_to_string(array_sort(tags), ',') FROM events WHERE array_has(tags, 't3') AND port < 10",
    "SELECT ip, array_agg(DISTINCT port ORDER BY port) FROM events WHERE port < 6 GROUP BY ip",
    "SELECT day, port % 3 AS part, count(*) FROM events GROUP BY ROLLUP (day, port % 3)",
    "SELECT median(bytes), approx_distinct(ip) > 10 FROM events",
    "SELECT regexp_replace(ip, '^10\\.0\\.', 'x'), CASE WHEN port > 50 THEN 'high' END FROM events WHERE day = 7 AND port > 48 AND port < 53",
    "WITH busy AS (SELECT ip, count(*) AS n FROM events GROUP BY ip) SELECT a.ip, b.ip FROM busy a JOIN busy b ON a.n = b.n AND a.ip < b.ip",
    "SELECT id, ip FROM events UNION ALL SELECT id, ip FROM nothing UNION ALL SELECT port, value FROM indicators CROSS JOIN (SELECT DISTINCT port FROM events)",
    "SELECT ip, count(*) FROM (SELECT * FROM events UNION ALL SELECT * FROM nothing) GROUP BY ip",
    "SELECT * FROM events WHERE id < 0",
    "SELECT ip, count(*) FROM events WHERE id < 0 GROUP BY ip",
    "SELECT count(*) FROM (SELECT id FROM events LIMIT 1234)",
];

/// The order of these is part of the answer.
const ORDERED: &[&str] = &[
    "SELECT id, bytes FROM events ORDER BY bytes DESC, id",
    "SELECT id, ip FROM events ORDER BY ip NULLS FIRST, id LIMIT 30",
    "SELECT id FROM events ORDER BY id DESC LIMIT 10 OFFSET 4321",
    "SELECT ip, sum(bytes) AS total FROM events GROUP BY ip ORDER BY total DESC LIMIT 3",
    "SELECT day, count(*) FROM events GROUP BY day ORDER BY day",
    "SELECT e.id FROM events e JOIN indicators i ON e.ip = i.value ORDER BY e.id",
    "SELECT ip FROM events WHERE port = 1 UNION ALL SELECT value FROM indicators ORDER BY 1 NULLS LAST",
    "SELECT id, day FROM (SELECT id, day FROM events WHERE port = 2 UNION ALL SELECT id, day FROM nothing) ORDER BY id DESC LIMIT 7",
    "SELECT id, day FROM (SELECT id, day FROM events WHERE port = 1 UNION ALL SELECT bytes, port FROM events) ORDER BY id DESC, day LIMIT 20",
];

async fn check_same(lab: &Lab, hunt: &str, ordered: bool) {
    let plan = lab.plan_distributed(hunt).await;
    let choice = lab.engine.choose_tier(&plan);
    assert_eq!(choice.tier, Tier::Distributed, "{hunt}: {}", choice.reason);
    let (local_schema, mut local) = rows(lab.start_local(hunt).await).await.unwrap();
    let run = lab.engine.run_distributed(WorkClass::Interactive, plan, Arc::clone(&lab.distributed)).unwrap();
    let (schema, mut distributed) = rows(run).await.unwrap_or_else(|error| panic!("{hunt}: {error}"));
    if !ordered {
        local.sort();
        distributed.sort();
    }
    assert_eq!(local, distributed, "{hunt}");
    assert_eq!(types(&local_schema), types(&schema), "{hunt}");
}

fn types(schema: &arrow::datatypes::Schema) -> Vec<(String, arrow::datatypes::DataType)> {
    schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hunt_gives_the_same_rows_in_both_tiers() {
    let lab = Lab::new().await;
    for hunt in HUNTS {
        check_same(&lab, hunt, false).await;
    }
    lab.idle(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hunt_gives_the_same_rows_when_the_planner_knows_the_sizes() {
    let lab = Lab::new().await;
    lab.collect_statistics().await;
    for hunt in HUNTS {
        check_same(&lab, hunt, false).await;
    }
    for hunt in ORDERED {
        check_same(&lab, hunt, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_by_survives_the_way_through_the_executors() {
    let lab = Lab::new().await;
    for hunt in ORDERED {
        check_same(&lab, hunt, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_of_many_partitions_comes_whole() {
    let lab = Lab::new().await;
    let context = lab.session_of(FILES).await;
    let plan = context.sql("SELECT id, tags FROM events").await.unwrap().create_physical_plan().await.unwrap();
    assert_eq!(plan.properties().output_partitioning().partition_count(), FILES);
    let (_, rows) = rows(lab.engine.run_distributed(WorkClass::Interactive, plan, context).unwrap()).await.unwrap();
    assert_eq!(rows.len(), FILES * ROWS_A_FILE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_at_the_same_time_do_not_mix() {
    let lab = Lab::new().await;
    let count = async |day: usize| {
        let sql = format!("SELECT sum(id) FROM events WHERE day = {day}");
        rows(lab.start_distributed(&sql).await).await.unwrap().1.remove(0)
    };
    let results = futures::future::join_all((0..6).map(count)).await;
    for (day, result) in results.iter().enumerate() {
        let sum: usize = (day * ROWS_A_FILE..(day + 1) * ROWS_A_FILE).sum();
        assert!(result.contains(&format!(" {sum} ")), "day {day}: {result}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_queries_than_slots_wait_for_their_turn() {
    let lab = Lab::with(EngineConfig { distributed_jobs_max: 1, tier_mode: TierMode::Distributed, ..EngineConfig::default() }).await;
    let runs = [lab.start_distributed("SELECT count(*) FROM events").await, lab.start_distributed("SELECT count(*) FROM events").await];
    // The second is asked first; its turn comes although nobody reads the first.
    let [first, second] = runs;
    assert!(rows(second).await.unwrap().1[0].contains("10000"));
    assert!(rows(first).await.unwrap().1[0].contains("10000"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_of_a_query_go_with_it() {
    let lab = Lab::new().await;
    rows(lab.start_distributed("SELECT ip, count(*) FROM events GROUP BY ip").await).await.unwrap();
    lab.idle(Duration::from_secs(10)).await;
    let work = lab.folder.path().join("work");
    let run = std::fs::read_dir(&work).unwrap().next().unwrap().unwrap().path();
    let start = std::time::Instant::now();
    while std::fs::read_dir(run.join("shuffle")).unwrap().count() > 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "shuffle files are left behind");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lab.engine.stop().await;
    let Lab { workspace, engine, local, distributed, folder } = lab;
    drop((workspace, engine, local, distributed));
    assert_eq!(std::fs::read_dir(folder.path().join("work")).unwrap().count(), 0, "the work folder is left behind");
}

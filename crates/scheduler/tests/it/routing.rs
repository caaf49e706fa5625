use std::sync::Arc;

use coldtrail_query::Error as QueryError;
use coldtrail_scheduler::{EngineConfig, Tier, TierMode, WorkClass};
use futures::StreamExt;

use crate::fixture::{Lab, rows};

async fn check(lab: &Lab, sql: &str, tier: Tier, reason: &str) {
    let choice = lab.engine.choose_tier(&lab.plan_distributed(sql).await);
    assert_eq!((choice.tier, choice.reason.as_str()), (tier, reason), "{sql}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_query_is_local_and_a_large_one_distributed() {
    let lab = Lab::with(EngineConfig { local_bytes_max: 100_000, ..EngineConfig::default() }).await;
    let plan = lab.plan_distributed("SELECT value FROM indicators").await;
    let choice = lab.engine.choose_tier(&plan);
    assert_eq!((choice.tier, choice.reason.as_str()), (Tier::Local, "local: 2 segments, 0.0 MiB <= local_bytes_max 0.1 MiB"));
    let choice = lab.engine.choose_tier(&lab.plan_distributed("SELECT sum(bytes) FROM events").await);
    assert_eq!(choice.tier, Tier::Distributed);
    assert!(
        choice.reason.starts_with("distributed: 20 segments, 0.") && choice.reason.ends_with("> local_bytes_max 0.1 MiB"),
        "{}",
        choice.reason
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_distributed_is_local_whatever_the_settings_say() {
    let lab = Lab::new().await;
    check(&lab, "SELECT * FROM information_schema.tables", Tier::Local, "local: StreamingTableExec cannot be distributed").await;
    check(&lab, "SELECT * FROM generate_series(1, 3)", Tier::Local, "local: LazyMemoryExec cannot be distributed").await;
    check(&lab, "EXPLAIN SELECT * FROM events", Tier::Local, "local: ExplainExec cannot be distributed").await;
    let unequal = "SELECT i.value, e.id FROM indicators i LEFT JOIN events e ON length(i.value) > e.bytes";
    check(&lab, unequal, Tier::Local, "local: a Left join without equality cannot be distributed").await;
    // Ballista never ends such a query.
    let empty = "SELECT ip FROM nothing UNION ALL SELECT ip FROM events";
    check(&lab, empty, Tier::Local, "local: EmptyExec cannot be distributed").await;
    // Ballista loses the row of such a branch.
    let constant = "SELECT ip FROM events UNION ALL SELECT 'none'";
    check(&lab, constant, Tier::Local, "local: PlaceholderRowExec cannot be distributed").await;
    let not_in = "SELECT count(*) FROM events WHERE ip NOT IN (SELECT value FROM indicators)";
    check(&lab, not_in, Tier::Local, "local: NOT IN over values that may be null cannot be distributed").await;
    let recursive = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n";
    check(&lab, recursive, Tier::Local, "local: RecursiveQueryExec cannot be distributed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_would_give_wrong_rows_is_refused_by_the_distributed_tier() {
    let lab = Lab::new().await;
    let plan = lab.plan_distributed("SELECT * FROM generate_series(1, 3)").await;
    let refused = lab.engine.run_distributed(WorkClass::Interactive, plan, Arc::clone(&lab.distributed));
    assert!(matches!(refused, Err(QueryError::Failed(_))));
    let plan = lab.plan_local("SELECT * FROM events").await;
    let refused = lab.engine.run_distributed(WorkClass::Interactive, plan, Arc::new(lab.local.clone()));
    assert!(matches!(refused, Err(QueryError::Failed(error)) if error.to_string().contains("dynamic filters")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_engine_distributes_nothing() {
    let lab = Lab::with(EngineConfig { tier_mode: TierMode::Local, local_bytes_max: 0, ..EngineConfig::default() }).await;
    check(&lab, "SELECT sum(bytes) FROM events", Tier::Local, "local: tier_mode is local").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_query_streams_its_first_rows_before_its_last_are_read() {
    let lab = Lab::new().await;
    let mut run = lab.start_local("SELECT id FROM events").await;
    let first = run.stream.next().await.unwrap().unwrap();
    assert!(first.num_rows() > 0);
    let read = lab.engine.local_jobs().jobs()[0].progress().rows;
    assert!(read < 10_000, "all {read} rows were read before the first came out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_top_k_still_prunes_with_its_dynamic_filter() {
    let lab = Lab::new().await;
    let (_, plan) = rows(lab.start_local("EXPLAIN ANALYZE SELECT id FROM events ORDER BY id LIMIT 3").await).await.unwrap();
    assert!(plan.concat().contains("DynamicFilter"), "{plan:#?}");
    let run = lab.start_local("SELECT id FROM events ORDER BY id LIMIT 3").await;
    let jobs = lab.engine.local_jobs().jobs();
    let (_, ids) = rows(run).await.unwrap();
    assert_eq!(ids, ["| 0  |", "| 1  |", "| 2  |"]);
    let read = jobs[0].progress().rows;
    assert!(read < 10_000, "the filter of the top rows did not reach the scan: {read} rows came out of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyzed_plan_shows_what_was_planned_and_not_what_stops_it() {
    let lab = Lab::new().await;
    let (_, plan) =
        rows(lab.start_local("EXPLAIN ANALYZE SELECT count(*) FROM events a JOIN indicators b ON a.ip = b.value").await).await.unwrap();
    let plan = plan.concat();
    assert!(plan.contains("HashJoinExec") && plan.contains("DataSourceExec") && plan.contains("bytes_scanned="), "{plan}");
    assert!(!plan.contains("GuardExec"), "{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_analyze_shows_what_the_executors_measured() {
    let lab = Lab::new().await;
    let plan = lab.plan_distributed("SELECT ip, count(*) FROM events WHERE day = 4 GROUP BY ip").await;
    let text = lab.engine.analyze_distributed(plan, Arc::clone(&lab.distributed)).await.unwrap();
    assert!(text.starts_with("2 stages, "), "{text}");
    let scan = text.lines().find(|line| line.contains("DataSourceExec")).unwrap();
    assert!(scan.contains("output_rows=500"), "{text}");
    assert!(scan.contains("bytes_scanned=") && !scan.contains("bytes_scanned=0,"), "{text}");
    assert!(scan.contains("row_groups_pruned_statistics="), "{text}");
    lab.idle(std::time::Duration::from_secs(5)).await;
}

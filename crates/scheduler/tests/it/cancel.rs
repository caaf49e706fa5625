use std::sync::Arc;
use std::time::{Duration, Instant};

use coldtrail_query::Error as QueryError;
use coldtrail_scheduler::{EngineConfig, Tier, TierMode, WorkClass};
use futures::StreamExt;
use object_store::local::LocalFileSystem;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use crate::fixture::{Lab, failure, rows};

/// Makes `slow_events` of the same files, in a store where every read takes its time: a scan
/// of it lasts for minutes.
async fn add_slow_events(lab: &Lab) {
    let store = LocalFileSystem::new_with_prefix(lab.folder.path()).unwrap();
    let throttle = ThrottleConfig { wait_get_per_call: Duration::from_millis(500), ..ThrottleConfig::default() };
    let url = "slow://lake".parse().unwrap();
    lab.local.runtime_env().register_object_store(&url, Arc::new(ThrottledStore::new(store, throttle)));
    lab.register("slow_events", "slow://lake/events/").await;
}

/// Waits until tasks run on the executor.
async fn busy(lab: &Lab) {
    let start = Instant::now();
    while lab.engine.distributed_jobs().jobs().iter().all(|job| job.progress().tasks == 0) {
        assert!(start.elapsed() < Duration::from_secs(10), "no task has started");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_stream_ends_the_work_on_the_executor() {
    let lab = Lab::new().await;
    add_slow_events(&lab).await;
    let mut run = lab.start_distributed("SELECT ip, sum(bytes) FROM slow_events GROUP BY ip").await;
    tokio::select! {
        row = run.stream.next() => panic!("a slow scan was fast: {row:?}"),
        () = busy(&lab) => {}
    }
    drop(run);
    lab.idle(Duration::from_secs(2)).await;
    // The cores are free again.
    rows(lab.start_distributed("SELECT count(*) FROM events").await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_stream_ends_work_that_does_not_wait_for_reads() {
    let lab = Lab::new().await;
    let endless = "SELECT count(*) FROM events a JOIN events b ON a.bytes < b.bytes JOIN events c ON b.port < c.port";
    let run = lab.start_distributed(endless).await;
    busy(&lab).await;
    drop(run);
    lab.idle(Duration::from_secs(5)).await;
}

/// Joins that compare pairs for minutes and have no row to give meanwhile.
const SILENT_JOINS: &[&str] = &[
    "SELECT count(*) FROM events a JOIN events b ON a.day = b.day JOIN events c ON b.day = c.day WHERE a.bytes + b.bytes + c.bytes < 0",
    "SELECT count(*) FROM events a WHERE EXISTS (SELECT 1 FROM events b WHERE a.id % 1 = b.id % 1)",
    "SELECT count(*) FROM events a WHERE NOT EXISTS (SELECT 1 FROM events b WHERE a.id % 1 = b.id % 1)",
    "SELECT count(*) FROM events a WHERE a.id % 1 NOT IN (SELECT b.id % 1 FROM events b)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_stream_ends_a_join_that_gives_no_rows_in_both_tiers() {
    let lab = Lab::new().await;
    for sql in SILENT_JOINS {
        let mut local = lab.start_local(sql).await;
        assert!(tokio::time::timeout(Duration::from_millis(700), local.stream.next()).await.is_err(), "{sql} ended by itself");
        drop(local);
        lab.idle(Duration::from_secs(2)).await;
        let plan = lab.plan_distributed(sql).await;
        if lab.engine.choose_tier(&plan).tier == Tier::Local {
            continue;
        }
        let distributed = lab.engine.run_distributed(WorkClass::Interactive, plan, Arc::clone(&lab.distributed)).unwrap();
        busy(&lab).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(distributed);
        lab.idle(Duration::from_secs(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_query_that_computes_for_long_leaves_the_caller_its_threads() {
    let lab = Lab::new().await;
    let runs = futures::future::join_all((0..8).map(|_| lab.start_local(SILENT_JOINS[0]))).await;
    let mut busy: Vec<_> = runs.into_iter().map(|mut run| tokio::spawn(async move { run.stream.next().await })).collect();
    let start = Instant::now();
    for _ in 0..100 {
        tokio::spawn(tokio::task::yield_now()).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(2), "the caller's threads were taken for {:?}", start.elapsed());
    busy.iter_mut().for_each(|run| run.abort());
    drop(busy);
    lab.idle(Duration::from_secs(4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_is_dropped_before_it_was_planned_never_runs() {
    let lab = Lab::new().await;
    add_slow_events(&lab).await;
    for _ in 0..10 {
        drop(lab.start_distributed("SELECT ip, sum(bytes) FROM slow_events GROUP BY ip").await);
        tokio::task::yield_now().await;
    }
    lab.idle(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_is_dropped_while_it_waits_for_a_slot_never_runs() {
    let lab = Lab::with(EngineConfig { distributed_jobs_max: 1, tier_mode: TierMode::Distributed, ..EngineConfig::default() }).await;
    add_slow_events(&lab).await;
    let first = lab.start_distributed("SELECT sum(bytes) FROM slow_events").await;
    busy(&lab).await;
    drop(lab.start_distributed("SELECT sum(bytes) FROM slow_events").await);
    drop(first);
    lab.idle(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_local_stream_ends_its_work() {
    let lab = Lab::new().await;
    add_slow_events(&lab).await;
    let mut run = lab.start_local("SELECT ip, sum(bytes) FROM slow_events GROUP BY ip").await;
    assert!(tokio::time::timeout(Duration::from_millis(50), run.stream.next()).await.is_err());
    assert_eq!(lab.engine.local_jobs().jobs().len(), 1);
    drop(run);
    lab.idle(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_ends_at_its_deadline_in_both_tiers() {
    let query_time_max = Duration::from_millis(700);
    let lab = Lab::with(EngineConfig { query_time_max: Some(query_time_max), ..EngineConfig::default() }).await;
    add_slow_events(&lab).await;
    let sql = "SELECT ip, sum(bytes) FROM slow_events GROUP BY ip";
    for run in [lab.start_local(sql).await, lab.start_distributed(sql).await] {
        let start = Instant::now();
        let error = failure(run).await;
        assert!(matches!(&error, QueryError::Exhausted { message } if message.contains("query_time_max 700ms")), "{error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    lab.idle(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stands_still_is_ended() {
    let lab = Lab::with(EngineConfig { stall_time_max: Duration::from_secs(1), ..EngineConfig::default() }).await;
    let store = LocalFileSystem::new_with_prefix(lab.folder.path()).unwrap();
    let never = ThrottleConfig { wait_get_per_call: Duration::from_secs(3600), ..ThrottleConfig::default() };
    let store = ThrottledStore::new(store, ThrottleConfig::default());
    store.config_mut(|config| *config = ThrottleConfig::default());
    let store = Arc::new(store);
    lab.local.runtime_env().register_object_store(&"slow://lake".parse().unwrap(), Arc::clone(&store) as _);
    lab.register("slow_events", "slow://lake/events/").await;
    let plan = lab.plan_distributed("SELECT sum(bytes) FROM slow_events").await;
    store.config_mut(|config| *config = never);
    let error = failure(lab.engine.run_distributed(WorkClass::Interactive, plan, Arc::clone(&lab.distributed)).unwrap()).await;
    assert!(matches!(&error, QueryError::Unavailable { message } if message.contains("stall_time_max 1s")), "{error}");
    lab.idle(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_the_engine_ends_its_queries_and_takes_no_more() {
    let lab = Lab::new().await;
    add_slow_events(&lab).await;
    let sql = "SELECT ip, sum(bytes) FROM slow_events GROUP BY ip";
    let (local, distributed) = (lab.start_local(sql).await, lab.start_distributed(sql).await);
    busy(&lab).await;
    let start = Instant::now();
    lab.engine.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5), "stopping took {:?}", start.elapsed());
    for run in [local, distributed] {
        let error = failure(run).await;
        assert!(matches!(&error, QueryError::Unavailable { message } if message == "the server is stopping"), "{error}");
    }
    let refused = lab.engine.run_distributed(WorkClass::Interactive, lab.plan_distributed(sql).await, Arc::clone(&lab.distributed));
    assert!(matches!(refused, Err(QueryError::Unavailable { .. })));
}

use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use coldtrail_query::Error as QueryError;
use coldtrail_scheduler::{EngineConfig, WorkClass};

use crate::fixture::{Lab, failure};

/// Overwrites bytes in the middle of a segment: its footer stays good.
fn damage(lab: &Lab, file: &str) {
    let path = lab.folder.path().join("events").join(file);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0xff; 1500], 4).unwrap();
}

async fn check_both_tiers(lab: &Lab, sql: &str, check: impl Fn(&QueryError) -> bool) {
    for (tier, run) in [("local", lab.start_local(sql).await), ("distributed", lab.start_distributed(sql).await)] {
        let start = Instant::now();
        let error = failure(run).await;
        assert!(check(&error), "{tier}: {error:?}");
        let text = error.to_string();
        assert!(text.len() <= 4200 && !text.contains("127.0.0.1"), "{tier}: {text}");
        assert!(start.elapsed() < Duration::from_secs(5), "{tier}: the error took {:?}", start.elapsed());
    }
    lab.idle(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_segment_is_named() {
    let lab = Lab::new().await;
    damage(&lab, "13.parquet");
    let named = |error: &QueryError| matches!(error, QueryError::Failed(_)) && error.to_string().contains("events/13.parquet");
    check_both_tiers(&lab, "SELECT ip, sum(id) FROM events GROUP BY ip", named).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_without_its_footer_is_named() {
    let lab = Lab::new().await;
    // Planned before the damage is done, as with a catalog that trusts its entries.
    let sql = "SELECT sum(id) FROM events";
    let plans = (lab.plan_local(sql).await, lab.plan_distributed(sql).await);
    let path = lab.folder.path().join("events/07.parquet");
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&[0; 64], length - 64).unwrap();
    lab.forget_footers();
    let runs = [
        lab.engine.run_local(WorkClass::Interactive, plans.0, lab.local.task_ctx()).unwrap(),
        lab.engine.run_distributed(WorkClass::Interactive, plans.1, std::sync::Arc::clone(&lab.distributed)).unwrap(),
    ];
    for run in runs {
        let error = failure(run).await.to_string();
        assert!(error.contains("events/07.parquet"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_segment_is_named() {
    let lab = Lab::new().await;
    let sql = "SELECT sum(id) FROM events";
    let plans = (lab.plan_local(sql).await, lab.plan_distributed(sql).await);
    std::fs::remove_file(lab.folder.path().join("events/03.parquet")).unwrap();
    let runs = [
        lab.engine.run_local(WorkClass::Interactive, plans.0, lab.local.task_ctx()).unwrap(),
        lab.engine.run_distributed(WorkClass::Interactive, plans.1, std::sync::Arc::clone(&lab.distributed)).unwrap(),
    ];
    for run in runs {
        let error = failure(run).await.to_string();
        assert!(error.contains("events/03.parquet"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_division_by_zero_is_the_statements_fault() {
    let lab = Lab::new().await;
    let bad = |error: &QueryError| matches!(error, QueryError::BadStatement { message } if message.contains("Divide by zero"));
    check_both_tiers(&lab, "SELECT sum(bytes / (port - port)) FROM events", bad).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_no_number_is_the_statements_fault() {
    let lab = Lab::new().await;
    let bad = |error: &QueryError| matches!(error, QueryError::BadStatement { message } if message.contains("10.0.0."));
    check_both_tiers(&lab, "SELECT CAST(ip AS INT) FROM events", bad).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_out_of_memory_is_told_as_such() {
    let lab = Lab::with_memory(EngineConfig::default(), 16 << 20).await;
    let exhausted = |error: &QueryError| matches!(error, QueryError::Exhausted { .. });
    let greedy = "SELECT array_length(array_agg(repeat(coalesce(ip, 'none'), 1000))) FROM events";
    check_both_tiers(&lab, greedy, exhausted).await;
}

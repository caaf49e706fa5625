use coldtrail_query::StatementKind;

use crate::support::{World, collect, show};

#[tokio::test]
async fn an_explanation_begins_with_what_will_be_read() {
    let world = World::four_days().await;
    let rows = world.rows("EXPLAIN SELECT time FROM api_activity WHERE event_day = '2026-03-02'").await;
    assert!(rows.contains("snapshot: 16"), "{rows}");
    assert!(rows.contains("segments: 2 of 8"), "{rows}");
    assert!(rows.contains("rows: 20"), "{rows}");
    assert!(rows.contains("logical_plan"), "{rows}");
    assert!(rows.contains("DataSourceExec"), "{rows}");
    let notes = rows.find("segments: 2 of 8").unwrap();
    assert!(notes < rows.find("DataSourceExec").unwrap(), "{rows}");
}

#[tokio::test]
async fn a_note_of_who_runs_the_plan_comes_first() {
    let world = World::four_days().await;
    let mut planned = world.plan("EXPLAIN SELECT time FROM api_activity").await;
    planned.note("tier: local").unwrap();
    let rows = show(&collect(&planned).await);
    assert!(rows.find("tier: local").unwrap() < rows.find("snapshot:").unwrap(), "{rows}");
    assert!(matches!(planned.kind, StatementKind::Explain(_)));
    let mut query = world.plan("SELECT time FROM api_activity").await;
    query.note("tier: local").unwrap();
    assert_eq!(collect(&query).await.iter().map(|batch| batch.num_rows()).sum::<usize>(), 80);
}

#[tokio::test]
async fn analyzing_runs_the_plan_and_shows_what_was_passed_over() {
    let world = World::four_days().await;
    let rows = world.rows("EXPLAIN ANALYZE SELECT raw_data FROM api_activity WHERE src_endpoint_ip = '198.51.100.13'").await;
    for part in [
        "segments: 8 of 8",
        "Plan with Metrics",
        "row_groups_pruned_statistics",
        "row_groups_pruned_bloom_filter",
        "bytes_scanned",
        "page_index_rows_pruned",
    ] {
        assert!(rows.contains(part), "{part}\n{rows}");
    }
    let verbose = world.rows("EXPLAIN ANALYZE VERBOSE SELECT time FROM api_activity").await;
    assert!(verbose.contains("Output Rows"), "{verbose}");
}

#[tokio::test]
async fn a_plan_can_be_drawn_as_a_tree() {
    let world = World::four_days().await;
    let rows = world.rows("EXPLAIN FORMAT TREE SELECT time FROM api_activity").await;
    assert!(rows.contains("┌"), "{rows}");
}

#[tokio::test]
async fn explaining_does_not_run_the_statement() {
    let world = World::in_folder().with_four_days().await;
    let planned = world.plan("EXPLAIN SELECT time FROM api_activity").await;
    let segment = world.index.newest().segments.values().flatten().next().unwrap().path.clone();
    std::fs::remove_file(world.lake.url().to_file_path().unwrap().join(segment)).unwrap();
    assert!(!collect(&planned).await.is_empty());
    assert_eq!(planned.scan.segments, 8);
}

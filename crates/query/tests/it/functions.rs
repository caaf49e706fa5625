use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use datafusion_proto::bytes::{physical_plan_from_bytes, physical_plan_to_bytes};
use futures::TryStreamExt;

use crate::support::{World, collect, config, show};

/// What a plan gives after it has gone to an executor and was decoded there by the functions that the planner gives executors.
async fn rows_of_decoded(world: &World, sql: &str, shape: &str) -> String {
    let planned = world.plan(sql).await;
    let drawn = displayable(planned.physical.as_ref()).indent(false).to_string();
    assert!(drawn.contains(shape), "{drawn}");
    let bytes = physical_plan_to_bytes(Arc::clone(&planned.physical)).unwrap();
    let state = world.planner.function_registry_state();
    let decoded: Arc<dyn ExecutionPlan> = physical_plan_from_bytes(&bytes, &state.task_ctx()).unwrap();
    let batches: Vec<_> = execute_stream(decoded, state.task_ctx()).unwrap().try_collect().await.unwrap();
    let rows = show(&batches);
    assert_eq!(rows, show(&collect(&planned).await));
    rows
}

#[tokio::test]
async fn aggregates_are_known_by_name_on_an_executor_and_put_together_exactly() {
    let world = World::four_days().await;
    let sql = "SELECT cloud_account_uid, sequence(time, INTERVAL '2 hours', api_operation = 'ListBuckets', api_operation = \
               'CreateAccessKey', api_operation = 'ListBuckets') AS steps, sequence_until(time, INTERVAL '1 day', api_operation = \
               'CreateAccessKey', true, true, true, true, true, true, true, true) AS until, beacon_score(time) AS score, \
               beacon_score(DISTINCT time) AS score_once, count(*) AS n FROM api_activity GROUP BY 1 ORDER BY 1";
    assert_eq!(
        rows_of_decoded(world, sql, "mode=Partial").await,
        "\
+-------------------+-------+-------+-------+------------+----+
| cloud_account_uid | steps | until | score | score_once | n  |
+-------------------+-------+-------+-------+------------+----+
| 111               | 3     | 8     | 1.0   | 1.0        | 40 |
| 222               | 3     | 8     | 1.0   | 1.0        | 40 |
+-------------------+-------+-------+-------+------------+----+"
    );
}

#[tokio::test]
async fn windows_are_known_by_name_on_an_executor() {
    let world = World::four_days().await;
    let sql = "SELECT time, sessionize(time, INTERVAL '90 minutes') OVER (PARTITION BY user_name ORDER BY time) AS session, zscore(n) OVER \
               (ORDER BY time ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) AS z FROM (SELECT time, user_name, date_part('hour', time) AS n \
               FROM authentication WHERE user_name = 'alice' AND event_day = '2026-03-02') ORDER BY time";
    assert_eq!(
        rows_of_decoded(world, sql, "WindowAggExec").await,
        "\
+----------------------+---------+--------------------+
| time                 | session | z                  |
+----------------------+---------+--------------------+
| 2026-03-02T00:00:00Z | 1       |                    |
| 2026-03-02T02:00:00Z | 2       |                    |
| 2026-03-02T04:00:00Z | 3       | 2.1213203435596424 |
| 2026-03-02T06:00:00Z | 4       | 2.0                |
| 2026-03-02T08:00:00Z | 5       | 2.0                |
+----------------------+---------+--------------------+"
    );
}

#[tokio::test]
async fn functions_of_values_are_known_by_name_on_an_executor() {
    let world = World::four_days().await;
    let sql = "SELECT count(*) AS n FROM network_activity WHERE geo_distance_km(date_part('hour', time), 0, 0, 0) < 112 AND \
               geo_distance_kmh(0, 0, time, 0, 1, TIMESTAMP '2026-03-01 00:00:00') > 100";
    assert!(rows_of_decoded(world, sql, "geo_distance_km").await.contains("| 2 |"));
}

#[tokio::test]
async fn a_span_of_time_may_be_a_parameter() {
    let world = World::four_days().await;
    let sql = "SELECT sequence(time, $1, api_operation = 'CreateAccessKey', api_operation = 'CreateAccessKey') AS steps FROM api_activity \
               WHERE cloud_account_uid = '111'";
    let prepared = world.planner.prepare(sql, config()).await.unwrap();
    assert_eq!(prepared.schema.field(0).data_type(), &DataType::Int64);
    for (span, steps) in [("1 day", 2), ("23 hours", 1)] {
        let spans: ArrayRef = Arc::new(StringArray::from(vec![span]));
        let parameters = RecordBatch::try_from_iter([("$1", spans)]).unwrap();
        let planned = world.planner.plan(sql, Some(parameters), config()).await.unwrap();
        let found = collect(&planned).await[0].column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(found, steps, "{span}");
    }
}

#[tokio::test]
async fn show_functions_lists_them() {
    let world = World::new();
    for name in ["sequence", "sequence_until", "beacon_score", "sessionize", "zscore", "geo_country", "geo_distance_kmh", "cidr_match"] {
        let found = world
            .value(&format!("SELECT count(DISTINCT routine_name) FROM information_schema.routines WHERE routine_name = '{name}'"))
            .await;
        assert_eq!(found, "1", "{name}");
    }
}

#[tokio::test]
async fn a_filter_on_the_value_of_prevalence_reaches_the_files() {
    let world = World::four_days().await;
    let planned = world.plan("SELECT events FROM prevalence WHERE type = 'IP Address' AND value = '203.0.113.13'").await;
    let drawn = displayable(planned.physical.as_ref()).indent(false).to_string();
    assert!(drawn.contains("predicate=type@1 = IP Address AND value@2 = 203.0.113.13"), "{drawn}");
    assert_eq!(world.value("SELECT events FROM prevalence WHERE type = 'IP Address' AND value = '203.0.113.13'").await, "1");
    let all = world.value("SELECT sum(events) = (SELECT sum(count) FROM observables) FROM prevalence").await;
    assert_eq!(all, "true");
}

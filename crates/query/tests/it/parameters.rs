use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, NullArray, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;

use crate::support::{World, collect, config, show};

fn row(values: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_from_iter(values.into_iter().enumerate().map(|(n, value)| (format!("p{n}"), value))).unwrap()
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

async fn run(world: &World, sql: &str, values: Vec<ArrayRef>) -> Result<String, String> {
    let planned = world.planner.plan(sql, Some(row(values)), config()).await.map_err(|error| error.to_string())?;
    Ok(show(&collect(&planned).await))
}

#[tokio::test]
async fn parameters_are_bound_by_position_and_prune() {
    let world = World::four_days().await;
    for sql in [
        "SELECT count(time) AS n FROM api_activity WHERE actor_user_name = $1 AND time >= $2 AND class_uid = $3",
        "SELECT count(time) AS n FROM api_activity WHERE actor_user_name = ? AND time >= ? AND class_uid = ?",
        "SELECT count(time) AS n FROM api_activity WHERE actor.user.name = ? AND time >= ? AND class_uid = ?",
    ] {
        let values = vec![text("alice"), text("2026-03-04T00:00:00Z"), Arc::new(Int64Array::from(vec![6003])) as ArrayRef];
        let planned = world.planner.plan(sql, Some(row(values)), config()).await.unwrap();
        assert_eq!(planned.scan.segments, 2, "{sql}");
        assert!(show(&collect(&planned).await).contains("| 10 |"), "{sql}");
    }
}

#[tokio::test]
async fn question_marks_are_numbered_in_the_order_of_the_text() {
    let world = World::four_days().await;
    let sql = "WITH a AS (SELECT ? AS one) SELECT one, ? AS two, (SELECT ?) AS three FROM a WHERE ? = 'd' ORDER BY ? LIMIT ?";
    let values = vec![text("a"), text("b"), text("c"), text("d"), text("e"), Arc::new(Int64Array::from(vec![1])) as ArrayRef];
    let rows = run(world, sql, values).await.unwrap();
    assert!(rows.contains("| a   | b   | c     |"), "{rows}");
}

#[tokio::test]
async fn the_types_of_parameters_are_inferred_and_text_where_they_cannot_be() {
    let world = World::new();
    let sql =
        "SELECT $4 FROM api_activity WHERE time > $1 AND src_endpoint_port IN ($2, 80) AND src_endpoint_ip LIKE $3 AND is_private_ip($5)";
    let prepared = world.planner.prepare(sql, config()).await.unwrap();
    let types: Vec<DataType> = prepared.parameters.fields().iter().map(|field| field.data_type().clone()).collect();
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    assert_eq!(types, [time, DataType::Int32, DataType::Utf8, DataType::Utf8, DataType::Utf8]);
    let names: Vec<&str> = prepared.parameters.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["$1", "$2", "$3", "$4", "$5"]);
}

#[tokio::test]
async fn what_was_promised_before_the_values_is_what_comes_with_them() {
    let world = World::four_days().await;
    for (sql, values) in [
        ("SELECT $1 AS a, time, 1 AS b FROM api_activity WHERE api_operation = $2", vec![text("x"), text("CreateAccessKey")]),
        (
            "SELECT actor_user_name, count(*), max(time), avg(count) FROM api_activity WHERE source = $1 GROUP BY 1",
            vec![text("aws_cloudtrail")],
        ),
        ("EXPLAIN SELECT time FROM api_activity WHERE api_operation = $1", vec![text("x")]),
        ("SELECT json_get(raw_data, 'n') FROM api_activity WHERE source = $1", vec![text("aws_cloudtrail")]),
        ("SELECT * FROM events WHERE class_uid = $1", vec![Arc::new(Int32Array::from(vec![3002])) as ArrayRef]),
    ] {
        let promised = world.planner.prepare(sql, config()).await.unwrap();
        let planned = world.planner.plan(sql, Some(row(values)), config()).await.unwrap();
        assert_eq!(promised.schema, planned.schema, "{sql}");
        assert_eq!(promised.parameters, planned.parameters, "{sql}");
        collect(&planned).await;
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_a_word_on_what_is_wanted() {
    let world = World::four_days().await;
    let number = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    for (sql, values, message) in [
        ("SELECT time FROM events WHERE class_uid = $1", vec![], "the statement has 1 parameter, but 0 were given"),
        ("SELECT time FROM events WHERE class_uid = $1", vec![number(), number()], "the statement has 1 parameter, but 2 were given"),
        ("SELECT 1", vec![number()], "the statement has no parameters, but 1 were given"),
        ("SELECT time FROM events WHERE class_uid = $1", vec![text("x")], "parameter $1 is x of type Utf8, but Int32 is wanted"),
        (
            "SELECT time FROM events WHERE time > $1",
            vec![text("soon")],
            "parameter $1 is soon of type Utf8, but Timestamp(ms, \"UTC\") is wanted",
        ),
        (
            "SELECT time FROM events WHERE message = $1 OR message = ?",
            vec![],
            "the statement mixes ? and $1 as parameters; use one of them",
        ),
        ("SELECT time FROM events WHERE message = $0", vec![], ""),
        ("SELECT time FROM events WHERE message = $99999", vec![text("x")], ""),
    ] {
        let batch = if values.is_empty() { None } else { Some(row(values)) };
        let error = world.planner.plan(sql, batch, config()).await.err().unwrap_or_else(|| panic!("{sql} was planned")).to_string();
        assert!(error.contains(message), "{sql}: {error}");
    }
    let two_rows = row(vec![Arc::new(Int32Array::from(vec![1, 2]))]);
    let error = world.planner.plan("SELECT time FROM events WHERE class_uid = $1", Some(two_rows), config()).await.err().unwrap();
    assert_eq!(error.to_string(), "parameters are one row, but 2 rows were given");
}

#[tokio::test]
async fn a_null_parameter_is_null() {
    let world = World::four_days().await;
    let rows = run(world, "SELECT count(time) AS n FROM events WHERE message = $1 OR $1 IS NULL", vec![Arc::new(NullArray::new(1))])
        .await
        .unwrap();
    assert!(rows.contains("| 160 |"), "{rows}");
}

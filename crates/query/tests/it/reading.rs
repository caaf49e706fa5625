use coldtrail_model::{Class, Col};

use crate::support::{World, collect};

#[tokio::test]
async fn a_count_without_a_filter_comes_from_the_catalog() {
    let world = World::four_days().await;
    for (sql, value) in [
        ("SELECT count(*) FROM api_activity", "80"),
        ("SELECT count(1) FROM api_activity", "80"),
        ("SELECT count(*) FROM events", "160"),
        ("SELECT count(*) FROM api_activity WHERE event_day = '2026-03-02'", "20"),
        ("SELECT count(*) FROM api_activity WHERE event_day >= '2026-03-02'", "60"),
        ("SELECT max(time) FROM api_activity", "2026-03-04T09:00:00Z"),
        ("SELECT min(time) FROM api_activity WHERE event_day = '2026-03-02'", "2026-03-02T00:00:00Z"),
        ("SELECT max(event_day) FROM api_activity", "2026-03-04"),
    ] {
        assert!(world.opens(sql).await.is_empty(), "{sql}");
        assert_eq!(world.value(sql).await, value, "{sql}");
    }
}

#[tokio::test]
async fn a_count_with_a_filter_or_a_limit_is_counted() {
    let world = World::four_days().await;
    for (sql, value) in [
        ("SELECT count(*) FROM api_activity WHERE time >= '2026-03-01 05:00:00'", "70"),
        ("SELECT count(*) FROM api_activity WHERE api_operation = 'CreateAccessKey'", "8"),
        ("SELECT count(*) FROM api_activity WHERE event_day = '2026-03-02' AND api_operation = 'CreateAccessKey'", "2"),
        ("SELECT count(message) FROM api_activity", "0"),
        ("SELECT count(*) FROM (SELECT * FROM api_activity LIMIT 3)", "3"),
        ("SELECT count(*) FROM (SELECT * FROM api_activity WHERE event_day = '2026-03-01' LIMIT 30)", "20"),
        (
            "SELECT max(time) FROM (SELECT time FROM api_activity WHERE event_day = '2026-03-01' ORDER BY time LIMIT 2)",
            "2026-03-01T00:00:00Z",
        ),
        ("SELECT count(*) FROM api_activity WHERE event_day = '2027-01-01'", "0"),
        ("SELECT count(*) FROM (SELECT time FROM api_activity WHERE api_operation = 'CreateAccessKey' LIMIT 7)", "7"),
        ("SELECT count(*) FROM (SELECT time FROM events WHERE random() >= 0 AND api_operation = 'CreateAccessKey' LIMIT 7)", "7"),
        ("SELECT count(*) FROM (SELECT time FROM events WHERE cidr_match(src_endpoint_ip, '10.0.0.0/8') LIMIT 39 OFFSET 1)", "39"),
        ("SELECT count(*) FROM dns_activity", "0"),
    ] {
        assert_eq!(world.value(sql).await, value, "{sql}");
    }
}

#[tokio::test]
async fn an_empty_lake_has_every_table_and_no_rows() {
    let world = World::new();
    for class in Class::ALL {
        assert_eq!(world.value(&format!("SELECT count(*) FROM {class} WHERE message = 'x'")).await, "0");
    }
    for table in ["events", "observables", "system.segments", "system.sources", "system.rejects"] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM {table}")).await, "0", "{table}");
    }
}

#[tokio::test]
async fn every_column_of_a_class_can_be_read_and_the_day_comes_last() {
    let world = World::four_days().await;
    let planned = world.plan("SELECT * FROM api_activity WHERE cloud_account_uid = '111' AND api_operation = 'CreateAccessKey'").await;
    let names: Vec<&str> = planned.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut expected: Vec<&str> = Class::ApiActivity.columns().iter().map(|col| col.column().name).collect();
    expected.push("event_day");
    assert_eq!(names, expected);
    assert_eq!(collect(&planned).await.iter().map(|batch| batch.num_rows()).sum::<usize>(), 4);
}

#[tokio::test]
async fn a_result_carries_the_meaning_of_its_columns() {
    let world = World::four_days().await;
    let planned = world.plan("SELECT src_endpoint_ip FROM api_activity").await;
    let field = planned.schema.field(0);
    assert_eq!(field.metadata()["ocsf_path"], "src_endpoint.ip");
    assert_eq!(field.metadata()["comment"], Col::SrcEndpointIp.column().meaning);
    assert!(field.is_nullable());
}

#[tokio::test]
async fn text_stays_plain_text_through_functions_and_casts() {
    let world = World::four_days().await;
    let planned = world
        .plan("SELECT upper(api_operation), cast(count AS varchar), concat(source, 'x'), 'y', split_part(source, '_', 1), substr(source, 2) FROM api_activity")
        .await;
    for field in planned.schema.fields() {
        assert_eq!(*field.data_type(), arrow::datatypes::DataType::Utf8, "{field}");
    }
}

#[tokio::test]
async fn the_newest_events_come_first_without_being_asked_for() {
    let world = World::four_days().await;
    assert_eq!(world.value("SELECT max(event_day) FROM (SELECT event_day FROM api_activity LIMIT 10)").await, "2026-03-04");
    let newest = world.rows("SELECT time, cloud_account_uid FROM api_activity ORDER BY time DESC, cloud_account_uid LIMIT 2").await;
    assert_eq!(
        newest,
        "\
+----------------------+-------------------+
| time                 | cloud_account_uid |
+----------------------+-------------------+
| 2026-03-04T09:00:00Z | 111               |
| 2026-03-04T09:00:00Z | 222               |
+----------------------+-------------------+"
    );
}

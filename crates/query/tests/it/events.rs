use crate::support::World;

#[tokio::test]
async fn events_holds_the_events_of_every_class() {
    let world = World::four_days().await;
    let counts =
        world.rows("SELECT class_uid, count(*) AS n, count(user_name) AS users FROM events GROUP BY class_uid ORDER BY class_uid").await;
    assert_eq!(
        counts,
        "\
+-----------+----+-------+
| class_uid | n  | users |
+-----------+----+-------+
| 3002      | 40 | 40    |
| 4001      | 40 | 0     |
| 6003      | 80 | 0     |
+-----------+----+-------+"
    );
}

#[tokio::test]
async fn a_filter_on_the_class_of_events_opens_only_its_tables() {
    let world = World::four_days().await;
    let tables = |labels: Vec<String>| {
        let mut tables: Vec<String> = labels.into_iter().map(|label| label.split(' ').next().unwrap().to_owned()).collect();
        tables.dedup();
        tables
    };
    for (filter, expected) in [
        ("class_uid = 3002", &["authentication"][..]),
        ("class_uid IN (3002, 4001)", &["authentication", "network_activity"]),
        ("class_uid <> 6003", &["authentication", "network_activity"]),
        ("class_uid > 4001", &["api_activity"]),
        ("class_uid = 3002 AND event_day = '2026-03-01'", &["authentication"]),
        ("source = 'aws_vpcflow'", &["network_activity"]),
    ] {
        assert_eq!(tables(world.opens(&format!("SELECT time FROM events WHERE {filter}")).await), expected, "{filter}");
    }
}

#[tokio::test]
async fn filters_on_events_prune_as_they_do_on_a_table() {
    let world = World::four_days().await;
    assert_eq!(
        world.opens("SELECT src_endpoint_ip FROM events WHERE time >= '2026-03-04' AND cloud_account_uid = '111'").await,
        ["api_activity 2026-03-04 111", "network_activity 2026-03-04 111"]
    );
    let planned = world.plan("SELECT src_endpoint.ip FROM events WHERE class_uid = 3002 AND time < '2026-03-02'").await;
    assert_eq!((planned.scan.segments, planned.scan.segments_total), (1, 16));
}

#[tokio::test]
async fn a_column_that_a_class_lacks_is_null_in_events() {
    let world = World::four_days().await;
    for (filter, rows) in [
        ("user_name = 'alice'", "20"),
        ("user_name IS NULL", "120"),
        ("actor_user_name = 'alice' OR user_name = 'alice'", "60"),
        ("coalesce(actor_user_name, user_name) = 'alice'", "60"),
        ("src_endpoint_ip LIKE '203.0.113.%'", "40"),
        ("dst_endpoint.ip = '192.0.2.3'", "4"),
        ("api.operation = 'CreateAccessKey' AND class_uid = 6003", "8"),
        ("NOT (api_operation = 'CreateAccessKey')", "72"),
    ] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM events WHERE {filter}")).await, rows, "{filter}");
    }
}

use coldtrail_hunt::overlapping;
use coldtrail_model::{Merge, TimeRange};

use crate::support::{World, moment, now};

/// Statements with how they are divided. In each, the order of rows is either given by the statement or of no importance.
const DIVIDED: &[(Merge, &str)] = &[
    (Merge::Append, "SELECT time, api_operation FROM api_activity"),
    (Merge::Append, "SELECT * FROM api_activity WHERE src_endpoint_ip = '198.51.100.7'"),
    (
        Merge::Append,
        "SELECT api_operation AS x, api_operation AS y, src_endpoint.ip FROM api_activity a WHERE a.actor_user_name LIKE 'user1%'",
    ),
    (Merge::Append, "SELECT class_uid, source, time FROM events WHERE time >= TIMESTAMP '2026-03-04 00:00:00'"),
    (Merge::Append, "SELECT type, value, source, count, first_time, last_time FROM observables"),
    (Merge::Aggregate, "SELECT type, value, sum(count), min(first_time), max(last_time) FROM observables GROUP BY type, value"),
    (Merge::Append, "SELECT time FROM api_activity UNION ALL SELECT time FROM authentication"),
    (
        Merge::Append,
        "SELECT t.time, v.who FROM api_activity t JOIN (VALUES ('user1', 'one'), ('user2', 'two')) AS v(name, who) ON t.actor_user_name = v.name",
    ),
    (
        Merge::Append,
        "SELECT t.time, v.who FROM api_activity t LEFT JOIN (VALUES ('user1', 'one')) AS v(name, who) ON t.actor_user_name = v.name",
    ),
    (Merge::Append, "SELECT upper(api_operation), now() - time FROM api_activity WHERE time > now() - INTERVAL '3 days'"),
    (
        Merge::Append,
        "WITH calls AS (SELECT time, actor_user_name AS who FROM api_activity) SELECT who, time FROM calls WHERE who = 'user3'",
    ),
    (Merge::Sort, "SELECT time, actor_user_name FROM api_activity ORDER BY time, actor_user_name"),
    (Merge::Sort, "SELECT time, actor_user_name FROM api_activity ORDER BY actor_user_name DESC, time LIMIT 7"),
    (Merge::Sort, "SELECT time, actor_user_name FROM api_activity ORDER BY actor_user_name DESC, time LIMIT 7 OFFSET 30"),
    (Merge::Sort, "SELECT actor_user_name FROM api_activity ORDER BY time DESC, actor_user_name LIMIT 50"),
    (Merge::Sort, "SELECT time AS moment, actor_user_name FROM api_activity ORDER BY moment DESC, actor_user_name LIMIT 100"),
    (Merge::Aggregate, "SELECT count(*) FROM api_activity"),
    (Merge::Aggregate, "SELECT count(*), sum(activity_id), avg(activity_id), max(time) FROM api_activity WHERE api_operation = 'nothing'"),
    (
        Merge::Aggregate,
        "SELECT actor_user_name, count(*) AS n FROM api_activity GROUP BY actor_user_name ORDER BY n DESC, actor_user_name LIMIT 3",
    ),
    (
        Merge::Aggregate,
        "SELECT count(cloud_account_uid), count(DISTINCT cloud_account_uid), min(time), max(time), avg(severity_id) FROM api_activity",
    ),
    (
        Merge::Aggregate,
        "SELECT actor_user_name AS who, count(DISTINCT src_endpoint_ip) AS ips, count(DISTINCT api_operation) AS operations, count(*) AS n FROM api_activity GROUP BY 1 HAVING count(*) > 40 ORDER BY 1",
    ),
    (
        Merge::Aggregate,
        "SELECT count(DISTINCT src_endpoint_ip) FILTER (WHERE status_id = 2), count(*) FILTER (WHERE status_id = 2), avg(activity_id) FILTER (WHERE status_id = 2) FROM api_activity",
    ),
    (
        Merge::Aggregate,
        "SELECT cloud_account_uid, sum(DISTINCT activity_id), avg(DISTINCT severity_id), bool_or(status_id = 2), bool_and(status_id = 1), bit_or(activity_id) FROM api_activity GROUP BY cloud_account_uid",
    ),
    (
        Merge::Aggregate,
        "SELECT date_trunc('day', time) AS day, count(*) * 100.0 / sum(activity_id) AS share FROM api_activity GROUP BY day ORDER BY day",
    ),
    (
        Merge::Aggregate,
        "SELECT actor_user_name, actor_user_name AS again, count(DISTINCT actor_user_name) FROM api_activity GROUP BY actor_user_name",
    ),
    (Merge::Aggregate, "SELECT max(n) FROM (SELECT actor_user_name, count(*) AS n FROM api_activity GROUP BY actor_user_name)"),
    (
        Merge::Aggregate,
        "SELECT who, n, rank() OVER (ORDER BY n DESC, who) FROM (SELECT actor_user_name AS who, count(*) AS n FROM api_activity GROUP BY 1)",
    ),
    (Merge::Aggregate, "SELECT api_operation, min(actor_user_name), max(src_endpoint_ip) FROM api_activity GROUP BY api_operation"),
    (Merge::Aggregate, "SELECT source, class_uid, count(*) FROM events GROUP BY source, class_uid"),
    (Merge::Aggregate, "SELECT sum(cast(activity_id AS DECIMAL(12, 2))) FROM api_activity"),
    (Merge::Aggregate, "SELECT DISTINCT actor_user_name FROM api_activity"),
    (Merge::Aggregate, "SELECT DISTINCT actor_user_name, cloud_account_uid FROM api_activity ORDER BY 1 DESC, 2 LIMIT 5"),
    (Merge::Aggregate, "SELECT actor_user_name FROM api_activity UNION SELECT user_name FROM authentication"),
    (
        Merge::Whole,
        "SELECT a.actor_user_name, count(*) FROM api_activity a JOIN authentication b ON a.actor_user_name = b.user_name GROUP BY 1",
    ),
    (Merge::Whole, "SELECT actor_user_name, median(activity_id) FROM api_activity GROUP BY 1"),
    (Merge::Whole, "SELECT avg(cast(activity_id AS DECIMAL(12, 2))) FROM api_activity"),
    (Merge::Whole, "SELECT time, lag(time) OVER (PARTITION BY actor_user_name ORDER BY time, raw_data) FROM api_activity"),
    (Merge::Whole, "SELECT count(*) FROM api_activity WHERE actor_user_name IN (SELECT user_name FROM authentication WHERE status_id = 2)"),
    (Merge::Whole, "SELECT time FROM api_activity WHERE time = (SELECT max(time) FROM api_activity)"),
    (
        Merge::Whole,
        "SELECT v.name FROM (VALUES ('user1'), ('nobody')) AS v(name) LEFT JOIN api_activity t ON t.actor_user_name = v.name GROUP BY 1",
    ),
    (
        Merge::Whole,
        "SELECT v.name FROM (VALUES ('user1'), ('nobody')) AS v(name) WHERE NOT EXISTS (SELECT 1 FROM api_activity t WHERE t.actor_user_name = v.name)",
    ),
    (Merge::Whole, "SELECT cloud_account_uid, api_operation, count(*) FROM api_activity GROUP BY ROLLUP(cloud_account_uid, api_operation)"),
    (Merge::Whole, "SELECT 1 AS one"),
    (Merge::Whole, "SELECT count(*) FROM system.segments"),
    (Merge::Whole, "SELECT DISTINCT ON (actor_user_name) actor_user_name, time FROM api_activity ORDER BY actor_user_name, time"),
];

#[tokio::test]
async fn a_statement_gives_the_same_rows_in_slices_as_in_one_piece() {
    let world = World::new().await;
    for (merge, sql) in DIVIDED {
        let division = world.division(sql).await;
        assert_eq!(division.merge(), *merge, "{sql}\n{}", division.reason());
        let (mut whole, (mut sliced, slices)) = (world.rows(sql).await, world.rows_of_slices(sql).await);
        assert!(*merge == Merge::Whole || slices > 1 || division.rows_wanted().is_some(), "{sql}: {slices} slices");
        if !sql.contains("ORDER BY") || sql.contains("OVER") {
            whole.sort();
            sliced.sort();
        }
        assert!(*merge == Merge::Whole || whole.len() > 1, "{sql} gives nothing to compare");
        assert_eq!(sliced, whole, "{sql}");
    }
}

#[tokio::test]
async fn a_limit_stops_at_the_slice_that_fills_it() {
    let world = World::new().await;
    let (rows, slices) = world.rows_of_slices("SELECT time, actor_user_name FROM api_activity LIMIT 5").await;
    assert_eq!((rows.len() - 1, slices), (5, 1));
    let (rows, slices) = world.rows_of_slices("SELECT time FROM api_activity ORDER BY time DESC LIMIT 45").await;
    assert_eq!(rows.len() - 1, 45);
    let reason = world.division("SELECT time FROM api_activity ORDER BY time DESC LIMIT 45").await.reason().to_owned();
    assert!(slices < 4, "{slices}: {reason}");
    // The oldest are in the last slice.
    let (_, slices) = world.rows_of_slices("SELECT time FROM api_activity ORDER BY time LIMIT 5").await;
    assert!(slices > 4, "{slices}");
    // This is not the time of the rows, whatever its name.
    let renamed = world
        .division("SELECT max_time AS time FROM (SELECT time + INTERVAL '1 day' AS max_time FROM api_activity) ORDER BY time DESC LIMIT 5")
        .await;
    assert_eq!(renamed.rows_wanted(), None);
}

#[tokio::test]
async fn what_gives_another_answer_each_time_is_not_divided() {
    let world = World::new().await;
    for sql in ["SELECT random() FROM api_activity", "SELECT count(*) FROM api_activity WHERE random() < 0.5"] {
        let division = world.division(sql).await;
        assert_eq!(division.merge(), Merge::Whole, "{sql}: {}", division.reason());
    }
}

#[tokio::test]
async fn before_its_first_slice_a_statement_gives_what_it_gives_without_rows() {
    let world = World::new().await;
    let division = world.division("SELECT count(*), max(time) FROM api_activity").await;
    assert_eq!(world.merge(&division, world.nothing(&division)).await[1..], ["0 | NULL"]);
    let division = world.division("SELECT time FROM api_activity").await;
    assert!(world.merge(&division, world.nothing(&division)).await.len() <= 1);
}

#[tokio::test]
async fn a_window_keeps_observables_that_were_seen_in_it_and_before() {
    let world = World::new().await;
    // At noon somebody signs in who was also seen in the morning of that day.
    let noon = moment(3, 12);
    let session = world.session().await;
    let sql = "SELECT DISTINCT value FROM observables WHERE type_id = 4 AND source = 'azure_entra'";
    let plan = world.planner.analyse(sql, &session, now()).await.unwrap();
    let cut = overlapping(&plan, TimeRange { start_ms: noon, end_ms: noon }).unwrap();
    let names = world.rows_of(cut, &session).await;
    assert!(names.contains(&"user1".to_owned()), "{names:?}");

    let events = world.planner.analyse("SELECT user_name FROM authentication", &session, now()).await.unwrap();
    let cut = overlapping(&events, TimeRange { start_ms: noon, end_ms: noon }).unwrap();
    assert_eq!(world.rows_of(cut, &session).await[1..], ["user1".to_owned()]);
}

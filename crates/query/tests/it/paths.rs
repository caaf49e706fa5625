use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::{Class, Col};
use datafusion::physical_plan::displayable;

use crate::support::World;

async fn shown(world: &World, sql: &str) -> String {
    displayable(world.plan(sql).await.physical.as_ref()).indent(false).to_string()
}

/// Both spellings give the same plan.
async fn same(world: &World, with_paths: &str, with_columns: &str) {
    assert_eq!(shown(world, with_paths).await, shown(world, with_columns).await, "{with_paths}");
}

#[tokio::test]
async fn a_path_and_its_column_give_the_same_plan() {
    let world = World::four_days().await;
    for (with_paths, with_columns) in [
        ("SELECT src_endpoint.ip FROM api_activity", "SELECT src_endpoint_ip FROM api_activity"),
        ("SELECT \"src_endpoint\".\"ip\" FROM api_activity", "SELECT src_endpoint_ip FROM api_activity"),
        ("SELECT \"src_endpoint.ip\" FROM api_activity", "SELECT src_endpoint_ip FROM api_activity"),
        ("SELECT Src_Endpoint.IP FROM api_activity", "SELECT src_endpoint_ip FROM api_activity"),
        ("SELECT user.name FROM authentication", "SELECT user_name FROM authentication"),
        ("SELECT actor.user.name FROM api_activity", "SELECT actor_user_name FROM api_activity"),
        ("SELECT process.file.hashes.sha256 FROM process_activity", "SELECT process_file_hashes_sha256_value FROM process_activity"),
        ("SELECT resources.uid FROM api_activity", "SELECT resources_uid FROM api_activity"),
        ("SELECT e.src_endpoint.ip FROM api_activity e", "SELECT e.src_endpoint_ip FROM api_activity e"),
        ("SELECT api_activity.src_endpoint.ip FROM api_activity", "SELECT api_activity.src_endpoint_ip FROM api_activity"),
        (
            "SELECT ocsf.api_activity.src_endpoint.ip FROM ocsf.api_activity",
            "SELECT ocsf.api_activity.src_endpoint_ip FROM ocsf.api_activity",
        ),
        (
            "SELECT coldtrail.ocsf.api_activity.src_endpoint.ip FROM coldtrail.ocsf.api_activity",
            "SELECT coldtrail.ocsf.api_activity.src_endpoint_ip FROM coldtrail.ocsf.api_activity",
        ),
        (
            "SELECT time FROM api_activity WHERE src_endpoint.ip = '198.51.100.11' AND api.operation LIKE 'List%'",
            "SELECT time FROM api_activity WHERE src_endpoint_ip = '198.51.100.11' AND api_operation LIKE 'List%'",
        ),
        (
            "SELECT actor.user.name, count(*) AS n FROM api_activity GROUP BY actor.user.name HAVING min(src_endpoint.ip) > '1' ORDER BY actor.user.name",
            "SELECT actor_user_name, count(*) AS n FROM api_activity GROUP BY actor_user_name HAVING min(src_endpoint_ip) > '1' ORDER BY actor_user_name",
        ),
        (
            "SELECT upper(actor.user.name), CASE WHEN api.operation IS NULL THEN 1 ELSE 2 END FROM api_activity ORDER BY lower(src_endpoint.ip)",
            "SELECT upper(actor_user_name), CASE WHEN api_operation IS NULL THEN 1 ELSE 2 END FROM api_activity ORDER BY lower(src_endpoint_ip)",
        ),
        (
            "SELECT row_number() OVER (PARTITION BY actor.user.name ORDER BY time), sum(1) OVER w FROM api_activity WINDOW w AS (PARTITION BY src_endpoint.ip)",
            "SELECT row_number() OVER (PARTITION BY actor_user_name ORDER BY time), sum(1) OVER w FROM api_activity WINDOW w AS (PARTITION BY src_endpoint_ip)",
        ),
        (
            "SELECT a.src_endpoint.ip FROM api_activity a JOIN authentication b ON a.src_endpoint.ip = b.src_endpoint.ip AND a.actor.user.name = b.user.name",
            "SELECT a.src_endpoint_ip FROM api_activity a JOIN authentication b ON a.src_endpoint_ip = b.src_endpoint_ip AND a.actor_user_name = b.user_name",
        ),
        (
            "WITH x AS (SELECT src_endpoint.ip FROM api_activity) SELECT src_endpoint.ip AS a, x.src_endpoint.ip AS b FROM x",
            "WITH x AS (SELECT src_endpoint_ip FROM api_activity) SELECT src_endpoint_ip AS a, x.src_endpoint_ip AS b FROM x",
        ),
        (
            "SELECT src_endpoint.ip FROM (SELECT src_endpoint.ip, time FROM api_activity) t WHERE t.src_endpoint.ip <> ''",
            "SELECT src_endpoint_ip FROM (SELECT src_endpoint_ip, time FROM api_activity) t WHERE t.src_endpoint_ip <> ''",
        ),
        (
            "SELECT time FROM api_activity a WHERE EXISTS (SELECT 1 FROM authentication b WHERE b.user.name = a.actor.user.name)",
            "SELECT time FROM api_activity a WHERE EXISTS (SELECT 1 FROM authentication b WHERE b.user_name = a.actor_user_name)",
        ),
        (
            "SELECT src_endpoint.ip FROM api_activity UNION ALL SELECT src_endpoint.ip FROM authentication ORDER BY src_endpoint.ip",
            "SELECT src_endpoint_ip FROM api_activity UNION ALL SELECT src_endpoint_ip FROM authentication ORDER BY src_endpoint_ip",
        ),
        (
            "SELECT DISTINCT ON (actor.user.name) actor.user.name, time FROM api_activity ORDER BY actor.user.name, time",
            "SELECT DISTINCT ON (actor_user_name) actor_user_name, time FROM api_activity ORDER BY actor_user_name, time",
        ),
        (
            "SELECT count(*) FILTER (WHERE api.operation = 'x') FROM api_activity",
            "SELECT count(*) FILTER (WHERE api_operation = 'x') FROM api_activity",
        ),
    ] {
        same(world, with_paths, with_columns).await;
    }
}

#[tokio::test]
async fn the_column_of_a_result_is_named_like_the_column_that_was_read() {
    let world = World::four_days().await;
    for (sql, name) in [
        ("SELECT src_endpoint.ip FROM api_activity", "src_endpoint_ip"),
        ("SELECT e.src_endpoint.ip FROM api_activity e", "src_endpoint_ip"),
        ("SELECT user.name FROM authentication", "user_name"),
        ("SELECT src_endpoint.ip AS ip FROM api_activity", "ip"),
    ] {
        assert_eq!(world.plan(sql).await.schema.field(0).name(), name, "{sql}");
    }
}

#[tokio::test]
async fn an_alias_named_like_an_object_wins() {
    let world = World::four_days().await;
    for (sql, value) in [
        ("SELECT count(*) FROM (SELECT 'x' AS name) AS process WHERE process.name = 'x'", "1"),
        ("WITH process AS (SELECT 'y' AS name) SELECT process.name FROM process", "y"),
        ("SELECT max(user.user.name) FROM authentication AS user", "carol"),
        ("SELECT max(user.name) FROM authentication", "carol"),
        // The alias is not seen inside the query that it names.
        ("SELECT max(user.user.name) FROM (SELECT user.name FROM authentication) AS user", "carol"),
        ("WITH user AS (SELECT user.name FROM authentication) SELECT max(user.user.name) FROM user", "carol"),
        // It is seen in a correlated subquery.
        (
            "SELECT count(*) FROM (SELECT 'alice' AS name) AS user WHERE EXISTS (SELECT 1 FROM api_activity WHERE actor.user.name = user.name)",
            "1",
        ),
    ] {
        assert_eq!(world.value(sql).await, value, "{sql}");
    }
}

#[tokio::test]
async fn every_path_of_every_class_can_be_written_in_sql() {
    let world = World::new();
    for class in Class::ALL {
        let paths: Vec<String> = class.columns().iter().map(|col| col.column().sql_path()).collect();
        let names: Vec<&str> = class.columns().iter().map(|col| col.column().name).collect();
        let planned = world.plan(&format!("SELECT {} FROM {class}", paths.join(", "))).await;
        let found: Vec<&str> = planned.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(found, names, "{class}");
    }
    for path in Col::ALL.iter().map(|col| col.column().sql_path()).filter(|path| path.contains('.')) {
        let class = Class::ALL.iter().find(|class| class.columns().iter().any(|col| col.column().sql_path() == path)).unwrap();
        let sql = format!("SELECT 1 FROM {class} e WHERE {path} IS NOT NULL AND e.{path} IS NOT NULL");
        world.planner.prepare(&sql, crate::support::config()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

#[test]
fn no_two_columns_have_the_same_path() {
    let mut columns: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for col in Col::ALL {
        columns.entry(col.column().sql_path()).or_default().insert(col.column().name);
    }
    let doubles: Vec<_> = columns.iter().filter(|(_, names)| names.len() > 1).collect();
    assert!(doubles.is_empty(), "{doubles:?}");
}

use coldtrail_query::Error;

use crate::support::World;

#[tokio::test]
async fn a_misspelt_name_is_answered_with_the_near_one() {
    let world = World::four_days().await;
    for (sql, message) in [
        ("SELECT time FROM api_activty", "no table api_activty; did you mean api_activity?"),
        ("SELECT time FROM ocsf.authentification", "no table ocsf.authentification; did you mean authentication?"),
        ("SELECT 1 FROM segments", "no table segments; did you mean system.segments?"),
        ("SELECT 1 FROM system.segmets", "no table system.segmets; did you mean system.segments?"),
        ("SELECT 1 FROM zebra", "no table zebra; SHOW TABLES lists them"),
        ("SELECT 1 FROM oscf.events", "no schema oscf; there are ocsf, system and information_schema"),
        ("SELECT 1 FROM lake.ocsf.events", "no catalog lake; there is one, coldtrail"),
        ("SELECT src_endpoint_ipp FROM api_activity", "no column src_endpoint_ipp in api_activity; did you mean src_endpoint_ip?"),
        (
            "SELECT time FROM api_activity WHERE src_endpoint.ipp = 'x'",
            "no column src_endpoint.ipp in api_activity; did you mean src_endpoint.ip?",
        ),
        ("SELECT e.src_endpoint_ipp FROM api_activity e", "no column e.src_endpoint_ipp in api_activity; did you mean src_endpoint_ip?"),
        ("SELECT actor.user.nam FROM api_activity", "no column actor.user.nam in api_activity; did you mean actor.user.name?"),
        ("SELECT process_cmd_line FROM dns_activity", "no column process_cmd_line in dns_activity; process_activity has it"),
        ("SELECT reg_key_path FROM dns_activity", "no column reg_key_path in dns_activity; registry_key_activity has it"),
        ("SELECT zebra FROM dns_activity", "no column zebra in dns_activity"),
        ("SELECT cidr_mach(src_endpoint_ip, '10.0.0.0/8') FROM api_activity", "Invalid function 'cidr_mach'; Did you mean 'cidr_match'?"),
        (
            "SELECT time FROM api_activity a JOIN authentication b ON a.time = b.time",
            "column time is in several of the tables; write which one: table.time",
        ),
    ] {
        assert_eq!(world.refusal(sql).await, message, "{sql}");
    }
}

#[tokio::test]
async fn a_statement_that_cannot_be_read_says_where() {
    let world = World::new();
    for (sql, part) in [
        ("SELEC 1", "SELEC"),
        ("SELECT time FROM", "Expected: identifier"),
        ("SELECT (1", "Expected: )"),
        ("", "there is no statement"),
        ("-- nothing", "there is no statement"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT time + 'x' FROM api_activity WHERE", "Expected"),
        ("SELECT sum(message) FROM api_activity", "sum"),
        ("SELECT cidr_match(src_endpoint_ip, '10.0.0.0/33') FROM api_activity", "'10.0.0.0/33' is not a network"),
        ("SELECT cidr_match(src_endpoint_ip) FROM api_activity", "cidr_match"),
        ("SELECT refang(1)", "refang takes text, not Int64"),
        ("SELECT time FROM api_activity WHERE time > 'yesterday'", "yesterday"),
        ("EXPLAIN FORMAT GRAPHVIZ SELECT 1", "EXPLAIN knows FORMAT INDENT and FORMAT TREE"),
    ] {
        let message = world.refusal(sql).await;
        assert!(message.contains(part), "{sql}: {message}");
        assert!(message.len() < 2000, "{sql}: {message}");
    }
}

#[tokio::test]
async fn nothing_can_be_changed_over_sql() {
    let world = World::four_days().await;
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE SCHEMA s",
        "CREATE DATABASE d",
        "CREATE FUNCTION f(DOUBLE) RETURNS DOUBLE RETURN $1",
        "DROP TABLE api_activity",
        "ALTER TABLE api_activity ADD COLUMN x INT",
        "INSERT INTO api_activity VALUES (1)",
        "UPDATE api_activity SET message = 'x'",
        "DELETE FROM api_activity",
        "TRUNCATE TABLE api_activity",
        "MERGE INTO api_activity USING events ON false WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "COPY (SELECT 1) TO '/tmp/x.parquet'",
        "COPY api_activity TO '/tmp/x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
        "BEGIN",
        "COMMIT",
        "USE x",
        "EXPLAIN DELETE FROM api_activity",
        "EXPLAIN ANALYZE INSERT INTO api_activity VALUES (1)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/x.parquet'",
        "SELECT 1 INTO t",
    ] {
        match world.try_plan(sql).await {
            Err(Error::NotAllowed { message }) => {
                let command = sql.trim_start_matches("EXPLAIN ").trim_start_matches("ANALYZE ").split(' ').next().unwrap();
                assert_eq!(message, format!("Coldtrail is read-only over SQL: {command} is not allowed"), "{sql}");
            }
            Err(error) => panic!("{sql}: {error}"),
            Ok(_) => panic!("{sql} was allowed"),
        }
    }
    assert_eq!(world.value("SELECT count(*) FROM api_activity").await, "80");
}

#[tokio::test]
async fn no_file_can_be_read_over_sql() {
    let world = World::in_folder().with_four_days().await;
    let path = world.index.newest().segments.values().flatten().next().unwrap().path.clone();
    let file = world.lake.url().to_file_path().unwrap().join(path);
    for sql in [
        format!("SELECT * FROM '{}'", file.display()),
        format!("SELECT * FROM \"{}\"", file.display()),
        format!("SELECT * FROM read_parquet('{}')", file.display()),
        format!("SELECT * FROM parquet_metadata('{}')", file.display()),
        format!("SELECT * FROM read_csv('{}')", file.display()),
        format!("SELECT * FROM 'file://{}'", file.display()),
    ] {
        let message = world.refusal(&sql).await;
        assert!(
            message.starts_with("no table")
                || message.contains("not found")
                || message.contains("no schema")
                || message.contains("no catalog"),
            "{sql}: {message}"
        );
    }
}

#[tokio::test]
async fn what_only_reads_is_allowed() {
    let world = World::four_days().await;
    for (sql, part) in [
        ("SHOW TABLES", "api_activity"),
        ("SHOW COLUMNS FROM api_activity", "src_endpoint_ip"),
        ("DESCRIBE api_activity", "src_endpoint_ip"),
        ("SELECT syntax_example FROM information_schema.routines WHERE routine_name = 'cidr_match'", "cidr_match(ip, network"),
        ("SHOW datafusion.catalog.default_schema", "ocsf"),
        ("VALUES (1, 'x')", "x"),
        ("WITH a AS (SELECT 1 AS n) SELECT n FROM a", "1"),
        ("(SELECT 1) UNION ALL (SELECT 2)", "2"),
        ("SELECT * FROM generate_series(1, 3)", "3"),
        ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'system'", "segments"),
        ("SELECT table_type FROM information_schema.tables WHERE table_name = 'events'", "VIEW"),
        ("SELECT data_type FROM information_schema.columns WHERE table_name = 'api_activity' AND column_name = 'event_day'", "Date32"),
    ] {
        let rows = world.rows(sql).await;
        assert!(rows.contains(part), "{sql}\n{rows}");
    }
}

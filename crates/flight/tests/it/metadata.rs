use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch, UnionArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, UInt32Type};
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo, ProstMessageExt, SqlInfo,
};

use crate::support::{Raw, TestServer, descriptor, one_batch, query, schema_of, start};

async fn ask(raw: &Raw, command: &impl ProstMessageExt) -> RecordBatch {
    let schema = raw.inner.clone().get_schema(raw.request(descriptor(command))).await.expect("answers").into_inner();
    let (streamed, batches) = raw.rows(command).await.expect("answers");
    assert_eq!(schema_of(&schema.schema), *streamed, "GetSchema is the same");
    one_batch(&streamed, &batches)
}

/// The rows as text, columns joined by dots.
fn rows(batch: &RecordBatch, columns: usize) -> Vec<String> {
    let cell = |column: usize, row: usize| batch.column(column).as_string::<i32>().value(row).to_owned();
    (0..batch.num_rows()).map(|row| (0..columns).map(|column| cell(column, row)).collect::<Vec<_>>().join(".")).collect()
}

async fn setup() -> (TestServer, Raw) {
    let server = start().await;
    let raw = server.raw("hunter").await;
    (server, raw)
}

fn tables_of_ocsf() -> CommandGetTables {
    CommandGetTables { db_schema_filter_pattern: Some("ocsf".into()), ..CommandGetTables::default() }
}

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

#[tokio::test]
async fn catalogs_schemas_and_table_types_are_listed_in_order() {
    let (_server, raw) = setup().await;
    let catalogs = ask(&raw, &CommandGetCatalogs {}).await;
    assert_eq!(*catalogs.schema(), Schema::new(vec![text("catalog_name", false)]));
    assert_eq!(rows(&catalogs, 1), ["coldtrail"]);
    let types = ask(&raw, &CommandGetTableTypes {}).await;
    assert_eq!(*types.schema(), Schema::new(vec![text("table_type", false)]));
    assert_eq!(rows(&types, 1), ["TABLE", "VIEW"]);
    let schemas = ask(&raw, &CommandGetDbSchemas::default()).await;
    assert_eq!(*schemas.schema(), Schema::new(vec![text("catalog_name", true), text("db_schema_name", false)]));
    assert_eq!(rows(&schemas, 2), ["coldtrail.many", "coldtrail.ocsf"]);
}

#[tokio::test]
async fn schemas_are_filtered_by_catalog_and_pattern() {
    let (_server, raw) = setup().await;
    for (catalog, pattern, expected) in [
        (Some("coldtrail"), None, 2),
        (Some(""), None, 0),
        (Some("cold%"), None, 0),
        (None, Some("oc%"), 1),
        (None, Some("OC%"), 0),
        (None, Some("____"), 2),
        (None, Some(""), 0),
    ] {
        let command = CommandGetDbSchemas { catalog: catalog.map(Into::into), db_schema_filter_pattern: pattern.map(Into::into) };
        assert_eq!(ask(&raw, &command).await.num_rows(), expected, "{command:?}");
    }
}

#[tokio::test]
async fn tables_are_filtered_by_pattern_and_type_in_every_spelling() {
    let (_server, raw) = setup().await;
    let all = ["api_activity", "broken", "endless", "events", "forever", "numbers", "texts"];
    let named = |names: &[&str]| names.iter().map(|name| format!("coldtrail.ocsf.{name}")).collect::<Vec<_>>();
    for (pattern, types, expected) in [
        (None, vec![], &all[..]),
        (Some("%e%"), vec![], &["broken", "endless", "events", "forever", "numbers", "texts"][..]),
        (Some("api_activity"), vec![], &["api_activity"]),
        (Some(r"api\_activity"), vec![], &["api_activity"]),
        (Some(r"api\%"), vec![], &[]),
        // DataFusion says that tables which stream are views.
        (None, vec!["BASE TABLE", "table"], &["api_activity", "numbers", "texts"]),
        (None, vec!["view"], &["broken", "endless", "events", "forever"]),
        (None, vec!["SYSTEM TABLE"], &[]),
    ] {
        let table_types = types.iter().map(|name| (*name).to_owned()).collect();
        let command = CommandGetTables { table_name_filter_pattern: pattern.map(Into::into), table_types, ..tables_of_ocsf() };
        let batch = ask(&raw, &command).await;
        assert_eq!(rows(&batch, 3), named(expected), "{command:?}");
        assert_eq!(
            *batch.schema(),
            Schema::new(vec![
                text("catalog_name", true),
                text("db_schema_name", true),
                text("table_name", false),
                text("table_type", false)
            ])
        );
    }
    let elsewhere = CommandGetTables { catalog: Some("".into()), ..tables_of_ocsf() };
    assert_eq!(ask(&raw, &elsewhere).await.num_rows(), 0);
}

#[tokio::test]
async fn tables_that_do_not_match_are_not_loaded() {
    let (server, raw) = setup().await;
    let sql_as_pattern = "SELECT * FROM api_activity WHERE user_name LIKE '%a%' AND status <> '_'";
    let command =
        CommandGetTables { table_name_filter_pattern: Some(sql_as_pattern.into()), include_schema: true, ..CommandGetTables::default() };
    let started = Instant::now();
    assert_eq!(ask(&raw, &command).await.num_rows(), 0);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(server.engine.loaded.load(Ordering::SeqCst), 0);
    let command = CommandGetTables { table_name_filter_pattern: Some("table_00001_".into()), ..CommandGetTables::default() };
    assert_eq!(ask(&raw, &command).await.num_rows(), 10);
    assert_eq!(server.engine.loaded.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn table_schemas_are_those_of_queries_and_tell_about_each_column() {
    let (_server, raw) = setup().await;
    let command = CommandGetTables { include_schema: true, ..tables_of_ocsf() };
    let batch = ask(&raw, &command).await;
    assert_eq!(batch.schema().field(4), &Field::new("table_schema", DataType::Binary, false));
    for row in 0..batch.num_rows() {
        let table = batch.column(2).as_string::<i32>().value(row);
        let bytes = batch.column(4).as_binary::<i32>().value(row).to_vec();
        let listed = schema_of(&bytes.into());
        let queried = raw.info(&query(&format!("SELECT * FROM {table}"))).await.expect("plans").try_decode_schema().expect("a schema");
        let bare =
            |schema: &Schema| schema.fields().iter().map(|field| field.as_ref().clone().with_metadata([].into())).collect::<Vec<_>>();
        assert_eq!(bare(&listed), bare(&queried), "{table}");
        for field in listed.fields() {
            let fact = |key: &str| field.metadata().get(&format!("ARROW:FLIGHT:SQL:{key}")).cloned().unwrap_or_default();
            assert_eq!([fact("CATALOG_NAME"), fact("SCHEMA_NAME"), fact("TABLE_NAME")], ["coldtrail", "ocsf", table]);
            assert!(!fact("TYPE_NAME").is_empty());
            if field.name() == "cost" {
                assert_eq!([fact("TYPE_NAME"), fact("PRECISION"), fact("SCALE")], ["DECIMAL", "38", "2"]);
            }
            if field.name() == "time" {
                assert_eq!([fact("TYPE_NAME"), fact("SCALE")], ["TIMESTAMP WITH TIME ZONE", "6"]);
            }
        }
    }
}

#[tokio::test]
async fn keys_are_empty_and_have_the_schema_of_the_specification() {
    let (_server, raw) = setup().await;
    let primary = ask(&raw, &CommandGetPrimaryKeys { table: "numbers".into(), ..Default::default() }).await;
    let expected = Schema::new(vec![
        text("catalog_name", true),
        text("db_schema_name", true),
        text("table_name", false),
        text("column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("key_name", true),
    ]);
    assert_eq!((primary.num_rows(), &*primary.schema()), (0, &expected));
    let expected = Schema::new(vec![
        text("pk_catalog_name", true),
        text("pk_db_schema_name", true),
        text("pk_table_name", false),
        text("pk_column_name", false),
        text("fk_catalog_name", true),
        text("fk_db_schema_name", true),
        text("fk_table_name", false),
        text("fk_column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("fk_key_name", true),
        text("pk_key_name", true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ]);
    for keys in [
        ask(&raw, &CommandGetExportedKeys::default()).await,
        ask(&raw, &CommandGetImportedKeys::default()).await,
        ask(&raw, &CommandGetCrossReference::default()).await,
    ] {
        assert_eq!((keys.num_rows(), &*keys.schema()), (0, &expected));
    }
}

/// Code to value, as text.
fn facts(batch: &RecordBatch) -> BTreeMap<u32, String> {
    let names = batch.column(0).as_primitive::<UInt32Type>();
    let values = batch.column(1).as_any().downcast_ref::<UnionArray>().expect("a union");
    let show = |row| arrow::util::display::array_value_to_string(&values.value(row), 0).expect("prints");
    (0..batch.num_rows()).map(|row| (names.value(row), show(row))).collect()
}

#[tokio::test]
async fn sql_info_tells_what_is_true() {
    let (_server, raw) = setup().await;
    let all = facts(&ask(&raw, &CommandGetSqlInfo { info: vec![] }).await);
    for code in (0..=5).chain(8..=11).chain(100..=101).chain(500..=576) {
        assert!(all.contains_key(&code), "{code} is missing");
    }
    let value = |info: SqlInfo| all[&u32::try_from(info as i32).expect("positive")].as_str();
    assert_eq!(value(SqlInfo::FlightSqlServerName), "Coldtrail");
    assert_eq!(value(SqlInfo::FlightSqlServerReadOnly), "true");
    assert_eq!(value(SqlInfo::FlightSqlServerCancel), "true");
    assert_eq!(value(SqlInfo::FlightSqlServerTransaction), "0");
    assert_eq!(value(SqlInfo::FlightSqlServerBulkIngestion), "false");
    assert_eq!(value(SqlInfo::SqlIdentifierQuoteChar), "\"");
    assert_eq!(value(SqlInfo::SqlDdlTable), "false");
    let some = facts(&ask(&raw, &CommandGetSqlInfo { info: vec![504, 0, 3, 2, 40_000] }).await);
    assert_eq!(some.keys().copied().collect::<Vec<_>>(), [0, 2, 3, 504]);
    assert_eq!(ask(&raw, &CommandGetSqlInfo { info: vec![40_000] }).await.num_rows(), 0);
}

#[tokio::test]
async fn type_info_lists_all_types_or_one() {
    let (_server, raw) = setup().await;
    let all = ask(&raw, &CommandGetXdbcTypeInfo { data_type: None }).await;
    let codes = all.column(1).as_primitive::<Int32Type>().values().to_vec();
    assert!(codes.is_sorted(), "ordered by type code");
    assert!(codes.len() > 10);
    let varchar = ask(&raw, &CommandGetXdbcTypeInfo { data_type: Some(12) }).await;
    assert_eq!(rows(&varchar, 1), ["VARCHAR"]);
    assert_eq!(ask(&raw, &CommandGetXdbcTypeInfo { data_type: Some(1234) }).await.num_rows(), 0);
}

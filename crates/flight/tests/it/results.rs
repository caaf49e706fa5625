use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use coldtrail_flight::{Config, SigningKey};
use futures::TryStreamExt;
use tonic::Code;

use crate::support::{decode, one_batch, query, row_count, start, start_with, ticket_of};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn messages_are_small_enough_for_every_client() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM texts ORDER BY id")).await.expect("plans");
    // This client refuses what is larger than 4 MiB, as gRPC does by default.
    let messages: Vec<_> = raw.get(ticket_of(&info)).await.expect("runs").try_collect().await.expect("every message fits");
    assert!(messages.iter().all(|message| message.data_header.len() + message.data_body.len() <= 2 * MIB));
    let (schema, batches) = decode(futures::stream::iter(messages.into_iter().map(Ok))).await.expect("decodes");
    let rows = one_batch(&schema, &batches);
    assert!(rows.column(0).as_primitive::<Int64Type>().values().iter().copied().eq(0..64));
    for (row, text) in rows.column(1).as_string::<i32>().iter().enumerate() {
        assert!(text.is_some_and(|text| text.len() == 256 * 1024 && text.starts_with(&format!("{row:08}"))));
    }
}

#[tokio::test]
async fn a_row_above_its_limit_is_an_error_that_names_the_limit() {
    let config = Config { message_bytes_max: 64 << 10, row_bytes_max: 128 << 10, ..Config::default() };
    let server = start_with(config, &SigningKey::generate()).await;
    let status = server.raw("hunter").await.rows(&query("SELECT * FROM texts")).await.expect_err("256 KiB a row");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("flight.row_bytes_max is 131072"), "{}", status.message());
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn heartbeats_keep_a_silent_result_alive_and_tell_its_progress() {
    let config = Config { heartbeat_interval: Duration::from_millis(20), ..Config::default() };
    let server = start_with(config, &SigningKey::generate()).await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM forever")).await.expect("plans");
    let mut stream = raw.get(ticket_of(&info)).await.expect("runs");
    let schema = stream.message().await.expect("alive").expect("the schema");
    assert!(schema.app_metadata.is_empty());
    let mut messages = vec![schema];
    for _ in 0..3 {
        let heartbeat = stream.message().await.expect("alive").expect("a heartbeat");
        let progress: serde_json::Value = serde_json::from_slice(&heartbeat.app_metadata).expect("JSON");
        assert_eq!(progress["query_id"], "run-0");
        assert_eq!(progress["snapshot_id"], 7);
        assert_eq!(progress["rows_sent"], 0);
        messages.push(heartbeat);
    }
    let (_, batches) = decode(futures::stream::iter(messages.into_iter().map(Ok))).await.expect("valid batches");
    assert_eq!(row_count(&batches), 0);
}

#[tokio::test]
async fn a_slow_reader_does_not_make_the_server_run_ahead() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM endless")).await.expect("plans");
    let mut stream = raw.get(ticket_of(&info)).await.expect("runs");
    for _ in 0..3 {
        stream.message().await.expect("alive").expect("data");
    }
    // Time for the server to run ahead, if it would: other calls come and go on other connections.
    for _ in 0..20 {
        server.raw("hunter").await.rows(&query("SELECT max(n) FROM numbers")).await.expect("runs");
    }
    let produced = server.engine.produced.load(Ordering::SeqCst);
    assert!(produced <= 16, "{produced} MiB were produced for a reader of 3");
}

#[tokio::test]
async fn a_result_that_breaks_ends_with_an_error_that_carries_the_query_id() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM broken")).await.expect("plans");
    let response = raw.inner.clone().do_get(raw.request(ticket_of(&info))).await.expect("starts");
    assert_eq!(response.metadata().get("x-query-id").expect("a header"), "run-0");
    let status = decode(response.into_inner()).await.expect_err("breaks");
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("…/seg-7.parquet") && status.message().contains("run-0"), "{}", status.message());
    assert!(!status.message().contains("/var/lib") && !status.message().contains("10.0.0.7"), "{}", status.message());
    assert_eq!(status.metadata().get("x-query-id").expect("a trailer"), "run-0");
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn values_that_cannot_be_computed_are_the_statements_fault() {
    let server = start().await;
    let status = server.raw("hunter").await.rows(&query("SELECT 1 / (n - 5) FROM numbers")).await.expect_err("divides by zero");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("run-0"), "{}", status.message());
}

#[tokio::test]
async fn a_long_error_is_short_enough_for_every_client() {
    let server = start().await;
    let sql = format!("SELECT \"{}\" FROM numbers", "größe".repeat(10_000));
    let status = server.raw("hunter").await.info(&query(&sql)).await.expect_err("no such column");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().len() <= 4096, "{}", status.message().len());
}

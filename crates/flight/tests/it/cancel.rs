use std::time::Duration;

use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult};
use arrow_flight::{CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo};
use coldtrail_flight::{Config, SigningKey};
use prost::Message;
use tonic::Code;

use crate::support::{Raw, TestServer, decode, descriptor, query, start, start_with, ticket_of};

/// A result that never ends, under way.
async fn fetch_forever(server: &TestServer, raw: &Raw) -> (FlightInfo, tonic::Streaming<arrow_flight::FlightData>) {
    let info = raw.info(&query("SELECT * FROM forever")).await.expect("plans");
    let mut stream = raw.get(ticket_of(&info)).await.expect("runs");
    stream.message().await.expect("alive").expect("the schema");
    server.engine.running.wait_for(1).await;
    (info, stream)
}

#[tokio::test]
async fn dropping_the_result_stops_the_work() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let (_, stream) = fetch_forever(&server, &raw).await;
    drop(stream);
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn a_result_that_is_dropped_while_rows_arrive_stops_the_work() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM endless")).await.expect("plans");
    let mut stream = raw.get(ticket_of(&info)).await.expect("runs");
    for _ in 0..5 {
        stream.message().await.expect("alive").expect("data");
    }
    drop(stream);
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn a_connection_that_goes_away_stops_the_work() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let (_, stream) = fetch_forever(&server, &raw).await;
    drop((raw, stream));
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn dropping_get_flight_info_stops_the_planning() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let call = tokio::spawn(async move { raw.info(&query("SELECT 'plan_forever'")).await });
    server.engine.planning.wait_for(1).await;
    call.abort();
    server.engine.planning.wait_for(0).await;
}

#[tokio::test]
async fn cancel_flight_info_ends_the_result_and_may_be_repeated() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let (info, stream) = fetch_forever(&server, &raw).await;
    let body = CancelFlightInfoRequest { info: Some(info.clone()) }.encode_to_vec();
    let foreign = server.raw("other").await.act("CancelFlightInfo", body.clone()).await.expect_err("not theirs");
    assert_eq!(foreign.code(), Code::PermissionDenied);
    for _ in 0..2 {
        let results = raw.act("CancelFlightInfo", body.clone()).await.expect("cancels");
        let result = CancelFlightInfoResult::decode(results[0].clone()).expect("decodes");
        assert_eq!(result.status(), CancelStatus::Cancelled);
    }
    server.engine.running.wait_for(0).await;
    let (status, again) = (cancelled(stream).await, raw.get(ticket_of(&info)).await.expect_err("cancelled"));
    assert!(status.message().contains("run-0"), "{}", status.message());
    assert_eq!(again.code(), Code::Cancelled);
}

#[tokio::test]
async fn the_older_cancel_query_works_too() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let (info, stream) = fetch_forever(&server, &raw).await;
    let request = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
    let result: ActionCancelQueryResult = raw.act_packed("CancelQuery", &request).await.expect("cancels");
    assert_eq!(result.result, 1, "cancelled");
    cancelled(stream).await;
    server.engine.running.wait_for(0).await;
}

async fn cancelled(mut stream: tonic::Streaming<arrow_flight::FlightData>) -> tonic::Status {
    let status = stream.message().await.expect_err("the result ends");
    assert_eq!(status.code(), Code::Cancelled);
    status
}

#[tokio::test]
async fn the_clients_timeout_ends_planning_and_results() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    // This client keeps its own timer as well and calls it "cancelled"; the server answers slightly earlier, on a quiet machine.
    let timed_out = |code: Code| assert!(matches!(code, Code::DeadlineExceeded | Code::Cancelled), "{code}");
    let mut request = raw.request(descriptor(&query("SELECT 'plan_forever'")));
    request.metadata_mut().insert("grpc-timeout", "200m".parse().expect("a header value"));
    let status = raw.inner.clone().get_flight_info(request).await.expect_err("too slow");
    timed_out(status.code());
    server.engine.planning.wait_for(0).await;

    let info = raw.info(&query("SELECT * FROM forever")).await.expect("plans");
    let mut request = raw.request(ticket_of(&info));
    request.metadata_mut().insert("grpc-timeout", "200m".parse().expect("a header value"));
    let stream = raw.inner.clone().do_get(request).await.expect("starts").into_inner();
    // Its timer ends with the response header, so this one is the server's.
    assert_eq!(decode(stream).await.expect_err("too slow").code(), Code::DeadlineExceeded);
    server.engine.running.wait_for(0).await;
}

#[tokio::test]
async fn a_server_that_stops_lets_results_end_and_then_interrupts() {
    let config = Config { drain_timeout: Duration::from_millis(100), ..Config::default() };
    let server = start_with(config, &SigningKey::generate()).await;
    let raw = server.raw("hunter").await;
    let (_, mut stream) = fetch_forever(&server, &raw).await;
    server.stop.cancel();
    let status = stream.message().await.expect_err("interrupted");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("stopping"), "{}", status.message());
    server.engine.running.wait_for(0).await;
    tokio::time::timeout(Duration::from_secs(5), server.served).await.expect("stops").expect("no panic").expect("no error");
}

use std::sync::atomic::Ordering;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use arrow_flight::sql::{
    ActionBeginTransactionRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, CommandStatementIngest,
    CommandStatementUpdate, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{FlightData, FlightDescriptor, RenewFlightEndpointRequest, Ticket};
use futures::TryStreamExt;
use prost::Message;
use tonic::Code;

use crate::support::{Raw, descriptor, one_batch, query, row_count, schema_of, start, table, ticket_of};

async fn put(raw: &Raw, command: &impl ProstMessageExt) -> tonic::Status {
    let message = FlightData::new().with_descriptor(descriptor(command));
    let answer = raw.inner.clone().do_put(raw.request(futures::stream::iter([message]))).await;
    match answer {
        Err(status) => status,
        Ok(response) => response.into_inner().try_collect::<Vec<_>>().await.expect_err("refused"),
    }
}

#[tokio::test]
async fn a_query_is_one_endpoint_without_location_and_keeps_its_order() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let command = query("SELECT n FROM numbers ORDER BY n DESC");
    let info = raw.info(&command).await.expect("plans");
    assert_eq!(info.flight_descriptor, Some(descriptor(&command)));
    assert!(info.endpoint[0].expiration_time.is_some());
    assert_eq!(server.engine.executions.load(Ordering::SeqCst), 0, "nothing runs before the result is fetched");
    let (schema, batches) = raw.rows(&command).await.expect("runs");
    let numbers = one_batch(&schema, &batches);
    assert!(numbers.column(0).as_primitive::<Int64Type>().values().iter().copied().eq((0..100_000).rev()));
}

#[tokio::test]
async fn every_column_type_arrives_plain_and_unchanged() {
    let server = start().await;
    let (schema, batches) = server.raw("hunter").await.rows(&query("SELECT * FROM api_activity ORDER BY time")).await.expect("runs");
    let types: Vec<_> = schema.fields().iter().map(|field| field.data_type()).collect();
    assert_eq!(types[1..4], [&DataType::Utf8, &DataType::Utf8, &DataType::Int64]);
    assert_eq!(types[7], &DataType::Binary);
    let expected = "
+----------------------+-------------------------+---------+-------+-------+-------+--------+---------+-------+---------------+----------------+
| time                 | user_name               | status  | count | score | cost  | is_mfa | payload | ports | tags          | device         |
+----------------------+-------------------------+---------+-------+-------+-------+--------+---------+-------+---------------+----------------+
| 2023-11-14T22:13:20Z | alice                   | Success | 1     | 0.5   | 12.34 | true   | 00ff    | [0, ] | {env: prod-0} | {name: laptop} |
| 2023-11-14T22:13:21Z |                         | Failure | 2     |       |       |        |         | [1, ] | {env: prod-1} | {name: }       |
| 2023-11-14T22:13:22Z | a user with a long name |         | 3     | 1.5   | -0.05 | false  | 78      | [2, ] | {env: prod-2} | {name: phone}  |
+----------------------+-------------------------+---------+-------+-------+-------+--------+---------+-------+---------------+----------------+";
    assert_eq!(table(&batches), expected.trim());
}

/// Statements over every column type, with and without rows, nullable and not.
fn corpus() -> Vec<String> {
    let columns = ["time", "user_name", "status", "count", "score", "cost", "is_mfa", "payload", "ports", "tags", "device"];
    let expressions =
        ["{c}", "{c} IS NULL", "coalesce({c}, {c})", "nullif({c}, {c}) IS NULL", "arrow_typeof({c})", "first_value({c})", "max(count)"];
    let filters = ["", " WHERE false", " WHERE count = 2"];
    let mut statements = vec![
        "SELECT 1".into(),
        "SELECT 1 AS a, 'x' AS b, NULL AS c, now() > TIMESTAMP '2020-01-01' AS d".into(),
        "SELECT * FROM events".into(),
        "SELECT count(*) FROM numbers WHERE n < 0".into(),
        "SELECT sum(n), avg(n), min(n) FROM numbers WHERE n < 0".into(),
        "SELECT status, count(*) FROM api_activity GROUP BY status ORDER BY 2 DESC".into(),
        "SELECT a.n, b.user_name FROM numbers a LEFT JOIN api_activity b ON a.n = b.count WHERE a.n < 5".into(),
        "SELECT n, lag(n) OVER (ORDER BY n) FROM numbers LIMIT 3".into(),
        "SELECT n FROM numbers UNION ALL SELECT NULL LIMIT 0".into(),
        "SELECT arrow_cast('x', 'Utf8View'), arrow_cast(1.5, 'Float16'), arrow_cast('x', 'Dictionary(Int8, Utf8)')".into(),
        "VALUES (1, 'a'), (2, NULL)".into(),
        "EXPLAIN SELECT 1".into(),
    ];
    for column in columns {
        for expression in expressions {
            if matches!(column, "ports" | "tags" | "device") && expression.contains("nullif") {
                continue;
            }
            for filter in filters {
                statements.push(format!("SELECT {} FROM api_activity{filter}", expression.replace("{c}", column)));
            }
        }
    }
    statements
}

#[tokio::test]
async fn the_schema_is_the_same_in_prepare_get_schema_flight_info_and_stream() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let corpus = corpus();
    assert!(corpus.len() >= 200);
    for sql in corpus {
        let command = query(&sql);
        let info = raw.info(&command).await.unwrap_or_else(|status| panic!("{sql}: {status}"));
        let promised = info.clone().try_decode_schema().expect("a schema");
        let schema = raw.inner.clone().get_schema(raw.request(descriptor(&command))).await.expect("plans").into_inner();
        assert_eq!(schema_of(&schema.schema), promised, "GetSchema of {sql}");
        let request = ActionCreatePreparedStatementRequest { query: sql.clone(), transaction_id: None };
        let prepared: ActionCreatePreparedStatementResult = raw.act_packed("CreatePreparedStatement", &request).await.expect("plans");
        assert_eq!(schema_of(&prepared.dataset_schema), promised, "dataset_schema of {sql}");
        // Compares the schema of the stream as well.
        raw.rows(&command).await.unwrap_or_else(|status| panic!("{sql}: {status}"));
    }
}

#[tokio::test]
async fn a_ticket_can_be_fetched_again_and_renewed() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let info = raw.info(&query("SELECT * FROM numbers")).await.expect("plans");
    for _ in 0..2 {
        let (_, batches) = crate::support::decode(raw.get(ticket_of(&info)).await.expect("runs")).await.expect("ends");
        assert_eq!(row_count(&batches), 100_000);
    }
    assert_eq!(server.engine.executions.load(Ordering::SeqCst), 2);
    let request = RenewFlightEndpointRequest { endpoint: Some(info.endpoint[0].clone()) };
    let renewed = raw.act("RenewFlightEndpoint", request.encode_to_vec()).await.expect("renewed");
    let renewed = arrow_flight::FlightEndpoint::decode(renewed[0].clone()).expect("an endpoint");
    assert!(renewed.expiration_time.expect("set").seconds >= info.endpoint[0].expiration_time.expect("set").seconds);
    raw.get(renewed.ticket.expect("a ticket")).await.expect("runs");
}

#[tokio::test]
async fn a_ticket_is_good_for_its_owner_and_unchanged_only() {
    let server = start().await;
    let info = server.raw("hunter").await.info(&query("SELECT 1")).await.expect("plans");
    let ticket = ticket_of(&info);
    let foreign = server.raw("other").await.get(ticket.clone()).await.expect_err("not theirs");
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let any = arrow_flight::sql::Any::decode(ticket.ticket).expect("an Any");
    let sealed = any.unpack::<TicketStatementQuery>().expect("decodes").expect("a statement ticket").statement_handle;
    for at in [2, sealed.len() / 2, sealed.len() - 1] {
        let mut forged = sealed.to_vec();
        forged[at] ^= 1;
        let forged = TicketStatementQuery { statement_handle: forged.into() }.as_any().encode_to_vec();
        let status = server.raw("hunter").await.get(Ticket::new(forged)).await.expect_err("forged");
        assert_eq!(status.code(), Code::NotFound);
    }
    assert_eq!(server.engine.executions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn poll_completes_at_once_with_everything_clients_look_at() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let command = query("SELECT n FROM numbers");
    let poll = raw.inner.clone().poll_flight_info(raw.request(descriptor(&command))).await.expect("plans").into_inner();
    assert_eq!(poll.flight_descriptor, None);
    assert_eq!(poll.progress, Some(1.0));
    assert!(poll.expiration_time.is_some());
    let info = poll.info.expect("the info is always set");
    assert_eq!(info.flight_descriptor, Some(descriptor(&command)));
    let (_, batches) = crate::support::decode(raw.get(ticket_of(&info)).await.expect("runs")).await.expect("ends");
    assert_eq!(row_count(&batches), 100_000);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_the_right_code() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let code = |result: Result<arrow_flight::FlightInfo, tonic::Status>| result.expect_err("refused").code();
    assert_eq!(code(raw.info(&query("SELEC 1")).await), Code::InvalidArgument);
    assert_eq!(code(raw.info(&query("SELECT * FROM missing")).await), Code::InvalidArgument);
    assert_eq!(code(raw.info(&query("SELECT $1")).await), Code::InvalidArgument);
    assert_eq!(code(raw.info(&query("DROP TABLE numbers")).await), Code::InvalidArgument);
    let mut in_transaction = query("SELECT 1");
    in_transaction.transaction_id = Some("t".into());
    assert_eq!(code(raw.info(&in_transaction).await), Code::InvalidArgument);
    assert_eq!(code(server.raw("other").await.info(&query("SELECT 'secret'")).await), Code::PermissionDenied);
    assert_eq!(code(raw.info(&CommandStatementIngest::default()).await), Code::Unimplemented);
    for bytes in [&b"\xff\xff"[..], b""] {
        let garbage = FlightDescriptor::new_cmd(bytes.to_vec());
        let status = raw.inner.clone().get_flight_info(raw.request(garbage)).await.expect_err("refused");
        assert!(matches!(status.code(), Code::InvalidArgument | Code::Unimplemented), "{status}");
    }
    let path = FlightDescriptor::new_path(vec!["numbers".into()]);
    let status = raw.inner.clone().get_flight_info(raw.request(path)).await.expect_err("refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    let begin = ActionBeginTransactionRequest {}.as_any().encode_to_vec();
    assert_eq!(raw.act("BeginTransaction", begin).await.expect_err("refused").code(), Code::Unimplemented);
    assert_eq!(put(&raw, &CommandStatementIngest::default()).await.code(), Code::Unimplemented);
}

#[tokio::test]
async fn updates_are_refused_clearly() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    for sql in ["DELETE FROM numbers", "CREATE TABLE t AS SELECT 1", "SELECT 1"] {
        let status = put(&raw, &CommandStatementUpdate { query: sql.into(), transaction_id: None }).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{sql}");
        assert!(status.message().contains("Coldtrail is read-only over SQL"), "{sql}: {}", status.message());
    }
    assert_eq!(server.engine.executions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_listed_action_is_known_and_others_are_not() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let listed: Vec<_> = raw
        .inner
        .clone()
        .list_actions(raw.request(arrow_flight::Empty {}))
        .await
        .expect("lists")
        .into_inner()
        .try_collect()
        .await
        .expect("ends");
    let mut names: Vec<&str> = listed.iter().map(|action| action.r#type.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "CancelFlightInfo",
        "CancelQuery",
        "ClosePreparedStatement",
        "CloseSession",
        "CreatePreparedStatement",
        "GetSessionOptions",
        "RenewFlightEndpoint",
        "SetSessionOptions",
    ];
    assert_eq!(names, expected);
    for name in names {
        let code = raw.act(name, "").await.err().map(|status| status.code());
        assert_ne!(code, Some(Code::Unimplemented), "{name}");
    }
    assert_eq!(raw.act("Reboot", "").await.expect_err("refused").code(), Code::Unimplemented);
}

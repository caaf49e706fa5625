use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use arrow_flight::error::FlightError;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, DoPutPreparedStatementResult, ProstMessageExt,
};
use bytes::Bytes;
use coldtrail_flight::{Config, SigningKey};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use tonic::{Code, Status};

use crate::support::{Raw, descriptor, one_batch, row_count, schema_of, start, start_with};

async fn prepare(raw: &Raw, sql: &str) -> Result<ActionCreatePreparedStatementResult, Status> {
    raw.act_packed("CreatePreparedStatement", &ActionCreatePreparedStatementRequest { query: sql.into(), transaction_id: None }).await
}

fn run(handle: &Bytes) -> CommandPreparedStatementQuery {
    CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() }
}

/// DoPut of rows; the answer is the handle that runs with them.
async fn bind(raw: &Raw, handle: &Bytes, rows: Vec<RecordBatch>) -> Result<Bytes, Status> {
    let messages = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(descriptor(&run(handle))))
        .with_schema(rows[0].schema())
        .with_dictionary_handling(DictionaryHandling::Resend)
        .with_max_flight_data_size(64 << 20)
        .build(futures::stream::iter(rows.into_iter().map(Ok)))
        .map(|message: Result<_, FlightError>| message.expect("encodes"));
    let answers: Vec<_> = raw.inner.clone().do_put(raw.request(messages)).await?.into_inner().try_collect().await?;
    assert_eq!(answers.len(), 1);
    let result = DoPutPreparedStatementResult::decode(answers[0].app_metadata.clone()).expect("decodes");
    Ok(result.prepared_statement_handle.expect("a new handle"))
}

fn row(columns: Vec<ArrayRef>) -> RecordBatch {
    let named = columns.into_iter().enumerate().map(|(index, column)| (index.to_string(), column, true));
    RecordBatch::try_from_iter_with_nullable(named).expect("columns of one length")
}

fn numbers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

async fn numbers_of(raw: &Raw, handle: &Bytes) -> Vec<i64> {
    let (schema, batches) = raw.rows(&run(handle)).await.expect("runs");
    one_batch(&schema, &batches).column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test]
async fn a_statement_is_prepared_once_and_run_often() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let prepared = prepare(&raw, "SELECT n FROM numbers WHERE n < 3 ORDER BY n").await.expect("plans");
    assert_eq!(schema_of(&prepared.dataset_schema).field(0).name(), "n");
    assert!(schema_of(&prepared.parameter_schema).fields().is_empty());
    let handle = prepared.prepared_statement_handle;
    let runs = futures::stream::iter(0..8).map(|_| numbers_of(&raw, &handle)).buffered(4);
    assert_eq!(runs.collect::<Vec<_>>().await, vec![vec![0, 1, 2]; 8]);
}

#[tokio::test]
async fn closing_is_idempotent() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let prepared_statement_handle = prepare(&raw, "SELECT 1").await.expect("plans").prepared_statement_handle;
    let request = ActionClosePreparedStatementRequest { prepared_statement_handle };
    for _ in 0..2 {
        let results = raw.act("ClosePreparedStatement", request.as_any().encode_to_vec()).await.expect("closes");
        assert!(results.is_empty());
    }
}

#[tokio::test]
async fn numbered_and_question_mark_parameters_are_bound_and_rebound() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    for sql in ["SELECT n FROM numbers WHERE n >= $1 AND n < $2 ORDER BY n", "SELECT n FROM numbers WHERE n >= ? AND n < ? ORDER BY n"] {
        let prepared = prepare(&raw, sql).await.expect("plans");
        let parameters = schema_of(&prepared.parameter_schema);
        assert_eq!(parameters.fields().iter().map(|field| field.data_type()).collect::<Vec<_>>(), [&DataType::Int64; 2]);
        let unbound = prepared.prepared_statement_handle;
        assert_eq!(raw.info(&run(&unbound)).await.expect_err("nothing is bound").code(), Code::InvalidArgument);
        let first = bind(&raw, &unbound, vec![row(vec![numbers(&[Some(3)]), numbers(&[Some(5)])])]).await.expect("binds");
        let second = bind(&raw, &first, vec![row(vec![numbers(&[Some(7)]), numbers(&[Some(8)])])]).await.expect("binds again");
        assert_eq!(numbers_of(&raw, &first).await, [3, 4]);
        assert_eq!(numbers_of(&raw, &second).await, [7]);
        assert_eq!(numbers_of(&raw, &first).await, [3, 4], "a handle stays what it is");
    }
}

#[tokio::test]
async fn several_bound_rows_run_one_after_the_other_and_none_gives_none() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let handle = prepare(&raw, "SELECT n FROM numbers WHERE n = $1").await.expect("plans").prepared_statement_handle;
    let rows = vec![row(vec![numbers(&[Some(5), None])]), row(vec![numbers(&[Some(2)])])];
    let bound = bind(&raw, &handle, rows).await.expect("binds");
    assert_eq!(numbers_of(&raw, &bound).await, [5, 2], "null equals nothing");
    let bound = bind(&raw, &handle, vec![row(vec![numbers(&[])])]).await.expect("binds");
    assert!(numbers_of(&raw, &bound).await.is_empty());
}

#[tokio::test]
async fn older_clients_go_on_with_the_handle_they_had_and_do_not_meddle() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let sql = "SELECT n FROM numbers WHERE n = $1";
    let one = prepare(&raw, sql).await.expect("plans").prepared_statement_handle;
    let other = prepare(&raw, sql).await.expect("plans").prepared_statement_handle;
    bind(&raw, &one, vec![row(vec![numbers(&[Some(1)])])]).await.expect("binds");
    bind(&raw, &other, vec![row(vec![numbers(&[Some(2)])])]).await.expect("binds");
    assert_eq!(numbers_of(&raw, &one).await, [1]);
    assert_eq!(numbers_of(&raw, &other).await, [2]);
    let request = ActionClosePreparedStatementRequest { prepared_statement_handle: one.clone() };
    raw.act("ClosePreparedStatement", request.as_any().encode_to_vec()).await.expect("closes");
    assert_eq!(raw.info(&run(&one)).await.expect_err("nothing is bound any more").code(), Code::InvalidArgument);
    assert_eq!(numbers_of(&raw, &other).await, [2]);
}

#[tokio::test]
async fn views_and_dictionaries_can_be_bound() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let handle = prepare(&raw, "SELECT count FROM api_activity WHERE user_name = $1").await.expect("plans").prepared_statement_handle;
    let inputs: [ArrayRef; 3] = [
        Arc::new(StringArray::from(vec!["alice"])),
        Arc::new(StringViewArray::from(vec!["alice"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["alice"])),
    ];
    for input in inputs {
        let bound = bind(&raw, &handle, vec![row(vec![input])]).await.expect("binds");
        assert_eq!(numbers_of(&raw, &bound).await, [1]);
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_their_number() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let handle = prepare(&raw, "SELECT n FROM numbers WHERE n = $1").await.expect("plans").prepared_statement_handle;
    let one = || numbers(&[Some(1)]);
    let status = bind(&raw, &handle, vec![row(vec![one(), one()])]).await.expect_err("too many");
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "the statement has 1 parameters, 2 were bound"));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["abc"]));
    let status = bind(&raw, &handle, vec![row(vec![text])]).await.expect_err("not a number");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("parameter $1:"), "{}", status.message());
}

#[tokio::test]
async fn a_handle_is_for_its_owner_and_unchanged_only() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    let handle = prepare(&raw, "SELECT 1").await.expect("plans").prepared_statement_handle;
    assert_eq!(server.raw("other").await.info(&run(&handle)).await.expect_err("not theirs").code(), Code::NotFound);
    let mut forged = handle.to_vec();
    forged[5] ^= 1;
    assert_eq!(raw.info(&run(&forged.into())).await.expect_err("forged").code(), Code::NotFound);
}

#[tokio::test]
async fn large_parameters_are_taken_up_to_a_limit_that_is_named() {
    let config = Config { handle_bytes_max: 8 << 20, ..Config::default() };
    let server = start_with(config, &SigningKey::generate()).await;
    let mut raw = server.raw("hunter").await;
    raw.inner = raw.inner.max_decoding_message_size(32 << 20);
    let handle = prepare(&raw, "SELECT octet_length($1) AS length").await.expect("plans").prepared_statement_handle;
    let text = |bytes: usize| row(vec![Arc::new(StringArray::from(vec!["x".repeat(bytes)])) as ArrayRef]);
    let bound = bind(&raw, &handle, vec![text(5 << 20)]).await.expect("within the limit");
    let (schema, batches) = raw.rows(&run(&bound)).await.expect("runs");
    assert_eq!(one_batch(&schema, &batches).column(0).as_primitive::<Int32Type>().value(0), 5 << 20);
    let status = bind(&raw, &handle, vec![text(9 << 20)]).await.expect_err("above the limit");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("flight.handle_bytes_max is 8388608"), "{}", status.message());
}

#[tokio::test]
async fn the_arrow_client_prepares_binds_and_runs() {
    let server = start().await;
    let mut client = server.sql("hunter").await;
    let mut statement = client.prepare("SELECT n FROM numbers WHERE n < $1".into(), None).await.expect("plans");
    statement.set_parameters(row(vec![numbers(&[Some(10)])])).expect("a parameter");
    let info = statement.execute().await.expect("plans");
    let batches: Vec<_> = client.do_get(crate::support::ticket_of(&info)).await.expect("runs").try_collect().await.expect("ends");
    assert_eq!(row_count(&batches), 10);
    statement.close().await.expect("closes");
}

#[tokio::test]
async fn a_prepared_query_is_not_an_update() {
    #[derive(Clone, PartialEq, Message)]
    struct IsUpdate {
        #[prost(bool, optional, tag = "4")]
        is_update: Option<bool>,
    }
    let server = start().await;
    let raw = server.raw("hunter").await;
    let request = ActionCreatePreparedStatementRequest { query: "SELECT 1".into(), transaction_id: None };
    let results = raw.act("CreatePreparedStatement", request.as_any().encode_to_vec()).await.expect("plans");
    let any = arrow_flight::sql::Any::decode(results[0].clone()).expect("an Any");
    assert_eq!(IsUpdate::decode(any.value).expect("decodes").is_update, Some(false));

    let handle = prepare(&raw, "SELECT 1").await.expect("plans").prepared_statement_handle;
    let command = descriptor(&CommandPreparedStatementUpdate { prepared_statement_handle: handle });
    let message = arrow_flight::FlightData::new().with_descriptor(command);
    let refused = raw.inner.clone().do_put(raw.request(futures::stream::iter([message]))).await.expect_err("a query");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let refused = prepare(&raw, "DELETE FROM numbers").await.expect_err("not a query");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

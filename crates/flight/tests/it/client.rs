use coldtrail_flight::client::{Client, ClientError};
use futures::{StreamExt, TryStreamExt};

use crate::support::{PASSWORD, row_count, start, table};

#[tokio::test]
async fn the_client_signs_in_queries_and_lists_tables() {
    let server = start().await;
    let mut client = Client::connect(&server.url().replace("http", "grpc"), "hunter", PASSWORD).await.expect("connects");
    let result = client.query("SELECT n FROM numbers").await.expect("plans");
    assert_eq!(result.schema.field(0).name(), "n");
    assert_eq!(row_count(&result.batches.try_collect::<Vec<_>>().await.expect("ends")), 100_000);
    let result = client.query("SELECT text FROM texts WHERE false").await.expect("plans");
    assert_eq!(result.schema.field(0).name(), "text");
    assert!(result.batches.try_collect::<Vec<_>>().await.expect("ends").is_empty());
    let tables: Vec<_> = client.tables().await.expect("answers").batches.try_collect().await.expect("ends");
    assert!(table(&tables).contains("| coldtrail    | ocsf           | events       | VIEW       |"));
}

#[tokio::test]
async fn errors_are_the_servers_words() {
    let server = start().await;
    let wrong = Client::connect(&server.url(), "hunter", "wrong").await.expect_err("a wrong password");
    assert_eq!(wrong.to_string(), "wrong user name or password");
    let mut client = Client::connect(&server.url(), "hunter", PASSWORD).await.expect("connects");
    let error = client.query("SELECT missing FROM numbers").await.err().expect("no such column");
    assert!(
        matches!(&error, ClientError::Server { code: tonic::Code::InvalidArgument, message } if message.contains("missing")),
        "{error}"
    );
    let address = Client::connect("127.0.0.1:1", "hunter", PASSWORD).await.expect_err("not a URL");
    assert!(matches!(address, ClientError::Address { .. }), "{address}");
    let nobody = Client::connect("http://127.0.0.1:1", "hunter", PASSWORD).await.expect_err("nobody listens");
    assert!(matches!(nobody, ClientError::Connect { .. }), "{nobody}");
}

#[tokio::test]
async fn dropping_the_clients_result_stops_the_work() {
    let server = start().await;
    let mut client = Client::connect(&server.url(), "hunter", PASSWORD).await.expect("connects");
    let mut result = client.query("SELECT * FROM endless").await.expect("plans");
    result.batches.next().await.expect("endless").expect("rows");
    server.engine.running.wait_for(1).await;
    drop(result);
    server.engine.running.wait_for(0).await;
}

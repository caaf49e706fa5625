use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow_flight::decode::FlightRecordBatchStream;
use futures::{StreamExt, TryStreamExt};

use super::*;
use crate::wire_types::plain_schema;

const KIB: usize = 1 << 10;

fn encoder(batch: &RecordBatch, message_bytes_max: usize, row_bytes_max: usize) -> Encoder {
    let config = Config { message_bytes_max, row_bytes_max, ..Config::default() };
    let mut encoder = Encoder::new(plain_schema(batch.schema_ref()), &config);
    encoder.push(batch.clone());
    encoder
}

fn messages(mut encoder: Encoder) -> Result<Vec<FlightData>, Status> {
    std::iter::from_fn(move || encoder.next_message().transpose()).collect()
}

fn bytes(message: &FlightData) -> usize {
    message.data_header.len() + message.data_body.len()
}

async fn decode(schema: FlightData, messages: Vec<FlightData>) -> Vec<RecordBatch> {
    let stream = futures::stream::iter(std::iter::once(schema).chain(messages)).map(Ok);
    FlightRecordBatchStream::new_from_flight_data(stream).try_collect().await.expect("decodes")
}

#[tokio::test]
async fn messages_stay_within_the_limit_and_hold_every_row_in_order() {
    let long = "y".repeat(5 * KIB);
    let texts: Vec<String> = (0..2_000).map(|row| if row % 7 == 0 { format!("{row}-{long}") } else { row.to_string() }).collect();
    let columns: [(&str, ArrayRef); 2] =
        [("id", Arc::new(Int64Array::from_iter_values(0..2_000))), ("text", Arc::new(StringViewArray::from_iter_values(&texts)))];
    let batch = RecordBatch::try_from_iter(columns).expect("two columns");
    let encoder = encoder(&batch, 64 * KIB, 1 << 20);
    let schema = encoder.schema_message();
    let messages = messages(encoder).expect("all fit");
    assert!(messages.iter().all(|message| bytes(message) <= 64 * KIB));
    assert!(messages.len() < 60, "{} messages are not filled", messages.len());
    let decoded = decode(schema, messages).await;
    let all = arrow::compute::concat_batches(&decoded[0].schema(), &decoded).expect("one schema");
    let expected: [(&str, ArrayRef); 2] = [("id", Arc::clone(batch.column(0))), ("text", Arc::new(StringArray::from_iter_values(&texts)))];
    assert_eq!(all, RecordBatch::try_from_iter(expected).expect("two columns"));
}

#[test]
fn a_large_row_travels_alone_up_to_its_own_limit() {
    let (small, large) = ("s".repeat(10), "l".repeat(100 * KIB));
    let column: ArrayRef = Arc::new(StringArray::from(vec![small.as_str(), &large, &small]));
    let batch = RecordBatch::try_from_iter([("text", column)]).expect("one column");
    let sent = messages(encoder(&batch, 64 * KIB, 200 * KIB)).expect("the row is allowed");
    assert_eq!(sent.iter().filter(|message| bytes(message) > 64 * KIB).count(), 1);
    let error = messages(encoder(&batch, 16 * KIB, 64 * KIB)).expect_err("the row is too large");
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.message().contains("flight.row_bytes_max is 65536"), "{}", error.message());
}

#[tokio::test]
async fn a_heartbeat_is_an_empty_batch_of_the_same_schema() {
    let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).expect("one column");
    let mut encoder = encoder(&batch, 64 * KIB, 64 * KIB);
    let schema = encoder.schema_message();
    let heartbeat = encoder.heartbeat("progress".into()).expect("encodes");
    assert_eq!(&heartbeat.app_metadata[..], b"progress");
    let data = encoder.next_message().expect("fits").expect("one batch");
    let decoded = decode(schema, vec![heartbeat, data]).await;
    assert_eq!(decoded.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(decoded[1], batch);
}

#[test]
fn batches_without_rows_send_nothing() {
    let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert_eq!(messages(encoder(&batch, 64 * KIB, 64 * KIB)).expect("nothing to send").len(), 0);
}

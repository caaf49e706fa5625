use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use ballista_core::client::BallistaClient;
use ballista_core::error::BallistaError;
use ballista_core::serde::protobuf::PartitionLocation;
use coldtrail_executor::MESSAGE_BYTES_MAX;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Mutex;

/// Partitions opened ahead of the one that is read.
const OPEN_AHEAD: usize = 4;
const RETRIES: u8 = 3;
const RETRY_WAIT_MILLISECONDS: u64 = 250;
/// The executor may send this much before the reader has taken it.
const WINDOW_BYTES: u32 = 16 << 20;

/// The rows of a finished job, partition after partition, in their order.
pub(crate) fn fetch(mut locations: Vec<PartitionLocation>, schema: SchemaRef) -> SendableRecordBatchStream {
    locations.sort_by_key(|location| {
        (location.partition_id.as_ref().map_or(0, |partition| partition.partition_id), location.map_partition_id, location.file_id)
    });
    let clients = Arc::new(Clients::default());
    let rows = stream::iter(locations)
        .map(move |location| {
            let clients = Arc::clone(&clients);
            async move { clients.open(location).await.map_err(BallistaError::into_datafusion) }
        })
        .buffered(OPEN_AHEAD)
        .try_flatten();
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// One connection an executor.
#[derive(Default)]
struct Clients(Mutex<HashMap<(String, u32), BallistaClient>>);

impl Clients {
    async fn open(&self, location: PartitionLocation) -> Result<SendableRecordBatchStream, BallistaError> {
        let layout = location.layout();
        let missing = || BallistaError::Internal("a result partition without its place".to_owned());
        let executor = location.executor_meta.ok_or_else(missing)?;
        let partition = location.partition_id.ok_or_else(missing)?;
        let mut client = self.client(executor.host, executor.port).await?;
        client.fetch_partition(&executor.id, &partition.into(), location.file_id, layout, false).await
    }

    async fn client(&self, host: String, port: u32) -> Result<BallistaClient, BallistaError> {
        let mut clients = self.0.lock().await;
        if let Some(client) = clients.get(&(host.clone(), port)) {
            return Ok(client.clone());
        }
        let port_number = u16::try_from(port).map_err(|_| BallistaError::Internal(format!("port {port} of an executor")))?;
        let client = BallistaClient::try_new(
            &host,
            port_number,
            MESSAGE_BYTES_MAX,
            false,
            None,
            RETRIES,
            RETRY_WAIT_MILLISECONDS,
            WINDOW_BYTES,
            WINDOW_BYTES,
        )
        .await?;
        clients.insert((host, port), client.clone());
        Ok(client)
    }
}

/// A job that has ended well but whose result is asked for no more.
pub(crate) fn nobody_listens() -> DataFusionError {
    DataFusionError::Execution("the supervisor of the query ended without an answer".to_owned())
}

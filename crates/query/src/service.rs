use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::CatalogProvider;
use datafusion::execution::SendableRecordBatchStream;

use crate::Error;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name that signed in.
    pub name: String,
}

/// What is known of a statement before it runs.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The columns of the result, exactly as the stream will have them, nullability included.
    pub schema: SchemaRef,
    /// One field a parameter (`$1`, `$2`, …) in order, with the type that was inferred; unknown types are text.
    pub parameters: SchemaRef,
}

/// A statement under way. Dropping the stream cancels the work, wherever it runs.
pub struct Running {
    /// Names the run in logs and errors.
    pub query_id: String,
    /// The catalog snapshot that it reads.
    pub snapshot_id: u64,
    /// The rows; every batch has the schema that [`QueryService::prepare`] promised.
    pub stream: SendableRecordBatchStream,
}

/// Plans and runs SQL; asked by whatever serves clients (`flight`, the command line).
#[async_trait::async_trait]
pub trait QueryService: Send + Sync + 'static {
    /// Plans a statement without running it.
    async fn prepare(&self, principal: &Principal, sql: &str) -> Result<Prepared, Error>;

    /// Starts a statement. `parameters` is one row whose columns are bound to `$1`, `$2`, … by position.
    async fn execute(&self, principal: &Principal, sql: &str, parameters: Option<RecordBatch>) -> Result<Running, Error>;

    /// The catalogs that this principal sees, by name, for metadata requests.
    async fn catalogs(&self, principal: &Principal) -> Result<Vec<(String, Arc<dyn CatalogProvider>)>, Error>;
}

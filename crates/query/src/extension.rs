use std::fmt;
use std::sync::Arc;

use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::Result;

/// Tables that come from above the lake, such as the runs of hunts: shown beside those that are planned from the catalog.
#[async_trait::async_trait]
pub trait Extension: fmt::Debug + Send + Sync + 'static {
    /// The names that it adds to schema `system`.
    fn system_names(&self) -> Vec<&'static str>;

    /// A table of schema `system`, as it is now.
    async fn system_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>>;

    /// Schemas of its own, by name.
    fn schemas(&self) -> Vec<(&'static str, Arc<dyn SchemaProvider>)>;
}

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;
use object_store::path::Path;

/// One file of rows.
#[derive(Debug, Clone)]
pub struct ResultFile {
    /// Where it lies in its store.
    pub path: Path,
    /// Its size.
    pub bytes: u64,
}

/// The rows of slices, in the order of their files.
#[derive(Debug)]
pub struct ResultTable {
    schema: SchemaRef,
    store: ObjectStoreUrl,
    files: Vec<ResultFile>,
}

impl ResultTable {
    /// A table of files that all have these columns.
    #[must_use]
    pub fn new(schema: SchemaRef, store: ObjectStoreUrl, files: Vec<ResultFile>) -> Self {
        Self { schema, store, files }
    }

    fn group(&self) -> FileGroup {
        let file = |file: &ResultFile| {
            PartitionedFile::new_from_meta(ObjectMeta {
                location: file.path.clone(),
                last_modified: DateTime::UNIX_EPOCH,
                size: file.bytes,
                e_tag: None,
                version: None,
            })
        };
        FileGroup::new(self.files.iter().map(file).collect())
    }
}

#[async_trait::async_trait]
impl TableProvider for ResultTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let schema = TableSchema::builder(Arc::clone(&self.schema)).build();
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(ParquetSource::new(schema)))
            .with_file_group(self.group())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

//! Tables of segments: prune by what the catalog knows, then read exactly the files that are left.

mod files;
mod newest;
mod prune;
mod statistics;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use coldtrail_lake::Lake;
use coldtrail_model::{EVENT_DAY, SegmentMeta};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

pub(crate) use files::{paths_of, scan_of};
pub(crate) use newest::NewestOnly;

/// Counts the segments that the scans of a statement chose from.
#[derive(Debug, Default)]
pub(crate) struct ScanTally {
    segments: AtomicUsize,
}

impl ScanTally {
    /// The segments of every scan so far, pruned ones included.
    pub(crate) fn segments(&self) -> usize {
        self.segments.load(Ordering::Relaxed)
    }
}

/// Where the files of a table lie, and how to read them.
#[derive(Debug)]
pub(crate) struct SegmentStore {
    pub(crate) lake: Lake,
    pub(crate) url: ObjectStoreUrl,
    pub(crate) metadata_bytes_hint: usize,
}

/// A table whose rows are the segments of a pinned snapshot.
///
/// The files of several classes can be one table: a file that lacks a column gives nulls for it.
#[derive(Debug)]
pub(crate) struct SegmentTable {
    table_type: TableType,
    schema: TableSchema,
    segments: Vec<Arc<SegmentMeta>>,
    store: Arc<SegmentStore>,
    tally: Arc<ScanTally>,
}

impl SegmentTable {
    /// A table with these columns and then `event_day`, over these segments.
    pub(crate) fn new(columns: SchemaRef, segments: Vec<Arc<SegmentMeta>>, store: Arc<SegmentStore>, tally: Arc<ScanTally>) -> Self {
        let days = day_schema().fields().iter().cloned().collect::<Vec<_>>();
        let schema = TableSchema::builder(columns).with_table_partition_cols(days).build();
        Self { table_type: TableType::Base, schema, segments, store, tally }
    }

    /// The same, shown as a view.
    pub(crate) fn into_view(self) -> Self {
        Self { table_type: TableType::View, ..self }
    }

    fn source(&self, state: &dyn Session) -> Result<ParquetSource> {
        let options = TableParquetOptions { global: state.config_options().execution.parquet.clone(), ..TableParquetOptions::default() };
        let runtime = state.runtime_env();
        let readers =
            CachedParquetFileReaderFactory::new(runtime.object_store(&self.store.url)?, runtime.cache_manager.get_file_metadata_cache());
        Ok(ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_metadata_size_hint(self.store.metadata_bytes_hint)
            .with_parquet_file_reader_factory(Arc::new(readers)))
    }
}

/// The partition column that lies in the path.
pub(crate) fn day_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> =
        LazyLock::new(|| Arc::new(Schema::new(vec![Field::new(EVENT_DAY, DataType::Date32, false).with_metadata(day_metadata())])));
    Arc::clone(&SCHEMA)
}

fn day_metadata() -> std::collections::HashMap<String, String> {
    [("comment".to_owned(), "The UTC day of `time`; the cheapest filter there is".to_owned())].into()
}

#[async_trait::async_trait]
impl TableProvider for SegmentTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        self.table_type
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match prune::is_decided_by_day(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table_schema = self.schema.table_schema();
        let mut survivors = prune::prune(self.segments.clone(), table_schema, filters, state.execution_props())?;
        files::newest_first(&mut survivors);
        if let Some(rows) = limit
            && filters.iter().all(prune::is_decided_by_day)
        {
            files::keep_rows(&mut survivors, rows);
        }
        self.tally.segments.fetch_add(self.segments.len(), Ordering::Relaxed);
        if survivors.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(table_schema, projection)?)));
        }
        let statistics = files::statistics(&survivors, table_schema);
        let groups = files::groups(&survivors, state.config().target_partitions(), &self.store.lake);
        let config = FileScanConfigBuilder::new(self.store.url.clone(), Arc::new(self.source(state)?))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

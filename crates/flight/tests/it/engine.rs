//! A small query service: DataFusion over tables in memory, with probes that tell when work was dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use coldtrail_query::{Error, Prepared, Principal, QueryService, Running};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::{Stream, StreamExt};
use tokio::sync::watch;

/// Counts work that is alive.
#[derive(Debug, Clone)]
pub(crate) struct Probe(Arc<watch::Sender<usize>>);

#[derive(Debug)]
pub(crate) struct Alive(Probe);

impl Probe {
    fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    fn begin(&self) -> Alive {
        self.0.send_modify(|alive| *alive += 1);
        Alive(self.clone())
    }

    /// Waits until so much work is alive; panics when that takes longer than a cancelled call may take.
    pub(crate) async fn wait_for(&self, expected: usize) {
        let mut alive = self.0.subscribe();
        let reached = tokio::time::timeout(Duration::from_secs(2), alive.wait_for(|alive| *alive == expected)).await;
        assert!(reached.is_ok(), "{} alive instead of {expected}", *self.0.borrow());
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.send_modify(|alive| *alive -= 1);
    }
}

pub(crate) struct Engine {
    context: SessionContext,
    /// Statements that are being planned by `plan_forever`.
    pub(crate) planning: Probe,
    /// Result streams that a client holds.
    pub(crate) running: Probe,
    /// Executions so far.
    pub(crate) executions: AtomicUsize,
    /// Batches that the table `endless` has produced.
    pub(crate) produced: Arc<AtomicUsize>,
    /// Tables of the schema `many` that were loaded.
    pub(crate) loaded: Arc<AtomicUsize>,
}

impl Engine {
    pub(crate) fn new() -> Arc<Self> {
        let config = SessionConfig::new().with_default_catalog_and_schema("coldtrail", "ocsf").with_target_partitions(2);
        let context = SessionContext::new_with_config(config);
        let (produced, loaded) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let catalog = Arc::new(MemoryCatalogProvider::new());
        context.register_catalog("coldtrail", Arc::clone(&catalog) as Arc<dyn CatalogProvider>);
        let ocsf = Arc::new(MemorySchemaProvider::new());
        catalog.register_schema("ocsf", Arc::clone(&ocsf) as Arc<dyn SchemaProvider>).expect("a schema");
        let tables: [(&str, Arc<dyn TableProvider>); 6] = [
            ("api_activity", memory(api_activity())),
            ("numbers", memory(numbers())),
            ("texts", memory(texts())),
            ("forever", streaming(Source::Forever)),
            ("endless", streaming(Source::Endless(Arc::clone(&produced)))),
            ("broken", streaming(Source::Broken)),
        ];
        for (name, table) in tables {
            ocsf.register_table(name.into(), table).expect("a table");
        }
        let many = Many { tables: 100_000, table: memory(numbers().slice(0, 1)), loaded: Arc::clone(&loaded) };
        catalog.register_schema("many", Arc::new(many)).expect("a schema");
        Arc::new(Self { context, planning: Probe::new(), running: Probe::new(), executions: AtomicUsize::new(0), produced, loaded })
    }

    /// Adds the view `events`.
    pub(crate) async fn with_view(self: Arc<Self>) -> Arc<Self> {
        self.context.sql("CREATE VIEW events AS SELECT time, user_name FROM api_activity").await.expect("a view");
        self
    }

    async fn plan(&self, sql: &str) -> Result<datafusion::logical_expr::LogicalPlan, Error> {
        if sql.contains("plan_forever") {
            let _alive = self.planning.begin();
            std::future::pending::<()>().await;
        }
        let bad = |error: DataFusionError| Error::BadStatement { message: error.strip_backtrace() };
        let plan = self.context.state().create_logical_plan(sql).await.map_err(bad)?;
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false);
        read_only.verify_plan(&plan).map_err(bad)?;
        Ok(plan)
    }
}

#[async_trait::async_trait]
impl QueryService for Engine {
    async fn prepare(&self, principal: &Principal, sql: &str) -> Result<Prepared, Error> {
        if sql.contains("secret") && principal.name != "hunter" {
            return Err(Error::NotAllowed { message: format!("{} may not read secret", principal.name) });
        }
        let plan = self.plan(sql).await?;
        let types = plan.get_parameter_types()?;
        let fields: Vec<Field> = (1..=types.len())
            .map(|number| {
                let name = format!("${number}");
                let data_type = types.get(&name).cloned().flatten().filter(|data_type| *data_type != DataType::Null);
                Field::new(name, data_type.unwrap_or(DataType::Utf8), true)
            })
            .collect();
        let nulls = fields.iter().map(|field| ScalarValue::try_from(field.data_type())).collect::<Result<Vec<_>, _>>()?;
        let plan = plan.with_param_values(nulls)?;
        let physical = self.context.state().create_physical_plan(&plan).await?;
        Ok(Prepared { schema: physical.schema(), parameters: Arc::new(Schema::new(fields)) })
    }

    async fn execute(&self, _principal: &Principal, sql: &str, parameters: Option<RecordBatch>) -> Result<Running, Error> {
        let run = self.executions.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.plan(sql).await?;
        if let Some(row) = parameters {
            let values = row.columns().iter().map(|column| ScalarValue::try_from_array(column, 0)).collect::<Result<Vec<_>, _>>()?;
            plan = plan.with_param_values(values)?;
        }
        let stream = self.context.execute_logical_plan(plan).await?.execute_stream().await?;
        let stream = Box::pin(Guarded { stream, _alive: self.running.begin() });
        Ok(Running { query_id: format!("run-{run}"), snapshot_id: 7, stream })
    }

    async fn catalogs(&self, _principal: &Principal) -> Result<Vec<(String, Arc<dyn CatalogProvider>)>, Error> {
        Ok(vec![("coldtrail".into(), self.context.catalog("coldtrail").expect("registered"))])
    }
}

struct Guarded {
    stream: SendableRecordBatchStream,
    _alive: Alive,
}

impl Stream for Guarded {
    type Item = Result<RecordBatch, DataFusionError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(cx)
    }
}

impl RecordBatchStream for Guarded {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}

fn memory(batch: RecordBatch) -> Arc<dyn TableProvider> {
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("a table"))
}

/// Every kind of column that clients have trouble with.
fn api_activity() -> RecordBatch {
    let time =
        TimestampMicrosecondArray::from(vec![1_700_000_000_000_000, 1_700_000_001_000_000, 1_700_000_002_000_000]).with_timezone("UTC");
    let mut tags = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut ports = ListBuilder::new(Int32Builder::new());
    for row in 0..3 {
        tags.keys().append_value("env");
        tags.values().append_value(format!("prod-{row}"));
        tags.append(true).expect("keys and values are even");
        ports.append_value([Some(row), None]);
    }
    let device: ArrayRef = Arc::new(StringArray::from(vec![Some("laptop"), None, Some("phone")]));
    let device = StructArray::from(vec![(Arc::new(Field::new("name", DataType::Utf8, true)), device)]);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("time", Arc::new(time), false),
        ("user_name", Arc::new(StringViewArray::from(vec![Some("alice"), None, Some("a user with a long name")])), true),
        ("status", Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("Success"), Some("Failure"), None])), true),
        ("count", Arc::new(Int64Array::from(vec![1, 2, 3])), false),
        ("score", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(1.5)])), true),
        ("cost", Arc::new(Decimal128Array::from(vec![Some(1_234), None, Some(-5)]).with_precision_and_scale(38, 2).expect("fits")), true),
        ("is_mfa", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])), true),
        ("payload", Arc::new(BinaryViewArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"x")])), true),
        ("ports", Arc::new(ports.finish()), true),
        ("tags", Arc::new(tags.finish()), true),
        ("device", Arc::new(device), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn numbers() -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from_iter_values(0..100_000)) as ArrayRef)]).expect("one column")
}

/// 64 rows of 256 KiB.
fn texts() -> RecordBatch {
    let text = StringViewArray::from_iter_values((0..64).map(|row| format!("{row:08}").repeat(32 * 1024)));
    let id = Int64Array::from_iter_values(0..64);
    RecordBatch::try_from_iter([("id", Arc::new(id) as ArrayRef), ("text", Arc::new(text))]).expect("two columns")
}

#[derive(Debug, Clone)]
enum Source {
    /// Never sends a batch.
    Forever,
    /// Sends batches of 1 MiB as fast as they are taken.
    Endless(Arc<AtomicUsize>),
    /// Sends a batch, then fails.
    Broken,
}

#[derive(Debug)]
struct Streaming {
    source: Source,
    schema: SchemaRef,
}

fn streaming(source: Source) -> Arc<dyn TableProvider> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, false),
        Field::new("at", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
    ]));
    let partition = Arc::new(Streaming { source, schema: Arc::clone(&schema) });
    Arc::new(StreamingTable::try_new(schema, vec![partition]).expect("a table"))
}

impl PartitionStream for Streaming {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(vec![1; 65_536])), Arc::new(TimestampNanosecondArray::from(vec![1; 65_536]))];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("columns of one length");
        let stream = match self.source.clone() {
            Source::Forever => futures::stream::pending().boxed(),
            Source::Endless(produced) => futures::stream::repeat_with(move || {
                produced.fetch_add(1, Ordering::SeqCst);
                Ok(batch.clone())
            })
            .boxed(),
            Source::Broken => {
                let failure = DataFusionError::Execution("read of /var/lib/lake/seg-7.parquet from 10.0.0.7:9000 failed".into());
                futures::stream::iter([Ok(batch), Err(failure)]).boxed()
            }
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

/// A schema of many tables that counts how many are loaded.
#[derive(Debug)]
struct Many {
    tables: usize,
    table: Arc<dyn TableProvider>,
    loaded: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl SchemaProvider for Many {
    fn table_names(&self) -> Vec<String> {
        (0..self.tables).map(|number| format!("table_{number:06}")).collect()
    }

    async fn table(&self, _name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.loaded.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Arc::clone(&self.table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        name.starts_with("table_")
    }
}

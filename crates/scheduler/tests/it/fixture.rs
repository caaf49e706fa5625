use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::SchemaRef;
use arrow::util::pretty::pretty_format_batches;
use coldtrail_query::Error as QueryError;
use coldtrail_scheduler::{
    Engine, EngineConfig, ExecutorConfig, Run, TierMode, WorkClass, Workspace, distributed_session_config, local_session_config,
    query_error,
};
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

pub(crate) const FILES: usize = 20;
pub(crate) const ROWS_A_FILE: usize = 500;
pub(crate) const VCORES: usize = 2;

/// An engine over a small lake in a temporary folder: `events` in twenty files, `indicators` in two.
pub(crate) struct Lab {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) engine: Engine,
    pub(crate) local: SessionContext,
    pub(crate) distributed: Arc<SessionContext>,
    pub(crate) folder: TempDir,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(EngineConfig { tier_mode: TierMode::Distributed, ..EngineConfig::default() }).await
    }

    pub(crate) async fn with(config: EngineConfig) -> Self {
        Self::with_memory(config, 1 << 30).await
    }

    pub(crate) async fn with_memory(config: EngineConfig, memory_bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_lake(folder.path());
        let executor = ExecutorConfig { vcores: VCORES, memory_bytes, ..ExecutorConfig::new(folder.path().join("work")) };
        let workspace = Workspace::open(executor).unwrap();
        let local = session(local_session_config(VCORES), &workspace);
        let distributed = Arc::new(session(distributed_session_config(VCORES), &workspace));
        let engine = Engine::start(config, Arc::clone(&workspace), &distributed.state()).await.unwrap();
        let lab = Self { workspace, engine, local, distributed, folder };
        for context in [&lab.local, &*lab.distributed] {
            lab.register_lake(context).await;
        }
        lab
    }

    /// Registers tables that know the size and the values of their columns, as a catalog does.
    pub(crate) async fn collect_statistics(&self) {
        for context in [&self.local, &*self.distributed] {
            context.state_ref().write().config_mut().options_mut().execution.collect_statistics = true;
            for table in ["events", "indicators", "nothing"] {
                context.deregister_table(table).unwrap();
            }
            self.register_lake(context).await;
        }
    }

    async fn register_lake(&self, context: &SessionContext) {
        // A table none of whose segments can hold a match is planned like this one.
        context.register_table("nothing", Arc::new(EmptyTable::new(events(0).schema()))).unwrap();
        for table in ["events", "indicators"] {
            let location = self.folder.path().join(table).display().to_string();
            context.register_parquet(table, location, ParquetReadOptions::default()).await.unwrap();
        }
    }

    /// A session like that of the distributed tier, with as many partitions a scan.
    pub(crate) async fn session_of(&self, partitions: usize) -> Arc<SessionContext> {
        let context = session(distributed_session_config(VCORES).with_target_partitions(partitions), &self.workspace);
        self.register_lake(&context).await;
        Arc::new(context)
    }

    /// Forgets the footers that were read while planning.
    pub(crate) fn forget_footers(&self) {
        self.workspace.runtime().cache_manager.get_file_metadata_cache().clear();
    }

    pub(crate) async fn register(&self, table: &str, location: &str) {
        for context in [&self.local, &*self.distributed] {
            context.register_parquet(table, location, ParquetReadOptions::default()).await.unwrap();
        }
    }

    pub(crate) async fn plan_local(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        self.local.sql(sql).await.unwrap().create_physical_plan().await.unwrap()
    }

    pub(crate) async fn plan_distributed(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        self.distributed.sql(sql).await.unwrap().create_physical_plan().await.unwrap()
    }

    pub(crate) async fn start_local(&self, sql: &str) -> Run {
        self.engine.run_local(WorkClass::Interactive, self.plan_local(sql).await, self.local.task_ctx()).unwrap()
    }

    pub(crate) async fn start_distributed(&self, sql: &str) -> Run {
        self.engine.run_distributed(WorkClass::Interactive, self.plan_distributed(sql).await, Arc::clone(&self.distributed)).unwrap()
    }

    /// The same as a run does it.
    pub(crate) async fn start_batch(&self, sql: &str) -> Run {
        self.engine.run_distributed(WorkClass::Batch, self.plan_distributed(sql).await, Arc::clone(&self.distributed)).unwrap()
    }

    /// Waits until nothing at all is done for any query any more.
    pub(crate) async fn idle(&self, within: Duration) {
        let start = Instant::now();
        while !self.engine.distributed_jobs().jobs().is_empty() || !self.engine.local_jobs().jobs().is_empty() {
            assert!(start.elapsed() < within, "work goes on after {within:?}: {:?}", self.engine.distributed_jobs().jobs());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn session(config: SessionConfig, workspace: &Workspace) -> SessionContext {
    let state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(Arc::clone(workspace.runtime())).with_default_features().build();
    SessionContext::new_with_state(state)
}

/// All rows of a run, in their order, or the error that ended it.
pub(crate) async fn rows(run: Run) -> Result<(SchemaRef, Vec<String>), QueryError> {
    let schema = run.stream.schema();
    let batches: Vec<RecordBatch> = run.stream.try_collect().await.map_err(|error| query_error(error, &run.query_id))?;
    assert!(batches.iter().all(|batch| batch.schema() == schema), "a batch has another schema than its stream");
    let table = pretty_format_batches(&batches).unwrap().to_string();
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(1).map(str::to_owned).collect();
    Ok((schema, lines))
}

pub(crate) async fn failure(run: Run) -> QueryError {
    match rows(run).await {
        Ok((_, rows)) => panic!("{} rows came where an error should have", rows.len()),
        Err(error) => error,
    }
}

fn write_lake(folder: &Path) {
    for file in 0..FILES {
        write_parquet(&folder.join(format!("events/{file:02}.parquet")), &events(file));
    }
    for (file, names) in [["10.0.0.1", "10.0.0.7", "198.51.100.1"], ["10.0.0.9", "10.0.0.13", "203.0.113.9"]].iter().enumerate() {
        write_parquet(&folder.join(format!("indicators/{file}.parquet")), &indicators(names));
    }
}

/// Deterministic rows with nulls, skew and lists.
fn events(file: usize) -> RecordBatch {
    let ids = (file * ROWS_A_FILE)..((file + 1) * ROWS_A_FILE);
    let number =
        |modulus: usize| -> ArrayRef { Arc::new(Int32Array::from_iter_values(ids.clone().map(|id| (id * 7919 % modulus) as i32))) };
    let mut tags = ListBuilder::new(StringBuilder::new());
    for id in ids.clone() {
        for tag in 0..id % 4 {
            tags.values().append_value(format!("t{}", (id + tag) % 5));
        }
        tags.append(id % 9 != 0);
    }
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone().map(|id| id as i64))) as ArrayRef, false),
        ("day", Arc::new(Int32Array::from_iter_values(ids.clone().map(|_| file as i32))), false),
        ("ip", Arc::new(StringArray::from_iter(ids.clone().map(|id| (id % 11 != 0).then(|| format!("10.0.0.{}", id % 17))))), true),
        ("port", number(97), false),
        ("bytes", number(1009), false),
        ("tags", Arc::new(tags.finish()), true),
    ])
    .unwrap()
}

fn indicators(names: &[&str]) -> RecordBatch {
    let feeds: Vec<String> = names.iter().map(|name| format!("feed {}", name.len())).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("value", Arc::new(StringArray::from_iter_values(names)) as ArrayRef, true),
        ("feed", Arc::new(StringArray::from_iter_values(feeds)), false),
    ])
    .unwrap()
}

pub(crate) fn write_parquet(path: &Path, rows: &RecordBatch) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

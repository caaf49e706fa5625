use std::any::Any;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Day, Event, IndexError, Outcome, SegmentIndex, SegmentMeta, Snapshot, SourceObject, Table};
use coldtrail_query::{Error, ExpectedSource, Geo, PlannedQuery, Planner, PlannerConfig, RuntimeConfig, conform};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use parking_lot::RwLock;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// What is visible, in memory.
#[derive(Debug, Default)]
pub struct Index {
    snapshot: RwLock<Arc<Snapshot>>,
    sources: RwLock<Vec<SourceObject>>,
}

impl Index {
    pub fn commit(&self, added: Vec<SegmentMeta>) {
        let mut snapshot = self.snapshot.read().as_ref().clone();
        snapshot.id += 1;
        for segment in added {
            snapshot.segments.entry(segment.table).or_default().push(Arc::new(segment));
        }
        snapshot.segments.values_mut().for_each(|segments| segments.sort_by_key(|segment| (segment.day, segment.id)));
        *self.snapshot.write() = Arc::new(snapshot);
    }

    pub fn add_source(&self, source: SourceObject) {
        self.sources.write().push(source);
    }

    pub fn newest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read())
    }
}

#[async_trait::async_trait]
impl SegmentIndex for Index {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        Ok(self.newest())
    }

    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        Ok(self.sources.read().clone())
    }
}

/// A lake in a folder with a planner over it.
pub struct World {
    pub lake: Lake,
    pub index: Arc<Index>,
    pub planner: Planner,
    _folder: Option<TempDir>,
}

impl World {
    /// An empty lake in memory.
    pub fn new() -> Self {
        Self::over("memory:///", None)
    }

    /// The same world, in which it is known where addresses are.
    pub fn with_geo(self, geo: Geo) -> Self {
        Self { planner: self.planner.with_geo(geo), ..self }
    }

    /// An empty lake in a folder.
    pub fn in_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("lake").to_str().unwrap().to_owned();
        Self::over(&url, Some(folder))
    }

    fn over(url: &str, folder: Option<TempDir>) -> Self {
        let lake = Lake::open(url, &StoreOptions::default()).unwrap();
        let index = Arc::new(Index::default());
        let planner = planner(PlannerConfig::default(), &lake, &index);
        Self { lake, index, planner, _folder: folder }
    }

    /// The same world, in which somebody said what should come in.
    pub fn expecting(self, expected: Vec<ExpectedSource>) -> Self {
        let planner = planner(PlannerConfig { expected, ..PlannerConfig::default() }, &self.lake, &self.index);
        Self { planner, ..self }
    }

    /// A lake of four days. Each day has one segment of API calls in each of the accounts `111` and `222`, one of sign-ins without
    /// an account, and one of flows in account `111`; each of ten events, on every hour from 00:00. Tests that only read share it.
    pub async fn four_days() -> &'static Self {
        static WORLD: OnceCell<World> = OnceCell::const_new();
        WORLD.get_or_init(|| async { Self::new().with_four_days().await }).await
    }

    pub async fn with_four_days(self) -> Self {
        for day in 1..=4 {
            self.add("aws_cloudtrail", (0..10).map(|hour| api_call(day, hour, "111"))).await;
            self.add("aws_cloudtrail", (0..10).map(|hour| api_call(day, hour, "222"))).await;
            self.add("azure_entra", (0..10).map(|hour| sign_in(day, hour))).await;
            self.add("aws_vpcflow", (0..10).map(|hour| flow(day, hour))).await;
        }
        self
    }

    /// Writes events as segments of their own and commits them.
    pub async fn add(&self, source: &str, events: impl Iterator<Item = Event>) {
        self.add_with(source, WriterConfig::default(), events).await;
    }

    pub async fn add_with(&self, source: &str, config: WriterConfig, events: impl Iterator<Item = Event>) {
        let mut writer = SegmentWriter::new(self.lake.clone(), config);
        let object: Arc<str> = format!("file:///logs/{source}.json").into();
        writer.append_batch(source, &object, events.zip(0..)).unwrap();
        self.index.commit(writer.finish().await.unwrap());
    }

    pub async fn plan(&self, sql: &str) -> PlannedQuery {
        self.try_plan(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}"))
    }

    pub async fn try_plan(&self, sql: &str) -> Result<PlannedQuery, Error> {
        self.planner.plan(sql, None, config()).await
    }

    /// What a wrong statement is answered with.
    pub async fn refusal(&self, sql: &str) -> String {
        match self.try_plan(sql).await {
            Ok(_) => panic!("{sql} was not refused"),
            Err(Error::Failed(error)) => panic!("{sql} failed without a word to its writer: {error}"),
            Err(error) => error.to_string(),
        }
    }

    /// The result as text.
    pub async fn rows(&self, sql: &str) -> String {
        show(&collect(&self.plan(sql).await).await)
    }

    /// The one value of a result of one row and one column.
    pub async fn value(&self, sql: &str) -> String {
        let batches = collect(&self.plan(sql).await).await;
        let values: Vec<String> = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| arrow::util::display::array_value_to_string(batch.column(0), row).unwrap()))
            .collect();
        let [value] = values.as_slice() else { panic!("{sql} gave {values:?}") };
        value.clone()
    }

    /// The segments that a statement would open, as `table day account`.
    pub async fn opens(&self, sql: &str) -> Vec<String> {
        let planned = self.plan(sql).await;
        let snapshot = self.index.newest();
        let mut labels: Vec<String> = files(planned.inner())
            .into_iter()
            .map(|path| {
                let segment = snapshot.segments.values().flatten().find(|segment| path.ends_with(&segment.path)).unwrap();
                let account = segment.accounts.as_ref().and_then(|accounts| accounts.first()).map_or("-", String::as_str);
                format!("{} {} {account}", segment.table, segment.day)
            })
            .collect();
        labels.sort();
        labels
    }
}

fn planner(config: PlannerConfig, lake: &Lake, index: &Arc<Index>) -> Planner {
    let runtime = RuntimeConfig { memory_bytes: 256 << 20, ..RuntimeConfig::new(std::env::temp_dir()) }.build().unwrap();
    Planner::new(config, lake.clone(), Arc::clone(index) as Arc<dyn SegmentIndex>, runtime)
}

pub fn config() -> SessionConfig {
    SessionConfig::new().with_target_partitions(2)
}

/// The paths of the files that a plan opens.
pub fn files(plan: &Arc<dyn ExecutionPlan>) -> Vec<String> {
    let mut paths = Vec::new();
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        let source: &dyn Any = scan.data_source().as_ref();
        if let Some(config) = source.downcast_ref::<FileScanConfig>() {
            paths.extend(config.file_groups.iter().flat_map(FileGroup::iter).map(|file| file.object_meta.location.to_string()));
        }
    }
    plan.children().into_iter().for_each(|child| paths.extend(files(child)));
    paths
}

pub async fn collect(planned: &PlannedQuery) -> Vec<RecordBatch> {
    let stream = execute_stream(Arc::clone(&planned.physical), planned.context.task_ctx()).unwrap();
    let batches: Vec<RecordBatch> = conform(Arc::clone(&planned.schema), stream).try_collect().await.unwrap();
    assert!(batches.iter().all(|batch| batch.schema() == planned.schema));
    batches
}

pub fn show(batches: &[RecordBatch]) -> String {
    pretty_format_batches(batches).unwrap().to_string()
}

/// 2026-03-`day` at this hour, in milliseconds.
pub fn moment(day: i32, hour: i64) -> i64 {
    let first: Day = "2026-03-01".parse().unwrap();
    Day::from_epoch_days(first.epoch_days() + day - 1).range().start_ms + hour * 3_600_000
}

pub fn api_call(day: i32, hour: i64, account: &str) -> Event {
    let mut event = Event::new(Class::ApiActivity, 2, moment(day, hour));
    event.outcome(Outcome::Success);
    event.text(Col::CloudAccountUid, account);
    event.text(Col::ApiOperation, if hour == 3 { "CreateAccessKey" } else { "ListBuckets" });
    event.text(Col::ActorUserName, if hour % 2 == 0 { "alice" } else { "bob" });
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", i64::from(day) * 10 + hour));
    event.text(Col::ResourcesUid, format!("arn:aws:s3:::bucket-{hour}"));
    event.text(Col::RawData, format!(r#"{{"eventName":"x","n":{hour},"nested":{{"deep":"d{day}"}}}}"#));
    event
}

pub fn sign_in(day: i32, hour: i64) -> Event {
    let mut event = Event::new(Class::Authentication, 1, moment(day, hour));
    event.outcome(if hour == 7 { Outcome::Failure } else { Outcome::Success });
    event.text(Col::UserName, if hour % 2 == 0 { "alice" } else { "carol" });
    event.text(Col::SrcEndpointIp, format!("203.0.113.{}", i64::from(day) * 10 + hour));
    event
}

pub fn flow(day: i32, hour: i64) -> Event {
    let mut event = Event::new(Class::NetworkActivity, 6, moment(day, hour));
    event.text(Col::CloudAccountUid, "111");
    event.text(Col::SrcEndpointIp, "10.0.0.1");
    event.text(Col::DstEndpointIp, format!("192.0.2.{hour}"));
    event
}

pub const API: Table = Table::Events(Class::ApiActivity);

//! Runs over a real catalog and a real lake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::util::pretty::pretty_format_batches;
use coldtrail_catalog::{Catalog, CatalogClient};
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Commit, Day, Event, Run, RunId, SegmentIndex, SegmentMeta, Slice};
use coldtrail_query::{Error, Planner, PlannerConfig, Principal, QueryService};
use coldtrail_scheduler::{
    ContentLibrary, EngineConfig, ExecutorConfig, Hunting, QueryRouter, RunRequest, RunService, Runs, RunsConfig, TierMode, Workspace,
};
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) const DAYS: i64 = 10;
pub(crate) const CALLS_A_DAY: i64 = 50;

/// Ten days of calls, with everything that answers runs and hunts over them.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) catalog: Catalog,
    pub(crate) lake: Lake,
    pub(crate) router: QueryRouter,
    pub(crate) content: ContentLibrary,
    pub(crate) runs: Runs,
    pub(crate) hunting: Hunting,
}

impl World {
    pub(crate) async fn new(tier_mode: TierMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(&folder.path().join("lake").display().to_string(), &StoreOptions::default()).unwrap();
        let catalog = Catalog::open(coldtrail_catalog::Config::in_folder(folder.path().join("catalog"))).await.unwrap();
        let added = segments(&lake).await;
        catalog.commit(Commit { added, ..Commit::default() }).await.unwrap();
        let workspace = Workspace::open(ExecutorConfig { vcores: 2, ..ExecutorConfig::new(folder.path().join("work")) }).unwrap();
        let index: Arc<dyn SegmentIndex> = Arc::new(catalog.clone());
        let planner = Planner::new(PlannerConfig::default(), lake.clone(), index, Arc::clone(workspace.runtime()));
        let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
        let content = ContentLibrary::new(lake.clone(), Arc::clone(&client));
        let planner = planner.with_content(Arc::new(content.clone()));
        let planner = planner.clone().with_extension(Runs::tables(planner, Arc::clone(&client), content.clone()));
        let router = QueryRouter::start(planner, EngineConfig { tier_mode, ..EngineConfig::default() }, workspace).await.unwrap();
        let mut config = RunsConfig { retry_pause: Duration::from_millis(10), ..RunsConfig::default() };
        config.slices.slices_target = 5;
        config.slices.slice_bytes_min = 1;
        let runs = Runs::new(router.clone(), Arc::clone(&client), content.clone(), config);
        let hunting = Hunting::new(router.clone(), client, runs.clone(), content.clone());
        Self { folder, catalog, lake, router, content, runs, hunting }
    }

    pub(crate) async fn submit(&self, sql: &str) -> RunId {
        self.try_submit(RunRequest { sql: sql.to_owned(), ..RunRequest::default() })
            .await
            .unwrap_or_else(|error| panic!("{sql}\n{error}"))
            .id
    }

    pub(crate) async fn try_submit(&self, request: RunRequest) -> Result<Run, Error> {
        self.runs.submit(&hunter(), request).await
    }

    /// Leads in the background until the guard is dropped.
    pub(crate) fn lead(&self, epoch: u64) -> Leading {
        let stop = CancellationToken::new();
        let (runs, ended) = (self.runs.clone(), stop.clone());
        Leading { stop: stop.clone(), task: tokio::spawn(async move { runs.lead(epoch, ended).await }) }
    }

    pub(crate) async fn wait_for(&self, id: RunId, wanted: impl Fn(&Run, &[Slice]) -> bool) -> (Run, Vec<Slice>) {
        let start = Instant::now();
        loop {
            let (run, slices) = self.runs.get(id).await.unwrap();
            if wanted(&run, &slices) {
                return (run, slices);
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the run stays {run:?} {slices:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn end(&self, id: RunId) -> (Run, Vec<Slice>) {
        self.wait_for(id, |run, _| run.state.has_ended()).await
    }

    pub(crate) async fn rows(&self, sql: &str) -> String {
        let running = self.router.execute(&hunter(), sql, None).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
        let batches: Vec<_> = running.stream.try_collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    pub(crate) async fn result(&self, id: RunId) -> String {
        self.rows(&format!("SELECT * FROM results.\"{id}\"")).await
    }
}

/// A leader in the background.
pub(crate) struct Leading {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Leading {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub(crate) fn hunter() -> Principal {
    Principal { name: "hunter".to_owned() }
}

pub(crate) async fn segments(lake: &Lake) -> Vec<SegmentMeta> {
    let first: Day = "2026-03-01".parse().unwrap();
    let mut segments = Vec::new();
    for day in 0..DAYS {
        let mut writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
        let object: Arc<str> = "file:///logs/x.json".into();
        let events = (0..CALLS_A_DAY).map(|number| {
            let mut event = Event::new(Class::ApiActivity, 2, first.range().start_ms + day * 86_400_000 + number * 1_000_000);
            event.text(Col::ActorUserName, format!("user{}", (number * 7 + day) % 9));
            event.text(Col::ApiOperation, if number % 3 == 0 { "GetObject" } else { "ListBuckets" });
            event
        });
        writer.append_batch("aws_cloudtrail", &object, events.zip(0..)).unwrap();
        segments.extend(writer.finish().await.unwrap());
    }
    segments
}

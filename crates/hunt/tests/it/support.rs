use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use chrono::{DateTime, Utc};
use coldtrail_hunt::{Division, ResultFile, ResultTable, SlicePolicy, windows};
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Day, Event, IndexError, Merge, Outcome, SegmentIndex, SegmentMeta, Snapshot, SourceObject, TimeRange};
use coldtrail_query::{PlannedQuery, Planner, PlannerConfig, RuntimeConfig, Session, conform};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;

/// One snapshot, in memory.
#[derive(Debug)]
pub struct Index(Arc<Snapshot>);

#[async_trait::async_trait]
impl SegmentIndex for Index {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        Ok(Arc::clone(&self.0))
    }

    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError> {
        Ok(Vec::new())
    }
}

/// A lake of twelve days in memory, with a planner over it.
pub struct World {
    pub planner: Planner,
}

pub const DAYS: i64 = 12;

impl World {
    pub async fn new() -> Self {
        let lake = Lake::open("memory:///", &StoreOptions::default()).unwrap();
        let mut snapshot = Snapshot { id: 1, ..Snapshot::default() };
        for segment in segments(&lake).await {
            snapshot.segments.entry(segment.table).or_default().push(Arc::new(segment));
        }
        snapshot.segments.values_mut().for_each(|segments| segments.sort_by_key(|segment| (segment.day, segment.id)));
        let runtime = RuntimeConfig { memory_bytes: 256 << 20, ..RuntimeConfig::new(std::env::temp_dir()) }.build().unwrap();
        let index = Arc::new(Index(Arc::new(snapshot)));
        Self { planner: Planner::new(PlannerConfig::default(), lake, index, runtime) }
    }

    pub async fn session(&self) -> Session {
        self.planner.session(SessionConfig::new().with_target_partitions(2)).await.unwrap()
    }

    pub async fn division(&self, sql: &str) -> Division {
        let session = self.session().await;
        let plan = self.planner.analyse(sql, &session, now()).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
        Division::of(&plan).unwrap_or_else(|error| panic!("{sql}\n{error}"))
    }

    /// The rows of a statement as a whole.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let session = self.session().await;
        let plan = self.planner.analyse(sql, &session, now()).await.unwrap();
        text(&collect(&self.planner.plan_of(plan, &session).await.unwrap()).await)
    }

    /// The rows of a plan that was made of a statement.
    pub async fn rows_of(&self, plan: LogicalPlan, session: &Session) -> Vec<String> {
        text(&collect(&self.planner.plan_of(plan, session).await.unwrap()).await)
    }

    /// The rows of a statement, slice by slice; also how many slices were read.
    pub async fn rows_of_slices(&self, sql: &str) -> (Vec<String>, usize) {
        let division = self.division(sql).await;
        let mut partials = Vec::new();
        let mut read = 0;
        for time in self.slices(&division).await {
            let enough = division.rows_wanted().is_some_and(|wanted| partials.iter().map(RecordBatch::num_rows).sum::<usize>() >= wanted);
            if enough {
                break;
            }
            let session = self.session().await;
            let planned = self.planner.plan_of(division.slice(time).unwrap(), &session).await.unwrap();
            let stream = execute_stream(Arc::clone(&planned.physical), planned.context.task_ctx()).unwrap();
            let rows: Vec<RecordBatch> = conform(division.partial_schema(), stream).try_collect().await.unwrap();
            partials.extend(rows);
            read += 1;
        }
        let table = MemTable::try_new(division.partial_schema(), vec![partials]).unwrap();
        (self.merge(&division, Arc::new(table)).await, read)
    }

    pub async fn merge(&self, division: &Division, partials: Arc<dyn TableProvider>) -> Vec<String> {
        let session = self.session().await;
        let plan = division.merged(partials).unwrap();
        text(&collect(&self.planner.plan_of(plan, &session).await.unwrap()).await)
    }

    /// A table without files, as a run has before its first slice.
    pub fn nothing(&self, division: &Division) -> Arc<dyn TableProvider> {
        let files: Vec<ResultFile> = Vec::new();
        Arc::new(ResultTable::new(division.partial_schema(), self.planner.store_url().clone(), files))
    }

    async fn slices(&self, division: &Division) -> Vec<TimeRange> {
        if division.merge() == Merge::Whole {
            return vec![TimeRange { start_ms: i64::MIN, end_ms: i64::MAX }];
        }
        let session = self.session().await;
        let planned = self.planner.plan_of(division.rows(), &session).await.unwrap();
        let segments = planned.segments(session.snapshot(), self.planner.lake());
        let policy = SlicePolicy { slices_target: 5, slice_bytes_min: 1, slice_bytes_max: u64::MAX };
        windows(&segments, &policy).into_iter().map(|window| window.time).collect()
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(moment(DAYS, 12)).unwrap()
}

async fn collect(planned: &PlannedQuery) -> Vec<RecordBatch> {
    let stream = execute_stream(Arc::clone(&planned.physical), planned.context.task_ctx()).unwrap();
    conform(Arc::clone(&planned.schema), stream).try_collect().await.unwrap()
}

/// One line a row, with the columns' names and types in front.
fn text(batches: &[RecordBatch]) -> Vec<String> {
    let header = batches.first().map(|batch| {
        let fields = batch.schema();
        fields.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect::<Vec<_>>().join(" | ")
    });
    let rows = batches.iter().flat_map(|batch| {
        (0..batch.num_rows()).map(|row| {
            let values = batch.columns().iter().map(|column| match column.is_null(row) {
                true => "NULL".to_owned(),
                false => array_value_to_string(column, row).unwrap(),
            });
            values.collect::<Vec<_>>().join(" | ")
        })
    });
    header.into_iter().chain(rows).collect()
}

async fn segments(lake: &Lake) -> Vec<SegmentMeta> {
    let mut segments = Vec::new();
    for day in 1..=DAYS {
        let calls = (0..40).map(|number| api_call(day, number)).collect();
        let sign_ins = (0..24).map(|number| sign_in(day, number)).collect();
        for (source, events) in [("aws_cloudtrail", calls), ("azure_entra", sign_ins)] as [(&str, Vec<Event>); 2] {
            let mut writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
            let object: Arc<str> = format!("file:///logs/{source}.json").into();
            writer.append_batch(source, &object, events.into_iter().zip(0..)).unwrap();
            segments.extend(writer.finish().await.unwrap());
        }
    }
    segments
}

/// 2026-03-`day` at this hour, in milliseconds.
pub fn moment(day: i64, hour: i64) -> i64 {
    let first: Day = "2026-03-01".parse().unwrap();
    first.range().start_ms + (day - 1) * 86_400_000 + hour * 3_600_000
}

fn api_call(day: i64, number: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 2, moment(day, 0) + number * 2_100_000);
    event.outcome(if number % 7 == 0 { Outcome::Failure } else { Outcome::Success });
    if number % 5 != 0 {
        event.text(Col::CloudAccountUid, if number % 2 == 0 { "111" } else { "222" });
    }
    event.text(Col::ApiOperation, ["ListBuckets", "GetObject", "CreateAccessKey"][usize::try_from((number * day) % 3).unwrap()]);
    event.text(Col::ActorUserName, format!("user{}", (number * 7 + day) % 9));
    event.text(Col::SrcEndpointIp, format!("198.51.100.{}", (number * day) % 50));
    event.text(Col::RawData, format!(r#"{{"n":{number},"day":{day}}}"#));
    event
}

fn sign_in(day: i64, number: i64) -> Event {
    let mut event = Event::new(Class::Authentication, 1, moment(day, number));
    event.outcome(if number % 3 == 0 { Outcome::Failure } else { Outcome::Success });
    event.text(Col::UserName, format!("user{}", (number + day) % 7));
    event.text(Col::SrcEndpointIp, format!("203.0.113.{}", (number * day) % 20));
    event
}

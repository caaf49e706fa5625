use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use coldtrail_catalog::CatalogClient;
use coldtrail_hunt::{Division, Finding, ResultFile, ResultTable, now_of};
use coldtrail_model::{ALARM_KIND, Run, RunId, Slice, SliceState};
use coldtrail_query::{Extension, Planner};
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::datasource::{MemTable, TableType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::prelude::SessionConfig;
use serde::de::DeserializeOwned;

use super::alarms_table::alarms_batch;
use super::findings_table::findings_batch;
use super::kpis_table::{HuntingFacts, kpis_batch};
use super::prepare::moment;
use crate::content::{ContentLibrary, IntelSchema};
use crate::hunting::{CONCLUSION, FINDING};

/// The schema with a table for each run: the rows of the slices that are done, also while it goes on.
const RESULTS: &str = "results";
/// The schema with the feeds of indicators.
const INTEL: &str = "intel";
const ALARMS: &str = "alarms";
const FINDINGS: &str = "findings";
const KPIS: &str = "hunt_kpis";
const RUNS: &str = "runs";
const SLICES: &str = "slices";

/// Runs, slices and results as tables, and what hunters brought.
#[derive(Clone)]
pub(super) struct RunTables {
    planner: Planner,
    catalog: Arc<dyn CatalogClient>,
    content: ContentLibrary,
}

impl fmt::Debug for RunTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunTables")
    }
}

impl RunTables {
    pub(super) fn new(planner: Planner, catalog: Arc<dyn CatalogClient>, content: ContentLibrary) -> Self {
        Self { planner, catalog, content }
    }

    async fn runs(&self) -> Result<Vec<Arc<Run>>> {
        self.catalog.runs().await.map_err(external)
    }

    /// Every document of a kind.
    async fn all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>> {
        let documents = self.catalog.documents(kind).await.map_err(external)?;
        documents.iter().map(|document| serde_json::from_slice(&document.body).map_err(external)).collect()
    }

    /// What the run gives, from the slices that are done: a view over their files.
    async fn result(&self, id: RunId) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some((run, slices)) = self.catalog.run(id).await.map_err(external)? else { return Ok(None) };
        let definition = &run.definition;
        // The columns of a statement do not depend on which rows there are: when its snapshot is gone, any will do.
        let snapshot = match self.catalog.snapshot_at(definition.snapshot_id).await {
            Ok(snapshot) => snapshot,
            Err(_) => self.planner.snapshot().await.map_err(|error| external(error))?,
        };
        let session = self.planner.session_at(snapshot, SessionConfig::new());
        let now = moment(now_of(&definition.labels, definition.submitted_ms));
        let plan = self.planner.analyse(&definition.sql, &session, now).await.map_err(|error| external(error))?;
        let division = Division::of(&plan)?;
        let lake = self.planner.lake();
        let files = slices.iter().filter_map(|slice| match &slice.state {
            SliceState::Done(result) => result.path.as_ref().map(|path| ResultFile { path: lake.path(path), bytes: result.bytes }),
            _ => None,
        });
        let files = files.collect();
        let partials = ResultTable::new(division.partial_schema(), self.planner.store_url().clone(), files);
        Ok(Some(Arc::new(MergedTable { plan: division.merged(Arc::new(partials))?, statement: definition.sql.clone() })))
    }
}

#[async_trait::async_trait]
impl Extension for RunTables {
    fn system_names(&self) -> Vec<&'static str> {
        vec![ALARMS, FINDINGS, KPIS, RUNS, SLICES]
    }

    async fn system_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let batch = match name {
            RUNS => runs_batch(&self.runs().await?)?,
            SLICES => {
                let mut slices = Vec::new();
                for run in self.runs().await? {
                    slices.extend(self.catalog.slices(run.id).await.map_err(external)?);
                }
                slices_batch(&slices)?
            }
            ALARMS => alarms_batch(&self.all(ALARM_KIND).await?)?,
            FINDINGS => findings_batch(&self.all::<Finding>(FINDING).await?)?,
            KPIS => {
                let (runs, findings) = (self.runs().await?, self.all(FINDING).await?);
                kpis_batch(&HuntingFacts { runs: &runs, findings: &findings, conclusions: &self.all(CONCLUSION).await? })?
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn schemas(&self) -> Vec<(&'static str, Arc<dyn SchemaProvider>)> {
        vec![(RESULTS, Arc::new(ResultsSchema(self.clone()))), (INTEL, Arc::new(IntelSchema::new(self.content.clone())))]
    }
}

/// What a run gives. Not a view: the ORDER BY of a view counts for nothing, and that of a run is part of its answer.
#[derive(Debug)]
struct MergedTable {
    plan: LogicalPlan,
    statement: String,
}

#[async_trait::async_trait]
impl TableProvider for MergedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.plan.schema().inner())
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn get_table_definition(&self) -> Option<&str> {
        Some(&self.statement)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let merged = state.create_physical_plan(&self.plan).await?;
        let Some(projection) = projection else { return Ok(merged) };
        let schema = merged.schema();
        let column = |place: &usize| {
            let name = schema.field(*place).name();
            (Arc::new(Column::new(name, *place)) as Arc<dyn PhysicalExpr>, name.clone())
        };
        Ok(Arc::new(ProjectionExec::try_new(projection.iter().map(column).collect::<Vec<_>>(), merged)?))
    }
}

/// Schema `results`. Its names are not listed: there may be thousands, and each would be planned to show its columns.
#[derive(Debug)]
struct ResultsSchema(RunTables);

#[async_trait::async_trait]
impl SchemaProvider for ResultsSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match name.parse() {
            Ok(id) => self.0.result(id).await,
            Err(_) => Ok(None),
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(TableType::View))
    }

    fn table_exist(&self, name: &str) -> bool {
        name.parse::<RunId>().is_ok()
    }
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

pub(super) fn commented(name: &str, kind: DataType, nullable: bool, comment: &str) -> Field {
    Field::new(name, kind, nullable).with_metadata([("comment".to_owned(), comment.to_owned())].into())
}

pub(super) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

pub(super) fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn counts(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.map(|value| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))).collect::<Int64Array>())
}

fn instants(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
}

fn runs_batch(runs: &[Arc<Run>]) -> Result<RecordBatch> {
    let ids: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    let plan = |of: fn(&coldtrail_model::RunPlan) -> u64| counts(runs.iter().map(|run| run.plan.as_ref().map(of)));
    let columns: Vec<(Field, ArrayRef)> = vec![
        (commented("run_id", DataType::Utf8, false, "The run's name"), texts(ids.iter().map(|id| Some(id.as_str())))),
        (commented("title", DataType::Utf8, true, "A name for people"), texts(runs.iter().map(|run| run.definition.title.as_deref()))),
        (
            commented("state", DataType::Utf8, false, "queued, running, paused, done, partial, failed or cancelled"),
            texts(runs.iter().map(|run| Some(run.state.name()))),
        ),
        (
            commented("message", DataType::Utf8, true, "Why it failed, was cancelled or is partial"),
            texts(runs.iter().map(|run| run.message.as_deref())),
        ),
        (commented("principal", DataType::Utf8, false, "Who asked"), texts(runs.iter().map(|run| Some(run.definition.principal.as_str())))),
        (commented("statement", DataType::Utf8, false, "The statement"), texts(runs.iter().map(|run| Some(run.definition.sql.as_str())))),
        (
            commented("submitted_time", instant(), false, "When it was asked for"),
            instants(runs.iter().map(|run| Some(run.definition.submitted_ms))),
        ),
        (commented("started_time", instant(), true, "When its first slice was begun"), instants(runs.iter().map(|run| run.started_ms))),
        (commented("ended_time", instant(), true, "When it ended"), instants(runs.iter().map(|run| run.ended_ms))),
        (
            commented("snapshot_id", DataType::Int64, false, "The snapshot that it reads"),
            counts(runs.iter().map(|run| Some(run.definition.snapshot_id))),
        ),
        (
            commented("merge", DataType::Utf8, true, "How the rows of slices become the result"),
            texts(runs.iter().map(|run| run.plan.as_ref().map(|plan| plan.merge.name()))),
        ),
        (
            commented("reason", DataType::Utf8, true, "Why it is divided as it is"),
            texts(runs.iter().map(|run| run.plan.as_ref().map(|plan| plan.reason.as_str()))),
        ),
        (commented("slices", DataType::Int64, true, "Into how many slices it is divided"), plan(|plan| u64::from(plan.slices))),
        (commented("segments", DataType::Int64, true, "The segments that it reads"), plan(|plan| plan.segments)),
        (commented("bytes", DataType::Int64, true, "Their bytes"), plan(|plan| plan.bytes)),
        (commented("rows", DataType::Int64, true, "Their rows"), plan(|plan| plan.rows)),
        (
            commented("priority", DataType::Int32, false, "A higher one is served first"),
            Arc::new(runs.iter().map(|run| Some(run.definition.priority)).collect::<Int32Array>()),
        ),
        (
            commented("epoch", DataType::Int64, false, "The term of the leader that works on it"),
            counts(runs.iter().map(|run| Some(run.epoch))),
        ),
    ];
    batch(columns)
}

fn slices_batch(slices: &[Slice]) -> Result<RecordBatch> {
    let ids: Vec<String> = slices.iter().map(|slice| slice.run.to_string()).collect();
    let result = |slice: &Slice| match &slice.state {
        SliceState::Done(result) => Some(result.clone()),
        _ => None,
    };
    let results: Vec<_> = slices.iter().map(result).collect();
    let failure = |slice: &'_ Slice| match &slice.state {
        SliceState::Failed { message, segment } => Some((message.clone(), segment.clone())),
        _ => None,
    };
    let failures: Vec<_> = slices.iter().map(failure).collect();
    let whole = |ms: i64| (ms != i64::MIN && ms != i64::MAX).then_some(ms);
    let columns: Vec<(Field, ArrayRef)> = vec![
        (commented("run_id", DataType::Utf8, false, "The run"), texts(ids.iter().map(|id| Some(id.as_str())))),
        (
            commented("number", DataType::Int64, false, "Its place; the newest time is 0"),
            counts(slices.iter().map(|slice| Some(u64::from(slice.number)))),
        ),
        (
            commented("state", DataType::Utf8, false, "planned, done, skipped or failed"),
            texts(slices.iter().map(|slice| Some(slice.state.name()))),
        ),
        (
            commented("first_time", instant(), true, "The first instant that it reads; null is all time"),
            instants(slices.iter().map(|slice| whole(slice.time.start_ms))),
        ),
        (
            commented("last_time", instant(), true, "The last instant that it reads; null is all time"),
            instants(slices.iter().map(|slice| whole(slice.time.end_ms))),
        ),
        (
            commented("segments", DataType::Int64, false, "The segments that it reads"),
            counts(slices.iter().map(|slice| Some(u64::from(slice.segments)))),
        ),
        (commented("bytes", DataType::Int64, false, "Their bytes"), counts(slices.iter().map(|slice| Some(slice.bytes)))),
        (
            commented("attempts", DataType::Int64, false, "How often it was begun"),
            counts(slices.iter().map(|slice| Some(u64::from(slice.attempts)))),
        ),
        (
            commented("started_time", instant(), true, "When it was begun the last time"),
            instants(slices.iter().map(|slice| slice.started_ms)),
        ),
        (commented("ended_time", instant(), true, "When it ended"), instants(slices.iter().map(|slice| slice.ended_ms))),
        (
            commented("rows", DataType::Int64, true, "The rows that it gave"),
            counts(results.iter().map(|result| result.as_ref().map(|result| result.rows))),
        ),
        (
            commented("result_path", DataType::Utf8, true, "Where they are, relative to the lake"),
            texts(results.iter().map(|result| result.as_ref().and_then(|result| result.path.as_deref()))),
        ),
        (
            commented("message", DataType::Utf8, true, "Why it was given up"),
            texts(failures.iter().map(|failure| failure.as_ref().map(|(message, _)| message.as_str()))),
        ),
        (
            commented("segment", DataType::Utf8, true, "The segment that cannot be read, if it is that"),
            texts(failures.iter().map(|failure| failure.as_ref().and_then(|(_, segment)| segment.as_deref()))),
        ),
    ];
    batch(columns)
}

pub(super) fn batch(columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

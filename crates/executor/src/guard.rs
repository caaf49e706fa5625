use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use ballista_core::error::BallistaError;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ChildrenPropertiesMode};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::{Stream, StreamExt};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::reader::{OpenSegments, SegmentReaders};
use crate::registry::Job;
use crate::stop::{Watch, stoppable_join};

/// Ends its stream with an error once the job is cancelled, and counts what passes.
///
/// Ballista drives a task's writer from detached futures, so aborting a task stops nothing;
/// what does stop them is an error from below. It must be an error and not an early end: a
/// result cut short must never pass for a whole one.
///
/// It has no metrics and one child, so that Ballista still finds each operator's metrics by
/// its position and reads the partitioning through it.
#[derive(Debug)]
pub struct GuardExec {
    input: Arc<dyn ExecutionPlan>,
    job: Arc<Job>,
    token: CancellationToken,
    position: Position,
}

/// Where in a task's plan a guard sits.
#[derive(Debug, Clone)]
enum Position {
    /// Above a scan or a shuffle reader.
    Leaf(Option<Arc<OpenSegments>>),
    /// Above an operator that may give many rows for each that it reads.
    Within,
    /// Below the task's writer.
    Root,
}

/// Puts a guard above every leaf and every join of `plan`, and lets Parquet scans name the segment that an error comes from.
pub fn guard_operators(
    plan: Arc<dyn ExecutionPlan>,
    job: &Arc<Job>,
    token: &CancellationToken,
    runtime: &RuntimeEnv,
) -> Result<Arc<dyn ExecutionPlan>> {
    let watch = Watch { job: Arc::clone(job), token: token.clone() };
    let guarded = plan.transform_up(|node| {
        match node.children().len() {
            0 => {}
            1 => return Ok(Transformed::no(node)),
            _ => {
                let join = stoppable_join(&node, &watch)?.unwrap_or(node);
                return Ok(Transformed::yes(GuardExec::wrap(join, job, token, Position::Within)));
            }
        }
        let (leaf, segments) = match parquet_scan(&node) {
            Some((config, parquet)) => {
                let segments = Arc::new(OpenSegments::default());
                (name_segments(config, parquet, job, &segments, runtime)?, Some(segments))
            }
            None => (node, None),
        };
        Ok(Transformed::yes(GuardExec::wrap(leaf, job, token, Position::Leaf(segments))))
    })?;
    Ok(guarded.data)
}

/// Puts a guard above `plan`, the input of a task's writer.
pub(crate) fn guard_root(plan: Arc<dyn ExecutionPlan>, job: &Arc<Job>, token: &CancellationToken) -> Arc<dyn ExecutionPlan> {
    GuardExec::wrap(plan, job, token, Position::Root)
}

fn parquet_scan(leaf: &Arc<dyn ExecutionPlan>) -> Option<(&FileScanConfig, &ParquetSource)> {
    let source: &dyn Any = leaf.downcast_ref::<DataSourceExec>()?.data_source().as_ref();
    let config = source.downcast_ref::<FileScanConfig>()?;
    let files: &dyn Any = config.file_source().as_ref();
    Some((config, files.downcast_ref::<ParquetSource>()?))
}

fn name_segments(
    config: &FileScanConfig,
    parquet: &ParquetSource,
    job: &Arc<Job>,
    segments: &Arc<OpenSegments>,
    runtime: &RuntimeEnv,
) -> Result<Arc<dyn ExecutionPlan>> {
    let store = runtime.object_store(&config.object_store_url)?;
    let readers = SegmentReaders::new(store, runtime.cache_manager.get_file_metadata_cache(), job, segments);
    let parquet = parquet.clone().with_parquet_file_reader_factory(Arc::new(readers));
    Ok(DataSourceExec::from_data_source(FileScanConfigBuilder::from(config.clone()).with_source(Arc::new(parquet)).build()))
}

impl GuardExec {
    fn wrap(input: Arc<dyn ExecutionPlan>, job: &Arc<Job>, token: &CancellationToken, position: Position) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, job: Arc::clone(job), token: token.clone(), position })
    }
}

impl DisplayAs for GuardExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardExec")
    }
}

impl ExecutionPlan for GuardExec {
    fn name(&self) -> &'static str {
        "GuardExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Self::wrap(input, &self.job, &self.token, self.position.clone())),
            _ => Err(DataFusionError::Internal("a guard has exactly one child".to_owned())),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if self.token.is_cancelled() {
            return Err(cancelled());
        }
        let inner = self.input.execute(partition, context)?;
        Ok(Box::pin(GuardStream {
            schema: inner.schema(),
            inner: Some(inner),
            cancelled: Box::pin(self.token.clone().cancelled_owned()),
            job: Arc::clone(&self.job),
            position: self.position.clone(),
            partition,
        }))
    }
}

pub(crate) fn cancelled() -> DataFusionError {
    DataFusionError::External(Box::new(BallistaError::Cancelled))
}

struct GuardStream {
    schema: SchemaRef,
    /// Dropped as soon as the stream has ended, so that nothing below goes on.
    inner: Option<SendableRecordBatchStream>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    job: Arc<Job>,
    position: Position,
    partition: usize,
}

impl GuardStream {
    fn note(&self, batch: &RecordBatch) {
        self.job.count_batch();
        if matches!(self.position, Position::Leaf(_)) {
            self.job.count_rows(batch.num_rows());
        }
    }

    /// Says which segment was being read, unless the error says so itself.
    fn name(&self, error: DataFusionError) -> DataFusionError {
        let Position::Leaf(Some(segments)) = &self.position else { return error };
        match segments.current(self.partition) {
            Some(path) if !error.to_string().contains(&path) => error.context(format!("in segment file {path}")),
            _ => error,
        }
    }
}

impl Stream for GuardStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(inner) = this.inner.as_mut() else { return Poll::Ready(None) };
        if this.cancelled.as_mut().poll(cx).is_ready() {
            this.inner = None;
            return Poll::Ready(Some(Err(cancelled())));
        }
        match std::task::ready!(inner.poll_next_unpin(cx)) {
            Some(Ok(batch)) => {
                this.note(&batch);
                Poll::Ready(Some(Ok(batch)))
            }
            Some(Err(error)) => {
                this.inner = None;
                Poll::Ready(Some(Err(this.name(error))))
            }
            None => {
                this.inner = None;
                Poll::Ready(None)
            }
        }
    }
}

impl RecordBatchStream for GuardStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

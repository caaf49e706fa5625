use std::fmt;
use std::sync::Arc;

use ballista_core::JobId;
use ballista_core::serde::protobuf::{RuntimeStatsReport, ShuffleWritePartition, TaskColumnStats, WindowStateReport};
use ballista_executor::execution_engine::{DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::metrics::{Metric, MetricValue, MetricsSet};
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};
use datafusion::prelude::SessionConfig;
use tokio_util::sync::CancellationToken;

use crate::failure::{TaskFailure, is_fetch_failure};
use crate::guard::{guard_operators, guard_root};
use crate::registry::{Job, JobRegistry};

/// Makes the tasks of Ballista stoppable.
pub struct HuntExecutionEngine {
    stages: DefaultExecutionEngine,
    registry: Arc<JobRegistry>,
    runtime: Arc<RuntimeEnv>,
}

impl HuntExecutionEngine {
    /// An engine whose jobs show in `registry` and whose scans read through `runtime`.
    #[must_use]
    pub fn new(registry: Arc<JobRegistry>, runtime: Arc<RuntimeEnv>) -> Self {
        Self { stages: DefaultExecutionEngine::new(), registry, runtime }
    }
}

impl ExecutionEngine for HuntExecutionEngine {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        global_output_partition_ids: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let job = self.registry.enter(job_id.as_str());
        let token = job.task_token();
        let plan = guard_operators(plan, &job, &token, &self.runtime)?;
        let plan = guard_writer_input(plan, &job, &token)?;
        let stage = self.stages.create_query_stage_exec(job_id, stage_id, task_id, global_output_partition_ids, plan, work_dir, config)?;
        Ok(Arc::new(HuntStage { stage, job, token }))
    }
}

fn guard_writer_input(writer: Arc<dyn ExecutionPlan>, job: &Arc<Job>, token: &CancellationToken) -> Result<Arc<dyn ExecutionPlan>> {
    let input = match writer.children().as_slice() {
        [input] => guard_root(Arc::clone(input), job, token),
        _ => return Err(DataFusionError::Internal(format!("{} is not a shuffle writer", writer.name()))),
    };
    replace_children_if_necessary(writer, vec![input])
}

/// One task: Ballista's own, with an end to everything that it started.
struct HuntStage {
    stage: Arc<dyn QueryStageExecutor>,
    job: Arc<Job>,
    token: CancellationToken,
}

#[async_trait::async_trait]
impl QueryStageExecutor for HuntStage {
    async fn execute_query_stage(&self, task_id: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        let _running = self.job.begin_task();
        // Ends the detached writers when this future is dropped, which is how Ballista aborts a task,
        // and those that are left when one of them has failed.
        let _end = self.token.clone().drop_guard();
        let written = self.stage.execute_query_stage(task_id, context).await;
        written.map_err(|error| if is_fetch_failure(&error) { error } else { TaskFailure::of(&error).into_datafusion() })
    }

    fn collect_plan_metrics(&self) -> Vec<MetricsSet> {
        self.stage.collect_plan_metrics().iter().map(aggregate).collect()
    }

    fn collect_runtime_stats_reports(&self) -> Vec<RuntimeStatsReport> {
        self.stage.collect_runtime_stats_reports()
    }

    fn collect_window_state_reports(&self) -> Result<Vec<WindowStateReport>> {
        self.stage.collect_window_state_reports()
    }

    fn collect_column_stats(&self) -> Vec<TaskColumnStats> {
        self.stage.collect_column_stats()
    }
}

/// One value a name. A scan has some forty a file, and a report of many files would not fit
/// into a message; a lost report is a job that never ends.
///
/// The partition must be set: Ballista replaces the values of a task that is tried again by
/// their partition.
fn aggregate(metrics: &MetricsSet) -> MetricsSet {
    let mut values = MetricsSet::new();
    for metric in metrics.aggregate_by_name().iter() {
        // The start of a task means nothing once tasks are added up.
        if !matches!(metric.value(), MetricValue::StartTimestamp(_) | MetricValue::EndTimestamp(_)) {
            values.push(Arc::new(Metric::new(metric.value().clone(), Some(0))));
        }
    }
    values
}

impl fmt::Debug for HuntStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stage.fmt(f)
    }
}

impl fmt::Display for HuntStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stage, f)
    }
}

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
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::failure::{TaskFailure, is_fetch_failure};
use crate::guard::{guard_operators, guard_root};
use crate::priority::on;
use crate::registry::{Job, JobRegistry};
use crate::{WorkClass, Workspace};

/// Makes the tasks of Ballista stoppable.
pub struct HuntExecutionEngine {
    stages: DefaultExecutionEngine,
    registry: Arc<JobRegistry>,
    runtime: Arc<RuntimeEnv>,
    batch: Handle,
}

impl HuntExecutionEngine {
    /// An engine whose jobs show in `registry`, whose scans read through the workspace's runtime, and whose batch work runs on its
    /// threads for that.
    #[must_use]
    pub fn new(registry: Arc<JobRegistry>, workspace: &Workspace) -> Self {
        let (runtime, batch) = (Arc::clone(workspace.runtime()), workspace.threads(WorkClass::Batch).clone());
        Self { stages: DefaultExecutionEngine::new(), registry, runtime, batch }
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
        let threads = (WorkClass::of_job(job_id.as_str()) == WorkClass::Batch).then(|| self.batch.clone());
        let plan = guard_operators(plan, &job, &token, &self.runtime)?;
        let plan = guard_writer_input(plan, &job, &token)?;
        let stage = self.stages.create_query_stage_exec(job_id, stage_id, task_id, global_output_partition_ids, plan, work_dir, config)?;
        Ok(Arc::new(HuntStage { stage, job, token, threads }))
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
    /// Where it runs, if not on Ballista's threads.
    threads: Option<Handle>,
}

#[async_trait::async_trait]
impl QueryStageExecutor for HuntStage {
    async fn execute_query_stage(&self, task_id: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        let (stage, running, token) = (Arc::clone(&self.stage), self.job.begin_task(), self.token.clone());
        let work = async move {
            let _running = running;
            // Ends the detached writers when this future is dropped, which is how Ballista aborts a task,
            // and those that are left when one of them has failed.
            let _end = token.drop_guard();
            stage.execute_query_stage(task_id, context).await
        };
        let written = match &self.threads {
            Some(threads) => on(threads, work).await,
            None => work.await,
        };
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

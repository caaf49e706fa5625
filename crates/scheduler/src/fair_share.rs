use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ballista_core::JobId;
use ballista_core::execution_plans::{RangeShuffleReaderExec, ShuffleReaderExec};
use ballista_core::serde::protobuf::task_status::Status as TaskStatus;
use ballista_core::serde::protobuf::{AvailableVcores, job_status};
use ballista_core::serde::scheduler::TaskKey;
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, DistributionPolicy};
use ballista_scheduler::state::execution_graph::{ExecutionGraph, ExecutionGraphBox, TaskDescription, create_task_info};
use ballista_scheduler::state::execution_stage::{ExecutionStage, RunningStage};
use ballista_scheduler::state::task_manager::JobInfoCache;
use coldtrail_executor::{SLOTS_FOR_BATCH, SLOTS_PER_VCORE, WorkClass};
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;

/// Gives the free places of executors to the tasks that should have them.
///
/// An executor has two places a vcore for interactive jobs, which come first; one of them has at most one place a vcore, so that another
/// finds room. Runs take what interactive jobs leave of one place a vcore, and always have one place: a busy day must not stop a hunt.
/// Within a class jobs take turns, the oldest first, task by task, each on the executor with the most room. Ballista's own policies take
/// jobs in the order of a hash map, and give the first all there is.
pub(crate) struct FairShare {
    executors: Arc<InMemoryClusterState>,
}

impl FairShare {
    pub(crate) fn new(executors: Arc<InMemoryClusterState>) -> Self {
        Self { executors }
    }

    async fn places<'a>(&self, budgets: Vec<&'a mut AvailableVcores>) -> Vec<Place<'a>> {
        let mut places = Vec::with_capacity(budgets.len());
        for budget in budgets {
            // One that left a moment ago gets no task.
            if let Ok(executor) = self.executors.get_executor_metadata(&budget.executor_id).await {
                let vcores = executor.specification.vcores.saturating_sub(SLOTS_FOR_BATCH as u32) / SLOTS_PER_VCORE as u32;
                places.push(Place { budget, vcores: vcores.max(1), held: HashMap::new() });
            }
        }
        places
    }
}

#[async_trait::async_trait]
impl DistributionPolicy for FairShare {
    async fn bind_tasks(&self, budgets: Vec<&mut AvailableVcores>, jobs: Arc<HashMap<JobId, JobInfoCache>>) -> Result<Vec<BoundTask>> {
        let mut places = self.places(budgets).await;
        let (mut interactive, mut batch) = (Vec::new(), Vec::new());
        for (id, job) in jobs.iter() {
            count_held(&mut places, id, &**job.execution_graph.read().await);
            if matches!(job.status, Some(job_status::Status::Running(_))) {
                match WorkClass::of_job(id.as_str()) {
                    WorkClass::Interactive => interactive.push((id, job)),
                    WorkClass::Batch => batch.push((id, job)),
                }
            }
        }
        let mut bound = Vec::new();
        for mut class in [interactive, batch] {
            // The names of later jobs are greater.
            class.sort_by_key(|(id, _)| id.as_str());
            while !class.is_empty() {
                let mut still = Vec::with_capacity(class.len());
                for (id, job) in class {
                    if let Some(task) = bind_next(&mut places, id, &mut *job.execution_graph.write().await) {
                        bound.push(task);
                        still.push((id, job));
                    }
                }
                class = still;
            }
        }
        Ok(bound)
    }

    fn name(&self) -> &'static str {
        "fair share"
    }
}

impl fmt::Debug for FairShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FairShare")
    }
}

/// An executor with its free places, and who has the others.
struct Place<'a> {
    budget: &'a mut AvailableVcores,
    vcores: u32,
    held: HashMap<String, u32>,
}

impl Place<'_> {
    /// Places that this job may take here.
    fn room(&self, job: &str) -> u32 {
        let held = |class| self.held.iter().filter(|(job, _)| WorkClass::of_job(job) == class).map(|(_, held)| held).sum::<u32>();
        let (interactive, batch) = (held(WorkClass::Interactive), held(WorkClass::Batch));
        let fair = match WorkClass::of_job(job) {
            WorkClass::Interactive => {
                let own = self.held.get(job).copied().unwrap_or(0);
                let others = (self.vcores * SLOTS_PER_VCORE as u32).saturating_sub(interactive);
                self.vcores.saturating_sub(own).min(others)
            }
            WorkClass::Batch => {
                let least = (SLOTS_FOR_BATCH as u32).saturating_sub(batch);
                self.vcores.saturating_sub(interactive + batch).max(least)
            }
        };
        fair.min(self.budget.vcores)
    }

    fn take(&mut self, job: &str, places: u32) {
        self.budget.vcores = self.budget.vcores.saturating_sub(places);
        *self.held.entry(job.to_owned()).or_default() += places;
    }
}

/// Notes where tasks of this job run.
fn count_held(places: &mut [Place<'_>], job: &JobId, graph: &dyn ExecutionGraph) {
    for stage in graph.stages().values() {
        let ExecutionStage::Running(stage) = stage else { continue };
        for task in &stage.task_infos {
            let TaskStatus::Running(running) = &task.task_status else { continue };
            if let Some(place) = places.iter_mut().find(|place| place.budget.executor_id == running.executor_id) {
                *place.held.entry(job.to_string()).or_default() += task.vcores_consumed;
            }
        }
    }
}

/// Gives the next task of this job a place, if it has one and there is one.
fn bind_next(places: &mut [Place<'_>], job: &JobId, graph: &mut ExecutionGraphBox) -> Option<BoundTask> {
    let place = places.iter_mut().max_by_key(|place| place.room(job.as_str())).filter(|place| place.room(job.as_str()) > 0)?;
    let session_id = graph.session_id().to_string();
    let stage = graph.fetch_running_stage(&[])?;
    let task = begin_task(stage, session_id, job, &place.budget.executor_id)?;
    place.take(job.as_str(), task.vcores_consumed);
    Some((place.budget.executor_id.clone(), task))
}

/// Makes a task of a stage: of one partition, so that tasks are small, or of all that are left where the plan brings them together.
/// After `bind_one` of Ballista's `cluster/mod.rs`, which is not public.
fn begin_task(stage: &mut RunningStage, session_id: String, job: &JobId, executor: &str) -> Option<TaskDescription> {
    let partitions = stage.pending.next_slice(if brings_together(&stage.plan) { usize::MAX } else { 1 });
    let task_attempt = partitions.iter().map(|partition| stage.task_failure_numbers[*partition]).max()?;
    let task_id = stage.task_infos.len();
    let mut info = create_task_info(executor.to_owned(), task_id);
    info.global_input_partition_ids.clone_from(&partitions);
    // One thread drives either kind of task.
    info.vcores_consumed = 1;
    stage.task_infos.push(info);
    Some(TaskDescription {
        session_id,
        key: TaskKey { job_id: job.clone(), stage_id: stage.stage_id, task_id },
        stage_attempt_num: stage.stage_attempt_num,
        task_attempt,
        global_input_partition_ids: partitions,
        vcores_consumed: 1,
        plan: Arc::clone(&stage.plan),
        session_config: Arc::clone(&stage.session_config),
    })
}

/// True if an operator of the stage brings all its partitions together: one task must then read them all, or each would answer for its
/// part alone. As `stage_has_input_collapse` of Ballista's `cluster/mod.rs`, which is not public.
fn brings_together(writer: &Arc<dyn ExecutionPlan>) -> bool {
    fn looks(node: &Arc<dyn ExecutionPlan>) -> bool {
        if node.is::<ShuffleReaderExec>() || node.is::<RangeShuffleReaderExec>() {
            return false;
        }
        if node.properties().output_partitioning().partition_count() == 1 {
            return true;
        }
        matches!(node.children().as_slice(), [child] if looks(child))
    }
    matches!(writer.children().as_slice(), [child] if looks(child))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(vcores: u32, free: u32, held: &[(&str, u32)], job: &str) -> u32 {
        let mut budget = AvailableVcores { executor_id: "e".to_owned(), vcores: free };
        let held = held.iter().map(|(job, held)| ((*job).to_owned(), *held)).collect();
        Place { budget: &mut budget, vcores, held }.room(job)
    }

    #[test]
    fn runs_leave_places_to_statements() {
        assert_eq!(room(4, 9, &[], "batch-1"), 4);
        assert_eq!(room(4, 5, &[("batch-1", 4)], "batch-2"), 0);
        assert_eq!(room(4, 5, &[("batch-1", 4)], "a"), 4);
    }

    #[test]
    fn runs_give_way_to_statements_but_are_not_stopped() {
        assert_eq!(room(4, 6, &[("a", 3)], "batch-1"), 1);
        assert_eq!(room(4, 1, &[("a", 4), ("b", 4)], "batch-1"), 1);
        assert_eq!(room(4, 1, &[("a", 4), ("b", 4)], "c"), 0);
        assert_eq!(room(4, 4, &[("a", 4), ("batch-1", 1)], "batch-2"), 0);
    }

    #[test]
    fn one_statement_leaves_places_to_another() {
        assert_eq!(room(4, 5, &[("a", 4)], "a"), 0);
        assert_eq!(room(4, 5, &[("a", 4)], "b"), 4);
        assert_eq!(room(1, 2, &[("a", 1)], "b"), 1);
    }
}

use std::fmt::Write;

use ballista_scheduler::display::format_stage_metrics;
use ballista_scheduler::state::execution_graph::ExecutionGraph;
use ballista_scheduler::state::execution_stage::ExecutionStage;

/// The stages of a job that has ended well, in their order, each with its plan and metrics.
pub(crate) fn render(graph: &(dyn ExecutionGraph + Send + Sync)) -> String {
    let mut stages: Vec<_> = graph.stages().iter().collect();
    stages.sort_by_key(|(id, _)| **id);
    let tasks: usize = stages.iter().map(|(_, stage)| tasks_of(stage)).sum();
    let milliseconds = graph.end_time().saturating_sub(graph.start_time());
    let mut text = format!("{}, {} in {milliseconds} ms\n", counted(stages.len(), "stage"), counted(tasks, "task"));
    for (id, stage) in stages {
        let plan = match stage {
            ExecutionStage::Successful(stage) => format_stage_metrics(stage.plan.as_ref(), &stage.stage_metrics),
            other => format_stage_metrics(other.plan(), &[]),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "stage {id}, {}:", counted(tasks_of(stage), "task"));
        for line in plan.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn tasks_of(stage: &ExecutionStage) -> usize {
    stage.task_infos().map_or(0, <[_]>::len)
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

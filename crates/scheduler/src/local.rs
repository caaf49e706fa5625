use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use datafusion::common::cast::as_string_array;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::runtime::Handle;

/// Batches that wait for a slow reader.
const BATCHES_AHEAD: usize = 2;

/// Runs a plan on these threads. Dropping the stream drops the work, once it gives way.
pub(crate) fn run_on(threads: &Handle, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> SendableRecordBatchStream {
    let mut rows = RecordBatchReceiverStreamBuilder::new(plan.schema(), BATCHES_AHEAD);
    let sender = rows.tx();
    let work = async move {
        let mut stream = execute_stream(plan, context)?;
        while let Some(batch) = stream.next().await {
            // Whoever is not there to read does not want the rest.
            let failed = batch.is_err();
            if sender.send(batch).await.is_err() || failed {
                break;
            }
        }
        Ok(())
    };
    rows.spawn_on(work, threads);
    rows.build()
}

/// True for a plan that runs another one and prints it.
pub(crate) fn prints_plan(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let mut found = false;
    // Looking cannot fail.
    let _ = plan.apply(|node| {
        found |= node.is::<AnalyzeExec>();
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

/// The same explanation as it would be without guards: they are how a plan is run, not what was planned.
pub(crate) fn hide_guards(explanation: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = explanation.schema();
    let rows = explanation.map(|batch| {
        let batch = batch?;
        let columns = batch.columns().iter().map(without_guards).collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn without_guards(column: &ArrayRef) -> Result<ArrayRef> {
    let texts = as_string_array(column)?;
    let texts: StringArray = texts.iter().map(|text| text.map(plan_without_guards)).collect();
    Ok(Arc::new(texts))
}

/// Takes the lines of guards out of an indented plan, and what is below them back to the left.
fn plan_without_guards(plan: &str) -> String {
    let mut guards: Vec<usize> = Vec::new();
    let mut lines = Vec::new();
    for line in plan.lines() {
        let indent = line.len() - line.trim_start().len();
        guards.retain(|guard| *guard < indent);
        if line.trim_start().starts_with("GuardExec") {
            guards.push(indent);
        } else {
            lines.push(line.get(2 * guards.len()..).unwrap_or(line));
        }
    }
    let mut text = lines.join("\n");
    if plan.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_do_not_show_in_explanations() {
        let plan = "A\n  GuardExec, metrics=[]\n    Join\n      GuardExec, metrics=[]\n        Scan a\n      Filter\n        GuardExec, metrics=[]\n          Scan b\n";
        assert_eq!(plan_without_guards(plan), "A\n  Join\n    Scan a\n    Filter\n      Scan b\n");
        assert_eq!(plan_without_guards("segments: 1 of 2\nbytes: 3"), "segments: 1 of 2\nbytes: 3");
    }
}

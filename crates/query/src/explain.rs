use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::format::ExplainFormat;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, displayable};
use futures::StreamExt;

use crate::statement::Explain;

/// The columns of an `EXPLAIN`: which plan, and the plan.
pub(crate) fn explain_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        Arc::new(Schema::new(vec![text("plan_type"), text("plan")]))
    });
    Arc::clone(&SCHEMA)
}

/// The plan that answers an `EXPLAIN`: the notes first, then the plans or what was counted while running.
pub(crate) fn explanation(
    explain: Explain,
    notes: &[String],
    logical: &LogicalPlan,
    physical: &Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let notes = notes.join("\n");
    if explain.analyze {
        let format = if explain.tree { ExplainFormat::Tree } else { ExplainFormat::Indent };
        let analyze = AnalyzeExec::builder(explain.verbose, false, Arc::clone(physical), explain_schema()).with_format(format).build();
        return Ok(Arc::new(ExplainExec::new(rows(&[("coldtrail", notes)])?, Some(Arc::new(analyze)))));
    }
    let shown = displayable(physical.as_ref());
    let shown = if explain.tree { shown.tree_render().to_string() } else { shown.indent(explain.verbose).to_string() };
    let rows = rows(&[("coldtrail", notes), ("logical_plan", logical.display_indent().to_string()), ("physical_plan", shown)])?;
    Ok(Arc::new(ExplainExec::new(rows, None)))
}

fn rows(rows: &[(&str, String)]) -> Result<RecordBatch> {
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(kind, _)| kind)));
    let plans: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, plan)| plan)));
    Ok(RecordBatch::try_new(explain_schema(), vec![kinds, plans])?)
}

/// Gives rows that are known, and then those of its input.
#[derive(Debug)]
struct ExplainExec {
    rows: RecordBatch,
    input: Option<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

impl ExplainExec {
    fn new(rows: RecordBatch, input: Option<Arc<dyn ExecutionPlan>>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(rows.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { rows, input, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ExplainExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExplainExec")
    }
}

impl ExecutionPlan for ExplainExec {
    fn name(&self) -> &'static str {
        "ExplainExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.input.iter().collect()
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.children().len() {
            return internal_err!("an explanation keeps its number of inputs");
        }
        Ok(Arc::new(Self::new(self.rows.clone(), children.pop())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let known = futures::stream::iter([Ok(self.rows.clone())]);
        let schema = self.rows.schema();
        match &self.input {
            None => Ok(Box::pin(RecordBatchStreamAdapter::new(schema, known))),
            Some(input) => Ok(Box::pin(RecordBatchStreamAdapter::new(schema, known.chain(input.execute(partition, context)?)))),
        }
    }
}

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::JoinType;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec};
use tokio_util::sync::CancellationToken;

use crate::guard::cancelled;
use crate::registry::Job;

/// What a task is stopped and watched by.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) job: Arc<Job>,
    pub(crate) token: CancellationToken,
}

/// Its inner expression, or an error once the job is cancelled.
///
/// A join may compare millions of pairs before it has a row to give: the only thing of ours
/// that it meets on the way is its filter.
#[derive(Debug)]
struct UnlessStopped {
    inner: Arc<dyn PhysicalExpr>,
    watch: Watch,
}

/// Makes a join that compares many pairs stoppable; nothing when `plan` is not one.
pub(crate) fn stoppable_join(plan: &Arc<dyn ExecutionPlan>, watch: &Watch) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        let Some(filter) = stoppable_filter(join.filter(), *join.join_type(), watch) else { return Ok(None) };
        return join.builder().with_filter(Some(filter)).build_exec().map(Some);
    }
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        let Some(filter) = stoppable_filter(join.filter(), *join.join_type(), watch) else { return Ok(None) };
        let join = NestedLoopJoinExecBuilder::from(join).with_filter(Some(filter)).build()?;
        return Ok(Some(Arc::new(join)));
    }
    if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        let Some(filter) = join.filter().as_ref().map(|filter| stoppable(filter, watch)) else { return Ok(None) };
        let (left, right, on) = (Arc::clone(join.left()), Arc::clone(join.right()), join.on().to_vec());
        let options = join.sort_options().to_vec();
        let join = SortMergeJoinExec::try_new(left, right, on, Some(filter), join.join_type(), options, join.null_equality())?;
        return Ok(Some(Arc::new(join)));
    }
    Ok(None)
}

/// A join without a filter gives its pairs as it finds them, unless it only asks which rows have any.
fn stoppable_filter(filter: Option<&JoinFilter>, join: JoinType, watch: &Watch) -> Option<JoinFilter> {
    let always = || JoinFilter::new(lit(true), Vec::new(), Arc::new(Schema::empty()));
    match filter {
        Some(filter) => Some(stoppable(filter, watch)),
        None => gives_no_pairs(join).then(|| stoppable(&always(), watch)),
    }
}

fn stoppable(filter: &JoinFilter, watch: &Watch) -> JoinFilter {
    let inner = Arc::clone(filter.expression());
    let expression = Arc::new(UnlessStopped { inner, watch: watch.clone() });
    JoinFilter::new(expression, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
}

fn gives_no_pairs(join: JoinType) -> bool {
    !matches!(join, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full)
}

impl PhysicalExpr for UnlessStopped {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.watch.token.is_cancelled() {
            return Err(cancelled());
        }
        self.watch.job.count_batch();
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, watch: self.watch.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}

impl fmt::Display for UnlessStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for UnlessStopped {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for UnlessStopped {}

impl Hash for UnlessStopped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

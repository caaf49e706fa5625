use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};

/// Puts a plan into the form that Ballista runs best.
///
/// DataFusion sorts each branch of a union by itself. A task of Ballista runs some branches and
/// gets the others with no partitions at all, and a sort over none is more than DataFusion's own
/// checks allow: with debug assertions the executor panics, and the scheduler tries for ever.
/// One sort above the union gives the same order, with as many partitions.
pub(crate) fn distribute(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = plan.transform_up(|node| {
        let node = without_empty_branches(node)?;
        Ok(Transformed::yes(sort_above_union(&node)?.unwrap_or(node)))
    })?;
    Ok(plan.data)
}

/// Drops the branches of a union that have no rows, such as a table none of whose segments can
/// hold a match: Ballista never ends a union with one. The first branch stays, it names the columns.
fn without_empty_branches(node: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let branches = node.children();
    if !node.is::<UnionExec>() || branches.first().is_some_and(|first| is_empty(first)) {
        return Ok(node);
    }
    let kept: Vec<_> = branches.iter().filter(|branch| !is_empty(branch)).map(|branch| Arc::clone(branch)).collect();
    if kept.len() == branches.len() { Ok(node) } else { UnionExec::try_new(kept) }
}

fn is_empty(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let keeps_rows = plan.is::<ProjectionExec>() || plan.is::<SortExec>() || plan.is::<FilterExec>() || plan.is::<CooperativeExec>();
    plan.is::<EmptyExec>() || keeps_rows && plan.children().into_iter().all(is_empty)
}

fn sort_above_union(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if !node.is::<UnionExec>() {
        return Ok(None);
    }
    let mut branches = Vec::new();
    for branch in node.children() {
        match SortedBranch::of(branch)? {
            Some(branch) => branches.push(branch),
            None => return Ok(None),
        }
    }
    let orders = branches.iter().map(|branch| (branch.order.clone(), branch.fetch)).collect();
    let Some((order, fetch)) = all_same(orders) else { return Ok(None) };
    let union = UnionExec::try_new(branches.into_iter().map(|branch| branch.unsorted).collect())?;
    let schema = union.schema();
    let in_union = order.into_iter().map(|(column, options)| {
        let expr = Arc::new(Column::new(schema.field(column).name(), column));
        PhysicalSortExpr { expr, options }
    });
    let Some(order) = LexOrdering::new(in_union) else { return Ok(None) };
    Ok(Some(Arc::new(SortExec::new(order, union).with_preserve_partitioning(true).with_fetch(fetch))))
}

/// A branch that sorts, taken apart.
struct SortedBranch {
    /// Positions among the branch's columns.
    order: Vec<(usize, SortOptions)>,
    fetch: Option<usize>,
    unsorted: Arc<dyn ExecutionPlan>,
}

impl SortedBranch {
    /// None when the branch does not sort, or by more than columns.
    fn of(branch: &Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        if let Some(sort) = branch.downcast_ref::<SortExec>() {
            let position = |order: &PhysicalSortExpr| Some((order.expr.downcast_ref::<Column>()?.index(), order.options));
            let order: Option<Vec<_>> = sort.expr().iter().map(position).collect();
            return Ok(order.map(|order| Self { order, fetch: sort.fetch(), unsorted: Arc::clone(sort.input()) }));
        }
        let Some(projection) = branch.downcast_ref::<ProjectionExec>() else { return Ok(None) };
        let Some(input) = Self::of(projection.input())? else { return Ok(None) };
        let place = |column: usize| {
            projection.expr().iter().position(|item| item.expr.downcast_ref::<Column>().is_some_and(|item| item.index() == column))
        };
        let order: Option<Vec<_>> = input.order.iter().map(|(column, options)| Some((place(*column)?, *options))).collect();
        let Some(order) = order else { return Ok(None) };
        let unsorted = replace_children_if_necessary(Arc::clone(branch), vec![input.unsorted])?;
        Ok(Some(Self { order, fetch: input.fetch, unsorted }))
    }
}

/// True when a branch of a union still sorts by itself, in the union's own stage.
pub(crate) fn sorts_within_union(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let within = plan.is::<UnionExec>() && plan.children().into_iter().any(sorts_in_stage);
    within || plan.children().into_iter().any(sorts_within_union)
}

fn sorts_in_stage(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let exchanges = plan.is::<RepartitionExec>() || plan.is::<CoalescePartitionsExec>() || plan.is::<SortPreservingMergeExec>();
    !exchanges && (plan.is::<SortExec>() || plan.children().into_iter().any(sorts_in_stage))
}

fn all_same<T: PartialEq>(items: Vec<T>) -> Option<T> {
    let mut items = items.into_iter();
    let first = items.next()?;
    items.all(|item| item == first).then_some(first)
}

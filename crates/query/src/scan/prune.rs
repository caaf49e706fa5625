use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use coldtrail_model::{EVENT_DAY, SegmentMeta};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};

use super::statistics::SegmentStatistics;

/// Leaves out the segments that cannot hold a row for which every filter is true.
///
/// Never leaves out more: what a filter says that the catalog knows nothing of, or that pruning does not understand, keeps the segment.
pub(super) fn prune(
    mut segments: Vec<Arc<SegmentMeta>>,
    schema: &SchemaRef,
    filters: &[Expr],
    props: &ExecutionProps,
) -> Result<Vec<Arc<SegmentMeta>>> {
    let (day_filters, others): (Vec<&Expr>, Vec<&Expr>) = filters.iter().partition(|filter| is_decided_by_day(filter));
    for filter in day_filters {
        keep_days(&mut segments, filter, props)?;
    }
    for filter in others {
        keep_possible(&mut segments, schema, filter, props);
    }
    Ok(segments)
}

/// True if the filter looks at nothing but the day, so that pruning answers it exactly.
pub(super) fn is_decided_by_day(filter: &Expr) -> bool {
    let columns = filter.column_refs();
    !columns.is_empty() && columns.iter().all(|column| column.name == EVENT_DAY) && !has_subquery(filter) && is_repeatable(filter)
}

fn has_subquery(filter: &Expr) -> bool {
    filter
        .exists(|expr| {
            Ok(matches!(
                expr,
                Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_) | Expr::OuterReferenceColumn(..)
            ))
        })
        .unwrap_or(true)
}

fn is_repeatable(filter: &Expr) -> bool {
    let volatile = filter.exists(|expr| match expr {
        Expr::ScalarFunction(function) => Ok(function.func.signature().volatility == Volatility::Volatile),
        _ => Ok(false),
    });
    !volatile.unwrap_or(true)
}

/// Keeps the segments of the days for which the filter is true.
fn keep_days(segments: &mut Vec<Arc<SegmentMeta>>, filter: &Expr, props: &ExecutionProps) -> Result<()> {
    let days: HashSet<i32> = segments.iter().map(|segment| segment.day.epoch_days()).collect();
    let days: Vec<i32> = days.into_iter().collect();
    let schema = super::day_schema();
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Date32Array::from(days.clone()))])?;
    let expr = physical(filter, schema, props)?;
    let answers = expr.evaluate(&batch)?.into_array(days.len())?;
    let answers = answers.as_boolean();
    let kept: HashSet<i32> =
        days.iter().enumerate().filter(|(row, _)| answers.is_valid(*row) && answers.value(*row)).map(|(_, day)| *day).collect();
    segments.retain(|segment| kept.contains(&segment.day.epoch_days()));
    Ok(())
}

/// Keeps the segments for which the filter may be true; all, if pruning does not understand it.
fn keep_possible(segments: &mut Vec<Arc<SegmentMeta>>, schema: &SchemaRef, filter: &Expr, props: &ExecutionProps) {
    let possible = pruning_predicate(schema, filter, props).and_then(|predicate| predicate.prune(&SegmentStatistics::new(segments)));
    match possible {
        Ok(possible) => {
            let mut possible = possible.into_iter();
            segments.retain(|_| possible.next().unwrap_or(true));
        }
        Err(error) => tracing::debug!(%filter, %error, "the catalog cannot prune by this filter"),
    }
}

fn pruning_predicate(schema: &SchemaRef, filter: &Expr, props: &ExecutionProps) -> Result<PruningPredicate> {
    let expr = physical(filter, Arc::clone(schema), props)?;
    PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(expr)
}

fn physical(filter: &Expr, schema: SchemaRef, props: &ExecutionProps) -> Result<Arc<dyn PhysicalExpr>> {
    create_physical_expr(filter, &DFSchema::try_from(schema)?, props, &PhysicalPlanningContext::default())
}

//! The column by which a plan is cut.

use arrow::datatypes::{DataType, TimeUnit};
use coldtrail_model::{Col, TimeRange};
use coldtrail_query::OCSF;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::Alias;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan, lit};

/// When the observable of a row was seen first, within its segment.
const FIRST_TIME: &str = "first_time";
/// When it was seen last.
const LAST_TIME: &str = "last_time";

/// True for a scan of the lake, whether it can be cut or not. A function in the place of a table counts as one.
pub(crate) fn is_lake(scan: &TableScan) -> bool {
    scan.table_name.schema().is_none_or(|schema| schema == OCSF)
}

/// True for a scan whose rows have a time that is never null.
pub(crate) fn has_time(scan: &TableScan) -> bool {
    time_column(scan).is_some()
}

/// The column by which the rows of a scan are cut: the time of an event, the first time of an observable.
fn time_column(scan: &TableScan) -> Option<&'static str> {
    let schema = scan.source.schema();
    let is_time = |name: &&str| {
        let field = schema.field_with_name(name);
        field.is_ok_and(|field| !field.is_nullable() && matches!(field.data_type(), DataType::Timestamp(TimeUnit::Millisecond, Some(_))))
    };
    [Col::Time.column().name, FIRST_TIME].into_iter().find(is_time)
}

/// The same plan, of which every scan that has a time gives the rows of this range only.
pub(crate) fn within(plan: &LogicalPlan, time: TimeRange) -> Result<LogicalPlan> {
    cut(plan, time, |name| (name, name))
}

/// The same plan, of which every scan that has a time gives only rows that have to do with this range: events of it, and observables
/// that were seen in it, be it that they were seen before as well.
pub fn overlapping(plan: &LogicalPlan, time: TimeRange) -> Result<LogicalPlan> {
    cut(plan, time, |name| if name == FIRST_TIME { (LAST_TIME, FIRST_TIME) } else { (name, name) })
}

/// Lets every scan that has a time give the rows that a condition keeps: `bounds` names, for the column of the time, the one that must
/// not lie before the range and the one that must not lie after it.
fn cut(plan: &LogicalPlan, time: TimeRange, bounds: impl Fn(&'static str) -> (&'static str, &'static str)) -> Result<LogicalPlan> {
    let cut = plan.clone().transform_down(|node| {
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let Some(name) = time_column(scan) else { return Ok(Transformed::no(node)) };
        let column = |name: &str| Expr::Column(Column::new(Some(scan.table_name.clone()), name));
        let instant = |ms| lit(ScalarValue::TimestampMillisecond(Some(ms), Some("UTC".into())));
        let (not_before, not_after) = bounds(name);
        let condition = column(not_before).gt_eq(instant(time.start_ms)).and(column(not_after).lt_eq(instant(time.end_ms)));
        let cut = LogicalPlanBuilder::from(node).filter(condition)?.build()?;
        Ok(Transformed::new(cut, true, TreeNodeRecursion::Jump))
    })?;
    Ok(cut.data)
}

/// True if this column of the plan is the time of the rows that it was made from, unchanged.
pub(crate) fn is_time(plan: &LogicalPlan, column: &Column) -> bool {
    let Some(position) = plan.schema().maybe_index_of_column(column) else { return false };
    let same_of = |input: &LogicalPlan| {
        let columns = input.schema().columns();
        columns.get(position).is_some_and(|column| is_time(input, column))
    };
    match plan {
        LogicalPlan::TableScan(scan) => time_column(scan) == Some(column.name.as_str()),
        LogicalPlan::Filter(filter) => same_of(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => same_of(&alias.input),
        LogicalPlan::Projection(projection) => match projection.expr.get(position) {
            Some(Expr::Column(column)) => is_time(&projection.input, column),
            Some(Expr::Alias(Alias { expr, .. })) => match expr.as_ref() {
                Expr::Column(column) => is_time(&projection.input, column),
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

use std::sync::Arc;

use coldtrail_model::{Col, SegmentMeta};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr_rewriter::unnormalize_cols;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, lit};
use datafusion::optimizer::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::{SegmentTable, prune};

/// `ORDER BY time DESC LIMIT n` needs the newest segments only: those that reach past the moment after which the catalog knows
/// of `n` rows for certain. The same for the oldest.
///
/// The rule says so to the scan as a filter on `time`, which leaves out segments and changes no row of the result. It holds where
/// nothing between the sort and the scan drops or adds rows.
#[derive(Debug)]
pub(crate) struct NewestOnly;

impl OptimizerRule for NewestOnly {
    fn name(&self) -> &'static str {
        "newest_segments_only"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Sort(sort) = &plan else { return Ok(Transformed::no(plan)) };
        let (Some(rows), Some(first)) = (sort.fetch, sort.expr.first()) else { return Ok(Transformed::no(plan)) };
        let Expr::Column(column) = &first.expr else { return Ok(Transformed::no(plan)) };
        let wanted = Wanted { rows, newest: !first.asc };
        match wanted.bounded(&sort.input, column)? {
            Some(input) => Ok(Transformed::yes(plan.with_new_exprs(plan.expressions(), vec![input])?)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// How many rows are wanted, from which end.
struct Wanted {
    rows: usize,
    newest: bool,
}

impl Wanted {
    /// The plan with a bound on its scan, if `column` is the scan's `time`.
    fn bounded(&self, plan: &LogicalPlan, column: &Column) -> Result<Option<LogicalPlan>> {
        let (input, column) = match plan {
            LogicalPlan::TableScan(scan) => return self.bounded_scan(scan, column),
            LogicalPlan::SubqueryAlias(alias) => (&alias.input, Column::new_unqualified(&column.name)),
            LogicalPlan::Projection(projection) => {
                let position = projection.schema.maybe_index_of_column(column);
                match position.map(|position| projection.expr[position].clone().unalias()) {
                    Some(Expr::Column(column)) => (&projection.input, column),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        let bounded = self.bounded(input, &column)?;
        bounded.map(|input| plan.with_new_exprs(plan.expressions(), vec![input])).transpose()
    }

    fn bounded_scan(&self, scan: &TableScan, column: &Column) -> Result<Option<LogicalPlan>> {
        let provider = source_as_provider(&scan.source)?;
        let Some(table) = provider.downcast_ref::<SegmentTable>() else { return Ok(None) };
        let is_open = scan.fetch.is_none() && scan.filters.iter().all(prune::is_decided_by_day);
        if column.name != Col::Time.column().name || !is_open {
            return Ok(None);
        }
        let filters = unnormalize_cols(scan.filters.iter().cloned());
        let segments = prune::prune(table.segments.clone(), table.schema.table_schema(), &filters, &ExecutionProps::new())?;
        let Some(bound) = self.bound(segments) else { return Ok(None) };
        let time = Expr::Column(Column::new(Some(scan.table_name.clone()), &column.name));
        let bound = lit(ScalarValue::TimestampMillisecond(Some(bound), Some("UTC".into())));
        let filter = if self.newest { time.gt_eq(bound) } else { time.lt_eq(bound) };
        let mut scan = scan.clone();
        scan.filters.push(filter);
        Ok(Some(LogicalPlan::TableScan(scan)))
    }

    /// A moment that as many rows as are wanted do not lie before, or after if the oldest are wanted.
    fn bound(&self, mut segments: Vec<Arc<SegmentMeta>>) -> Option<i64> {
        let wanted = u64::try_from(self.rows).unwrap_or(u64::MAX);
        let end_towards = |segment: &SegmentMeta| if self.newest { segment.time.start_ms } else { segment.time.end_ms };
        segments.sort_unstable_by_key(|segment| end_towards(segment));
        if self.newest {
            segments.reverse();
        }
        let mut held = 0_u64;
        let last = segments.iter().find(|segment| {
            held = held.saturating_add(segment.rows);
            held >= wanted
        });
        last.map(|segment| end_towards(segment))
    }
}

//! Lengths of time against intervals.
//!
//! `max(time) - min(time) <= INTERVAL '1 day'` compares a length with an interval of months, days and nanoseconds. DataFusion makes an
//! interval of the length as well, all of it nanoseconds, and compares months, then days, then nanoseconds: thirty days as nanoseconds
//! are less than one day. Here the interval becomes a length instead.

use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Between, BinaryExpr};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, cast, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

const NANOSECONDS_A_DAY: i64 = 86_400_000_000_000;

const COMPARISONS: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Lt,
    Operator::LtEq,
    Operator::Gt,
    Operator::GtEq,
    Operator::IsDistinctFrom,
    Operator::IsNotDistinctFrom,
];

/// The same plan, in which lengths of time are compared with lengths.
pub(crate) fn compare_lengths(plan: LogicalPlan) -> Result<LogicalPlan> {
    let compared = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let schema = Arc::new(merge_schema(&node.inputs()));
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let rewritten = expression.transform_up(|part| in_comparison(part, &schema))?;
            Ok(rewritten.update_data(|expression| name.restore(expression)))
        })
    })?;
    Ok(compared.data)
}

fn in_comparison(part: Expr, schema: &Arc<DFSchema>) -> Result<Transformed<Expr>> {
    match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if COMPARISONS.contains(&op) => {
            let (left, right) = match (is_length(&left, schema), is_length(&right, schema)) {
                (true, false) if is_interval(&right, schema) => as_lengths(*left, *right, schema)?,
                (false, true) if is_interval(&left, schema) => {
                    let (right, left) = as_lengths(*right, *left, schema)?;
                    (left, right)
                }
                _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            };
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_length(&expr, schema) => {
            let bounds = [*low, *high].map(|bound| match is_interval(&bound, schema) {
                true => as_lengths((*expr).clone(), bound, schema),
                false => Ok(((*expr).clone(), bound)),
            });
            let [low, high] = bounds;
            let ((from, low), (to, high)) = (low?, high?);
            let within = from.gt_eq(low).and(to.lt_eq(high));
            Ok(Transformed::yes(if negated { Expr::Not(Box::new(within)) } else { within }))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_length(expression: &Expr, schema: &DFSchema) -> bool {
    matches!(expression.get_type(schema), Ok(DataType::Duration(_)))
}

fn is_interval(expression: &Expr, schema: &DFSchema) -> bool {
    matches!(expression.get_type(schema), Ok(DataType::Interval(_)))
}

/// A length and an interval as two lengths of one unit.
fn as_lengths(length: Expr, interval: Expr, schema: &Arc<DFSchema>) -> Result<(Expr, Expr)> {
    let context = SimplifyContext::builder().with_schema(Arc::clone(schema)).build();
    let constant = ExprSimplifier::new(context).simplify(interval)?;
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano { months: 0, days, nanoseconds })), _) = constant else {
        return plan_err!(
            "a length of time is compared with an interval of days, hours or less that is written in the statement, not {constant}"
        );
    };
    let Some(nanoseconds) = i64::from(days).checked_mul(NANOSECONDS_A_DAY).and_then(|days| days.checked_add(nanoseconds)) else {
        return plan_err!("an interval of {days} days is too long to be compared with a length of time");
    };
    let DataType::Duration(unit) = length.get_type(schema.as_ref())? else { return plan_err!("{length} is not a length of time") };
    let of_unit = |a_tick: i64, literal: fn(Option<i64>) -> ScalarValue| {
        (nanoseconds % a_tick == 0).then(|| lit(literal(Some(nanoseconds / a_tick))))
    };
    let same_unit = match unit {
        TimeUnit::Second => of_unit(1_000_000_000, ScalarValue::DurationSecond),
        TimeUnit::Millisecond => of_unit(1_000_000, ScalarValue::DurationMillisecond),
        TimeUnit::Microsecond => of_unit(1_000, ScalarValue::DurationMicrosecond),
        TimeUnit::Nanosecond => of_unit(1, ScalarValue::DurationNanosecond),
    };
    Ok(match same_unit {
        Some(bound) => (length, bound),
        None => (cast(length, DataType::Duration(TimeUnit::Nanosecond)), lit(ScalarValue::DurationNanosecond(Some(nanoseconds)))),
    })
}

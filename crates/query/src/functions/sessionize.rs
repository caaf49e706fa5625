use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, Int64Builder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowFunctionSimplification, WindowUDFFieldArgs};
use datafusion::logical_expr::{Documentation, Expr, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};

use super::HUNTING;
use super::times::{check_span, constant, span_ticks, span_type, ticks, time_type, unit_of};

const NAME: &str = "sessionize";

/// `sessionize(time, gap) OVER (PARTITION BY … ORDER BY time)`: the number of the session that an event belongs to.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sessionize {
    signature: Signature,
}

impl Sessionize {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl WindowUDFImpl for Sessionize {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [time, gap] => Ok(vec![time_type(NAME, time)?, span_type(NAME, gap)?]),
            _ => plan_err!("{NAME} takes a time and the gap between sessions, not {} arguments", given.len()),
        }
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, true)))
    }

    /// Changes nothing, but finds what is wrong before anything is read.
    fn simplify(&self) -> Option<WindowFunctionSimplification> {
        Some(Box::new(|function: WindowFunction, _| {
            check_span(NAME, "gap", function.params.args.get(1))?;
            match function.params.order_by.is_empty() {
                true => plan_err!("{NAME} needs the order of time: write OVER (PARTITION BY … ORDER BY time)"),
                false => Ok(Expr::WindowFunction(Box::new(function))),
            }
        }))
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        let Some(time) = args.input_fields().first() else { return plan_err!("{NAME} takes a time") };
        let gap = constant(NAME, "gap", args.input_exprs().get(1))?;
        Ok(Box::new(Sessions { gap: span_ticks(NAME, &gap, unit_of(time.data_type())?)? }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                HUNTING,
                "The number of the session that an event belongs to, from 1 in each partition: a session ends when nothing happens for \
                 longer than the gap. The window must be ordered by the same time, forwards or backwards; an error otherwise. Null for \
                 an event without a time.",
                "sessionize(time, gap) OVER (PARTITION BY ... ORDER BY time)",
            )
            .with_argument("time", "When the event happened.")
            .with_argument("gap", "The longest pause within a session, such as INTERVAL '30 minutes'; the same for every row.")
            .with_sql_example(
                "```sql\nSELECT time, user_name, sessionize(time, INTERVAL '30 minutes') OVER (PARTITION BY user_name ORDER BY time) AS \
                 session FROM authentication;\n```",
            )
            .build()
        });
        Some(&DOCUMENTATION)
    }
}

#[derive(Debug)]
struct Sessions {
    gap: i64,
}

impl PartitionEvaluator for Sessions {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let [times, ..] = values else { return exec_err!("{NAME} takes a time") };
        Ok(Arc::new(sessions(&ticks(times)?, self.gap)?))
    }
}

/// Numbers the sessions of times in order, be it forwards or backwards.
fn sessions(times: &Int64Array, gap: i64) -> Result<Int64Array> {
    let mut numbers = Int64Builder::with_capacity(times.len());
    let mut direction = Ordering::Equal;
    let mut before: Option<i64> = None;
    let mut session = 0;
    for time in times {
        let Some(time) = time else {
            numbers.append_null();
            continue;
        };
        let step = before.map_or(Ordering::Equal, |before| time.cmp(&before));
        if step != Ordering::Equal && step == direction.reverse() {
            return exec_err!("{NAME} needs the order of time: write OVER (PARTITION BY … ORDER BY time)");
        }
        direction = direction.then(step);
        if before.is_none_or(|before| time.saturating_sub(before).saturating_abs() > gap) {
            session += 1;
        }
        numbers.append_value(session);
        before = Some(time);
    }
    Ok(numbers.finish())
}

#[cfg(test)]
mod tests;

mod accumulator;
mod chain;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Documentation, Expr, Signature, Volatility};

use super::HUNTING;
use super::times::{check_span, constant, span_ticks, span_type, time_type, unit_of};
use accumulator::SequenceAccumulator;
use chain::STEPS_MAX;

/// `sequence(time, within, step, …)` and `sequence_until(time, within, end, step, …)`: how many first steps were done in order.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sequence {
    has_end: bool,
    signature: Signature,
}

impl Sequence {
    /// `sequence`.
    pub(super) fn new() -> Self {
        Self { has_end: false, signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// `sequence_until`.
    pub(super) fn until() -> Self {
        Self { has_end: true, ..Self::new() }
    }

    fn function(&self) -> &'static str {
        if self.has_end { "sequence_until" } else { "sequence" }
    }

    /// The arguments before the steps: time, span, and perhaps what ends.
    fn steps_from(&self) -> usize {
        2 + usize::from(self.has_end)
    }
}

impl AggregateUDFImpl for Sequence {
    fn name(&self) -> &str {
        self.function()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.function();
        let [time, span, conditions @ ..] = given else { return plan_err!("{name} takes a time, a span of time and conditions") };
        match given.len().saturating_sub(self.steps_from()) {
            0 => return plan_err!("{name} takes the condition of at least one step"),
            steps if steps > STEPS_MAX => return plan_err!("{name} takes {STEPS_MAX} steps at most, not {steps}"),
            _ => {}
        }
        let condition = |given: &DataType| match given {
            DataType::Boolean | DataType::Null => Ok(DataType::Boolean),
            other => plan_err!("{name} takes conditions, not {other}; write them like api_operation = 'CreateUser'"),
        };
        let conditions = conditions.iter().map(condition);
        [time_type(name, time), span_type(name, span)].into_iter().chain(conditions).collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    /// Changes nothing, but finds what is wrong before anything is read.
    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        let name = self.function();
        Some(Box::new(move |function: AggregateFunction, _| {
            check_span(name, "span of time", function.params.args.get(1))?;
            if function.params.distinct {
                return plan_err!("{name} takes every event; leave out DISTINCT");
            }
            Ok(Expr::AggregateFunction(function))
        }))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let name = self.function();
        let Some(time) = args.expr_fields.first() else { return plan_err!("{name} takes a time") };
        let span = constant(name, "span of time", args.exprs.get(1))?;
        let within = span_ticks(name, &span, unit_of(time.data_type())?)?;
        let steps = args.exprs.len().saturating_sub(self.steps_from());
        Ok(Box::new(SequenceAccumulator::new(name, steps, self.has_end, within)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name, kind| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new_list(name, Field::new_list_field(kind, true), true))
        };
        Ok(vec![list("times", DataType::Int64), list("marks", DataType::UInt32)])
    }

    fn documentation(&self) -> Option<&Documentation> {
        static SEQUENCE: LazyLock<Documentation> = LazyLock::new(|| document(false));
        static UNTIL: LazyLock<Documentation> = LazyLock::new(|| document(true));
        Some(if self.has_end { &UNTIL } else { &SEQUENCE })
    }
}

const DESCRIPTION: &str = "The greatest number of steps that the events of a group do in order, from the first step on, the last of \
                           them no more than a span of time after the first. Each step is done by an event of its own; other events \
                           may lie between. Events of the same time are taken in the order that does most, so that logs of whole \
                           seconds hide nothing. 0 if no event meets the first condition; a condition that is null is not met, and \
                           an event without a time is left out. The order in which rows are read changes nothing. A group may have \
                           10,000,000 events that meet a condition (SEQUENCE_EVENTS_MAX); with more, the statement fails.";

const UNTIL_DESCRIPTION: &str = " An event that meets the condition that ends cuts off what began before it, and is no step itself. \
                                 At the very time of the end, steps may still finish what began before, and may begin anew after.";

fn document(has_end: bool) -> Documentation {
    let steps = "step1[, step2, ...]";
    let (description, syntax, example) = match has_end {
        false => (
            DESCRIPTION.to_owned(),
            format!("sequence(time, within, {steps})"),
            "SELECT actor_user_uid, sequence(time, INTERVAL '1 hour', api_operation = 'CreateUser', api_operation = \
             'AttachUserPolicy', api_operation = 'CreateAccessKey') AS steps FROM api_activity GROUP BY 1 HAVING steps = 3;",
        ),
        true => (
            format!("{DESCRIPTION}{UNTIL_DESCRIPTION}"),
            format!("sequence_until(time, within, end, {steps})"),
            "SELECT user_name, sequence_until(time, INTERVAL '1 day', activity_name = 'Logoff', status = 'Failure', status = \
             'Success') AS steps FROM authentication GROUP BY 1 HAVING steps = 2;",
        ),
    };
    let document = Documentation::builder(HUNTING, description, syntax)
        .with_argument("time", "When the event happened.")
        .with_argument("within", "The longest time from the first step to the last, such as INTERVAL '1 hour'; the same for every row.");
    let document = match has_end {
        false => document,
        true => document.with_argument("end", "The condition of an event that ends what has begun."),
    };
    document
        .with_argument("step1, step2, ...", "The conditions of the steps in order, 31 at most.")
        .with_sql_example(format!("```sql\n{example}\n```"))
        .build()
}

#[cfg(test)]
mod tests;

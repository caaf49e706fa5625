use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Documentation, Signature, Volatility};

use super::HUNTING;
use super::regularity::regularity;
use super::times::{ticks, time_type};

const NAME: &str = "beacon_score";

/// The most events of one group; each takes 8 bytes.
pub(super) const BEACON_EVENTS_MAX: usize = 10_000_000;

/// `beacon_score(time)`: how regular the intervals between the events of a group are.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct BeaconScore {
    signature: Signature,
}

impl BeaconScore {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for BeaconScore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [time] => Ok(vec![time_type(NAME, time)?]),
            _ => plan_err!("{NAME} takes one argument, not {}", given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(BeaconAccumulator::new(args.is_distinct)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let times = Field::new_list_field(DataType::Int64, true);
        Ok(vec![Arc::new(Field::new_list(format_state_name(args.name, "times"), times, true))])
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                HUNTING,
                "How regular the intervals between the events of a group are: 1 for a clock, about 0.3 for events by chance, 0 at the \
                 least. It is 1 - median(|interval - median(interval)|) / median(interval), so that jitter of up to a fifth either way \
                 still gives about 0.9, and some missed or added beats change little. Null for fewer than 4 events with a time, and if \
                 more than half come at the very time of the one before: with DISTINCT, events of the same time count once. The order \
                 in which rows are read changes nothing. A group may have 10,000,000 events (BEACON_EVENTS_MAX); with more, the \
                 statement fails.",
                "beacon_score([DISTINCT] time)",
            )
            .with_argument("time", "When the event happened.")
            .with_sql_example(
                "```sql\nSELECT src_endpoint_ip, dst_endpoint_ip, count(*) AS events, beacon_score(time) AS score FROM network_activity \
                 GROUP BY 1, 2 HAVING score > 0.8 ORDER BY score DESC;\n```",
            )
            .build()
        });
        Some(&DOCUMENTATION)
    }
}

/// Gathers the times of one group; what is gathered of parts of a group can be put together in any order.
#[derive(Debug)]
struct BeaconAccumulator {
    is_distinct: bool,
    events_max: usize,
    times: Vec<i64>,
}

impl BeaconAccumulator {
    fn new(is_distinct: bool) -> Self {
        Self { is_distinct, events_max: BEACON_EVENTS_MAX, times: Vec::new() }
    }

    fn extend(&mut self, times: &Int64Array) -> Result<()> {
        self.times.extend(times.iter().flatten());
        if self.times.len() > self.events_max {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{NAME}: one group has more than {} events (BEACON_EVENTS_MAX); ask for less time, leave out what is that frequent, or \
                 group by more columns",
                self.events_max
            )));
        }
        Ok(())
    }
}

impl Accumulator for BeaconAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [times] = values else { return exec_err!("{NAME} takes one argument") };
        self.extend(&ticks(times)?)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [times] = states else { return exec_err!("{NAME}: a state is one list") };
        times.as_list::<i32>().iter().flatten().try_for_each(|times| self.extend(times.as_primitive::<Int64Type>()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let times = Int64Array::from_iter_values(self.times.iter().copied());
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(times)).build_list_scalar()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.times.sort_unstable();
        if self.is_distinct {
            self.times.dedup();
        }
        Ok(ScalarValue::Float64(regularity(&self.times)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.times.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests;

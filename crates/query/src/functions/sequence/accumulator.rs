use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::datatypes::{Int64Type, UInt32Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::Accumulator;

use super::chain::{END, Marked, longest};
use crate::functions::times::ticks;

/// The most events of one group that meet a condition; each takes 16 bytes.
pub(in crate::functions) const SEQUENCE_EVENTS_MAX: usize = 10_000_000;

/// Gathers the events of one group that meet a condition. What is gathered of parts of a group can be put together in any order:
/// the events are put in the order of time when all are there.
#[derive(Debug)]
pub(super) struct SequenceAccumulator {
    function: &'static str,
    steps: usize,
    has_end: bool,
    within: i64,
    events_max: usize,
    events: Vec<Marked>,
}

impl SequenceAccumulator {
    pub(super) fn new(function: &'static str, steps: usize, has_end: bool, within: i64) -> Self {
        Self { function, steps, has_end, within, events_max: SEQUENCE_EVENTS_MAX, events: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn with_events_max(self, events_max: usize) -> Self {
        Self { events_max, ..self }
    }

    fn extend(&mut self, events: impl Iterator<Item = Marked>) -> Result<()> {
        self.events.extend(events);
        if self.events.len() > self.events_max {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{}: one group has more than {} events that meet a condition (SEQUENCE_EVENTS_MAX); ask for less time, narrow the \
                 conditions, or group by more columns",
                self.function, self.events_max
            )));
        }
        Ok(())
    }

    /// The marks of each row. The condition that ends comes first.
    fn marks(&self, conditions: &[ArrayRef], rows: usize) -> Vec<u32> {
        let bits = self.has_end.then_some(END).into_iter().chain((0..self.steps).map(|step| 1 << step));
        let mut marks = vec![0; rows];
        for (condition, bit) in conditions.iter().zip(bits) {
            let condition = condition.as_boolean();
            let met = condition.values().set_indices().filter(|row| condition.is_valid(*row));
            met.for_each(|row| marks[row] |= bit);
        }
        marks
    }
}

impl Accumulator for SequenceAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [times, _, conditions @ ..] = values else { return exec_err!("{} takes a time and a span", self.function) };
        let times = ticks(times)?;
        let marks = self.marks(conditions, times.len());
        let marked = times.iter().zip(marks).filter(|(_, marks)| *marks != 0);
        self.extend(marked.filter_map(|(time, marks)| time.map(|time| Marked { time, marks })))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [times, marks] = states else { return exec_err!("{}: a state is two lists", self.function) };
        for (times, marks) in times.as_list::<i32>().iter().zip(marks.as_list::<i32>().iter()) {
            let (Some(times), Some(marks)) = (times, marks) else { continue };
            let times = times.as_primitive::<Int64Type>().values();
            let marks = marks.as_primitive::<UInt32Type>().values();
            self.extend(times.iter().zip(marks).map(|(time, marks)| Marked { time: *time, marks: *marks }))?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let times = Int64Array::from_iter_values(self.events.iter().map(|event| event.time));
        let marks = UInt32Array::from_iter_values(self.events.iter().map(|event| event.marks));
        let list = |values: ArrayRef| SingleRowListArrayBuilder::new(values).build_list_scalar();
        Ok(vec![list(Arc::new(times)), list(Arc::new(marks))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.events.sort_unstable_by_key(|event| event.time);
        let steps = longest(&self.events, self.steps, self.within);
        Ok(ScalarValue::Int64(i64::try_from(steps).ok()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.events.capacity() * size_of::<Marked>()
    }
}

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{Documentation, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};

use super::HUNTING;

const NAME: &str = "zscore";

/// `zscore(x) OVER (… ROWS BETWEEN n PRECEDING AND 1 PRECEDING)`: how far the row lies from the rows of its frame.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ZScore {
    signature: Signature,
}

impl ZScore {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl WindowUDFImpl for ZScore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [number] if number.is_numeric() || number.is_null() => Ok(vec![DataType::Float64]),
            [other] => plan_err!("{NAME} takes a number, not {other}"),
            _ => plan_err!("{NAME} takes one argument, not {}; the baseline is the frame of the window", given.len()),
        }
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Scores { row: 0, baseline: Baseline::default() }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                HUNTING,
                "How many standard deviations the row lies above the mean of the frame of its window: (x - mean) / stddev, with the \
                 deviation of a sample. The frame is the baseline, so let it end before the row. Nulls are left out of it. Null if x is \
                 null or the frame has fewer than 2 values. If all values of the frame are equal, 0 for the same value and infinity (or \
                 -infinity) for any other, so that a first change is never missed.",
                "zscore(x) OVER (PARTITION BY ... ORDER BY ... ROWS BETWEEN n PRECEDING AND 1 PRECEDING)",
            )
            .with_argument("x", "A number, such as a count of events an hour.")
            .with_sql_example(
                "```sql\nSELECT event_day, n, zscore(n) OVER (ORDER BY event_day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING) AS z FROM \
                 (SELECT event_day, count(*) AS n FROM authentication GROUP BY 1);\n```",
            )
            .build()
        });
        Some(&DOCUMENTATION)
    }
}

/// Goes through a partition row by row, in order: DataFusion asks for each row's frame once, and the rows of a partition are all
/// there, since running in bounded memory is not offered.
#[derive(Debug)]
struct Scores {
    row: usize,
    baseline: Baseline,
}

impl PartitionEvaluator for Scores {
    fn evaluate(&mut self, values: &[ArrayRef], frame: &Range<usize>) -> Result<ScalarValue> {
        let Some(numbers) = values.first().and_then(|numbers| numbers.as_primitive_opt::<Float64Type>()) else {
            return exec_err!("{NAME} takes a number");
        };
        if self.row >= numbers.len() {
            return exec_err!("{NAME} was asked for more rows than its partition has");
        }
        self.baseline.move_to(numbers, frame);
        let number = numbers.is_valid(self.row).then(|| numbers.value(self.row));
        self.row += 1;
        Ok(ScalarValue::Float64(number.and_then(|number| self.baseline.score(number))))
    }

    fn uses_window_frame(&self) -> bool {
        true
    }
}

/// Count, mean and spread of a frame, by Welford's method: stable, and exactly without spread if all values are equal.
#[derive(Debug, Default)]
struct Baseline {
    frame: Range<usize>,
    count: f64,
    mean: f64,
    /// The sum of the squared distances from the mean.
    spread: f64,
}

impl Baseline {
    /// Takes in what is new if only the end has moved; begins anew otherwise, for values cannot be taken out exactly.
    fn move_to(&mut self, numbers: &Float64Array, frame: &Range<usize>) {
        if frame.start != self.frame.start || frame.end < self.frame.end {
            *self = Self { frame: frame.start..frame.start, ..Self::default() };
        }
        for row in self.frame.end..frame.end {
            if numbers.is_valid(row) {
                self.add(numbers.value(row));
            }
        }
        self.frame = frame.start..frame.end.max(frame.start);
    }

    fn add(&mut self, number: f64) {
        self.count += 1.0;
        let distance = number - self.mean;
        self.mean += distance / self.count;
        self.spread += distance * (number - self.mean);
    }

    fn score(&self, number: f64) -> Option<f64> {
        if self.count < 2.0 {
            return None;
        }
        let distance = number - self.mean;
        let deviation = (self.spread / (self.count - 1.0)).sqrt();
        Some(if distance == 0.0 { 0.0 } else { distance / deviation })
    }
}

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{
    DataType, Int64Type, IntervalUnit, Schema, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::PhysicalExpr;

const NANOSECONDS_A_DAY: i128 = 86_400_000_000_000;

/// The type that a time is read as: timestamps as they come, dates as their first moment.
pub(super) fn time_type(function: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Timestamp(..) => Ok(given.clone()),
        DataType::Date32 | DataType::Date64 | DataType::Null => Ok(DataType::Timestamp(TimeUnit::Millisecond, None)),
        other => plan_err!("{function} takes a time, not {other}; write it like time or TIMESTAMP '2026-03-01 12:00:00'"),
    }
}

/// The type that a span of time is read as; text as SQL reads an interval, for a parameter comes as text.
pub(super) fn span_type(function: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Duration(_) => Ok(given.clone()),
        DataType::Interval(_) | DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Ok(DataType::Interval(IntervalUnit::MonthDayNano))
        }
        other => plan_err!("{function} takes a span of time, not {other}; write it like INTERVAL '10 minutes'"),
    }
}

/// The unit that times of this type count in.
pub(super) fn unit_of(times: &DataType) -> Result<TimeUnit> {
    match times {
        DataType::Timestamp(unit, _) => Ok(*unit),
        other => exec_err!("expected times, got {other}"),
    }
}

/// Times as whole numbers, in their own unit.
pub(super) fn ticks(times: &ArrayRef) -> Result<Int64Array> {
    match unit_of(times.data_type())? {
        TimeUnit::Second => Ok(times.as_primitive::<TimestampSecondType>().reinterpret_cast::<Int64Type>()),
        TimeUnit::Millisecond => Ok(times.as_primitive::<TimestampMillisecondType>().reinterpret_cast::<Int64Type>()),
        TimeUnit::Microsecond => Ok(times.as_primitive::<TimestampMicrosecondType>().reinterpret_cast::<Int64Type>()),
        TimeUnit::Nanosecond => Ok(times.as_primitive::<TimestampNanosecondType>().reinterpret_cast::<Int64Type>()),
    }
}

/// How many nanoseconds one tick lasts.
pub(super) fn nanoseconds_a_tick(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// A span of time that is written in the statement, in whole ticks: what lies within the span lies within that many.
pub(super) fn span_ticks(function: &str, span: &ScalarValue, unit: TimeUnit) -> Result<i64> {
    let ticks = nanoseconds(function, span)? / i128::from(nanoseconds_a_tick(unit));
    Ok(i64::try_from(ticks).unwrap_or(i64::MAX))
}

fn nanoseconds(function: &str, span: &ScalarValue) -> Result<i128> {
    let counted = |count: i64, unit| i128::from(count) * i128::from(nanoseconds_a_tick(unit));
    let nanoseconds = match span {
        ScalarValue::IntervalMonthDayNano(Some(span)) if span.months != 0 => {
            return plan_err!("{function} takes a span that always lasts as long; write days or hours, not months or years");
        }
        ScalarValue::IntervalMonthDayNano(Some(span)) => i128::from(span.days) * NANOSECONDS_A_DAY + i128::from(span.nanoseconds),
        ScalarValue::DurationSecond(Some(count)) => counted(*count, TimeUnit::Second),
        ScalarValue::DurationMillisecond(Some(count)) => counted(*count, TimeUnit::Millisecond),
        ScalarValue::DurationMicrosecond(Some(count)) => counted(*count, TimeUnit::Microsecond),
        ScalarValue::DurationNanosecond(Some(count)) => counted(*count, TimeUnit::Nanosecond),
        null if null.is_null() => return plan_err!("{function} takes a span of time, not null"),
        other => return plan_err!("{function} takes a span of time, not {}", other.data_type()),
    };
    match nanoseconds {
        negative if negative < 0 => plan_err!("{function} takes a span of time of 0 or more"),
        nanoseconds => Ok(nanoseconds),
    }
}

/// The value of an argument that must be the same for every row.
pub(super) fn constant(function: &str, argument: &str, given: Option<&Arc<dyn PhysicalExpr>>) -> Result<ScalarValue> {
    let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
    match given {
        Some(given) if collect_columns(given).is_empty() => match given.evaluate(&nothing)? {
            ColumnarValue::Scalar(value) => Ok(value),
            ColumnarValue::Array(_) => not_constant(function, argument),
        },
        _ => not_constant(function, argument),
    }
}

/// Finds a wrong span while the statement is planned. A null may yet become a value: that of a parameter. What is not worked out
/// yet, but names no column, will be.
pub(super) fn check_span(function: &str, argument: &str, given: Option<&Expr>) -> Result<()> {
    match given {
        Some(Expr::Literal(span, _)) if span.is_null() => Ok(()),
        Some(Expr::Literal(span, _)) => span_ticks(function, span, TimeUnit::Nanosecond).map(|_| ()),
        Some(other) if other.column_refs().is_empty() => Ok(()),
        _ => not_constant(function, argument),
    }
}

fn not_constant<T>(function: &str, argument: &str) -> Result<T> {
    plan_err!("{function}: the {argument} must be written in the statement, the same for every row")
}

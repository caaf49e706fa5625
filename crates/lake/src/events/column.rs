use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMillisecondBuilder,
};
use coldtrail_model::{Kind, Value, arrow_type};

/// The values of one column of the buffered events; rows that have none are filled in when the next value comes.
#[derive(Debug)]
pub(super) enum Column {
    Text(StringBuilder),
    Integer(Int32Builder),
    Long(Int64Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
    TextList(ListBuilder<StringBuilder>),
}

/// Does the same to the builder of whatever type.
macro_rules! each {
    ($column:expr, $builder:ident => $do:expr) => {
        match $column {
            Column::Text($builder) => $do,
            Column::Integer($builder) => $do,
            Column::Long($builder) => $do,
            Column::Double($builder) => $do,
            Column::Boolean($builder) => $do,
            Column::Time($builder) => $do,
            Column::TextList($builder) => $do,
        }
    };
}

impl Column {
    /// An empty column. It allocates nothing, for a buffer of a rare day must stay small.
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Json => Self::Text(StringBuilder::with_capacity(0, 0)),
            Kind::Integer => Self::Integer(Int32Builder::with_capacity(0)),
            Kind::Long => Self::Long(Int64Builder::with_capacity(0)),
            Kind::Double => Self::Double(Float64Builder::with_capacity(0)),
            Kind::Boolean => Self::Boolean(BooleanBuilder::with_capacity(0)),
            Kind::Time => Self::Time(TimestampMillisecondBuilder::with_capacity(0).with_data_type(arrow_type(Kind::Time))),
            Kind::TextList => Self::TextList(ListBuilder::with_capacity(StringBuilder::with_capacity(0, 0), 0)),
        }
    }

    /// Sets the value of a row that is not before the last one set. False, and nothing is set, if the value is of another type.
    pub(super) fn set(&mut self, row: usize, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => {
                fill(builder, row);
                builder.append_value(text);
            }
            (Self::Integer(builder), Value::Long(number)) => {
                let Ok(number) = i32::try_from(*number) else { return false };
                fill(builder, row);
                builder.append_value(number);
            }
            (Self::Long(builder), Value::Long(number)) => {
                fill(builder, row);
                builder.append_value(*number);
            }
            (Self::Time(builder), Value::Long(number)) => {
                fill(builder, row);
                builder.append_value(*number);
            }
            (Self::Double(builder), Value::Double(number)) => {
                fill(builder, row);
                builder.append_value(*number);
            }
            (Self::Boolean(builder), Value::Boolean(flag)) => {
                fill(builder, row);
                builder.append_value(*flag);
            }
            (Self::TextList(builder), Value::TextList(texts)) => {
                fill(builder, row);
                texts.iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            _ => return false,
        }
        true
    }

    /// The values of all rows; the column is empty afterwards.
    pub(super) fn finish(&mut self, rows: usize) -> ArrayRef {
        each!(self, builder => {
            fill(builder, rows);
            Arc::new(builder.finish())
        })
    }
}

/// Fills in the rows before this one that have no value.
fn fill(builder: &mut impl Nullable, row: usize) {
    let missing = row - builder.len();
    if missing > 0 {
        builder.append_missing(missing);
    }
}

/// A builder that takes rows without a value.
trait Nullable: ArrayBuilder {
    fn append_missing(&mut self, rows: usize);
}

/// Arrow's builders all have `append_nulls`, but no trait that says so.
macro_rules! nullable {
    ($($builder:ty),*) => {
        $(impl Nullable for $builder {
            fn append_missing(&mut self, rows: usize) {
                self.append_nulls(rows);
            }
        })*
    };
}

nullable!(
    StringBuilder,
    Int32Builder,
    Int64Builder,
    Float64Builder,
    BooleanBuilder,
    TimestampMillisecondBuilder,
    ListBuilder<StringBuilder>
);

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
        match (&mut *self, value) {
            (Self::Text(_), Value::Text(_))
            | (Self::Long(_) | Self::Time(_), Value::Long(_))
            | (Self::Double(_), Value::Double(_))
            | (Self::Boolean(_), Value::Boolean(_))
            | (Self::TextList(_), Value::TextList(_)) => self.fill(row),
            (Self::Integer(_), Value::Long(number)) if i32::try_from(*number).is_ok() => self.fill(row),
            _ => return false,
        }
        self.push(value);
        true
    }

    /// The values of all rows; the column is empty afterwards.
    pub(super) fn finish(&mut self, rows: usize) -> ArrayRef {
        self.fill(rows);
        each!(self, builder => Arc::new(builder.finish()))
    }

    fn fill(&mut self, rows: usize) {
        each!(self, builder => {
            let missing = rows - builder.len();
            if missing > 0 {
                builder.append_nulls(missing);
            }
        });
    }

    fn push(&mut self, value: &Value) {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Integer(builder), Value::Long(number)) => builder.append_option(i32::try_from(*number).ok()),
            (Self::Long(builder), Value::Long(number)) => builder.append_value(*number),
            (Self::Time(builder), Value::Long(number)) => builder.append_value(*number),
            (Self::Double(builder), Value::Double(number)) => builder.append_value(*number),
            (Self::Boolean(builder), Value::Boolean(flag)) => builder.append_value(*flag),
            (Self::TextList(builder), Value::TextList(texts)) => {
                texts.iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            _ => unreachable!("the caller has checked the type"),
        }
    }
}

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use coldtrail_model::{Class, Col};

use crate::error::Error;
use crate::scalar::Numeric;
use crate::value::{FieldValue, Leaf, Text};

/// One column of a batch, in whatever encoding a scan gives it.
#[derive(Debug, Clone)]
pub(crate) struct ColumnReader {
    kind: Kind,
    array: ArrayRef,
    /// For a dictionary, where in `array` the value of each row is.
    keys: Option<ArrayRef>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    LargeText,
    TextView,
    Integer,
    Long,
    Double,
    Boolean,
    Time,
    TextList,
}

impl ColumnReader {
    /// The reader of a column of a batch of this table.
    pub(crate) fn new(table: Class, column: Col, batch: &RecordBatch) -> Result<Self, Error> {
        let name = column.column().name;
        let array =
            batch.column_by_name(name).ok_or_else(|| Error::ColumnMissing { table: table.name().to_owned(), column: name.to_owned() })?;
        let wrong_type =
            || Error::ColumnType { table: table.name().to_owned(), column: name.to_owned(), found: array.data_type().to_string() };
        match array.as_any_dictionary_opt() {
            Some(dictionary) => {
                let kind = kind_of(dictionary.values().data_type()).ok_or_else(wrong_type)?;
                let keys = arrow::compute::cast(dictionary.keys(), &DataType::Int64).map_err(|_| wrong_type())?;
                Ok(Self { kind, array: std::sync::Arc::clone(dictionary.values()), keys: Some(keys) })
            }
            None => {
                let kind = kind_of(array.data_type()).ok_or_else(wrong_type)?;
                Ok(Self { kind, array: std::sync::Arc::clone(array), keys: None })
            }
        }
    }

    /// Where the value of a row is, unless it is null.
    fn index(&self, row: usize) -> Option<usize> {
        let index = match &self.keys {
            Some(keys) if keys.is_null(row) => return None,
            Some(keys) => usize::try_from(keys.as_primitive::<Int64Type>().value(row)).ok()?,
            None => row,
        };
        self.array.is_valid(index).then_some(index)
    }

    /// The value of a row as text, unless it is null or a list.
    pub(crate) fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        let index = self.index(row)?;
        let array = &self.array;
        Some(match self.kind {
            Kind::Text => Cow::Borrowed(array.as_string::<i32>().value(index)),
            Kind::LargeText => Cow::Borrowed(array.as_string::<i64>().value(index)),
            Kind::TextView => Cow::Borrowed(array.as_string_view().value(index)),
            Kind::Integer => Cow::Owned(array.as_primitive::<Int32Type>().value(index).to_string()),
            Kind::Long => Cow::Owned(array.as_primitive::<Int64Type>().value(index).to_string()),
            Kind::Double => Cow::Owned(array.as_primitive::<Float64Type>().value(index).to_string()),
            Kind::Boolean => Cow::Borrowed(if array.as_boolean().value(index) { "true" } else { "false" }),
            Kind::Time => Cow::Owned(array.as_primitive::<TimestampMillisecondType>().value(index).to_string()),
            Kind::TextList => return None,
        })
    }

    /// The value of a row as a field's.
    pub(crate) fn value(&self, row: usize) -> FieldValue<'_> {
        let Some(index) = self.index(row) else { return FieldValue::Absent };
        if let Kind::TextList = self.kind {
            let texts = self.array.as_list::<i32>().value(index);
            let texts: Vec<Leaf<'_>> = texts.as_string::<i32>().iter().flatten().map(|text| Leaf::text(text.to_owned())).collect();
            return FieldValue::Values(texts);
        }
        let Some(text) = self.text(row) else { return FieldValue::Absent };
        let is_number = matches!(self.kind, Kind::Integer | Kind::Long | Kind::Double | Kind::Time);
        let number = if is_number { Numeric::from_text(&text) } else { None };
        let flag = if let Kind::Boolean = self.kind { Some(text == "true") } else { None };
        FieldValue::Values(vec![Leaf { text: Text::new(text), number, flag }])
    }
}

fn kind_of(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Utf8 => Kind::Text,
        DataType::LargeUtf8 => Kind::LargeText,
        DataType::Utf8View => Kind::TextView,
        DataType::Int32 => Kind::Integer,
        DataType::Int64 => Kind::Long,
        DataType::Float64 => Kind::Double,
        DataType::Boolean => Kind::Boolean,
        DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, _) => Kind::Time,
        DataType::List(item) if item.data_type() == &DataType::Utf8 => Kind::TextList,
        _ => return None,
    })
}

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMillisecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimestampMillisecondType};
use arrow::error::ArrowError;
use coldtrail_model::{Kind, arrow_type};
use compact_str::CompactString;

use crate::{Indicator, IndicatorKind};

/// Why a batch does not hold indicators.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A column is missing or of another type.
    #[error("the column {column} is not what indicators have there; see the schema of intel.indicators")]
    Column {
        /// The name of the column.
        column: &'static str,
    },
    /// A value cannot be what its column holds.
    #[error("row {row}: {value:?} cannot be the {column} of an indicator")]
    Value {
        /// The row, from 0.
        row: usize,
        /// The name of the column.
        column: &'static str,
        /// The value.
        value: String,
    },
}

/// The schema of the table `intel.indicators`: a row an indicator, columns as the fields of [`Indicator`] are called. `id` is 32
/// hexadecimal digits, `confirm` a text such as `port=443`, times are UTC.
pub fn indicators_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("kind", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, false),
            Field::new("pattern", DataType::Boolean, false),
            Field::new("confirm", DataType::Utf8, true),
            Field::new("original", DataType::Utf8, false),
            Field::new("feed", DataType::Utf8, false),
            Field::new("valid_from", arrow_type(Kind::Time), true),
            Field::new("valid_until", arrow_type(Kind::Time), true),
            Field::new("confidence", DataType::Int32, true),
            Field::new("tlp", DataType::Utf8, true),
            Field::new("attack", arrow_type(Kind::TextList), false),
            Field::new("labels", arrow_type(Kind::TextList), false),
            Field::new("description", DataType::Utf8, true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Indicators as a batch of the schema [`indicators_schema`].
pub fn to_record_batch(indicators: &[Indicator]) -> Result<RecordBatch, ArrowError> {
    let texts = |text: fn(&Indicator) -> Option<String>| -> ArrayRef { Arc::new(indicators.iter().map(text).collect::<StringArray>()) };
    let columns = vec![
        texts(|one| Some(one.id.to_string())),
        texts(|one| Some(one.kind.name().to_owned())),
        texts(|one| Some(one.value.to_string())),
        Arc::new(indicators.iter().map(|one| Some(one.pattern)).collect::<BooleanArray>()),
        texts(|one| one.confirm.as_ref().map(ToString::to_string)),
        texts(|one| Some(one.original.to_string())),
        texts(|one| Some(one.feed.to_string())),
        times(indicators.iter().map(|one| one.valid_from)),
        times(indicators.iter().map(|one| one.valid_until)),
        Arc::new(indicators.iter().map(|one| one.confidence.map(i32::from)).collect::<Int32Array>()),
        texts(|one| one.tlp.as_ref().map(ToString::to_string)),
        lists(indicators.iter().map(|one| &one.attack)),
        lists(indicators.iter().map(|one| &one.labels)),
        texts(|one| one.description.as_ref().map(ToString::to_string)),
    ];
    RecordBatch::try_new(indicators_schema(), columns)
}

/// An array of instants, in milliseconds.
pub(crate) fn times(times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(times.collect::<TimestampMillisecondArray>().with_data_type(arrow_type(Kind::Time)))
}

/// An array of lists of texts.
pub(crate) fn lists<'a, T: AsRef<str> + 'a>(lists: impl Iterator<Item = &'a Vec<T>>) -> ArrayRef {
    let item = match arrow_type(Kind::TextList) {
        DataType::List(item) => item,
        other => Arc::new(Field::new_list_field(other, true)),
    };
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(item);
    for list in lists {
        list.iter().for_each(|text| builder.values().append_value(text.as_ref()));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// The indicators of a batch, whose columns may be in any order, more than the schema has, and of types that can be cast to its types.
///
/// Fails if a column is missing or of another type, or a value is none of its column.
pub fn from_record_batch(batch: &RecordBatch) -> Result<Vec<Indicator>, BatchError> {
    let columns = Columns::new(batch)?;
    (0..batch.num_rows()).map(|row| columns.indicator(row)).collect()
}

/// The columns of a batch by their names.
struct Columns(HashMap<&'static str, ArrayRef>);

impl Columns {
    fn new(batch: &RecordBatch) -> Result<Self, BatchError> {
        const NAMES: [&str; 14] = [
            "id",
            "kind",
            "value",
            "pattern",
            "confirm",
            "original",
            "feed",
            "valid_from",
            "valid_until",
            "confidence",
            "tlp",
            "attack",
            "labels",
            "description",
        ];
        let schema = indicators_schema();
        let column = |column: &'static str| {
            let wrong = || BatchError::Column { column };
            let wanted = schema.field_with_name(column).map_err(|_| wrong())?.data_type();
            let found = batch.column_by_name(column).ok_or_else(wrong)?;
            Ok((column, cast(found, wanted).map_err(|_| wrong())?))
        };
        NAMES.into_iter().map(column).collect::<Result<_, BatchError>>().map(Self)
    }

    fn indicator(&self, row: usize) -> Result<Indicator, BatchError> {
        let parsed = |column: &'static str| {
            let value = self.text(column, row).unwrap_or_default();
            (column, value)
        };
        let wrong = |(column, value): (&'static str, &str)| BatchError::Value { row, column, value: value.to_owned() };
        let (id, kind) = (parsed("id"), parsed("kind"));
        let confirm = self.text("confirm", row).map(|text| text.parse().map_err(|_| wrong(("confirm", text)))).transpose()?;
        let confidence = self.number(row).map(|number| u8::try_from(number).map_err(|_| wrong(("confidence", &number.to_string()))));
        Ok(Indicator {
            id: id.1.parse().map_err(|_| wrong(id))?,
            kind: IndicatorKind::from_name(kind.1).ok_or_else(|| wrong(kind))?,
            value: parsed("value").1.into(),
            pattern: self.column("pattern").is_some_and(|array| array.as_boolean().value(row)),
            confirm,
            original: parsed("original").1.into(),
            feed: parsed("feed").1.into(),
            valid_from: self.time("valid_from", row),
            valid_until: self.time("valid_until", row),
            confidence: confidence.transpose()?,
            tlp: self.text("tlp", row).map(CompactString::from),
            attack: self.list("attack", row),
            labels: self.list("labels", row),
            description: self.text("description", row).map(Into::into),
        })
    }

    fn column(&self, column: &str) -> Option<&ArrayRef> {
        self.0.get(column)
    }

    fn text(&self, column: &str, row: usize) -> Option<&str> {
        let array = self.column(column)?.as_string_opt::<i32>()?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn time(&self, column: &str, row: usize) -> Option<i64> {
        let array = self.column(column)?.as_primitive_opt::<TimestampMillisecondType>()?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn number(&self, row: usize) -> Option<i32> {
        let array = self.column("confidence")?.as_primitive_opt::<Int32Type>()?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn list(&self, column: &str, row: usize) -> Vec<CompactString> {
        let Some(lists) = self.column(column).and_then(|array| array.as_list_opt::<i32>()) else { return Vec::new() };
        if lists.is_null(row) {
            return Vec::new();
        }
        let values = lists.value(row);
        let texts = values.as_string_opt::<i32>();
        texts.map(|texts| texts.iter().flatten().map(CompactString::from).collect()).unwrap_or_default()
    }
}

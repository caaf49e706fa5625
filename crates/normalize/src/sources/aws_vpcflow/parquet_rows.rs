use std::borrow::Cow;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use coldtrail_model::Col;

use crate::normalizer::reject;
use crate::{Batch, Place};

use super::flow::{Field, Flow, field_named};
use super::map_flow;

/// The columns of a Parquet file of flow logs.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<String>,
    fields: Vec<Option<Field>>,
}

impl Columns {
    /// The columns that a file names; nothing if it has none for when a flow began.
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let fields: Vec<Option<Field>> = names.iter().map(|name| field_named(name)).collect();
        fields.contains(&Some(Field::Start)).then_some(Self { names, fields })
    }

    /// Maps rows; how long they are as JSON, in bytes. The place of a row is its number; its raw record is the row as JSON.
    pub(super) fn map_batch(&self, rows: &RecordBatch, first_row: u64, batch: &mut Batch) -> Result<u64, ArrowError> {
        let options = FormatOptions::default().with_null("");
        let formatters = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<Vec<_>, _>>()?;
        let mut json_bytes = 0;
        for row in 0..rows.num_rows() {
            let values: Vec<Cow<'_, str>> = formatters.iter().map(|formatter| Cow::Owned(formatter.value(row).to_string())).collect();
            let mut flow = Flow::default();
            for ((name, column), value) in self.names.iter().zip(&self.fields).zip(&values) {
                match column {
                    Some(field) => flow.set(*field, value),
                    None => flow.add_extra(name, value),
                }
            }
            let raw = raw_row(rows, &self.names, &values, row);
            json_bytes += raw.len() as u64;
            let place = Place { offset: first_row + row as u64 };
            match map_flow(&mut flow) {
                Ok(mut event) => {
                    event.owned_text(Col::RawData, raw);
                    batch.events.push((place, event));
                }
                Err(reason) => batch.rejects.push(reject(place, reason, raw.as_bytes())),
            }
        }
        Ok(json_bytes)
    }
}

/// The row as JSON, numbers as numbers.
fn raw_row(rows: &RecordBatch, names: &[String], values: &[Cow<'_, str>], row: usize) -> String {
    let members = names.iter().zip(rows.columns()).zip(values).filter(|((_, column), _)| column.is_valid(row));
    let members = members.map(|((name, column), value)| {
        let is_number = column.data_type().is_numeric();
        let number = if is_number { serde_json::from_str(value).ok() } else { None };
        (name.clone(), number.unwrap_or_else(|| serde_json::Value::String(value.to_string())))
    });
    serde_json::Value::Object(members.collect()).to_string()
}

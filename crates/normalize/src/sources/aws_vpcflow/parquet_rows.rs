use std::borrow::Cow;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use coldtrail_model::Col;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::normalizer::reject;
use crate::{Batch, Place, Reason};

use super::flow::{Field, Flow, field_named};
use super::map_flow;

/// Maps every row of a Parquet file. The place of a row is its number; its raw record is the row as JSON.
pub(super) fn map_rows(file: &[u8], batch: &mut Batch) -> Result<(), Reason> {
    let not_parquet = |detail: String| Reason::NotThisFormat { format: "a Parquet file of flow logs", detail };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)).map_err(|error| not_parquet(error.to_string()))?;
    let names: Vec<_> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let columns: Vec<Option<Field>> = names.iter().map(|name| field_named(name)).collect();
    if !columns.contains(&Some(Field::Start)) {
        return Err(not_parquet("it has no column start".to_owned()));
    }
    let reader = builder.build().map_err(|error| not_parquet(error.to_string()))?;
    let mut row_number = 0;
    for rows in reader {
        let rows = rows.map_err(|error| not_parquet(format!("it cannot be read from row {row_number} on: {error}")))?;
        map_batch(&rows, &names, &columns, row_number, batch).map_err(|error| not_parquet(error.to_string()))?;
        row_number += rows.num_rows() as u64;
    }
    Ok(())
}

fn map_batch(
    rows: &RecordBatch,
    names: &[String],
    columns: &[Option<Field>],
    first_row: u64,
    batch: &mut Batch,
) -> Result<(), arrow::error::ArrowError> {
    let options = FormatOptions::default().with_null("");
    let formatters = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<Vec<_>, _>>()?;
    for row in 0..rows.num_rows() {
        let place = Place { offset: first_row + row as u64 };
        let values: Vec<Cow<'_, str>> = formatters.iter().map(|formatter| Cow::Owned(formatter.value(row).to_string())).collect();
        let mut flow = Flow::default();
        for ((name, column), value) in names.iter().zip(columns).zip(&values) {
            match column {
                Some(field) => flow.set(*field, value),
                None => flow.add_extra(name, value),
            }
        }
        let raw = raw_row(rows, names, &values, row);
        match map_flow(&mut flow) {
            Ok(mut event) => {
                event.owned_text(Col::RawData, raw);
                batch.events.push((place, event));
            }
            Err(reason) => batch.rejects.push(reject(place, reason, raw.as_bytes())),
        }
    }
    Ok(())
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

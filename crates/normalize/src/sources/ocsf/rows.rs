//! Rows of Parquet files as Security Lake lays them out, as the JSON that they stand for.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use coldtrail_model::{Col, Event};
use serde_json::{Map, Value as Json};

use super::Ocsf;
use crate::fields::Fields;
use crate::normalizer::{keep_rest, reject};
use crate::sources::Mapping;
use crate::{Batch, Place, Reason};

/// What every Parquet file begins with.
pub(super) const SIGNATURE: &[u8] = b"PAR1";

/// True if the columns that a Parquet file names are those of OCSF; they stand at its end.
pub(super) fn names_class(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"class_uid").is_some()
}

/// Maps rows; how long they are as JSON, in bytes. The place of a row is its number; its raw record is the row as JSON.
pub(super) fn map_batch(mapping: &mut Ocsf, rows: &RecordBatch, first_row: u64, batch: &mut Batch) -> Result<u64, ArrowError> {
    let mut json_bytes = 0;
    for row in 0..rows.num_rows() {
        let mut members = Map::new();
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            if let Some(value) = json_of(column, row)? {
                members.insert(field.name().clone(), value);
            }
        }
        let raw = Json::Object(members).to_string();
        json_bytes += raw.len() as u64;
        let place = Place { offset: first_row + row as u64 };
        match map_row(mapping, &raw) {
            Ok(event) => batch.events.push((place, event)),
            Err(reason) => batch.rejects.push(reject(place, reason, raw.as_bytes())),
        }
    }
    Ok(json_bytes)
}

fn map_row(mapping: &mut Ocsf, raw: &str) -> Result<Event, Reason> {
    let mut fields = Fields::parse(raw).map_err(|error| Reason::NotJson { detail: error.to_string() })?;
    let mut event = mapping.map_json(&mut fields)?;
    keep_rest(&mut event, &fields);
    event.text(Col::RawData, raw);
    Ok(event)
}

/// A cell as JSON; null is nothing.
fn json_of(column: &ArrayRef, row: usize) -> Result<Option<Json>, ArrowError> {
    if column.is_null(row) {
        return Ok(None);
    }
    let json = match column.data_type() {
        DataType::Struct(fields) => {
            let mut members = Map::new();
            for (field, inner) in fields.iter().zip(column.as_struct().columns()) {
                if let Some(value) = json_of(inner, row)? {
                    members.insert(field.name().clone(), value);
                }
            }
            Json::Object(members)
        }
        DataType::List(_) => elements_of(&column.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => elements_of(&column.as_list::<i64>().value(row))?,
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let mut members = Map::new();
            for entry in 0..entries.len() {
                let key = formatted(entries.column(0), entry)?;
                members.insert(key, json_of(entries.column(1), entry)?.unwrap_or(Json::Null));
            }
            Json::Object(members)
        }
        DataType::Timestamp(unit, _) => milliseconds(column, *unit, row).into(),
        DataType::Boolean => Json::Bool(column.as_boolean().value(row)),
        kind if kind.is_numeric() => {
            let text = formatted(column, row)?;
            serde_json::from_str(&text).unwrap_or(Json::String(text))
        }
        _ => Json::String(formatted(column, row)?),
    };
    Ok(Some(json))
}

/// An instant as OCSF counts it.
fn milliseconds(column: &ArrayRef, unit: TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1000),
        TimeUnit::Millisecond => column.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().value(row).div_euclid(1000),
        TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000_000),
    }
}

fn elements_of(list: &ArrayRef) -> Result<Json, ArrowError> {
    let elements = (0..list.len()).map(|row| Ok(json_of(list, row)?.unwrap_or(Json::Null)));
    elements.collect::<Result<Vec<_>, ArrowError>>().map(Json::Array)
}

fn formatted(column: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    Ok(ArrayFormatter::try_new(column, &FormatOptions::default())?.value(row).to_string())
}

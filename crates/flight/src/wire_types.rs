//! The types that every client understands: no views, no dictionaries, no run ends, nothing that a driver has no accessor for.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow::compute::kernels::length::length;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

const DECIMAL128_DIGITS_MAX: u8 = 38;

/// The schema as clients will see it.
pub(crate) fn plain_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new_with_metadata(plain_fields(schema.fields()), schema.metadata().clone()))
}

fn plain_fields(fields: &Fields) -> Fields {
    fields.iter().map(plain_field).collect()
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), plain_type(field.data_type()), field.is_nullable()).with_metadata(field.metadata().clone()))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        DataType::Decimal256(precision, scale) if *precision <= DECIMAL128_DIGITS_MAX => DataType::Decimal128(*precision, *scale),
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::List(item) | DataType::ListView(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Struct(fields) => DataType::Struct(plain_fields(fields)),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        other => other.clone(),
    }
}

/// The same rows under the promised schema. Values never change; a column that cannot be brought there is an error that names it.
pub(crate) fn convert_batch(batch: &RecordBatch, promised: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() != promised.fields().len() {
        let found = batch.num_columns();
        return Err(ArrowError::SchemaError(format!("{} columns were promised, {found} came", promised.fields().len())));
    }
    let convert = |(column, field): (&ArrayRef, &FieldRef)| {
        let named = |error| ArrowError::SchemaError(format!("column {}: {error}", field.name()));
        convert_array(column, field.data_type()).map_err(named)
    };
    let columns = batch.columns().iter().zip(promised.fields()).map(convert).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(promised), columns, &options)
}

fn convert_array(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    let nulls = array.nulls().cloned();
    Ok(match (array.data_type(), target) {
        (DataType::Struct(from), DataType::Struct(fields)) if from.len() == fields.len() && !fields.is_empty() => {
            Arc::new(StructArray::try_new(fields.clone(), convert_children(array.as_struct(), fields)?, nulls)?)
        }
        (DataType::List(_), DataType::List(item)) => convert_list::<i32>(array, item)?,
        (DataType::LargeList(_), DataType::LargeList(item)) => convert_list::<i64>(array, item)?,
        (DataType::FixedSizeList(_, from), DataType::FixedSizeList(item, size)) if from == size => {
            let values = convert_array(array.as_fixed_size_list().values(), item.data_type())?;
            Arc::new(FixedSizeListArray::try_new(Arc::clone(item), *size, values, nulls)?)
        }
        (DataType::Map(_, _), DataType::Map(entries, sorted)) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(ArrowError::SchemaError("the entries of a map are not a struct".into()));
            };
            let converted = StructArray::try_new(fields.clone(), convert_children(map.entries(), fields)?, None)?;
            Arc::new(MapArray::try_new(Arc::clone(entries), map.offsets().clone(), converted, nulls, *sorted)?)
        }
        // Views have no order to keep, so they become lists of their own items first.
        (DataType::ListView(item), DataType::List(_)) => convert_array(&cast(array, &DataType::List(Arc::clone(item)))?, target)?,
        (DataType::LargeListView(item), DataType::LargeList(_)) => {
            convert_array(&cast(array, &DataType::LargeList(Arc::clone(item)))?, target)?
        }
        (DataType::Dictionary(_, values), _) if values.is_nested() => convert_array(&cast(array, values)?, target)?,
        (DataType::RunEndEncoded(_, values), _) if values.data_type().is_nested() => {
            convert_array(&cast(array, values.data_type())?, target)?
        }
        _ => cast(array, target)?,
    })
}

/// Fails rather than losing a value.
fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, target, &CastOptions { safe: false, ..CastOptions::default() })
}

fn convert_children(array: &StructArray, fields: &Fields) -> Result<Vec<ArrayRef>, ArrowError> {
    array.columns().iter().zip(fields).map(|(child, field)| convert_array(child, field.data_type())).collect()
}

fn convert_list<O: OffsetSizeTrait>(array: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let list = array.as_list::<O>();
    let values = convert_array(list.values(), item.data_type())?;
    let converted = GenericListArray::<O>::try_new(Arc::clone(item), list.offsets().clone(), values, list.nulls().cloned())?;
    Ok(Arc::new(converted))
}

/// About how many bytes the rows take on the wire, counting only what the slice holds.
pub(crate) fn plain_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(array_bytes).sum()
}

fn array_bytes(array: &ArrayRef) -> usize {
    let offsets_bytes = 4 * (array.len() + 1);
    match array.data_type() {
        DataType::Utf8View => offsets_bytes + view_bytes(array.as_string_view().views()),
        DataType::BinaryView => offsets_bytes + view_bytes(array.as_binary_view().views()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(array_bytes).sum(),
        DataType::List(_) => 2 * offsets_bytes + list_bytes(array.as_list::<i32>()),
        DataType::LargeList(_) => 2 * offsets_bytes + list_bytes(array.as_list::<i64>()),
        DataType::Dictionary(_, _) => dictionary_bytes(array),
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()),
    }
}

/// A view starts with the length of its value.
fn view_bytes(views: &[u128]) -> usize {
    views.iter().map(|&view| view as u32 as usize).sum()
}

fn list_bytes<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    let (start, end) = (list.offsets()[0].as_usize(), list.offsets()[list.len()].as_usize());
    array_bytes(&list.values().slice(start, end - start))
}

fn dictionary_bytes(array: &ArrayRef) -> usize {
    let dictionary = array.as_any_dictionary();
    let values = dictionary.values();
    if values.is_empty() {
        return 8 * array.len();
    }
    let keys = dictionary.normalized_keys();
    let lengths = length(values.as_ref()).and_then(|lengths| cast(&lengths, &DataType::Int64));
    let value_bytes: usize = match lengths {
        Ok(lengths) => {
            let lengths = lengths.as_primitive::<arrow::datatypes::Int64Type>();
            keys.iter().map(|&key| usize::try_from(lengths.value(key)).unwrap_or_default()).sum()
        }
        Err(_) => array.len() * array_bytes(values).div_ceil(values.len()),
    };
    4 * array.len() + value_bytes
}

#[cfg(test)]
mod tests;

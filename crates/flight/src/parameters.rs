//! Parameters: `?` and `$1` in the text, bound rows on the wire.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use tonic::Status;

mod placeholders;

/// Gives `?` placeholders their numbers (`$1`, `$2`, …). Text that has none is returned as it is.
pub(crate) fn number_placeholders(sql: &str) -> Cow<'_, str> {
    placeholders::number(sql)
}

/// Bound rows under the types that the statement expects; a value that does not fit exactly is refused.
pub(crate) fn bind(batches: &[RecordBatch], sent: &SchemaRef, expected: &SchemaRef) -> Result<RecordBatch, Status> {
    if sent.fields().len() != expected.fields().len() {
        let (found, needed) = (sent.fields().len(), expected.fields().len());
        return Err(Status::invalid_argument(format!("the statement has {needed} parameters, {found} were bound")));
    }
    let rows = concat_batches(sent, batches).map_err(|error| Status::invalid_argument(format!("the bound rows are broken: {error}")))?;
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (index, column) in rows.columns().iter().enumerate() {
        let named = |error: ArrowError| Status::invalid_argument(format!("parameter ${}: {error}", index + 1));
        columns.push(cast_exactly(column, expected.field(index).data_type()).map_err(named)?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let nullable = expected.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    let schema = Arc::new(arrow::datatypes::Schema::new(nullable));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| Status::invalid_argument(error.to_string()))
}

fn cast_exactly(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = cast_with_options(array, target, &options)?;
    let from = array.data_type();
    let may_round = from.is_floating() || from.is_decimal() || from.is_temporal();
    if may_round && (target.is_integer() || target.is_temporal() || target.is_decimal()) {
        let back = cast_with_options(&cast, from, &options)?;
        if not_distinct(&back, array)?.false_count() > 0 {
            return Err(ArrowError::CastError(format!("the {from} value is not exact as {target}; cast the parameter in the statement")));
        }
    }
    Ok(cast)
}

/// Bound rows as they travel inside a handle.
pub(crate) fn to_bytes(rows: &RecordBatch) -> Result<Bytes, Status> {
    let encode = || {
        let mut writer = StreamWriter::try_new(Vec::new(), rows.schema_ref())?;
        writer.write(rows)?;
        writer.into_inner()
    };
    encode().map(Bytes::from).map_err(|error: ArrowError| Status::internal(format!("could not encode the parameters: {error}")))
}

/// One batch for each bound row, from a handle.
pub(crate) fn rows_from_bytes(bytes: &[u8]) -> Result<Vec<RecordBatch>, Status> {
    let decode = || {
        let mut rows = Vec::new();
        for batch in StreamReader::try_new(bytes, None)? {
            let batch = batch?;
            rows.extend((0..batch.num_rows()).map(|row| batch.slice(row, 1)));
        }
        Ok(rows)
    };
    decode().map_err(|error: ArrowError| Status::internal(format!("could not decode the parameters: {error}")))
}

#[cfg(test)]
mod tests;

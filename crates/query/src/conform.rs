use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

/// The schema that a client is promised: every column may be null. Whether one can be depends on values that are bound later and on
/// where the plan runs, and clients compare what they were promised with what they get.
pub(crate) fn promised(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect();
    Arc::new(Schema::new(fields))
}

/// The same rows with exactly this schema: columns by position, cast where a tier has given another type.
pub fn conform(schema: SchemaRef, stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
    if stream.schema() == schema {
        return stream;
    }
    let wanted = Arc::clone(&schema);
    let batches = stream.map(move |batch| conform_batch(&wanted, &batch?));
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

fn conform_batch(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        let message = format!("a batch has {} columns where {} were promised", batch.num_columns(), schema.fields().len());
        return Err(DataFusionError::Internal(message));
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

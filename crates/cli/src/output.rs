//! Rows as people and programs want them.

use std::io::Write;

use anyhow::{Context, bail};
use arrow::datatypes::SchemaRef;
use arrow::json::LineDelimitedWriter;
use arrow::record_batch::RecordBatch;
use arrow::util::display::FormatOptions;
use arrow::util::pretty::pretty_format_batches_with_options;
use coldtrail_flight::client::{ClientError, QueryResult};
use futures::StreamExt;
use futures::stream::BoxStream;
use parquet::arrow::ArrowWriter;

use crate::arguments::Format;

type Batches = BoxStream<'static, Result<RecordBatch, ClientError>>;

/// Writes a result as it arrives, and returns how many rows it had.
pub(crate) async fn write(
    result: QueryResult,
    format: Format,
    rows_max: usize,
    out: Box<dyn Write + Send>,
    is_file: bool,
) -> anyhow::Result<u64> {
    match format {
        Format::Table => write_table(result, rows_max, out).await,
        Format::Json => write_json(result.batches, out).await,
        Format::Csv => write_csv(result, out).await,
        Format::Parquet if is_file => write_parquet(result, out).await,
        Format::Parquet => bail!("Parquet is not for a terminal; name a file with --out"),
    }
}

async fn write_table(result: QueryResult, rows_max: usize, mut out: Box<dyn Write + Send>) -> anyhow::Result<u64> {
    let mut shown = Vec::new();
    let mut rows = 0;
    let mut batches = result.batches;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let room = rows_max.saturating_sub(rows);
        if room > 0 {
            shown.push(batch.slice(0, batch.num_rows().min(room)));
        }
        rows += batch.num_rows();
    }
    if shown.is_empty() {
        shown.push(RecordBatch::new_empty(result.schema));
    }
    writeln!(out, "{}", table(&shown)?)?;
    if rows > rows_max {
        writeln!(out, "{} of {rows} rows; --rows-max shows more, --format and --out take all", rows_max)?;
    }
    out.flush()?;
    Ok(rows as u64)
}

/// A table of rows, with nulls shown as nothing.
pub(crate) fn table(batches: &[RecordBatch]) -> anyhow::Result<String> {
    let options = FormatOptions::default().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    Ok(pretty_format_batches_with_options(batches, &options)?.to_string())
}

async fn write_json(mut batches: Batches, out: Box<dyn Write + Send>) -> anyhow::Result<u64> {
    let mut writer = LineDelimitedWriter::new(out);
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    writer.finish()?;
    writer.into_inner().flush()?;
    Ok(rows)
}

/// The rows as JSON objects; a null is a member that is not there.
pub(crate) async fn json_rows(result: QueryResult) -> anyhow::Result<Vec<serde_json::Value>> {
    let mut text = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut text);
    let mut batches = result.batches;
    while let Some(batch) = batches.next().await {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    let lines = serde_json::Deserializer::from_slice(&text).into_iter();
    lines.collect::<Result<_, _>>().context("rows of the server cannot be read")
}

async fn write_csv(result: QueryResult, out: Box<dyn Write + Send>) -> anyhow::Result<u64> {
    let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(out);
    let mut batches = result.batches;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = texts_for_csv(&batch?)?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    if rows == 0 {
        writer.write(&texts_for_csv(&RecordBatch::new_empty(result.schema))?)?;
    }
    writer.into_inner().flush()?;
    Ok(rows)
}

/// CSV has no lists and structs: they become the text that a table shows.
fn texts_for_csv(batch: &RecordBatch) -> anyhow::Result<RecordBatch> {
    use arrow::array::{ArrayRef, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::util::display::array_value_to_string;
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if field.data_type().is_nested() {
            let texts = (0..column.len()).map(|row| column.is_valid(row).then(|| array_value_to_string(column, row)).transpose());
            columns.push(std::sync::Arc::new(texts.collect::<Result<StringArray, _>>()?));
            fields.push(Field::new(field.name(), DataType::Utf8, true));
        } else {
            columns.push(std::sync::Arc::clone(column));
            fields.push(field.as_ref().clone());
        }
    }
    let schema: SchemaRef = std::sync::Arc::new(Schema::new(fields));
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}

async fn write_parquet(result: QueryResult, out: Box<dyn Write + Send>) -> anyhow::Result<u64> {
    let mut writer = ArrowWriter::try_new(out, result.schema, None).context("the result has a type that Parquet has not")?;
    let mut batches = result.batches;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    writer.close()?;
    Ok(rows)
}

//! Rows of Parquet files, a part at a time, so that memory does not depend on how well a file was compressed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::normalizer::reject;
use crate::{Batch, Place, Reason};

/// So many rows are decoded at once: few, since a dictionary makes each as long as the longest value.
const ROWS_AT_ONCE: usize = 256;

/// A part ends once its rows are so long as JSON, in bytes.
const PART_BYTES: u64 = 16 << 20;

/// Rows that are longer as JSON than so many times their file are no logs: what is left of the file becomes one reject.
const EXPANSION_MAX: u64 = 1000;

/// A row counts for so many bytes beside its JSON, so that rows with nothing in them have an end too.
const ROW_BYTES: u64 = 128;

/// Files whose rows are no longer than this as JSON, in bytes, may be compressed as well as they like.
const EXPANSION_BYTES_MIN: u64 = 64 << 20;

/// The rows of one file that were not mapped yet.
pub(crate) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    /// What the file should be, for messages.
    format: &'static str,
    row_number: u64,
    json_bytes: u64,
    json_bytes_max: u64,
}

impl ParquetRows {
    /// Opens a file; why not, if it is none. `format` says what it should be.
    pub(crate) fn open(file: &[u8], format: &'static str) -> Result<(Self, SchemaRef), Reason> {
        let file_bytes = Bytes::copy_from_slice(file);
        let opened = without_panic(|| {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file_bytes)?;
            let schema = builder.schema().clone();
            Ok::<_, ParquetError>((builder.with_batch_size(ROWS_AT_ONCE).build()?, schema))
        });
        let (reader, schema) = opened.map_err(|detail| Reason::NotThisFormat { format, detail })?;
        let json_bytes_max = (file.len() as u64).saturating_mul(EXPANSION_MAX).max(EXPANSION_BYTES_MIN);
        Ok((Self { reader, format, row_number: 0, json_bytes: 0, json_bytes_max }, schema))
    }

    /// Maps the next rows; `map` gets some of them with the number of the first, and says how long they are as JSON, in bytes. False if
    /// none are left.
    pub(crate) fn map_part(
        &mut self,
        batch: &mut Batch,
        mut map: impl FnMut(&RecordBatch, u64, &mut Batch) -> Result<u64, ArrowError>,
    ) -> bool {
        let part_end = self.json_bytes + PART_BYTES;
        while self.json_bytes < part_end {
            let read = without_panic(|| self.reader.next().transpose());
            let mapped = match read {
                Ok(None) => return false,
                Ok(Some(rows)) => {
                    map(&rows, self.row_number, batch).map(|bytes| (rows.num_rows() as u64, bytes)).map_err(|error| error.to_string())
                }
                Err(problem) => Err(problem),
            };
            let problem = match mapped {
                Ok((count, json_bytes)) => {
                    self.row_number += count;
                    self.json_bytes += json_bytes + count * ROW_BYTES;
                    let limit = self.json_bytes_max;
                    (self.json_bytes > limit).then(|| format!("its rows are over {limit} bytes as JSON, {EXPANSION_MAX} times the file"))
                }
                Err(problem) => Some(problem),
            };
            if let Some(problem) = problem {
                let detail = format!("it cannot be read from row {} on: {problem}", self.row_number);
                let reason = Reason::NotThisFormat { format: self.format, detail };
                batch.rejects.push(reject(Place { offset: self.row_number }, reason, &[]));
                return false;
            }
        }
        true
    }
}

/// What a reading gives. The Parquet reader stops at some damaged files with a panic, which is an error here like any other; what it
/// was reading is not touched again.
fn without_panic<T, E: std::fmt::Display>(read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    let panicked = |payload: Box<dyn Any + Send>| {
        let words = payload.downcast_ref::<&str>().map(|words| (*words).to_owned()).or_else(|| payload.downcast_ref::<String>().cloned());
        format!("the Parquet reader gave up: {}", words.as_deref().unwrap_or("it does not say why"))
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(payload) => Err(panicked(payload)),
    }
}

impl std::fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows").field("row_number", &self.row_number).finish_non_exhaustive()
    }
}

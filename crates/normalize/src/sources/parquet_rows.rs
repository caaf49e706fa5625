//! Rows of Parquet files, a part at a time, so that memory does not depend on how well a file was compressed.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::normalizer::reject;
use crate::{Batch, Place, Reason};

/// So many rows are decoded at once: few, since a dictionary makes each as long as the longest value.
const ROWS_AT_ONCE: usize = 256;

/// A part ends once its rows are so long as JSON, in bytes.
const PART_BYTES: u64 = 16 << 20;

/// Rows that are longer as JSON than so many times their file are no logs: what is left of the file becomes one reject.
const EXPANSION_MAX: u64 = 1000;

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
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file));
        let builder = builder.map_err(|error| Reason::NotThisFormat { format, detail: error.to_string() })?;
        let schema = builder.schema().clone();
        let reader = builder.with_batch_size(ROWS_AT_ONCE).build();
        let reader = reader.map_err(|error| Reason::NotThisFormat { format, detail: error.to_string() })?;
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
            let Some(rows) = self.reader.next() else { return false };
            let mapped = rows.and_then(|rows| Ok((rows.num_rows() as u64, map(&rows, self.row_number, batch)?)));
            let problem = match mapped {
                Ok((count, json_bytes)) => {
                    self.row_number += count;
                    self.json_bytes += json_bytes;
                    let limit = self.json_bytes_max;
                    (self.json_bytes > limit).then(|| format!("its rows are over {limit} bytes as JSON, {EXPANSION_MAX} times the file"))
                }
                Err(error) => Some(error.to_string()),
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

impl std::fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows").field("row_number", &self.row_number).finish_non_exhaustive()
    }
}

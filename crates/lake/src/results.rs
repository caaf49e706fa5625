use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use crate::layout::RUNS_ROOT;
use crate::{Error, Lake};

/// The most bytes of one file of results, as Parquet.
pub const RESULT_BYTES_MAX: usize = 1 << 30;

/// The rows of a query, written as one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenRows {
    /// How many there are.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// Why rows could not be written: where they come from, or where they go.
#[derive(Debug)]
pub enum WriteRowsError<E> {
    /// The rows ended with an error.
    Rows(E),
    /// They could not be kept.
    Lake(Error),
}

impl Lake {
    /// The path of the rows of one slice of a run, relative to the lake. `name` tells one try from another: no file is written twice.
    #[must_use]
    pub fn result_path(run: &str, name: &str) -> String {
        format!("{RUNS_ROOT}/{run}/{name}.parquet")
    }

    /// Writes rows as one Parquet file, whole or not at all. Nothing is written when there are no rows.
    pub async fn write_rows<E>(
        &self,
        path: &str,
        schema: SchemaRef,
        rows: impl Stream<Item = Result<RecordBatch, E>> + Send,
    ) -> Result<Option<WrittenRows>, WriteRowsError<E>> {
        let fail = |source: ParquetError| WriteRowsError::Lake(Error::EncodeResult { path: self.location(path), source });
        let level = ZstdLevel::try_new(1).map_err(fail)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(fail)?;
        let mut rows = std::pin::pin!(rows);
        let mut count = 0_u64;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(WriteRowsError::Rows)?;
            writer.write(&batch).map_err(fail)?;
            count += batch.num_rows() as u64;
            let bytes = writer.bytes_written() + writer.in_progress_size();
            if bytes > RESULT_BYTES_MAX {
                return Err(WriteRowsError::Lake(Error::ResultTooLarge { path: self.location(path), limit: RESULT_BYTES_MAX }));
            }
        }
        if count == 0 {
            return Ok(None);
        }
        let file = Bytes::from(writer.into_inner().map_err(fail)?);
        let written = WrittenRows { rows: count, bytes: file.len() as u64, sha256: Sha256::digest(&file).into() };
        self.put(path, file).await.map_err(WriteRowsError::Lake)?;
        Ok(Some(written))
    }

    /// Deletes every file of a run's results. Says how many there were.
    pub async fn delete_results(&self, run: &str) -> Result<u64, Error> {
        let folder = format!("{RUNS_ROOT}/{run}");
        let fail = |error| Error::from_store("delete", self.location(&folder), error);
        let store = self.store();
        let files: Vec<_> = store.list(Some(&self.path(&folder))).try_collect().await.map_err(fail)?;
        for file in &files {
            match store.delete(&file.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(fail(error)),
            }
        }
        Ok(files.len() as u64)
    }
}

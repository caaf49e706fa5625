use arrow::array::RecordBatch;
use bytes::Bytes;
use coldtrail_model::{SegmentId, SegmentMeta};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use sha2::{Digest, Sha256};

use crate::footer::Footer;
use crate::{Error, Lake, Rewrite};

pub(crate) use file::StoredFile;

mod file;

/// How many rows a batch has if nobody says otherwise.
const BATCH_ROWS: usize = 1024;

/// Rows of one segment, in the segment's order.
pub type BatchStream = BoxStream<'static, Result<RecordBatch, Error>>;

/// SHA-256 and size of a file.
struct Fingerprint {
    sha256: [u8; 32],
    bytes: u64,
}

impl Lake {
    /// Every row of a segment, in its order. Takes memory for all of them: for large segments use [`Lake::stream_segment`].
    pub async fn read_segment(&self, segment: &SegmentMeta) -> Result<Vec<RecordBatch>, Error> {
        self.stream_segment(segment).await?.try_collect().await
    }

    /// The rows of a segment, batch by batch. Fails if the file is missing or not readable as Parquet; whether it is what was
    /// written, [`Lake::verify_segment`] says.
    pub async fn stream_segment(&self, segment: &SegmentMeta) -> Result<BatchStream, Error> {
        self.stream_segment_in(segment, BATCH_ROWS).await
    }

    /// The same in batches of at most so many rows, for whoever reads many segments at once and must count its memory.
    pub async fn stream_segment_in(&self, segment: &SegmentMeta, batch_rows: usize) -> Result<BatchStream, Error> {
        let reader = self.stored_file(self.path(&segment.path), segment.bytes);
        let fail = SegmentErrors::new(self, segment);
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(|error| fail.of_parquet(error))?;
        let stream = builder.with_batch_size(batch_rows).build().map_err(|error| fail.of_parquet(error))?;
        Ok(stream.map_err(move |error| fail.of_parquet(error)).boxed())
    }

    /// Checks that a segment's file is exactly what was written: its size, its SHA-256 and its row count. Reads the whole file.
    pub async fn verify_segment(&self, segment: &SegmentMeta) -> Result<(), Error> {
        let fail = SegmentErrors::new(self, segment);
        let path = self.path(&segment.path);
        let found = self.fingerprint(&path).await.map_err(|error| fail.of_store(error))?;
        if found.bytes != segment.bytes {
            return Err(fail.damaged(format!("it has {} bytes and was written with {}", found.bytes, segment.bytes)));
        }
        if found.sha256 != segment.sha256 {
            let (found, written) = (hex::encode(found.sha256), hex::encode(segment.sha256));
            return Err(fail.damaged(format!("its SHA-256 is {found} and was {written}")));
        }
        let mut reader = self.stored_file(path, segment.bytes);
        let metadata = reader.get_metadata(None).await.map_err(|error| fail.of_parquet(error))?;
        let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
        if rows != segment.rows {
            return Err(fail.damaged(format!("it has {rows} rows and the catalog says {}", segment.rows)));
        }
        Ok(())
    }

    /// What the catalog should know of a segment, read from its file alone, so that a lost catalog can be rebuilt from the lake.
    /// The path is relative to the lake. Reads the whole file, for its SHA-256.
    pub async fn segment_meta_from_footer(&self, path: &str) -> Result<SegmentMeta, Error> {
        self.segment_from_footer(path).await.map(|(meta, _)| meta)
    }

    /// The same, and which segments it was made of, if it was made of others.
    pub async fn segment_from_footer(&self, path: &str) -> Result<(SegmentMeta, Option<Rewrite>), Error> {
        let not_a_segment = |reason: String| Error::NotASegment { path: self.location(path), reason };
        let store_path = self.path(path);
        let found = self.fingerprint(&store_path).await.map_err(|error| Error::from_store("read", self.location(path), error))?;
        let mut reader = self.stored_file(store_path, found.bytes);
        let metadata = reader.get_metadata(None).await.map_err(|error| not_a_segment(error.to_string()))?;
        let file = metadata.file_metadata();
        let footer = Footer::read(file.key_value_metadata()).map_err(not_a_segment)?;
        let rows = u64::try_from(file.num_rows()).map_err(|_| not_a_segment("its row count is negative".to_owned()))?;
        let rewrite = footer.rewrite.clone();
        Ok((footer.into_meta(path.to_owned(), rows, found.bytes, found.sha256), rewrite))
    }

    /// Which segments a segment was made of, if it was made of others. Reads the footer only.
    pub async fn rewrite_of(&self, segment: &SegmentMeta) -> Result<Option<Rewrite>, Error> {
        let fail = SegmentErrors::new(self, segment);
        let mut reader = self.stored_file(self.path(&segment.path), segment.bytes);
        let metadata = reader.get_metadata(None).await.map_err(|error| fail.of_parquet(error))?;
        let footer = Footer::read(metadata.file_metadata().key_value_metadata()).map_err(|reason| fail.damaged(reason))?;
        Ok(footer.rewrite)
    }

    /// A segment's file, to read Parquet from.
    pub(crate) fn segment_file(&self, segment: &SegmentMeta) -> StoredFile {
        self.stored_file(self.path(&segment.path), segment.bytes)
    }

    fn stored_file(&self, path: Path, bytes: u64) -> StoredFile {
        StoredFile { store: self.store(), path, bytes }
    }

    async fn fingerprint(&self, path: &Path) -> object_store::Result<Fingerprint> {
        let mut chunks = self.store().get(path).await?.into_stream();
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        while let Some(chunk) = chunks.try_next().await? {
            let chunk: Bytes = chunk;
            bytes += chunk.len() as u64;
            hasher.update(&chunk);
        }
        Ok(Fingerprint { sha256: hasher.finalize().into(), bytes })
    }
}

/// Turns what stores and readers say into errors about one segment.
struct SegmentErrors {
    segment: SegmentId,
    path: String,
}

impl SegmentErrors {
    fn new(lake: &Lake, segment: &SegmentMeta) -> Self {
        Self { segment: segment.id, path: lake.location(&segment.path) }
    }

    fn damaged(&self, reason: String) -> Error {
        Error::SegmentDamaged { segment: self.segment, path: self.path.clone(), reason }
    }

    fn of_store(&self, error: object_store::Error) -> Error {
        match error {
            object_store::Error::NotFound { .. } => Error::SegmentMissing { segment: self.segment, path: self.path.clone() },
            error => Error::from_store("read", self.path.clone(), error),
        }
    }

    fn of_parquet(&self, error: ParquetError) -> Error {
        match error {
            ParquetError::External(cause) => match cause.downcast::<object_store::Error>() {
                Ok(error) => self.of_store(*error),
                Err(cause) => self.damaged(cause.to_string()),
            },
            error => self.damaged(error.to_string()),
        }
    }
}

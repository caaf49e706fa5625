use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::registry::Job;

/// The segment that each partition of one scan reads. A scan opens a partition's files one
/// after another, so there is never more than one.
#[derive(Debug, Default)]
pub(crate) struct OpenSegments(Mutex<HashMap<usize, Path>>);

impl OpenSegments {
    pub(crate) fn current(&self, partition: usize) -> Option<String> {
        self.0.lock().get(&partition).map(ToString::to_string)
    }
}

/// Opens segments with their footers cached, counts the bytes read, and puts the segment's
/// path and the object store's own error into every error.
#[derive(Debug)]
pub(crate) struct SegmentReaders {
    store: Arc<dyn ObjectStore>,
    cached: CachedParquetFileReaderFactory,
    job: Arc<Job>,
    segments: Arc<OpenSegments>,
}

impl SegmentReaders {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, footers: Arc<FileMetadataCache>, job: &Arc<Job>, segments: &Arc<OpenSegments>) -> Self {
        let cached = CachedParquetFileReaderFactory::new(Arc::clone(&store), footers);
        Self { store, cached, job: Arc::clone(job), segments: Arc::clone(segments) }
    }
}

impl ParquetFileReaderFactory for SegmentReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let path = file.object_meta.location.clone();
        self.segments.0.lock().insert(partition, path.clone());
        let inner = self.cached.create_reader(partition, file, metadata_size_hint, metrics)?;
        Ok(Box::new(SegmentReader { inner, path, store: Arc::clone(&self.store), job: Arc::clone(&self.job) }))
    }
}

struct SegmentReader {
    inner: Box<dyn AsyncFileReader + Send>,
    path: Path,
    store: Arc<dyn ObjectStore>,
    job: Arc<Job>,
}

/// An error with the segment that it comes from.
#[derive(Debug, thiserror::Error)]
#[error("could not read segment file {path}: {source}")]
struct SegmentError {
    path: Path,
    source: Box<dyn std::error::Error + Send + Sync>,
}

fn at(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ParquetError {
    ParquetError::External(Box::new(SegmentError { path: path.clone(), source: source.into() }))
}

/// Takes the layer off that would hide the object store's error from whoever looks at the sources.
fn unwrap(error: ParquetError) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        ParquetError::External(inner) => inner,
        other => Box::new(other),
    }
}

impl AsyncFileReader for SegmentReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.job.count_bytes(range.end - range.start);
        self.inner.get_bytes(range).map_err(|error| at(&self.path, unwrap(error))).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        self.job.count_bytes(ranges.iter().map(|range| range.end - range.start).sum());
        self.inner.get_byte_ranges(ranges).map_err(|error| at(&self.path, unwrap(error))).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let error = match self.inner.get_metadata(options).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            // The footer's error is only text by now. Ask for the object itself: a store that cannot be
            // reached says so again, as an error that can be told from a broken file.
            match self.store.head(&self.path).await {
                Err(unreachable) => Err(at(&self.path, unreachable)),
                Ok(_) => Err(at(&self.path, DataFusionError::ParquetError(Box::new(error)))),
            }
        }
        .boxed()
    }
}

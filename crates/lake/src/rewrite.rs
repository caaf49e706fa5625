use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::{cast, concat};
use arrow::datatypes::{Field, SchemaRef, TimestampMillisecondType};
use arrow::error::ArrowError;
use bytes::Bytes;
use chrono::Utc;
use coldtrail_model::{Col, Day, SCHEMA_VERSION, SegmentId, SegmentMeta, Table, TimeRange, arrow_schema};
use futures::stream::BoxStream;
use parquet::errors::ParquetError;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::encode::{GroupCount, ParquetFile, encode};
use crate::events::Accounts;
use crate::footer::{Footer, Rewrite};
use crate::layout::segment_path;
use crate::observables::{SegmentObservables, observables_of_day, observe};
use crate::rows::{Cells, Rows};
use crate::{Error, Lake, SegmentFile, WriterConfig, observables_schema, rejects_schema};

/// Rows that take more memory than this become a row group, however few they are.
const GROUP_BYTES_MAX: usize = 64 << 20;

/// Makes one segment of rows that were in others.
///
/// The rows come in the order that the table's segments have, batch by batch. They are kept until they fill a row group, which is
/// compressed at once, so that memory holds one row group, and the file as it will be stored.
pub struct SegmentRewriter {
    lake: Lake,
    config: Arc<WriterConfig>,
    place: Place,
    rewrite: Rewrite,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    file: Option<ParquetFile>,
    rows: u64,
    time: Option<TimeRange>,
    accounts: Accounts,
    sightings: Vec<SegmentObservables>,
}

/// What the new segment will be.
#[derive(Debug, Clone)]
struct Place {
    id: SegmentId,
    table: Table,
    day: Day,
    source: Arc<str>,
}

/// A segment that is stored, and what its events show.
#[derive(Debug)]
pub struct Rewritten {
    /// The segment.
    pub meta: SegmentMeta,
    /// What [`Lake::write_sightings`] makes a segment of observables of.
    pub sightings: Sightings,
}

/// The observables of a rewritten segment of events.
#[derive(Debug, Default)]
pub struct Sightings(Vec<SegmentObservables>);

impl SegmentRewriter {
    /// Begins the segment `id`, in the place of those that it is `like`.
    pub fn new(lake: Lake, config: WriterConfig, id: SegmentId, like: &SegmentMeta, rewrite: Rewrite) -> Self {
        let place = Place { id, table: like.table, day: like.day, source: like.source.as_str().into() };
        Self {
            lake,
            config: Arc::new(config),
            place,
            rewrite,
            schema: schema_of(like.table),
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            file: None,
            rows: 0,
            time: None,
            accounts: Accounts::default(),
            sightings: Vec::new(),
        }
    }

    /// Adds rows, which have the table's columns of today ([`conform_rows`]) and follow those before.
    pub async fn append(&mut self, batch: RecordBatch) -> Result<(), Error> {
        let bytes = batch.get_array_memory_size();
        let is_full = self.waiting_rows + batch.num_rows() > self.config.row_group_rows_max || self.waiting_bytes + bytes > GROUP_BYTES_MAX;
        if is_full && self.waiting_rows > 0 {
            self.write_group(GroupCount::More).await?;
        }
        self.waiting_rows += batch.num_rows();
        self.waiting_bytes += bytes;
        self.waiting.push(batch);
        Ok(())
    }

    /// Stores the segment; the catalog does not know it yet. One without rows is stored too: others count on its being there.
    pub async fn finish(mut self) -> Result<Rewritten, Error> {
        if self.waiting_rows > 0 || self.file.is_none() {
            self.write_group(GroupCount::Known).await?;
        }
        let file = self.file.take().expect("there is one by now");
        let footer = self.footer();
        let table = self.place.table;
        let seal = move || {
            let bytes = file.finish(&footer).map_err(|source| Error::Encode { table, source })?;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            Ok::<_, Error>((footer, bytes, sha256))
        };
        let (footer, bytes, sha256) = spawn_blocking(seal).await.map_err(|source| Error::Interrupted { source })??;
        let path = segment_path(table, self.place.day, self.place.id);
        let meta = footer.into_meta(path, self.rows, bytes.len() as u64, sha256);
        self.lake.put(&meta.path, Bytes::from(bytes)).await?;
        Ok(Rewritten { meta, sightings: Sightings(self.sightings) })
    }

    async fn write_group(&mut self, count: GroupCount) -> Result<(), Error> {
        let batches = std::mem::take(&mut self.waiting);
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        self.note(&batches);
        let (file, place, schema, config) = (self.file.take(), self.place.clone(), Arc::clone(&self.schema), Arc::clone(&self.config));
        let table = place.table;
        let work = move || -> Result<(ParquetFile, u64, Option<SegmentObservables>), ParquetError> {
            let rows = rows_of(schema, &batches)?;
            drop(batches);
            let mut file = match file {
                Some(file) => file,
                None => ParquetFile::create(table, &rows, count, &config)?,
            };
            if rows.count > 0 {
                file.write_group(&rows, 0..rows.count)?;
            }
            let sightings = match table {
                Table::Events(class) => Some(observe(class, &place.source, place.id, &rows)),
                Table::Observables | Table::Rejects => None,
            };
            Ok((file, rows.count as u64, sightings))
        };
        let written = spawn_blocking(work).await.map_err(|source| Error::Interrupted { source })?;
        let (file, rows, sightings) = written.map_err(|source| self.cannot_encode(source))?;
        self.file = Some(file);
        self.rows += rows;
        self.sightings.extend(sightings);
        Ok(())
    }

    /// Takes note of what the catalog is to know of these rows.
    fn note(&mut self, batches: &[RecordBatch]) {
        let (first, last, account) = match self.place.table {
            Table::Events(_) => ("time", "time", Some(Col::CloudAccountUid.column().name)),
            Table::Observables => ("first_time", "last_time", Some("account")),
            Table::Rejects => ("time", "time", None),
        };
        for batch in batches {
            let times = |name: &str| batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<TimestampMillisecondType>());
            let start_ms = times(first).and_then(arrow::compute::min);
            let end_ms = times(last).and_then(arrow::compute::max);
            if let (Some(start_ms), Some(end_ms)) = (start_ms, end_ms) {
                let range = TimeRange { start_ms, end_ms };
                self.time = Some(self.time.map_or(range, |time| time.union(&range)));
            }
            let accounts = account.and_then(|name| batch.column_by_name(name)).and_then(|array| array.as_string_opt::<i32>());
            match accounts {
                Some(texts) => texts.iter().for_each(|text| self.accounts.note(text)),
                None => self.accounts.note(None),
            }
        }
    }

    fn footer(&self) -> Footer {
        let Place { id, table, day, source } = &self.place;
        Footer {
            version: Footer::VERSION,
            id: *id,
            table: *table,
            day: *day,
            source: source.to_string(),
            time: self.time.unwrap_or(TimeRange { start_ms: 0, end_ms: 0 }),
            accounts: if *table == Table::Observables { None } else { self.accounts.list() },
            has_rows_without_account: self.accounts.has_rows_without,
            created_ms: Utc::now().timestamp_millis(),
            schema_version: SCHEMA_VERSION,
            rewrite: Some(self.rewrite.clone()),
        }
    }

    fn cannot_encode(&self, source: ParquetError) -> Error {
        Error::Encode { table: self.place.table, source }
    }
}

impl std::fmt::Debug for SegmentRewriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentRewriter").field("place", &self.place).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Lake {
    /// Stores what rewritten segments of one day show, sorted as the table of observables is; a value can be there more than once for
    /// a segment. It is not meant to be committed, but to be merged with what there is: its footer says that it belongs to a commit
    /// which was never made. `None` if they show nothing.
    pub async fn write_sightings(&self, config: &WriterConfig, day: Day, sightings: Sightings) -> Result<Option<SegmentMeta>, Error> {
        if sightings.0.iter().all(SegmentObservables::is_empty) {
            return Ok(None);
        }
        let config = config.clone();
        let work = move || {
            let (draft, rows) = observables_of_day(day, &sightings.0);
            let never = Rewrite { replaces: Vec::new(), earlier: Vec::new(), outputs: vec![SegmentId::from_bytes([0; 16])] };
            encode(SegmentId::generate(), draft, &rows, Some(never), &config)
        };
        let encoded = spawn_blocking(work).await.map_err(|source| Error::Interrupted { source })??;
        self.put(&encoded.meta.path, encoded.bytes).await?;
        Ok(Some(encoded.meta))
    }

    /// The files that lie where this segment lies: those of the same table and day.
    pub fn list_segment_files_beside(&self, segment: &SegmentMeta) -> BoxStream<'static, Result<SegmentFile, Error>> {
        let folder = segment.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.list_under(folder.to_owned())
    }

    /// Deletes segments that were written and will not be committed. One that is gone already is no error.
    pub async fn delete_uncommitted(&self, segments: &[SegmentMeta]) -> Result<(), Error> {
        for segment in segments {
            self.delete(&segment.path).await?;
        }
        Ok(())
    }
}

/// Rows of a segment with the columns that its table has today: one that was added since is null.
pub fn conform_rows(table: Table, batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let fail = |source: ArrowError| Error::Encode { table, source: source.into() };
    let schema = schema_of(table);
    let column = |field: &Arc<Field>| match batch.column_by_name(field.name()) {
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        Some(array) if array.data_type() == field.data_type() => Ok(Arc::clone(array)),
        Some(array) => cast(array, field.data_type()),
    };
    let columns: Vec<ArrayRef> = schema.fields().iter().map(column).collect::<Result<_, _>>().map_err(fail)?;
    RecordBatch::try_new(schema, columns).map_err(fail)
}

/// The columns of a table today.
fn schema_of(table: Table) -> SchemaRef {
    match table {
        Table::Events(class) => arrow_schema(class),
        Table::Observables => observables_schema(),
        Table::Rejects => rejects_schema(),
    }
}

/// Batches as rows that can be encoded; a column without values costs nothing.
fn rows_of(schema: SchemaRef, batches: &[RecordBatch]) -> Result<Rows, ArrowError> {
    let mut cells = Vec::with_capacity(schema.fields().len());
    for index in 0..schema.fields().len() {
        let arrays: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        let is_absent = arrays.iter().all(|array| array.null_count() == array.len());
        cells.push(if is_absent || arrays.is_empty() { Cells::Absent } else { Cells::Plain(concat(&arrays)?) });
    }
    let count = batches.iter().map(RecordBatch::num_rows).sum();
    Ok(Rows { schema, cells, order: None, count })
}

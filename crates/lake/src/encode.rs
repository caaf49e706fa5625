//! Rows become one Parquet file.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMillisecondType};
use bytes::Bytes;
use chrono::Utc;
use coldtrail_model::{Col, Kind, SCHEMA_VERSION, SegmentId, SegmentMeta, Table};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use crate::footer::{Footer, Rewrite};
use crate::layout::segment_path;
use crate::rows::{Cells, Draft, Rows};
use crate::{Error, WriterConfig};

/// How often a bloom filter may say "perhaps" of a value that is not there.
const BLOOM_FPP: f64 = 0.01;
/// How many values are brought in order at a time: few enough to stay in the processor's cache.
const EXPANDED_ROWS: usize = 8 << 10;
/// How many values are looked at to tell whether a dictionary pays, and how many it takes to tell.
const SAMPLE_MAX: usize = 2048;
const SAMPLE_MIN: usize = 256;
/// Instants that differ by fewer bits from the one before than this are kept as differences.
const DELTA_BITS_MAX: u32 = 20;
/// How many instants share a width when they are kept as differences.
const DELTA_BLOCK: usize = 32;

/// A segment as it is to be stored.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) meta: SegmentMeta,
    pub(crate) bytes: Bytes,
}

/// Encodes rows as a segment: zstd, sorted, with page index, and bloom filters where the table declares them and there are values.
///
/// A few thousand values of one column are expanded at a time, so that this takes little more memory than the rows and the file. The file
/// carries no Arrow schema: the types follow from Parquet's own, and the comments of 200 columns would weigh more than a small
/// segment's rows.
pub(crate) fn encode(id: SegmentId, draft: Draft, rows: &Rows, rewrite: Option<Rewrite>, config: &WriterConfig) -> Result<Encoded, Error> {
    let table = draft.table;
    let footer = Footer {
        version: Footer::VERSION,
        id,
        table,
        day: draft.day,
        source: draft.source,
        time: draft.time,
        accounts: draft.accounts,
        has_rows_without_account: draft.has_rows_without_account,
        created_ms: Utc::now().timestamp_millis(),
        schema_version: SCHEMA_VERSION,
        rewrite,
    };
    let bytes = write_parquet(table, &footer, rows, config).map_err(|source| Error::Encode { table, source })?;
    let sha256 = Sha256::digest(&bytes).into();
    let path = segment_path(table, footer.day, id);
    let meta = footer.into_meta(path, rows.count as u64, bytes.len() as u64, sha256);
    Ok(Encoded { meta, bytes: Bytes::from(bytes) })
}

fn write_parquet(table: Table, footer: &Footer, rows: &Rows, config: &WriterConfig) -> Result<Vec<u8>, ParquetError> {
    let mut file = ParquetFile::create(table, rows, GroupCount::Known, config)?;
    for start in (0..rows.count).step_by(config.row_group_rows_max) {
        file.write_group(rows, start..rows.count.min(start + config.row_group_rows_max))?;
    }
    file.finish(footer)
}

/// Whether the rows from which a file's encodings are chosen are all that it will hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupCount {
    /// They are.
    Known,
    /// More row groups follow, also with values in columns that have none yet.
    More,
}

/// A Parquet file that is being written, row group by row group; what is written so far is in memory, compressed.
pub(crate) struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    groups: usize,
}

impl ParquetFile {
    /// Begins a file; the first rows say how the columns are best encoded.
    pub(crate) fn create(table: Table, first: &Rows, count: GroupCount, config: &WriterConfig) -> Result<Self, ParquetError> {
        let schema = ArrowSchemaConverter::new().convert(&first.schema)?;
        let properties = Arc::new(properties(table, first, count, config)?);
        let writer = SerializedFileWriter::new(Vec::new(), schema.root_schema_ptr(), properties)?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(&first.schema));
        Ok(Self { writer, factory, groups: 0 })
    }

    /// Writes some of these rows as one row group.
    pub(crate) fn write_group(&mut self, rows: &Rows, range: Range<usize>) -> Result<(), ParquetError> {
        let writers = self.factory.create_column_writers(self.groups)?;
        let mut group = self.writer.next_row_group()?;
        for (index, writer) in writers.into_iter().enumerate() {
            write_column(writer, rows, index, range.clone(), &mut group)?;
        }
        self.groups += 1;
        group.close().map(drop)
    }

    /// The whole file.
    pub(crate) fn finish(mut self, footer: &Footer) -> Result<Vec<u8>, ParquetError> {
        self.writer.append_key_value_metadata(footer.write());
        self.writer.into_inner()
    }
}

/// Writes one column chunk, some thousand rows at a time. Every column of ours has one leaf, lists too, so columns and writers go
/// together.
fn write_column(
    mut writer: ArrowColumnWriter,
    rows: &Rows,
    index: usize,
    range: Range<usize>,
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
) -> Result<(), ParquetError> {
    let is_absent = matches!(rows.cells[index], Cells::Absent);
    let step = if is_absent { range.len() } else { EXPANDED_ROWS };
    let mut has_values = false;
    for start in range.clone().step_by(step) {
        let values = rows.column(index, start..range.end.min(start + step))?;
        has_values |= values.null_count() < values.len();
        for leaf in compute_leaves(rows.schema.field(index), &values)? {
            writer.write(&leaf)?;
        }
    }
    let mut chunk = writer.close()?;
    if !has_values {
        chunk.close_mut().bloom_filter = None;
    }
    chunk.append_to_row_group(group)
}

fn properties(table: Table, rows: &Rows, count: GroupCount, config: &WriterConfig) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("coldtrail version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(config.zstd_level)?))
        .set_max_row_group_row_count(Some(config.row_group_rows_max))
        .set_data_page_row_count_limit(config.page_rows_max)
        .set_data_page_size_limit(config.page_bytes_target)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting_columns(table, rows)));
    for index in 0..rows.cells.len() {
        builder = tune_column(builder, table, rows, (index, count), config);
    }
    Ok(builder.build())
}

/// Chooses encoding and bloom filter of a column that has values.
///
/// A bloom filter is made for as many values as a row group can have, and folded to what it holds when it is written: one of a
/// hundred users takes a hundred bytes, so there is none too small to be worth it.
fn tune_column(
    mut builder: WriterPropertiesBuilder,
    table: Table,
    rows: &Rows,
    (index, count): (usize, GroupCount),
    config: &WriterConfig,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(rows.schema.field(index).name().as_str());
    if count == GroupCount::More && has_bloom_filter(table, index) {
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), BLOOM_FPP)
            .set_column_bloom_filter_max_ndv(path.clone(), config.row_group_rows_max as u64);
    }
    if is_raw_data(table, index) {
        builder = tune_raw_data(builder, path.clone(), config);
    }
    if is_json(table, index) {
        // The least and the greatest JSON text prune nothing, and would take as much as a page does.
        builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
    }
    if count == GroupCount::Known && matches!(rows.cells[index], Cells::Absent) {
        // A page without values is a few bytes; a compressor and a dictionary for each of a hundred such columns are megabytes.
        return builder.set_column_compression(path.clone(), Compression::UNCOMPRESSED).set_column_dictionary_enabled(path, false);
    }
    let Cells::Plain(values) = &rows.cells[index] else { return builder };
    if count == GroupCount::Known && has_bloom_filter(table, index) && values.null_count() < values.len() {
        let count = (values.len() - values.null_count()).min(config.row_group_rows_max) as u64;
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), BLOOM_FPP)
            .set_column_bloom_filter_max_ndv(path.clone(), count);
    }
    match encoding_without_dictionary(rows, values) {
        Some(encoding) => builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding),
        None => builder,
    }
}

/// `raw_data` is most of what is stored, and never pruned by value: pages that are long enough for zstd to find what records share.
fn tune_raw_data(builder: WriterPropertiesBuilder, path: ColumnPath, config: &WriterConfig) -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(config.raw_zstd_level).unwrap_or_default();
    builder
        .set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk)
        .set_column_compression(path.clone(), Compression::ZSTD(level))
        .set_column_data_page_size_limit(path, config.raw_page_bytes_target)
}

fn is_raw_data(table: Table, index: usize) -> bool {
    matches!(table, Table::Events(class) if class.columns()[index] == Col::RawData)
}

fn is_json(table: Table, index: usize) -> bool {
    matches!(table, Table::Events(class) if class.columns()[index].column().kind == Kind::Json)
}

/// How values are best kept that a dictionary would only make larger; nothing if it would not.
///
/// Texts go beside their lengths instead of between them: identifiers are of one length, so zstd is left with the letters. Measured on
/// UUIDs: 18.9 bytes each, 20.9 with the lengths between them, 22.4 with a dictionary.
fn encoding_without_dictionary(rows: &Rows, values: &ArrayRef) -> Option<Encoding> {
    match values.data_type() {
        DataType::Utf8 => is_mostly_distinct(values).then_some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
        DataType::Timestamp(..) if is_close(rows, values) => Some(Encoding::DELTA_BINARY_PACKED),
        _ => is_mostly_distinct(values).then_some(Encoding::DELTA_BINARY_PACKED),
    }
}

/// True if these are many instants, each near the one before it, as in the column that rows are sorted by.
fn is_close(rows: &Rows, values: &ArrayRef) -> bool {
    let times = values.as_primitive::<TimestampMillisecondType>();
    let in_order = |row: usize| rows.order.as_ref().map_or(row, |order| order.value(row) as usize);
    let sample: Vec<i64> =
        (0..rows.count.min(SAMPLE_MAX)).map(in_order).filter(|row| times.is_valid(*row)).map(|row| times.value(row)).collect();
    let spread = rows.count.div_ceil(SAMPLE_MAX).max(1);
    let distinct: HashSet<i64> = (0..rows.count).step_by(spread).filter(|row| times.is_valid(*row)).map(|row| times.value(row)).collect();
    if sample.len() < SAMPLE_MIN || distinct.len() < SAMPLE_MIN {
        return false;
    }
    let differences: Vec<i64> = sample.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let widths: Vec<u32> = differences.chunks(DELTA_BLOCK).map(width_of).collect();
    widths.iter().sum::<u32>() <= DELTA_BITS_MAX * u32::try_from(widths.len()).unwrap_or(u32::MAX)
}

/// How many bits tell each of these numbers from the least of them.
fn width_of(block: &[i64]) -> u32 {
    let (least, most) = (block.iter().min().copied().unwrap_or_default(), block.iter().max().copied().unwrap_or_default());
    u64::BITS - most.abs_diff(least).leading_zeros()
}

fn has_bloom_filter(table: Table, index: usize) -> bool {
    match table {
        Table::Events(class) => class.columns()[index].column().bloom,
        Table::Observables => index == crate::observables::VALUE_COLUMN,
        Table::Rejects => false,
    }
}

fn sorting_columns(table: Table, rows: &Rows) -> Vec<SortingColumn> {
    let names: &[&str] = match table {
        Table::Observables => &["type_id", "value"],
        Table::Events(_) | Table::Rejects => &["time"],
    };
    let indices = names.iter().filter_map(|name| rows.schema.index_of(name).ok());
    let column = |index| SortingColumn { column_idx: i32::try_from(index).unwrap_or(i32::MAX), descending: false, nulls_first: false };
    indices.map(column).collect()
}

/// True if hardly any value comes twice, so that a dictionary would only cost time and space.
fn is_mostly_distinct(values: &ArrayRef) -> bool {
    match values.data_type() {
        DataType::Utf8 => is_distinct(values.as_string::<i32>().iter().flatten()),
        DataType::Int32 => is_distinct(values.as_primitive::<Int32Type>().iter().flatten()),
        DataType::Int64 => is_distinct(values.as_primitive::<Int64Type>().iter().flatten()),
        DataType::Timestamp(..) => is_distinct(values.as_primitive::<TimestampMillisecondType>().iter().flatten()),
        _ => false,
    }
}

fn is_distinct<T: Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> bool {
    let (mut seen, mut count) = (HashSet::with_capacity(SAMPLE_MAX), 0);
    for value in values.take(SAMPLE_MAX) {
        seen.insert(value);
        count += 1;
    }
    count >= SAMPLE_MIN && seen.len() * 4 > count * 3
}

//! The rows of several segments in one order of time, each duplicate once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMillisecondArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::TimestampMillisecondType;
use arrow::error::ArrowError;
use coldtrail_lake::{BatchStream, Lake, SegmentRewriter, conform_rows};
use coldtrail_model::{SegmentMeta, Table};
use futures::TryStreamExt;
use tokio::task::spawn_blocking;

use crate::digest::{RowsDigest, hash_rows};
use crate::identity::{Identities, Moment};
use crate::{Duplicates, Error};

/// Many segments are open at the same time: each shows few rows.
pub(crate) const BATCH_ROWS: usize = 256;
/// So many rows are put together at a time.
const CHUNK_ROWS: usize = 1024;

/// What came of merging.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Merged {
    /// All rows but the duplicates: what must have been written.
    pub(crate) kept: RowsDigest,
    /// The events that were left out.
    pub(crate) duplicates: u64,
}

/// Segments of events or rejects that are being merged. A segment is opened when its first row is due, so that those that follow
/// one another do not take memory together.
struct TimeMerge<'a> {
    lake: &'a Lake,
    table: Table,
    waiting: VecDeque<(usize, Arc<SegmentMeta>)>,
    open: Vec<Option<Open>>,
    /// The next row of each open segment: its time, and which segment; of the same moment the older segment's row is first.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// The batches that picked rows are in, and those that are open.
    batches: Vec<RecordBatch>,
    picked: Vec<(usize, usize)>,
    moment: Option<Moment>,
    last_ms: i64,
    merged: Merged,
}

/// A segment, and where in it the next row is.
struct Open {
    segment: Arc<SegmentMeta>,
    rows: BatchStream,
    /// Which of the batches is open.
    slot: usize,
    row: usize,
    times: TimestampMillisecondArray,
    hashes: Vec<u128>,
    identities: Option<Identities>,
}

/// A batch, and what is to be known of its rows.
struct Known {
    batch: RecordBatch,
    times: TimestampMillisecondArray,
    hashes: Vec<u128>,
    identities: Option<Identities>,
}

/// Merges segments of events or of rejects into one. Events that are the same come once, the first one that was taken in.
pub(crate) async fn merge_by_time(
    lake: &Lake,
    segments: &[Arc<SegmentMeta>],
    duplicates: Duplicates,
    rewriter: &mut SegmentRewriter,
) -> Result<Merged, Error> {
    let Some(table) = segments.first().map(|segment| segment.table) else { return Ok(Merged::default()) };
    let mut by_age: Vec<_> = segments.to_vec();
    by_age.sort_by_key(|segment| segment.id);
    let mut waiting: Vec<_> = by_age.into_iter().enumerate().collect();
    waiting.sort_by_key(|(age, segment)| (segment.time.start_ms, *age));
    let is_checked = matches!(table, Table::Events(_)) && duplicates != Duplicates::Keep;
    let mut merge = TimeMerge {
        lake,
        table,
        open: waiting.iter().map(|_| None).collect(),
        waiting: waiting.into(),
        next: BinaryHeap::new(),
        batches: Vec::new(),
        picked: Vec::with_capacity(CHUNK_ROWS),
        moment: is_checked.then(|| Moment::new(duplicates)),
        last_ms: i64::MIN,
        merged: Merged::default(),
    };
    while let Some((time_ms, age)) = merge.next_row().await? {
        merge.take(time_ms, age)?;
        if merge.picked.len() >= CHUNK_ROWS {
            rewriter.append(merge.chunk().await?).await?;
        }
        merge.advance(age).await?;
    }
    if !merge.picked.is_empty() {
        rewriter.append(merge.chunk().await?).await?;
    }
    Ok(merge.merged)
}

impl TimeMerge<'_> {
    /// Where the next row is, after every segment was opened that may have it.
    async fn next_row(&mut self) -> Result<Option<(i64, usize)>, Error> {
        loop {
            let first_ms = self.next.peek().map(|Reverse((time_ms, _))| *time_ms);
            let is_due = |(_, segment): &(usize, Arc<SegmentMeta>)| first_ms.is_none_or(|first_ms| segment.time.start_ms <= first_ms);
            if !self.waiting.front().is_some_and(is_due) {
                return Ok(self.next.pop().map(|Reverse(next)| next));
            }
            if let Some((age, segment)) = self.waiting.pop_front() {
                self.open(age, segment).await?;
            }
        }
    }

    async fn open(&mut self, age: usize, segment: Arc<SegmentMeta>) -> Result<(), Error> {
        let mut rows = self.lake.stream_segment_in(&segment, BATCH_ROWS).await?;
        if let Some(Known { batch, times, hashes, identities }) = self.load(&mut rows).await? {
            self.next.push(Reverse((times.value(0), age)));
            self.batches.push(batch);
            let slot = self.batches.len() - 1;
            self.open[age] = Some(Open { segment, rows, slot, row: 0, times, hashes, identities });
        }
        Ok(())
    }

    /// The next batch of a segment that has rows.
    async fn load(&mut self, rows: &mut BatchStream) -> Result<Option<Known>, Error> {
        while let Some(batch) = rows.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let (table, is_checked) = (self.table, self.moment.is_some());
            let known = spawn_blocking(move || look_at(table, &batch, is_checked)).await??;
            known.hashes.iter().for_each(|row| self.merged.kept.add(*row));
            return Ok(Some(known));
        }
        Ok(None)
    }

    /// Picks the next row of a segment, or leaves it out if it came before.
    fn take(&mut self, time_ms: i64, age: usize) -> Result<(), Error> {
        let Some(open) = &self.open[age] else { return Ok(()) };
        if time_ms < self.last_ms {
            return Err(Error::NotSorted { segment: open.segment.id });
        }
        self.last_ms = time_ms;
        let is_duplicate = match (&mut self.moment, &open.identities) {
            (Some(moment), Some(identities)) => moment.is_duplicate(time_ms, identities, open.row),
            _ => false,
        };
        if is_duplicate {
            self.merged.kept.remove(open.hashes[open.row]);
            self.merged.duplicates += 1;
        } else {
            self.picked.push((open.slot, open.row));
        }
        Ok(())
    }

    /// Goes to the row after the one that was taken.
    async fn advance(&mut self, age: usize) -> Result<(), Error> {
        let Some(mut open) = self.open[age].take() else { return Ok(()) };
        open.row += 1;
        if open.row == open.times.len() {
            let Some(Known { batch, times, hashes, identities }) = self.load(&mut open.rows).await? else { return Ok(()) };
            self.batches.push(batch);
            (open.slot, open.row) = (self.batches.len() - 1, 0);
            (open.times, open.hashes, open.identities) = (times, hashes, identities);
        }
        self.next.push(Reverse((open.times.value(open.row), age)));
        self.open[age] = Some(open);
        Ok(())
    }

    /// The picked rows as one batch. Batches that nobody reads any more go.
    async fn chunk(&mut self) -> Result<RecordBatch, Error> {
        let (batches, picked) = (std::mem::take(&mut self.batches), std::mem::take(&mut self.picked));
        for open in self.open.iter_mut().flatten() {
            self.batches.push(batches[open.slot].clone());
            open.slot = self.batches.len() - 1;
        }
        Ok(spawn_blocking(move || put_together(&batches, &picked)).await??)
    }
}

fn look_at(table: Table, batch: &RecordBatch, is_checked: bool) -> Result<Known, Error> {
    let batch = conform_rows(table, batch)?;
    let time = batch.column_by_name("time").and_then(|array| array.as_primitive_opt::<TimestampMillisecondType>());
    let times = time.cloned().ok_or_else(|| ArrowError::SchemaError(format!("{table} has no time")))?;
    let hashes = hash_rows(&batch, |_| true)?;
    let identities = if is_checked { Some(Identities::of(&batch)?) } else { None };
    Ok(Known { batch, times, hashes, identities })
}

/// These rows of these batches, in this order. A column that has no value anywhere is not looked at row by row.
fn put_together(batches: &[RecordBatch], picked: &[(usize, usize)]) -> Result<RecordBatch, ArrowError> {
    let schema = batches[0].schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        let is_absent = arrays.iter().all(|array| array.null_count() == array.len());
        columns.push(if is_absent { new_null_array(field.data_type(), picked.len()) } else { interleave(&arrays, picked)? });
    }
    RecordBatch::try_new(schema, columns)
}

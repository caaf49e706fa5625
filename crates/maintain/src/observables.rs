//! The observables of a day after some of its segments of events were merged: what was said of those is said of the new ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMillisecondType};
use coldtrail_lake::{BatchStream, Lake, SegmentRewriter, conform_rows, observables_schema};
use coldtrail_model::{Kind, SegmentId, SegmentMeta, Table, arrow_type};
use futures::TryStreamExt;

use crate::Error;
use crate::digest::RowsDigest;
use crate::merge::BATCH_ROWS;

/// So many rows are put together at a time.
const CHUNK_ROWS: usize = 1024;

/// What came of merging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MergedObservables {
    /// The rows that were written.
    pub(crate) rows: RowsDigest,
    /// The sum of the counts that were read, which merging must not change.
    pub(crate) count: i64,
}

/// Merges segments of observables of one day into one, without what they say of segments that were replaced. Rows of the same value,
/// class, source, account and segment become one.
pub(crate) async fn merge_observables(
    lake: &Lake,
    segments: &[Arc<SegmentMeta>],
    replaced: &HashSet<SegmentId>,
    rewriter: &mut SegmentRewriter,
) -> Result<MergedObservables, Error> {
    let replaced: HashSet<String> = replaced.iter().map(SegmentId::to_string).collect();
    let mut open: Vec<Open> = Vec::with_capacity(segments.len());
    let mut next = BinaryHeap::new();
    for segment in segments {
        let rows = lake.stream_segment_in(segment, BATCH_ROWS).await?;
        let mut opened = Open { segment: segment.id, rows, batch: None, row: 0 };
        if opened.load().await? {
            next.push(Reverse((opened.key(), open.len())));
        }
        open.push(opened);
    }
    let mut out = Out::default();
    let (mut read_count, mut last) = (0_i64, None);
    while let Some(Reverse((key, which))) = next.pop() {
        if last.as_ref().is_some_and(|last| key < *last) {
            return Err(Error::NotSorted { segment: open[which].segment });
        }
        if last.as_ref() != Some(&key) {
            out.end_value();
            last = Some(key);
        }
        read_count += open[which].tell(&replaced, &mut out);
        if let Some(batch) = out.chunk()? {
            rewriter.append(batch).await?;
        }
        if open[which].advance().await? {
            next.push(Reverse((open[which].key(), which)));
        }
    }
    out.end_value();
    if let Some(batch) = out.rest()? {
        rewriter.append(batch).await?;
    }
    Ok(MergedObservables { rows: out.written, count: read_count })
}

/// Counts what a segment of observables holds.
pub(crate) async fn count_observables(lake: &Lake, segment: &SegmentMeta) -> Result<MergedObservables, Error> {
    let mut found = MergedObservables::default();
    let mut rows = lake.stream_segment_in(segment, CHUNK_ROWS).await?;
    while let Some(batch) = rows.try_next().await? {
        let batch = conform_rows(Table::Observables, &batch)?;
        found.rows.add_batch(&batch)?;
        found.count += batch.column(COUNT).as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
    }
    Ok(found)
}

const TYPE_ID: usize = 0;
const TYPE: usize = 1;
const VALUE: usize = 2;
const CLASS_UID: usize = 3;
const CLASS: usize = 4;
const SOURCE: usize = 5;
const ACCOUNT: usize = 6;
const COUNT: usize = 7;
const FIRST: usize = 8;
const LAST: usize = 9;
const SEGMENT: usize = 10;

/// A segment, and where in it the next row is.
struct Open {
    segment: SegmentId,
    rows: BatchStream,
    batch: Option<RecordBatch>,
    row: usize,
}

/// What rows are sorted by: the type and the value.
type Key = (i32, String);

/// Of what a row tells besides its value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    class_uid: i32,
    class: String,
    source: String,
    account: Option<String>,
    segment: String,
}

/// How often a value was seen, and when.
#[derive(Clone, Copy)]
struct Seen {
    count: i64,
    first_ms: i64,
    last_ms: i64,
}

/// Rows on their way out.
#[derive(Default)]
struct Out {
    value: Option<(i32, String, String)>,
    of_value: BTreeMap<Origin, Seen>,
    rows: Vec<((i32, String, String), Origin, Seen)>,
    written: RowsDigest,
}

impl Open {
    /// Opens the next batch that has rows.
    async fn load(&mut self) -> Result<bool, Error> {
        self.row = 0;
        self.batch = None;
        while let Some(batch) = self.rows.try_next().await? {
            if batch.num_rows() > 0 {
                self.batch = Some(conform_rows(Table::Observables, &batch)?);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes to the next row; false if there is none.
    async fn advance(&mut self) -> Result<bool, Error> {
        self.row += 1;
        if self.batch.as_ref().is_some_and(|batch| self.row < batch.num_rows()) { Ok(true) } else { self.load().await }
    }

    fn key(&self) -> Key {
        (self.number(TYPE_ID), self.text(VALUE))
    }

    /// Tells the row, unless it is of a segment that was replaced. Gives its count.
    fn tell(&self, replaced: &HashSet<String>, out: &mut Out) -> i64 {
        let segment = self.text(SEGMENT);
        if replaced.contains(&segment) {
            return 0;
        }
        let account = self.column(ACCOUNT).is_valid(self.row).then(|| self.text(ACCOUNT));
        let origin = Origin { class_uid: self.number(CLASS_UID), class: self.text(CLASS), source: self.text(SOURCE), account, segment };
        let time = |index| self.column(index).as_primitive::<TimestampMillisecondType>().value(self.row);
        let count = self.column(COUNT).as_primitive::<Int64Type>().value(self.row);
        let seen = Seen { count, first_ms: time(FIRST), last_ms: time(LAST) };
        out.value.get_or_insert_with(|| (self.number(TYPE_ID), self.text(TYPE), self.text(VALUE)));
        let all = out.of_value.entry(origin).or_insert(Seen { count: 0, ..seen });
        all.count += seen.count;
        all.first_ms = all.first_ms.min(seen.first_ms);
        all.last_ms = all.last_ms.max(seen.last_ms);
        count
    }

    fn column(&self, index: usize) -> &ArrayRef {
        self.batch.as_ref().expect("a segment that has a next row has a batch").column(index)
    }

    fn number(&self, index: usize) -> i32 {
        self.column(index).as_primitive::<Int32Type>().value(self.row)
    }

    fn text(&self, index: usize) -> String {
        self.column(index).as_string::<i32>().value(self.row).to_owned()
    }
}

impl Out {
    /// Nothing more comes of this value.
    fn end_value(&mut self) {
        let Some(value) = self.value.take() else { return };
        for (origin, seen) in std::mem::take(&mut self.of_value) {
            self.rows.push((value.clone(), origin, seen));
        }
    }

    fn chunk(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.rows.len() < CHUNK_ROWS { Ok(None) } else { self.rest() }
    }

    fn rest(&mut self) -> Result<Option<RecordBatch>, Error> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(None);
        }
        let numbers = |number: fn(&Origin, i32) -> i32| -> ArrayRef {
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|((type_id, ..), origin, _)| number(origin, *type_id))))
        };
        let texts = |text: fn(&(i32, String, String), &Origin) -> Option<String>| -> ArrayRef {
            Arc::new(StringArray::from_iter(rows.iter().map(|(value, origin, _)| text(value, origin))))
        };
        let times = |time: fn(&Seen) -> i64| -> ArrayRef {
            let array = TimestampMillisecondArray::from_iter_values(rows.iter().map(|(_, _, seen)| time(seen)));
            Arc::new(array.with_data_type(arrow_type(Kind::Time)))
        };
        let columns: Vec<ArrayRef> = vec![
            numbers(|_, type_id| type_id),
            texts(|(_, name, _), _| Some(name.clone())),
            texts(|(_, _, value), _| Some(value.clone())),
            numbers(|origin, _| origin.class_uid),
            texts(|_, origin| Some(origin.class.clone())),
            texts(|_, origin| Some(origin.source.clone())),
            texts(|_, origin| origin.account.clone()),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, _, seen)| seen.count))),
            times(|seen| seen.first_ms),
            times(|seen| seen.last_ms),
            texts(|_, origin| Some(origin.segment.clone())),
        ];
        let batch = RecordBatch::try_new(observables_schema(), columns)?;
        self.written.add_batch(&batch)?;
        Ok(Some(batch))
    }
}

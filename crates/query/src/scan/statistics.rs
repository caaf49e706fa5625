use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, StringArray, TimestampMillisecondArray, UInt64Array};
use coldtrail_model::{Col, EVENT_DAY, SegmentMeta, Table};
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_optimizer::pruning::PruningStatistics;

/// What the catalog knows of each segment, as DataFusion's pruning asks for it: one container a segment.
pub(super) struct SegmentStatistics<'a> {
    segments: &'a [Arc<SegmentMeta>],
}

/// The columns whose values the catalog knows something of.
#[derive(Clone, Copy)]
enum Known {
    Day,
    Time,
    /// Of the first or the last event that shows an observable.
    ObservedTime,
    ClassUid,
    Source,
    Account,
}

impl<'a> SegmentStatistics<'a> {
    pub(super) fn new(segments: &'a [Arc<SegmentMeta>]) -> Self {
        Self { segments }
    }

    /// What the catalog knows of a column, if it knows it of every segment. Observables have a `source` and a `class_uid` of their
    /// own, which differ from row to row.
    fn known(&self, column: &Column) -> Option<Known> {
        let known = [
            (EVENT_DAY, Known::Day),
            (Col::Time.column().name, Known::Time),
            ("first_time", Known::ObservedTime),
            ("last_time", Known::ObservedTime),
            (Col::Source.column().name, Known::Source),
            (Col::ClassUid.column().name, Known::ClassUid),
            (Col::CloudAccountUid.column().name, Known::Account),
        ];
        let (_, known) = known.into_iter().find(|(name, _)| *name == column.name)?;
        let is_known = |table| match (known, table) {
            (Known::Day, _) => true,
            (Known::Time | Known::Source, Table::Events(_) | Table::Rejects) => true,
            (Known::ClassUid | Known::Account, Table::Events(_)) => true,
            (Known::ObservedTime, Table::Observables) => true,
            (Known::ObservedTime, Table::Events(_)) => false,
            (_, Table::Rejects | Table::Observables) => false,
        };
        self.segments.iter().all(|segment| is_known(segment.table)).then_some(known)
    }

    fn days(&self) -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(self.segments.iter().map(|segment| segment.day.epoch_days())))
    }

    fn times(&self, of: impl Fn(&SegmentMeta) -> i64) -> ArrayRef {
        let times = TimestampMillisecondArray::from_iter_values(self.segments.iter().map(|segment| of(segment)));
        Arc::new(times.with_timezone("UTC"))
    }

    fn class_uids(&self) -> ArrayRef {
        Arc::new(self.segments.iter().map(|segment| class_uid(segment)).collect::<Int32Array>())
    }

    fn sources(&self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.segments.iter().map(|segment| segment.source.as_str())))
    }

    fn accounts(&self, pick: impl Fn(&[String]) -> Option<&String>) -> ArrayRef {
        let picked = self.segments.iter().map(|segment| segment.accounts.as_deref().and_then(&pick).map(String::as_str));
        Arc::new(picked.collect::<StringArray>())
    }

    fn bounds(&self, column: &Column, last: bool) -> Option<ArrayRef> {
        Some(match self.known(column)? {
            Known::Day => self.days(),
            Known::Time | Known::ObservedTime if last => self.times(|segment| segment.time.end_ms),
            Known::Time | Known::ObservedTime => self.times(|segment| segment.time.start_ms),
            Known::ClassUid => self.class_uids(),
            Known::Source => self.sources(),
            Known::Account if last => self.accounts(|accounts| accounts.last()),
            Known::Account => self.accounts(|accounts| accounts.first()),
        })
    }
}

fn class_uid(segment: &SegmentMeta) -> Option<i32> {
    match segment.table {
        Table::Events(class) => Some(class.uid()),
        Table::Observables | Table::Rejects => None,
    }
}

/// How many rows have no account, where that is certain.
fn accounts_missing(segment: &SegmentMeta) -> Option<u64> {
    match (&segment.accounts, segment.has_rows_without_account) {
        (_, false) => Some(0),
        (Some(accounts), true) if accounts.is_empty() => Some(segment.rows),
        (_, true) => None,
    }
}

/// True if every value of the segment's rows is among `wanted`, false if none is, `None` if some may be.
fn contained<'v>(mut values: impl Iterator<Item = &'v str>, wanted: &HashSet<&str>) -> Option<bool> {
    let first = values.next().map(|value| wanted.contains(value));
    match first {
        None => Some(false),
        Some(found) => values.all(|value| wanted.contains(value) == found).then_some(found),
    }
}

impl PruningStatistics for SegmentStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, true)
    }

    fn num_containers(&self) -> usize {
        self.segments.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts: UInt64Array = match self.known(column)? {
            Known::Account => self.segments.iter().map(|segment| accounts_missing(segment)).collect(),
            Known::Day | Known::Time | Known::ObservedTime | Known::ClassUid | Known::Source => {
                self.segments.iter().map(|_| Some(0)).collect()
            }
        };
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.segments.iter().map(|segment| segment.rows))))
    }

    fn contained(&self, column: &Column, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let known = self.known(column)?;
        let wanted: HashSet<&str> = values.iter().filter_map(|value| value.try_as_str().flatten()).collect();
        let answers = self.segments.iter().map(|segment| match known {
            Known::Source => contained(std::iter::once(segment.source.as_str()), &wanted),
            Known::Account => {
                let accounts = segment.accounts.as_deref()?;
                contained(accounts.iter().map(String::as_str), &wanted)
            }
            Known::Day | Known::Time | Known::ObservedTime | Known::ClassUid => None,
        });
        Some(answers.collect())
    }
}

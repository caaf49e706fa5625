use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, StringBuilder, TimestampMillisecondArray, UInt32Array};
use coldtrail_model::{Class, Day, Kind, SegmentId, Table, TimeRange, arrow_type};

use crate::rows::{Cells, Draft, Rows};

use super::tally::{SegmentObservables, Sighting};
use super::{ANY_SOURCE, observables_schema};

/// What the segments written so far show, by day, until it becomes segments of its own.
#[derive(Debug, Default)]
pub(crate) struct DailyObservables {
    days: BTreeMap<Day, Vec<SegmentObservables>>,
    bytes: usize,
}

impl DailyObservables {
    pub(crate) fn add(&mut self, day: Day, observables: SegmentObservables) {
        if !observables.sightings.is_empty() {
            self.bytes += observables.bytes();
            self.days.entry(day).or_default().push(observables);
        }
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes out the day that takes the most memory.
    pub(crate) fn take_largest(&mut self) -> Option<(Day, Vec<SegmentObservables>)> {
        let size = |segments: &[SegmentObservables]| segments.iter().map(SegmentObservables::bytes).sum::<usize>();
        let day = *self.days.iter().max_by_key(|(_, segments)| size(segments))?.0;
        let segments = self.days.remove(&day)?;
        self.bytes = self.bytes.saturating_sub(size(&segments));
        Some((day, segments))
    }
}

/// The rows of a segment of observables, sorted by type and value.
pub(crate) fn observables_of_day(day: Day, segments: &[SegmentObservables]) -> (Draft, Rows) {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        rows.extend(segment.sightings.iter().map(|sighting| Row { number, segment, sighting }));
    }
    rows.sort_unstable_by(Row::compare);
    let time = rows.iter().map(Row::time).reduce(|all, one| all.union(&one)).unwrap_or(TimeRange { start_ms: 0, end_ms: 0 });
    let draft = Draft {
        table: Table::Observables,
        day,
        source: ANY_SOURCE.to_owned(),
        time,
        accounts: None,
        has_rows_without_account: rows.iter().any(|row| row.sighting.account == 0),
    };
    let count = rows.len();
    (draft, Rows { schema: observables_schema(), cells: cells(segments, &rows), order: None, count })
}

/// One row of the table.
#[derive(Clone, Copy)]
struct Row<'a> {
    /// Which segment of events it is about.
    number: usize,
    segment: &'a SegmentObservables,
    sighting: &'a Sighting,
}

impl Row<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (self.sighting, other.sighting);
        let by_key = ours.type_id.cmp(&theirs.type_id).then_with(|| ours.value.cmp(&theirs.value));
        by_key.then_with(|| self.origin().cmp(&other.origin()))
    }

    fn origin(&self) -> (Class, &str, Option<&str>, SegmentId) {
        (self.segment.class, &self.segment.source, self.account(), self.segment.segment)
    }

    fn account(&self) -> Option<&str> {
        let code = self.sighting.account as usize;
        code.checked_sub(1).map(|index| self.segment.accounts[index].as_ref())
    }

    fn time(&self) -> TimeRange {
        TimeRange { start_ms: self.sighting.first_ms, end_ms: self.sighting.last_ms }
    }
}

fn cells(segments: &[SegmentObservables], rows: &[Row<'_>]) -> Vec<Cells> {
    let times = |time: fn(&Row<'_>) -> i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(rows.iter().map(time)).with_data_type(arrow_type(Kind::Time)))
    };
    let codes =
        UInt32Array::from_iter_values(rows.iter().map(|row| u32::try_from(row.number).expect("there are fewer segments than rows")));
    let by_segment = |text: &dyn Fn(&SegmentObservables) -> String| {
        let texts = StringArray::from_iter_values(segments.iter().map(text));
        Cells::Coded { texts, codes: codes.clone() }
    };
    vec![
        Cells::Plain(Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.sighting.type_id)))),
        texts(rows, |row| Some(row.sighting.type_name)),
        texts(rows, |row| Some(row.sighting.value.as_str())),
        Cells::Plain(Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.segment.class.uid())))),
        by_segment(&|segment| segment.class.name().to_owned()),
        by_segment(&|segment| segment.source.to_string()),
        texts(rows, Row::account),
        Cells::Plain(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.sighting.count)))),
        Cells::Plain(times(|row| row.sighting.first_ms)),
        Cells::Plain(times(|row| row.sighting.last_ms)),
        by_segment(&|segment| segment.segment.to_string()),
    ]
}

fn texts<'a>(rows: &'a [Row<'a>], text: impl Fn(&'a Row<'a>) -> Option<&'a str>) -> Cells {
    let mut builder = StringBuilder::with_capacity(rows.len(), 0);
    rows.iter().for_each(|row| builder.append_option(text(row)));
    Cells::Plain(Arc::new(builder.finish()))
}

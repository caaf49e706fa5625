use std::sync::Arc;

use arrow::array::{Array, AsArray, ListArray, StringArray};
use arrow::datatypes::TimestampMillisecondType;
use coldtrail_model::{Class, Col, ObservableType, SegmentId};
use compact_str::CompactString;
use hashbrown::HashMap;

use crate::rows::{Cells, Rows};

use super::normal::shown_by;

/// What one segment of events shows.
#[derive(Debug)]
pub(crate) struct SegmentObservables {
    pub(super) class: Class,
    pub(super) source: Arc<str>,
    pub(super) segment: SegmentId,
    /// The accounts that sightings name by number, from 1.
    pub(super) accounts: Vec<Arc<str>>,
    pub(super) sightings: Vec<Sighting>,
}

/// One observable of one account in one segment.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) type_id: i32,
    pub(super) type_name: &'static str,
    pub(super) value: CompactString,
    /// 0 for none.
    pub(super) account: u32,
    pub(super) count: i64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// The row that was counted last, so that an event counts once.
    last_row: u32,
}

/// Finds and counts every observable of a segment's events, in whatever order they are.
///
/// A value is brought into its normal form once for each column and account; from then on an event costs one look-up a column.
pub(crate) fn observe(class: Class, source: &Arc<str>, segment: SegmentId, rows: &Rows) -> SegmentObservables {
    let cells_of = |wanted: Col| class.columns().iter().position(|col| *col == wanted).map(|index| &rows.cells[index]);
    let times = match cells_of(Col::Time) {
        Some(Cells::Plain(times)) => times.as_primitive_opt::<TimestampMillisecondType>(),
        _ => None,
    };
    let accounts = Accounts::new(cells_of(Col::CloudAccountUid), rows.count);
    let columns = class.columns().iter().zip(&rows.cells);
    let mut watched: Vec<Watched<'_>> = columns.filter_map(|(col, cells)| Watched::new(*col, cells)).collect();
    let mut tally = Tally::default();
    for row in 0..rows.count {
        let place = Place { row: index_of(row), account: accounts.codes[row], time_ms: times.map_or(0, |times| times.value(row)) };
        watched.iter_mut().for_each(|column| column.count(place, &mut tally));
    }
    SegmentObservables { class, source: Arc::clone(source), segment, accounts: accounts.names, sightings: tally.sightings }
}

impl SegmentObservables {
    /// True if its events show nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.sightings.is_empty()
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let texts: usize =
            self.sightings.iter().map(|sighting| if sighting.value.is_heap_allocated() { sighting.value.len() } else { 0 }).sum();
        texts + self.sightings.len() * size_of::<Sighting>()
    }
}

/// Where a value was found.
#[derive(Clone, Copy)]
struct Place {
    row: u32,
    account: u32,
    time_ms: i64,
}

/// A column whose values are observables.
struct Watched<'a> {
    kind: ObservableType,
    texts: Texts<'a>,
    /// Which sightings a raw value stands for.
    known: HashMap<(u32, &'a str), Span>,
    /// The last value, for the same one often follows.
    last: Option<((u32, &'a str), Span)>,
}

#[derive(Clone, Copy)]
enum Texts<'a> {
    One(&'a StringArray),
    Many(&'a ListArray, &'a StringArray),
}

/// A run of [`Tally::shown`].
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Default)]
struct Tally {
    sightings: Vec<Sighting>,
    index: HashMap<(i32, u32, CompactString), u32>,
    /// Indices into `sightings`.
    shown: Vec<u32>,
}

impl<'a> Watched<'a> {
    fn new(col: Col, cells: &'a Cells) -> Option<Self> {
        let (kind, Cells::Plain(array)) = (col.column().observable?, cells) else { return None };
        let texts = match (array.as_string_opt::<i32>(), array.as_list_opt::<i32>()) {
            (Some(texts), _) => Texts::One(texts),
            (_, Some(lists)) => Texts::Many(lists, lists.values().as_string_opt::<i32>()?),
            _ => return None,
        };
        Some(Self { kind, texts, known: HashMap::new(), last: None })
    }

    fn count(&mut self, place: Place, tally: &mut Tally) {
        let row = place.row as usize;
        match self.texts {
            Texts::One(texts) if texts.is_valid(row) => self.count_text(texts.value(row), place, tally),
            Texts::Many(lists, texts) if lists.is_valid(row) => {
                let (start, end) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
                for index in start..end {
                    self.count_text(texts.value(usize::try_from(index).expect("offsets are never negative")), place, tally);
                }
            }
            _ => {}
        }
    }

    fn count_text(&mut self, text: &'a str, place: Place, tally: &mut Tally) {
        let key = (place.account, text);
        let span = match self.last {
            Some((last, span)) if last == key => span,
            _ => *self.known.entry(key).or_insert_with(|| tally.add(self.kind, text, place.account)),
        };
        self.last = Some((key, span));
        tally.count(span, place);
    }
}

impl Tally {
    fn add(&mut self, kind: ObservableType, text: &str, account: u32) -> Span {
        let start = index_of(self.shown.len());
        for shown in shown_by(kind, text) {
            let value = CompactString::from(shown.value);
            let next = index_of(self.sightings.len());
            let index = *self.index.entry((shown.type_id, account, value.clone())).or_insert(next);
            if index == next {
                let (type_id, type_name, first_ms, last_ms) = (shown.type_id, shown.type_name, i64::MAX, i64::MIN);
                self.sightings.push(Sighting { type_id, type_name, value, account, count: 0, first_ms, last_ms, last_row: u32::MAX });
            }
            self.shown.push(index);
        }
        Span { start, end: index_of(self.shown.len()) }
    }

    fn count(&mut self, span: Span, place: Place) {
        for index in &self.shown[span.start as usize..span.end as usize] {
            let sighting = &mut self.sightings[*index as usize];
            if sighting.last_row != place.row {
                sighting.last_row = place.row;
                sighting.count += 1;
                sighting.first_ms = sighting.first_ms.min(place.time_ms);
                sighting.last_ms = sighting.last_ms.max(place.time_ms);
            }
        }
    }
}

/// The account of each row as a small number, 0 for none.
struct Accounts {
    names: Vec<Arc<str>>,
    codes: Vec<u32>,
}

impl Accounts {
    fn new(cells: Option<&Cells>, rows: usize) -> Self {
        let mut accounts = Self { names: Vec::new(), codes: vec![0; rows] };
        let Some(Cells::Plain(texts)) = cells else { return accounts };
        let Some(texts) = texts.as_string_opt::<i32>() else { return accounts };
        let mut known: HashMap<&str, u32> = HashMap::new();
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            accounts.codes[row] = *known.entry(text).or_insert_with(|| {
                accounts.names.push(text.into());
                index_of(accounts.names.len())
            });
        }
        accounts
    }
}

fn index_of(index: usize) -> u32 {
    u32::try_from(index).expect("a segment has fewer than 2^32 rows and values")
}

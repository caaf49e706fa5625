use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arrow::array::{StringArray, UInt32Array};
use coldtrail_model::{Class, Col, Day, Event, Table, TimeRange, Value, arrow_schema};
use compact_str::CompactString;

use crate::rows::{Cells, Draft, Rows, order_by_time};

use column::Column;

mod column;
mod unmapped;

/// More accounts than this in one segment are not listed.
const ACCOUNTS_MAX: usize = 32;
/// What an empty buffer takes, and what a column takes besides its values.
const BUFFER_BYTES: usize = 4 << 10;
const COLUMN_BYTES: usize = 256;

/// Events of one class, day and source, kept column by column until they become a segment.
///
/// A buffer takes the bytes of its values and little more: a column exists from its first value on, the text that is the same in
/// all rows is kept once, and the events themselves are gone.
#[derive(Debug)]
pub(crate) struct EventBuffer {
    class: Class,
    day: Day,
    source: Arc<str>,
    /// One for each column of the class.
    columns: Vec<Option<Box<Column>>>,
    times: Vec<i64>,
    objects: Vec<Arc<str>>,
    object_codes: Vec<u32>,
    accounts: Accounts,
    bytes: usize,
}

/// The accounts of the rows so far.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    last: Option<CompactString>,
    seen: BTreeSet<CompactString>,
    pub(crate) has_rows_without: bool,
}

impl EventBuffer {
    pub(crate) fn new(class: Class, day: Day, source: Arc<str>) -> Self {
        let columns = class.columns().iter().map(|_| None).collect();
        let accounts = Accounts::default();
        Self { class, day, source, columns, times: vec![], objects: vec![], object_codes: vec![], accounts, bytes: BUFFER_BYTES }
    }

    /// Adds an event of the buffer's class, day and source.
    pub(crate) fn append(&mut self, event: &Event, source_object: &Arc<str>, offset: i64) {
        let row = self.times.len();
        let slots = slots_of(self.class);
        let (mut account, mut unmapped) = (None, None);
        let mut misplaced: Vec<(Col, &Value)> = event.misplaced().iter().map(|(col, value)| (*col, value)).collect();
        for (col, value) in event.fields() {
            if let (Col::CloudAccountUid, Value::Text(text)) = (*col, value) {
                account = Some(text.as_str());
            }
            match (*col, value) {
                (Col::Unmapped, Value::Text(text)) => unmapped = Some(text),
                (Col::Source | Col::SourceObject | Col::SourceOffset, _) => {}
                _ if self.set(slots, *col, row, value) => {}
                _ => misplaced.push((*col, value)),
            }
        }
        self.set(slots, Col::SourceOffset, row, &Value::Long(offset));
        if misplaced.is_empty() {
            if let Some(text) = unmapped {
                self.set(slots, Col::Unmapped, row, &Value::Text(text.clone()));
            }
        } else {
            let merged = unmapped::merge(unmapped.map(CompactString::as_str), &misplaced);
            self.set(slots, Col::Unmapped, row, &Value::Text(merged));
        }
        self.accounts.note(account);
        self.note_object(source_object);
        self.times.push(event.time_ms());
        self.bytes += 12;
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// How much memory their values take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything that a segment needs.
    pub(crate) fn finish(mut self) -> (Draft, Rows) {
        let count = self.times.len();
        let mut cells: Vec<Cells> = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            cells.push(column.take().map_or(Cells::Absent, |mut column| Cells::Plain(column.finish(count))));
        }
        let slots = slots_of(self.class);
        let texts = StringArray::from_iter_values(self.objects.iter());
        let codes = UInt32Array::from(std::mem::take(&mut self.object_codes));
        place(&mut cells, slots, Col::Source, Cells::Same(Arc::clone(&self.source)));
        place(&mut cells, slots, Col::SourceObject, Cells::Coded { texts, codes });
        let order = order_by_time(&self.times);
        (self.draft(), Rows { schema: arrow_schema(self.class), cells, order, count })
    }

    fn draft(&self) -> Draft {
        let (first, last) = (self.times.iter().min(), self.times.iter().max());
        Draft {
            table: Table::Events(self.class),
            day: self.day,
            source: self.source.to_string(),
            time: TimeRange { start_ms: first.copied().unwrap_or_default(), end_ms: last.copied().unwrap_or_default() },
            accounts: self.accounts.list(),
            has_rows_without_account: self.accounts.has_rows_without,
        }
    }

    fn set(&mut self, slots: &[Option<u16>], col: Col, row: usize, value: &Value) -> bool {
        let Some(slot) = slots[col as usize] else { return false };
        let column = &mut self.columns[usize::from(slot)];
        if column.is_none() {
            self.bytes += COLUMN_BYTES;
        }
        let fits = column.get_or_insert_with(|| Box::new(Column::new(col.column().kind))).set(row, value);
        if fits {
            self.bytes += value_bytes(value);
        }
        fits
    }

    fn note_object(&mut self, object: &Arc<str>) {
        let is_last = self.objects.last().is_some_and(|last| Arc::ptr_eq(last, object) || **last == **object);
        if !is_last {
            self.objects.push(Arc::clone(object));
            self.bytes += object.len() + 16;
        }
        self.object_codes.push(u32::try_from(self.objects.len() - 1).expect("there are no more objects than rows"));
    }
}

impl Accounts {
    pub(crate) fn note(&mut self, account: Option<&str>) {
        let Some(account) = account else {
            self.has_rows_without = true;
            return;
        };
        if self.last.as_deref() == Some(account) {
            return;
        }
        self.last = Some(account.into());
        if self.seen.len() <= ACCOUNTS_MAX && !self.seen.contains(account) {
            self.seen.insert(account.into());
        }
    }

    pub(crate) fn list(&self) -> Option<Vec<String>> {
        (self.seen.len() <= ACCOUNTS_MAX).then(|| self.seen.iter().map(CompactString::to_string).collect())
    }
}

/// How much memory an event will take in a buffer.
pub(crate) fn event_bytes(event: &Event) -> usize {
    event.fields().iter().chain(event.misplaced()).map(|(_, value)| value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + 5,
        Value::Long(_) | Value::Double(_) => 9,
        Value::Boolean(_) => 1,
        Value::TextList(texts) => texts.iter().map(|text| text.len() + 5).sum::<usize>() + 5,
    }
}

fn place(cells: &mut [Cells], slots: &[Option<u16>], col: Col, values: Cells) {
    if let Some(slot) = slots[col as usize] {
        cells[usize::from(slot)] = values;
    }
}

/// Where in the class's table each column is; a look-up, since it is asked for every value.
fn slots_of(class: Class) -> &'static [Option<u16>] {
    static SLOTS: LazyLock<Vec<Vec<Option<u16>>>> = LazyLock::new(|| Class::ALL.iter().map(|class| slots(*class)).collect());
    &SLOTS[class as usize]
}

fn slots(class: Class) -> Vec<Option<u16>> {
    let mut slots = vec![None; Col::ALL.len()];
    for (slot, col) in class.columns().iter().enumerate() {
        slots[*col as usize] = u16::try_from(slot).ok();
    }
    slots
}

use compact_str::CompactString;

use crate::captions::{activity_name, severity_name, status_name};
use crate::{Class, Col, Kind};

/// The version of OCSF that Coldtrail writes.
pub const OCSF_VERSION: &str = "1.8.0";

/// One value of an [`Event`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// For [`Kind::Text`] and [`Kind::Json`].
    Text(CompactString),
    /// For [`Kind::Integer`], [`Kind::Long`] and [`Kind::Time`] (milliseconds since 1970, UTC).
    Long(i64),
    /// For [`Kind::Double`].
    Double(f64),
    /// For [`Kind::Boolean`].
    Boolean(bool),
    /// For [`Kind::TextList`].
    TextList(Vec<CompactString>),
}

/// One OCSF event as a sparse row of promoted columns.
///
/// The numbers of class, category and type, and the words that belong to numbers, follow from the class, the activity, the
/// severity and the status, so that no mapping can set them at odds. A value that the class has no column for is not lost: it is
/// kept in `unmapped` under its OCSF path, and a debug build stops there, so that tests find it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    class: Class,
    fields: Vec<(Col, Value)>,
    /// Which columns are in `fields`, so that setting one does not look through all.
    is_set: [u64; SET_WORDS],
    misplaced: Vec<(Col, Value)>,
}

/// Words of 64 bits that have a bit for every column.
const SET_WORDS: usize = Col::ALL.len().div_ceil(64);

/// Whether what the event describes worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// The source does not say.
    Unknown,
    /// Neither; `status_detail` has the source's word.
    Other,
}

impl Event {
    /// An event of a class: what was done, when (milliseconds since 1970, UTC), informational until said otherwise.
    pub fn new(class: Class, activity_id: i32, time_ms: i64) -> Self {
        let mut event = Self { class, fields: Vec::with_capacity(48), is_set: [0; SET_WORDS], misplaced: Vec::new() };
        event.put(Col::Time, Value::Long(time_ms));
        event.put(Col::ClassUid, Value::Long(i64::from(class.uid())));
        event.put(Col::CategoryUid, Value::Long(i64::from(class.category_uid())));
        event.put(Col::MetadataVersion, Value::Text(CompactString::const_new(OCSF_VERSION)));
        event.activity(activity_id);
        event.severity(1);
        event
    }

    /// The class, which is the table.
    pub fn class(&self) -> Class {
        self.class
    }

    /// When it happened, in milliseconds since 1970, UTC.
    pub fn time_ms(&self) -> i64 {
        match self.get(Col::Time) {
            Some(Value::Long(time_ms)) => *time_ms,
            _ => 0,
        }
    }

    /// Says what was done, as the class numbers it; sets `activity_name` and `type_uid` too.
    pub fn activity(&mut self, activity_id: i32) {
        self.put(Col::ActivityId, Value::Long(i64::from(activity_id)));
        self.put(Col::ActivityName, Value::Text(CompactString::const_new(activity_name(self.class, activity_id))));
        self.put(Col::TypeUid, Value::Long(self.class.type_uid(activity_id)));
    }

    /// Says what was done in the source's own words, for activity 99 (Other).
    pub fn activity_other(&mut self, words: &str) {
        self.activity(99);
        self.text(Col::ActivityName, words);
    }

    /// Says how severe it is, by OCSF's number.
    pub fn severity(&mut self, severity_id: i32) {
        self.put(Col::SeverityId, Value::Long(i64::from(severity_id)));
        self.put(Col::Severity, Value::Text(CompactString::const_new(severity_name(severity_id))));
    }

    /// Says whether it worked.
    pub fn outcome(&mut self, outcome: Outcome) {
        let status_id = match outcome {
            Outcome::Unknown => 0,
            Outcome::Success => 1,
            Outcome::Failure => 2,
            Outcome::Other => 99,
        };
        self.put(Col::StatusId, Value::Long(i64::from(status_id)));
        self.put(Col::Status, Value::Text(CompactString::const_new(status_name(status_id))));
    }

    /// Sets a text or JSON column. Empty text and the dash that many logs write for nothing are not set.
    pub fn text(&mut self, col: Col, text: impl AsRef<str>) {
        let text = text.as_ref();
        if !text.is_empty() && text != "-" {
            self.put(col, Value::Text(CompactString::new(text)));
        }
    }

    /// Sets a text or JSON column without copying a long text again.
    pub fn owned_text(&mut self, col: Col, text: String) {
        if !text.is_empty() && text != "-" {
            self.put(col, Value::Text(CompactString::from(text)));
        }
    }

    /// Sets a text column if there is a text.
    pub fn text_opt(&mut self, col: Col, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.text(col, text);
        }
    }

    /// Sets a column of whole numbers. A number too large for its column goes to `unmapped`.
    pub fn long(&mut self, col: Col, number: i64) {
        if col.column().kind == Kind::Integer && i32::try_from(number).is_err() {
            self.misplaced.push((col, Value::Long(number)));
        } else {
            self.put(col, Value::Long(number));
        }
    }

    /// Sets a column of whole numbers if there is a number.
    pub fn long_opt(&mut self, col: Col, number: Option<i64>) {
        if let Some(number) = number {
            self.long(col, number);
        }
    }

    /// Sets a column of floating point numbers; not a number and the infinities are not set.
    pub fn double(&mut self, col: Col, number: f64) {
        if number.is_finite() {
            self.put(col, Value::Double(number));
        }
    }

    /// Sets a column of true and false.
    pub fn flag(&mut self, col: Col, flag: bool) {
        self.put(col, Value::Boolean(flag));
    }

    /// Sets a column of true and false if it is known.
    pub fn flag_opt(&mut self, col: Col, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.flag(col, flag);
        }
    }

    /// Sets a column of instants, in milliseconds since 1970, UTC.
    pub fn time(&mut self, col: Col, time_ms: i64) {
        self.put(col, Value::Long(time_ms));
    }

    /// Sets a column of instants if it is known.
    pub fn time_opt(&mut self, col: Col, time_ms: Option<i64>) {
        if let Some(time_ms) = time_ms {
            self.time(col, time_ms);
        }
    }

    /// Sets a column of several texts; an empty list is not set.
    pub fn list<T: AsRef<str>>(&mut self, col: Col, texts: impl IntoIterator<Item = T>) {
        let texts: Vec<CompactString> = texts.into_iter().map(|text| CompactString::new(text.as_ref())).collect();
        if !texts.is_empty() {
            self.put(col, Value::TextList(texts));
        }
    }

    /// The value of a column, if it is set.
    pub fn get(&self, col: Col) -> Option<&Value> {
        if !self.is_set(col) {
            return None;
        }
        self.fields.iter().find(|(set, _)| *set == col).map(|(_, value)| value)
    }

    /// The text of a text column, if it is set.
    pub fn get_text(&self, col: Col) -> Option<&str> {
        match self.get(col) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The columns that are set, each once, in the order they were set.
    pub fn fields(&self) -> &[(Col, Value)] {
        &self.fields
    }

    /// What was set but has no column in the class, or does not fit it; to be kept in `unmapped`.
    pub fn misplaced(&self) -> &[(Col, Value)] {
        &self.misplaced
    }

    fn put(&mut self, col: Col, value: Value) {
        debug_assert!(value.fits(col.column().kind), "{col:?} is {:?}, not {value:?}", col.column().kind);
        if !self.class.has(col) {
            debug_assert!(false, "{} has no column {}", self.class, col.column().name);
            self.misplaced.push((col, value));
            return;
        }
        if !self.is_set(col) {
            self.is_set[col as usize / 64] |= 1 << (col as usize % 64);
            self.fields.push((col, value));
        } else if let Some(field) = self.fields.iter_mut().find(|(set, _)| *set == col) {
            field.1 = value;
        }
    }

    fn is_set(&self, col: Col) -> bool {
        self.is_set[col as usize / 64] & (1 << (col as usize % 64)) != 0
    }
}

impl Value {
    fn fits(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Self::Text(_), Kind::Text | Kind::Json)
                | (Self::Long(_), Kind::Integer | Kind::Long | Kind::Time)
                | (Self::Double(_), Kind::Double)
                | (Self::Boolean(_), Kind::Boolean)
                | (Self::TextList(_), Kind::TextList)
        )
    }
}

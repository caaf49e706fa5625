use coldtrail_model::Event;

/// Where a record was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where the record begins: bytes from the start of the object after decompression, or the record's number in a binary log.
    pub offset: u64,
}

/// What a stretch of input became.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events with the places of their records, in the order of the input.
    pub events: Vec<(Place, Event)>,
    /// The records that could not be read, in the order of the input.
    pub rejects: Vec<Reject>,
}

impl Batch {
    /// How many records there were: each is one event or one reject.
    pub fn records(&self) -> u64 {
        (self.events.len() + self.rejects.len()) as u64
    }
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Where it was.
    pub place: Place,
    /// Why it could not be read.
    pub reason: Reason,
    /// The record, or its beginning if it is long.
    pub raw: Vec<u8>,
    /// How long the record is, in bytes; of one over the limit, as much as was seen of it. Where `raw` is shorter, it is its beginning.
    pub raw_bytes: u64,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is longer than the limit.
    #[error("the record is over record_bytes_max ({limit} bytes)")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The input ended in the middle of it.
    #[error("the input ends in the middle of the record")]
    CutOff,
    /// It is not UTF-8.
    #[error("the record is not UTF-8")]
    NotUtf8,
    /// It is not JSON.
    #[error("not JSON: {detail}")]
    NotJson {
        /// What the parser said.
        detail: String,
    },
    /// It is not the format it should be.
    #[error("not {format}: {detail}")]
    NotThisFormat {
        /// The format that was expected.
        format: &'static str,
        /// What is off.
        detail: String,
    },
    /// A field without which it cannot be an event is not there.
    #[error("the field {field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field cannot be read.
    #[error("the field {field} is {value:?}, not {expected}")]
    BadField {
        /// The field.
        field: &'static str,
        /// Its value, cut to a readable length.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Reason {
    /// A [`Reason::BadField`] whose value is cut to a readable length.
    pub(crate) fn bad_field(field: &'static str, value: &str, expected: &'static str) -> Self {
        Self::BadField { field, value: value.chars().take(80).collect(), expected }
    }
}

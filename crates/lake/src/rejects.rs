use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, StringBuilder, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use coldtrail_model::{Day, Kind, Table, TimeRange, arrow_type};

use crate::rows::{Cells, Draft, Rows, order_by_time};

/// A record that could not become an event.
#[derive(Debug, Clone, Copy)]
pub struct RejectRow<'a> {
    /// The log source it was read as.
    pub source: &'a str,
    /// The URL of the object that it was in.
    pub source_object: &'a str,
    /// Where in the object it begins.
    pub offset: i64,
    /// When it was rejected, in milliseconds since 1970, UTC; its own time may be what cannot be read.
    pub time_ms: i64,
    /// Why, in words.
    pub reason: &'a str,
    /// The record as it was, or its beginning.
    pub raw: &'a [u8],
    /// How long the record was, in bytes; more than `raw` if that is its beginning.
    pub raw_bytes: i64,
}

/// What a reject that is written again was before: of its record there may be less than there was.
#[derive(Debug, Clone, Copy)]
pub struct KeptReject<'a> {
    /// The row; `raw` is what is left of the record.
    pub row: RejectRow<'a>,
    /// True if `raw` is its beginning.
    pub raw_is_cut: bool,
    /// True if `raw` is what could be read of it.
    pub raw_is_lossy: bool,
}

/// The schema of the table `rejects`, sorted by time. `raw` is text; where the record was not UTF-8 it is what could be read and
/// `raw_is_lossy` is true, where it was long it is its beginning and `raw_is_cut` is true; `raw_bytes` is the record's size.
pub fn rejects_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("time", arrow_type(Kind::Time), false),
            Field::new("source", DataType::Utf8, false),
            Field::new("source_object", DataType::Utf8, false),
            Field::new("source_offset", DataType::Int64, false),
            Field::new("reason", DataType::Utf8, false),
            Field::new("raw", DataType::Utf8, false),
            Field::new("raw_bytes", DataType::Int64, false),
            Field::new("raw_is_cut", DataType::Boolean, false),
            Field::new("raw_is_lossy", DataType::Boolean, false),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Rejects of one source and day until they become a segment.
#[derive(Debug)]
pub(crate) struct RejectBuffer {
    day: Day,
    source: Arc<str>,
    times: Vec<i64>,
    objects: StringBuilder,
    offsets: Int64Builder,
    reasons: StringBuilder,
    raw: StringBuilder,
    raw_bytes: Int64Builder,
    is_cut: BooleanBuilder,
    is_lossy: BooleanBuilder,
    bytes: usize,
}

impl RejectBuffer {
    pub(crate) fn new(day: Day, source: Arc<str>) -> Self {
        Self {
            day,
            source,
            times: Vec::new(),
            objects: StringBuilder::with_capacity(0, 0),
            offsets: Int64Builder::with_capacity(0),
            reasons: StringBuilder::with_capacity(0, 0),
            raw: StringBuilder::with_capacity(0, 0),
            raw_bytes: Int64Builder::with_capacity(0),
            is_cut: BooleanBuilder::with_capacity(0),
            is_lossy: BooleanBuilder::with_capacity(0),
            bytes: 0,
        }
    }

    /// Adds a reject, of whose record at most so many bytes are kept.
    pub(crate) fn append(&mut self, reject: &RejectRow<'_>, raw_bytes_max: usize) {
        let kept = &reject.raw[..reject.raw.len().min(raw_bytes_max)];
        let is_cut = i64::try_from(kept.len()).unwrap_or(i64::MAX) < reject.raw_bytes;
        let kept = if is_cut { without_half_character(kept) } else { kept };
        let text = String::from_utf8_lossy(kept);
        let is_lossy = matches!(text, std::borrow::Cow::Owned(_));
        self.append_row(reject, &text, is_cut, is_lossy);
    }

    /// Adds a reject as it was written before.
    pub(crate) fn append_kept(&mut self, kept: &KeptReject<'_>) {
        let text = String::from_utf8_lossy(kept.row.raw);
        self.append_row(&kept.row, &text, kept.raw_is_cut, kept.raw_is_lossy);
    }

    fn append_row(&mut self, reject: &RejectRow<'_>, text: &str, is_cut: bool, is_lossy: bool) {
        self.times.push(reject.time_ms);
        self.objects.append_value(reject.source_object);
        self.offsets.append_value(reject.offset);
        self.reasons.append_value(reject.reason);
        self.raw.append_value(text);
        self.raw_bytes.append_value(reject.raw_bytes);
        self.is_cut.append_value(is_cut);
        self.is_lossy.append_value(is_lossy);
        self.bytes += text.len() + reject.reason.len() + reject.source_object.len() + 40;
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn finish(mut self) -> (Draft, Rows) {
        let (first, last) = (self.times.iter().min(), self.times.iter().max());
        let draft = Draft {
            table: Table::Rejects,
            day: self.day,
            source: self.source.to_string(),
            time: TimeRange { start_ms: first.copied().unwrap_or_default(), end_ms: last.copied().unwrap_or_default() },
            accounts: Some(Vec::new()),
            has_rows_without_account: true,
        };
        let (order, count) = (order_by_time(&self.times), self.times.len());
        let times = TimestampMillisecondArray::from(self.times).with_data_type(arrow_type(Kind::Time));
        let plain = |array: ArrayRef| Cells::Plain(array);
        let cells = vec![
            plain(Arc::new(times)),
            Cells::Same(self.source),
            plain(Arc::new(self.objects.finish())),
            plain(Arc::new(self.offsets.finish())),
            plain(Arc::new(self.reasons.finish())),
            plain(Arc::new(self.raw.finish())),
            plain(Arc::new(self.raw_bytes.finish())),
            plain(Arc::new(self.is_cut.finish())),
            plain(Arc::new(self.is_lossy.finish())),
        ];
        (draft, Rows { schema: rejects_schema(), cells, order, count })
    }
}

/// A cut through the middle of a character must not make the whole record look as if it were not UTF-8.
fn without_half_character(cut: &[u8]) -> &[u8] {
    match std::str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => &cut[..error.valid_up_to()],
        _ => cut,
    }
}

use coldtrail_model::{Col, Event, Value};

use crate::encoding::ToUtf8;
use crate::fields::Fields;
use crate::framing::{Cut, Framer, JsonFramer, LineFramer, WholeFramer};
use crate::sources::{Format, Mapped, Mapping, mapping_of};
use crate::{Batch, Place, Reason, Reject, Source};

/// How far input may go before it is refused.
#[derive(Debug, Clone)]
pub struct Options {
    /// A longer record is a reject, of which the first 64 KiB are kept. Bytes, after decompression.
    pub record_bytes_max: usize,
    /// A longer object of a format that must be held whole (Parquet) is a reject. Bytes, after decompression.
    pub object_bytes_max: usize,
    /// When the object was last written, in milliseconds since 1970. What has a timestamp without a year happened at the latest such
    /// instant that is not after it; what has no timestamp at all happened then, as RFC 3164 has a relay say. Without it such records
    /// are rejects.
    pub written_ms: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { record_bytes_max: 16 << 20, object_bytes_max: 512 << 20, written_ms: None }
    }
}

/// How much of a record is kept in its reject, in bytes.
const REJECT_RAW_BYTES_MAX: usize = 64 << 10;

/// How many bytes tell the format: a signature, a byte order mark, the names of columns. It is always so many, if there are, so that
/// it does not matter in which pieces the input comes.
const HEAD_BYTES: usize = 4 << 10;

/// Reads one object of one source, piece by piece.
///
/// ```
/// use coldtrail_normalize::{Normalizer, Options, Source};
///
/// let mut normalizer = Normalizer::new(Source::AwsCloudtrail, Options::default());
/// let batch = normalizer.push(b"{\"eventVersion\":\"1.11\"}\nnot json\n");
/// let rest = normalizer.finish();
/// assert_eq!(batch.records() + rest.records(), 2);
/// ```
#[derive(Debug)]
pub struct Normalizer {
    source: Source,
    options: Options,
    stage: Stage,
    buffer: Vec<u8>,
    /// Where the buffer begins in the input.
    buffer_offset: u64,
    is_ended: bool,
}

#[derive(Debug)]
enum Stage {
    /// Too few bytes to tell the format.
    Head,
    /// Text: to UTF-8, then cut into records.
    Text { to_utf8: ToUtf8, framer: Box<dyn Framer>, format: Format, mapping: Box<dyn Mapping> },
    /// Binary: cut into pieces that the mapping opens itself.
    Binary { framer: Box<dyn Framer>, mapping: Box<dyn Mapping> },
}

impl Normalizer {
    /// A reader of one object of this source.
    pub fn new(source: Source, options: Options) -> Self {
        Self { source, options, stage: Stage::Head, buffer: Vec::new(), buffer_offset: 0, is_ended: false }
    }

    /// Takes the next bytes, plain (see [`crate::Inflater`]), and returns the records that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Batch {
        self.feed(bytes);
        if matches!(self.stage, Stage::Head) && self.buffer.len() >= HEAD_BYTES {
            self.choose_format();
        }
        self.drain(false)
    }

    /// Ends the input and returns the records that were left. What is called afterwards gives nothing.
    pub fn finish(&mut self) -> Batch {
        let mut batch = self.end();
        while let Some(more) = self.more() {
            batch.events.extend(more.events);
            batch.rejects.extend(more.rejects);
        }
        batch
    }

    /// Ends the input and returns the first of the records that were left: of formats that must be held whole (Parquet) so many as take
    /// little memory. [`Self::more`] gives the others.
    pub fn end(&mut self) -> Batch {
        if matches!(self.stage, Stage::Head) {
            self.choose_format();
        }
        if let Stage::Text { to_utf8, .. } = &mut self.stage {
            to_utf8.finish(&mut self.buffer);
        }
        self.drain(true)
    }

    /// After [`Self::end`], the next of the records that were left; nothing once there are no more.
    pub fn more(&mut self) -> Option<Batch> {
        let Stage::Binary { mapping, .. } = &mut self.stage else { return None };
        let mut batch = Batch::default();
        mapping.map_more(&mut batch).then_some(batch)
    }

    /// Ends the input, as [`Self::end`] does, where it is damaged: what is whole becomes events, the piece under way a reject with this
    /// reason.
    pub fn fail(&mut self, reason: &str) -> Batch {
        let mut batch = self.end();
        let place = Place { offset: self.buffer_offset };
        let reason = Reason::NotThisFormat { format: "a whole object", detail: reason.to_owned() };
        batch.rejects.push(Reject { place, reason, raw: Vec::new(), raw_bytes: 0 });
        batch
    }

    fn feed(&mut self, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Text { to_utf8, .. } => to_utf8.push(bytes, &mut self.buffer),
            Stage::Head | Stage::Binary { .. } => self.buffer.extend_from_slice(bytes),
        }
    }

    fn choose_format(&mut self) {
        let mapping = mapping_of(self.source, &self.options);
        let mut head = Vec::new();
        let mut to_utf8 = ToUtf8::default();
        let (begin, rest) = self.buffer.split_at(self.buffer.len().min(HEAD_BYTES));
        to_utf8.push(begin, &mut head);
        let format = mapping.format(&head);
        let framer: Box<dyn Framer> = match format {
            Format::Lines | Format::Joined => Box::new(LineFramer::new(self.options.record_bytes_max)),
            Format::Json { envelope_keys } | Format::Nested { envelope_keys } => {
                Box::new(JsonFramer::new(envelope_keys, self.options.record_bytes_max))
            }
            Format::Text(make) | Format::Framed(make) => make(&self.options),
            Format::Whole => Box::new(WholeFramer::new(self.options.object_bytes_max)),
        };
        if matches!(format, Format::Whole) || matches!(format, Format::Framed(_)) {
            self.stage = Stage::Binary { framer, mapping };
        } else {
            to_utf8.push(rest, &mut head);
            self.buffer = head;
            self.stage = Stage::Text { to_utf8, framer, format, mapping };
        }
    }

    fn drain(&mut self, at_end: bool) -> Batch {
        let mut batch = Batch::default();
        let (framer, format, mapping) = match &mut self.stage {
            Stage::Head => return batch,
            Stage::Text { framer, format, mapping, .. } => (framer, Some(*format), mapping),
            Stage::Binary { framer, mapping } => (framer, None, mapping),
        };
        while let Some(cut) = framer.next(&self.buffer, at_end) {
            let (range, problem) = match cut {
                Cut::Record(range) => (range, None),
                Cut::TooLong(range) => (range, Some(Reason::TooLong { limit: self.options.record_bytes_max })),
                Cut::Broken(range) => (range, Some(Reason::CutOff)),
            };
            let place = Place { offset: self.buffer_offset + range.start as u64 };
            let raw = &self.buffer[range];
            match (problem, format) {
                (Some(reason), _) => batch.rejects.push(reject(place, reason, raw)),
                (None, Some(Format::Lines | Format::Text(_))) => map_line(mapping.as_mut(), place, raw, &mut batch),
                (None, Some(Format::Joined)) => join_line(mapping.as_mut(), place, raw, &mut batch),
                (None, Some(Format::Nested { .. })) => map_nested(mapping.as_mut(), place, raw, &mut batch),
                (None, Some(_)) => map_json(mapping.as_mut(), place, raw, &mut batch),
                (None, None) => mapping.map_binary(place, raw, &mut batch),
            }
        }
        if at_end && !std::mem::replace(&mut self.is_ended, true) {
            mapping.join_end(&mut batch);
        }
        let done = framer.done().min(self.buffer.len());
        self.buffer.drain(..done);
        self.buffer_offset += done as u64;
        framer.shift(done);
        batch
    }
}

fn map_line(mapping: &mut dyn Mapping, place: Place, raw: &[u8], batch: &mut Batch) {
    let mapped = match std::str::from_utf8(raw) {
        Ok(line) => mapping.map_line(line),
        Err(_) => Err(Reason::NotUtf8),
    };
    match mapped {
        Ok(Mapped::Event(event)) => batch.events.push((place, event)),
        Ok(Mapped::NotARecord) => {}
        Err(reason) => batch.rejects.push(reject(place, reason, raw)),
    }
}

fn join_line(mapping: &mut dyn Mapping, place: Place, raw: &[u8], batch: &mut Batch) {
    match std::str::from_utf8(raw) {
        Ok(line) => mapping.join_line(place, line, batch),
        Err(_) => batch.rejects.push(reject(place, Reason::NotUtf8, raw)),
    }
}

fn map_nested(mapping: &mut dyn Mapping, place: Place, raw: &[u8], batch: &mut Batch) {
    match std::str::from_utf8(raw) {
        Ok(text) => mapping.map_nested(place, text, batch),
        Err(_) => batch.rejects.push(reject(place, Reason::NotUtf8, raw)),
    }
}

/// Maps a JSON record to an event or a reject.
pub(crate) fn map_json(mapping: &mut dyn Mapping, place: Place, raw: &[u8], batch: &mut Batch) {
    match json_event(mapping, raw) {
        Ok(event) => batch.events.push((place, event)),
        Err(reason) => batch.rejects.push(reject(place, reason, raw)),
    }
}

fn json_event(mapping: &mut dyn Mapping, raw: &[u8]) -> Result<Event, Reason> {
    let text = std::str::from_utf8(raw).map_err(|_| Reason::NotUtf8)?;
    let mut fields = Fields::parse(text).map_err(|error| Reason::NotJson { detail: error.to_string() })?;
    let mut event = mapping.map_json(&mut fields)?;
    keep_rest(&mut event, &fields);
    event.text(Col::RawData, text);
    Ok(event)
}

/// Keeps what the mapping did not place, and what it placed where the class has no column, beside what it kept itself (of a record
/// inside an envelope).
pub(crate) fn keep_rest(event: &mut Event, fields: &Fields<'_>) {
    let rest = fields.rest();
    if event.misplaced().is_empty() && event.get(Col::Unmapped).is_none() {
        event.text_opt(Col::Unmapped, rest);
        return;
    }
    let mut members = event.get_text(Col::Unmapped).map(members_of).unwrap_or_default();
    for (key, value) in rest.as_deref().map(members_of).unwrap_or_default() {
        members.entry(key).or_insert(value);
    }
    for (col, value) in event.misplaced() {
        members.insert(col.column().path.to_owned(), misplaced_json(value));
    }
    event.owned_text(Col::Unmapped, serde_json::Value::Object(members).to_string());
}

fn members_of(json: &str) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Object(members)) => members,
        Ok(other) => serde_json::Map::from_iter([("value".to_owned(), other)]),
        Err(_) => serde_json::Map::new(),
    }
}

fn misplaced_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Long(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::TextList(texts) => texts.iter().map(|text| text.as_str()).collect(),
    }
}

/// A reject with as much of the record as is kept.
pub(crate) fn reject(place: Place, reason: Reason, raw: &[u8]) -> Reject {
    Reject { place, reason, raw: raw[..raw.len().min(REJECT_RAW_BYTES_MAX)].to_vec(), raw_bytes: raw.len() as u64 }
}

#[cfg(test)]
mod tests;

use memchr::memchr3;

use super::{Cut, Framer};

/// JSON records however they are put together: one a line, one after the other, pretty-printed, the elements of an array, or the
/// elements of an array in an envelope such as CloudTrail's `{"Records": […]}`.
///
/// It follows brackets and strings and nothing else, so it can run over input of any size with a fixed state. Broken records are
/// cut where the damage shows (a line break inside a string, a line that begins with `{` where no value may begin), so that one
/// broken line costs one record and not the rest of the file. A stray bracket inside an envelope does not hide what follows.
///
/// ```text
/// {"a":1}\n{"b":2}          → {"a":1}   {"b":2}
/// [{"a":1},{"b":2}]         → {"a":1}   {"b":2}
/// {"Records":[{"a":1}]}     → {"a":1}                 with the envelope key "Records"
/// {"detail":{"f":[{"a":1}]}} → {"a":1}               with the envelope key "detail.f"
/// {"a":\n{"b":2}\n{"c":3}   → {"a":\n{"b":2}  is cut off,   {"c":3}
/// ```
#[derive(Debug)]
pub(crate) struct JsonFramer {
    envelope_keys: &'static [&'static str],
    record_bytes_max: usize,
    /// The next byte to look at.
    position: usize,
    /// How many brackets are open.
    depth: usize,
    /// How many brackets are open around a record.
    base: usize,
    /// Where the record under way begins.
    start: Option<usize>,
    /// Where the string under way begins.
    string: Option<usize>,
    /// The last string at the depth of an envelope's keys, as it may be a key.
    key: Option<(usize, usize)>,
    /// The first part of the envelope keys with a dot (`detail` of `detail.findings`) whose object is open at depth 2.
    parent: Option<&'static str>,
    /// True if an envelope key has a dot.
    has_parents: bool,
    /// The last byte outside strings that is not white space.
    previous: u8,
    /// True after an envelope's array, until the envelope ends.
    is_after_array: bool,
    /// True while the rest of a record over the limit is passed over.
    is_discarding: bool,
    /// True once the end of the input was told.
    is_ended: bool,
}

impl JsonFramer {
    /// A framer that opens envelopes with these keys and passes over what is longer than so many bytes.
    pub(crate) fn new(envelope_keys: &'static [&'static str], record_bytes_max: usize) -> Self {
        Self {
            envelope_keys,
            record_bytes_max,
            position: 0,
            depth: 0,
            base: 0,
            start: None,
            string: None,
            key: None,
            parent: None,
            has_parents: envelope_keys.iter().any(|envelope| envelope.contains('.')),
            previous: b'\n',
            is_after_array: false,
            is_discarding: false,
            is_ended: false,
        }
    }

    /// Looks at the bytes of a string; true once it ended.
    fn scan_string(&mut self, buffer: &[u8]) -> Scan {
        let Some(found) = memchr3(b'"', b'\\', b'\n', &buffer[self.position..]) else {
            self.position = buffer.len();
            return Scan::NeedMore;
        };
        let at = self.position + found;
        match buffer[at] {
            b'\\' if at + 1 == buffer.len() => {
                self.position = at;
                return Scan::NeedMore;
            }
            b'\\' => self.position = at + 2,
            b'\n' if self.base == 0 => return Scan::Cut(self.break_off(at, at + 1)),
            b'\n' => self.position = at + 1,
            _ => {
                let start = self.string.take().unwrap_or(at);
                if self.depth == self.key_depth() {
                    self.key = Some((start + 1, at));
                }
                self.previous = b'"';
                self.position = at + 1;
            }
        }
        Scan::Going
    }

    /// Looks at one byte outside strings.
    fn scan_byte(&mut self, buffer: &[u8]) -> Scan {
        let at = self.position;
        let byte = buffer[at];
        if byte == b'\n' && self.depth > self.base && self.base == 0 {
            let Some(next) = buffer.get(at + 1) else { return Scan::NeedMore };
            if *next == b'{' && !matches!(self.previous, b',' | b'[' | b':' | b'{') {
                return Scan::Cut(self.break_off(at, at + 1));
            }
        }
        self.position = at + 1;
        match byte {
            b'\n' if self.depth == 0 => return Scan::Cut(self.end_scalar(at)),
            b' ' | b'\t' | b'\r' | b'\n' => return Scan::Going,
            b'"' => {
                self.string = Some(at);
                self.begin_if_at_base(at);
            }
            b'{' | b'[' => self.open(buffer, at, byte),
            b'}' | b']' => {
                if let Some(cut) = self.close(at) {
                    self.previous = byte;
                    return Scan::Cut(Some(cut));
                }
            }
            b',' | b':' if self.depth == self.base && self.base > 0 => {
                self.previous = byte;
                return Scan::Cut(self.end_scalar(at));
            }
            b',' | b':' => {}
            _ => self.begin_if_at_base(at),
        }
        self.previous = byte;
        Scan::Going
    }

    fn begin_if_at_base(&mut self, at: usize) {
        if self.depth == self.base && !self.is_after_array && !self.is_discarding {
            self.start.get_or_insert(at);
        }
    }

    /// How many brackets are open around the keys that may be an envelope's.
    fn key_depth(&self) -> usize {
        if self.parent.is_some() { 2 } else { 1 }
    }

    fn open(&mut self, buffer: &[u8], at: usize, byte: u8) {
        let is_value = self.base == 0 && self.previous == b':';
        let opens_array = byte == b'[' && self.base == 0 && self.start.is_none() && self.depth == 0 && !self.is_discarding;
        let opens_envelope = byte == b'[' && is_value && self.depth == self.key_depth() && self.is_envelope_key(buffer);
        if self.has_parents && byte == b'{' && is_value && self.depth == 1 && !self.is_after_array {
            self.parent = self.envelope_parent(buffer);
        }
        let goes_on_after_damage = self.is_after_array && self.depth == 1 && self.previous == b',';
        if goes_on_after_damage {
            self.is_after_array = false;
            self.base = 1;
            self.begin_if_at_base(at);
        } else if opens_array {
            self.base = 1;
        } else if opens_envelope {
            self.base = self.depth + 1;
            self.start = None;
        } else {
            self.begin_if_at_base(at);
        }
        self.depth += 1;
    }

    fn is_envelope_key(&self, buffer: &[u8]) -> bool {
        let Some((start, end)) = self.key else { return false };
        let is_key = |envelope: &str, key: &[u8]| match (self.parent, envelope.split_once('.')) {
            (None, None) => envelope.as_bytes() == key,
            (Some(parent), Some((first, second))) => first == parent && second.as_bytes() == key,
            _ => false,
        };
        buffer.get(start..end).is_some_and(|key| self.envelope_keys.iter().any(|envelope| is_key(envelope, key)))
    }

    /// The first part of an envelope key with a dot, if the last key is that.
    fn envelope_parent(&self, buffer: &[u8]) -> Option<&'static str> {
        let (start, end) = self.key?;
        let key = buffer.get(start..end)?;
        self.envelope_keys
            .iter()
            .filter_map(|envelope| envelope.split_once('.'))
            .map(|(first, _)| first)
            .find(|first| first.as_bytes() == key)
    }

    fn close(&mut self, at: usize) -> Option<Cut> {
        if self.depth == self.base && self.start.is_some() && self.base > 0 {
            self.position = at;
            return self.end_scalar(at);
        }
        self.depth = self.depth.saturating_sub(1);
        if self.depth < 2 {
            self.parent = None;
        }
        if self.depth < self.base {
            self.base = 0;
            self.is_after_array = self.depth > 0;
        }
        if self.depth == 0 {
            self.is_after_array = false;
        }
        if self.depth > self.base || self.is_after_array {
            return None;
        }
        self.is_discarding = false;
        self.start.take().map(|start| Cut::Record(start..at + 1))
    }

    /// A scalar where a record should be is a record that the mapping will refuse.
    fn end_scalar(&mut self, at: usize) -> Option<Cut> {
        self.is_discarding = false;
        self.start.take().map(|start| Cut::Record(start..at))
    }

    /// The record is broken at `at`; the next may begin at `next`.
    fn break_off(&mut self, at: usize, next: usize) -> Option<Cut> {
        self.position = next;
        self.string = None;
        self.key = None;
        self.parent = None;
        self.previous = b'\n';
        self.depth = self.base;
        self.is_discarding = false;
        self.start.take().map(|start| Cut::Broken(start..at))
    }

    fn end(&mut self, buffer: &[u8]) -> Option<Cut> {
        if std::mem::replace(&mut self.is_ended, true) {
            return None;
        }
        let is_open = self.depth > 0 || self.string.is_some();
        match self.start.take() {
            Some(start) if is_open => Some(Cut::Broken(start..buffer.len())),
            Some(start) => Some(Cut::Record(start..start + buffer[start..].trim_ascii_end().len())),
            None if is_open && !self.is_discarding => Some(Cut::Broken(buffer.len()..buffer.len())),
            None => None,
        }
    }
}

/// What a look at the buffer gave.
enum Scan {
    Going,
    NeedMore,
    Cut(Option<Cut>),
}

impl Framer for JsonFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        while self.position < buffer.len() {
            let scan = if self.string.is_some() { self.scan_string(buffer) } else { self.scan_byte(buffer) };
            let needs_more = matches!(scan, Scan::NeedMore);
            if let Scan::Cut(Some(cut)) = scan {
                return Some(cut);
            }
            if let Some(start) = self.start.filter(|start| self.position - start > self.record_bytes_max) {
                self.start = None;
                self.is_discarding = true;
                return Some(Cut::TooLong(start..self.position));
            }
            if needs_more {
                break;
            }
        }
        if at_end { self.end(buffer) } else { None }
    }

    fn done(&self) -> usize {
        if self.is_discarding {
            return self.position;
        }
        let key = if self.depth == self.key_depth() { self.key.map(|(start, _)| start).into_iter().chain(self.string).min() } else { None };
        self.start.into_iter().chain(key).fold(self.position, usize::min)
    }

    fn shift(&mut self, bytes: usize) {
        self.position -= bytes;
        self.start = self.start.map(|start| start - bytes);
        self.string = self.string.map(|start| start.saturating_sub(bytes));
        self.key = self.key.and_then(|(start, end)| Some((start.checked_sub(bytes)?, end.checked_sub(bytes)?)));
    }
}

#[cfg(test)]
mod tests;

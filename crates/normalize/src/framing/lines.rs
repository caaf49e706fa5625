use memchr::memchr;

use super::{Cut, Framer};

/// One record a line; blank lines are none, and a carriage return before the end of a line is not part of it.
#[derive(Debug)]
pub(crate) struct LineFramer {
    record_bytes_max: usize,
    start: usize,
    scanned: usize,
    is_discarding: bool,
}

impl LineFramer {
    /// A framer that passes over what is longer than so many bytes.
    pub(crate) fn new(record_bytes_max: usize) -> Self {
        Self { record_bytes_max, start: 0, scanned: 0, is_discarding: false }
    }

    fn end_line(&mut self, buffer: &[u8], end: usize, next: usize) -> Option<Cut> {
        let start = std::mem::replace(&mut self.start, next);
        self.scanned = next;
        if std::mem::take(&mut self.is_discarding) {
            return None;
        }
        let line = buffer[start..end].trim_ascii_end();
        let range = start..start + line.len();
        if end - start > self.record_bytes_max {
            return Some(Cut::TooLong(range));
        }
        (!line.is_empty()).then_some(Cut::Record(range))
    }
}

impl Framer for LineFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        while let Some(found) = memchr(b'\n', &buffer[self.scanned..]) {
            let end = self.scanned + found;
            if let Some(cut) = self.end_line(buffer, end, end + 1) {
                return Some(cut);
            }
        }
        self.scanned = buffer.len();
        if self.is_discarding {
            self.start = buffer.len();
        } else if buffer.len() - self.start > self.record_bytes_max {
            self.is_discarding = true;
            let start = std::mem::replace(&mut self.start, buffer.len());
            return Some(Cut::TooLong(start..buffer.len()));
        }
        (at_end && self.start < buffer.len()).then(|| self.end_line(buffer, buffer.len(), buffer.len())).flatten()
    }

    fn done(&self) -> usize {
        self.start
    }

    fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.scanned -= bytes;
    }
}

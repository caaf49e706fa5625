//! Tables that were exported as comma-separated values, as Sentinel and Log Analytics do: <https://www.rfc-editor.org/rfc/rfc4180>.

use serde_json::{Map, Value as Json};

use crate::Options;
use crate::framing::{Cut, Framer};

/// Rows, in whose quoted cells lines may break.
#[derive(Debug)]
pub(crate) struct RowFramer {
    record_bytes_max: usize,
    start: usize,
    scanned: usize,
    is_quoted: bool,
    /// True while the rest of a row over the limit is passed over.
    is_discarding: bool,
}

impl RowFramer {
    /// A framer for [`crate::sources::Format::Text`].
    pub(crate) fn boxed(options: &Options) -> Box<dyn Framer> {
        Box::new(Self { record_bytes_max: options.record_bytes_max, start: 0, scanned: 0, is_quoted: false, is_discarding: false })
    }

    /// Ends the row at `end`; blank rows are none.
    fn end_row(&mut self, buffer: &[u8], end: usize) -> Option<Cut> {
        let start = std::mem::replace(&mut self.start, self.scanned);
        if std::mem::take(&mut self.is_discarding) {
            return None;
        }
        let row = buffer[start..end].trim_ascii_end();
        let range = start..start + row.len();
        if end - start > self.record_bytes_max {
            return Some(Cut::TooLong(range));
        }
        (!row.is_empty()).then_some(Cut::Record(range))
    }
}

impl Framer for RowFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        while let Some(found) = memchr::memchr2(b'"', b'\n', &buffer[self.scanned..]) {
            let at = self.scanned + found;
            self.scanned = at + 1;
            if buffer[at] == b'"' {
                self.is_quoted = !self.is_quoted;
            } else if !self.is_quoted
                && let Some(cut) = self.end_row(buffer, at)
            {
                return Some(cut);
            }
        }
        self.scanned = buffer.len();
        let start = self.start;
        if self.is_discarding {
            self.start = buffer.len();
        } else if buffer.len() - start > self.record_bytes_max {
            (self.start, self.is_discarding) = (buffer.len(), true);
            return Some(Cut::TooLong(start..buffer.len()));
        }
        let start = self.start;
        if !at_end || start == buffer.len() {
            return None;
        }
        if std::mem::take(&mut self.is_quoted) {
            self.start = buffer.len();
            return Some(Cut::Broken(start..buffer.len()));
        }
        self.end_row(buffer, buffer.len())
    }

    fn done(&self) -> usize {
        self.start
    }

    fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.scanned -= bytes;
    }
}

/// The cells of a row, out of their quotes.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut characters = row.chars().peekable();
    let mut is_quoted = false;
    while let Some(character) = characters.next() {
        match (character, cells.last_mut()) {
            ('"', Some(cell)) if is_quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            ('"', _) => is_quoted = !is_quoted,
            (',', _) if !is_quoted => cells.push(String::new()),
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
    }
    cells
}

/// A row as an object; empty cells are not there, and cells beyond the header are kept under their number.
pub(crate) fn object(header: &[String], row: &str) -> Json {
    let named = |(index, value): (usize, String)| {
        let name = header.get(index).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("column{index}"));
        (name, Json::String(value))
    };
    let members: Map<String, Json> = cells(row).into_iter().enumerate().filter(|(_, value)| !value.is_empty()).map(named).collect();
    Json::Object(members)
}

#[cfg(test)]
mod tests;

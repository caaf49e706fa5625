use memchr::memchr2;

use super::{Cut, Framer};
use crate::Options;

/// Tables as the query API of Log Analytics answers, `{"tables":[{"name":…,"columns":[…],"rows":[[…],[…]]}]}`, which other Kusto services
/// write with capitals: <https://learn.microsoft.com/en-us/azure/azure-monitor/logs/api/response-format>.
///
/// A piece is the member of a table that names its columns, or one of its rows. Like [`super::JsonFramer`] it follows brackets and strings
/// and nothing else; what stands beside the tables is passed over.
///
/// ```text
/// {"tables":[{"name":"t","columns":[{"name":"a"}],"rows":[[1],[2]]}]}  →  "columns":[{"name":"a"}]   [1]   [2]
/// ```
#[derive(Debug)]
pub(crate) struct ResultFramer {
    record_bytes_max: usize,
    /// The next byte to look at.
    position: usize,
    /// How many brackets are open.
    depth: usize,
    /// Where the piece under way begins.
    start: Option<usize>,
    /// True inside a string.
    is_in_string: bool,
    /// Where the last string among the members of a table begins, as it may be a key.
    key: Option<usize>,
    /// The last byte outside strings that is not white space.
    previous: u8,
    /// True inside an array at the top.
    is_in_tables: bool,
    /// True inside the rows of a table.
    is_in_rows: bool,
    /// True while the rest of a row over the limit is passed over.
    is_discarding: bool,
    /// True once the end of the input was told.
    is_ended: bool,
}

/// How many brackets are open around the members of a table.
const TABLE: usize = 3;

/// How many brackets are open around a row.
const ROWS: usize = 4;

/// A key that is longer, in bytes, is none that is looked for.
const KEY_BYTES_MAX: usize = 16;

impl ResultFramer {
    /// A framer that passes over rows that are longer than so many bytes.
    pub(crate) fn new(record_bytes_max: usize) -> Self {
        Self {
            record_bytes_max,
            position: 0,
            depth: 0,
            start: None,
            is_in_string: false,
            key: None,
            previous: b'\n',
            is_in_tables: false,
            is_in_rows: false,
            is_discarding: false,
            is_ended: false,
        }
    }

    /// A framer for [`crate::sources::Format::Text`].
    pub(crate) fn boxed(options: &Options) -> Box<dyn Framer> {
        Box::new(Self::new(options.record_bytes_max))
    }

    /// True if a text begins with such tables.
    pub(crate) fn is_begun_by(text: &[u8]) -> bool {
        let tables = after(text, b'{').filter(|rest| is_key(rest, "tables"));
        tables.and_then(|rest| after(&rest[r#""tables""#.len()..], b':')).is_some_and(|rest| rest.starts_with(b"["))
    }

    /// Looks at the bytes of a string; false if its end is not there yet.
    fn scan_string(&mut self, buffer: &[u8]) -> bool {
        let Some(found) = memchr2(b'"', b'\\', &buffer[self.position..]) else {
            self.position = buffer.len();
            return false;
        };
        let at = self.position + found;
        if buffer[at] == b'"' {
            self.is_in_string = false;
            self.previous = b'"';
        } else if at + 1 == buffer.len() {
            self.position = at;
            return false;
        }
        self.position = at + if buffer[at] == b'"' { 1 } else { 2 };
        true
    }

    /// Looks at one byte outside strings.
    fn scan_byte(&mut self, buffer: &[u8]) -> Option<Cut> {
        let at = self.position;
        let byte = buffer[at];
        self.position = at + 1;
        let is_between_rows = self.is_in_rows && self.depth == ROWS;
        let cut = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return None,
            b'[' | b'{' => self.open(buffer, at),
            b']' | b'}' => self.close(at),
            b',' if is_between_rows => self.end_piece(at),
            b'"' => {
                self.is_in_string = true;
                self.key = (self.depth == TABLE).then_some(at).or(self.key);
                self.begin_if(is_between_rows, at);
                None
            }
            _ => {
                self.begin_if(is_between_rows && byte != b':', at);
                None
            }
        };
        self.previous = byte;
        cut
    }

    fn begin_if(&mut self, is_between_rows: bool, at: usize) {
        if is_between_rows && !self.is_discarding {
            self.start.get_or_insert(at);
        }
    }

    fn open(&mut self, buffer: &[u8], at: usize) -> Option<Cut> {
        if self.depth == 1 {
            self.is_in_tables = buffer[at] == b'[';
        }
        if self.depth == TABLE && self.is_in_tables && self.previous == b':' && buffer[at] == b'[' {
            let key = self.key.filter(|key| buffer.get(*key..).is_some_and(|text| is_key(text, "columns")));
            self.is_in_rows = self.key.is_some_and(|key| buffer.get(key..).is_some_and(|text| is_key(text, "rows")));
            self.start = key;
        }
        self.begin_if(self.is_in_rows && self.depth == ROWS, at);
        self.depth += 1;
        None
    }

    fn close(&mut self, at: usize) -> Option<Cut> {
        let cut = if self.is_in_rows && self.depth == ROWS { self.end_piece(at) } else { None };
        self.depth = self.depth.saturating_sub(1);
        let is_end_of_piece = if self.is_in_rows { self.depth == ROWS } else { self.depth == TABLE };
        self.is_in_rows &= self.depth >= ROWS;
        if is_end_of_piece { self.end_piece(at + 1) } else { cut }
    }

    fn end_piece(&mut self, end: usize) -> Option<Cut> {
        self.is_discarding = false;
        self.start.take().map(|start| Cut::Record(start..end))
    }

    fn end(&mut self, buffer: &[u8]) -> Option<Cut> {
        if std::mem::replace(&mut self.is_ended, true) || (self.depth == 0 && !self.is_in_string) {
            return None;
        }
        let start = self.start.take().unwrap_or(buffer.len());
        Some(Cut::Broken(start..buffer.len()))
    }
}

/// What stands after this byte, white space left out.
fn after(text: &[u8], byte: u8) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(&[byte]).map(<[u8]>::trim_ascii_start)
}

/// True if a text begins with this key, in any case.
fn is_key(text: &[u8], key: &str) -> bool {
    let is_word = |text: &[u8]| text.get(1..=key.len()).is_some_and(|word| word.eq_ignore_ascii_case(key.as_bytes()));
    text.first() == Some(&b'"') && is_word(text) && text.get(key.len() + 1) == Some(&b'"')
}

impl Framer for ResultFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        while self.position < buffer.len() {
            if self.is_in_string {
                if !self.scan_string(buffer) {
                    break;
                }
            } else if let Some(cut) = self.scan_byte(buffer) {
                return Some(cut);
            }
            if let Some(start) = self.start.filter(|start| self.position - start > self.record_bytes_max) {
                self.start = None;
                self.is_discarding = true;
                return Some(Cut::TooLong(start..self.position));
            }
        }
        if at_end { self.end(buffer) } else { None }
    }

    fn done(&self) -> usize {
        let key = self.key.filter(|key| self.depth == TABLE && self.position - key <= KEY_BYTES_MAX);
        self.start.into_iter().chain(key).fold(self.position, usize::min)
    }

    fn shift(&mut self, bytes: usize) {
        self.position -= bytes;
        self.start = self.start.map(|start| start - bytes);
        self.key = self.key.and_then(|key| key.checked_sub(bytes));
    }
}

#[cfg(test)]
mod tests;

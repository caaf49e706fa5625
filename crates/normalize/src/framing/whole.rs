use super::{Cut, Framer};

/// Takes the whole object as one piece, for formats that can only be read from their end (Parquet).
#[derive(Debug)]
pub(crate) struct WholeFramer {
    object_bytes_max: usize,
    is_done: bool,
}

impl WholeFramer {
    /// A framer that refuses objects over so many bytes.
    pub(crate) fn new(object_bytes_max: usize) -> Self {
        Self { object_bytes_max, is_done: false }
    }
}

impl Framer for WholeFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        if self.is_done {
            return None;
        }
        let is_too_long = buffer.len() > self.object_bytes_max;
        self.is_done = is_too_long || at_end;
        match (is_too_long, at_end) {
            (true, _) => Some(Cut::TooLong(0..buffer.len().min(4096))),
            (false, true) if !buffer.is_empty() => Some(Cut::Record(0..buffer.len())),
            _ => None,
        }
    }

    fn done(&self) -> usize {
        if self.is_done { usize::MAX } else { 0 }
    }

    fn shift(&mut self, _bytes: usize) {}
}

use memchr::memmem;

use crate::Options;
use crate::framing::{Cut, Framer};

/// Event XML however it is put together: `<Event>` elements one a line, pretty-printed, one after the other, or within `<Events>`.
///
/// An event that another begins in is cut off there; text between events that is no XML wrapper is a record that is cut off.
#[derive(Debug)]
pub(super) struct XmlFramer {
    record_bytes_max: usize,
    /// Everything before is done with.
    start: usize,
    /// No tag that was looked for begins before.
    scanned: usize,
    /// True within an event.
    is_inside: bool,
    /// True while the rest of an event over the limit is passed over.
    is_discarding: bool,
}

const OPENING: &[u8] = b"<Event";
const CLOSING: &[u8] = b"</Event>";

impl XmlFramer {
    /// A framer for [`crate::sources::Format::Text`].
    pub(super) fn boxed(options: &Options) -> Box<dyn Framer> {
        Box::new(Self { record_bytes_max: options.record_bytes_max, start: 0, scanned: 0, is_inside: false, is_discarding: false })
    }

    /// Goes on to the next event's first byte; what lies before is a cut if it is not markup or blank.
    fn find_opening(&mut self, buffer: &[u8], at_end: bool) -> Step {
        match opening_after(buffer, self.scanned) {
            Some(at) => {
                let gap = (self.start, at);
                (self.start, self.scanned, self.is_inside) = (at, at + OPENING.len(), true);
                Step::Found(stray(buffer, gap))
            }
            None if at_end => {
                let gap = (self.start, buffer.len());
                (self.start, self.scanned) = (buffer.len(), buffer.len());
                Step::Found(stray(buffer, gap))
            }
            None => {
                self.scanned = buffer.len().saturating_sub(OPENING.len()).max(self.start);
                Step::NeedMore
            }
        }
    }

    fn find_closing(&mut self, buffer: &[u8], at_end: bool) -> Step {
        let closing = memmem::find(&buffer[self.scanned..], CLOSING).map(|found| self.scanned + found);
        let limit = closing.unwrap_or(buffer.len());
        if let Some(next) = opening_after(buffer, self.scanned).filter(|next| *next < limit) {
            let start = self.leave(next);
            return Step::Found(start.map(|start| Cut::Broken(start..next)));
        }
        if let Some(at) = closing {
            let end = at + CLOSING.len();
            let is_too_long = end - self.start > self.record_bytes_max;
            let start = self.leave(end);
            return Step::Found(start.map(|start| if is_too_long { Cut::TooLong(start..end) } else { Cut::Record(start..end) }));
        }
        if at_end {
            let start = self.leave(buffer.len());
            return Step::Found(start.map(|start| Cut::Broken(start..buffer.len())));
        }
        self.scanned = buffer.len().saturating_sub(CLOSING.len()).max(self.scanned);
        if self.is_discarding {
            self.start = self.scanned;
        } else if buffer.len() - self.start > self.record_bytes_max {
            self.is_discarding = true;
            let start = std::mem::replace(&mut self.start, self.scanned);
            return Step::Found(Some(Cut::TooLong(start..buffer.len())));
        }
        Step::NeedMore
    }

    /// Ends the event before `next`; where it began, unless it was given up already.
    fn leave(&mut self, next: usize) -> Option<usize> {
        let start = std::mem::replace(&mut self.start, next);
        self.scanned = next;
        self.is_inside = false;
        (!std::mem::take(&mut self.is_discarding)).then_some(start)
    }
}

/// What a look for a tag gave.
enum Step {
    NeedMore,
    Found(Option<Cut>),
}

/// Where the next `<Event>` or `<Event …>` begins, if it and the byte after its name are there.
fn opening_after(buffer: &[u8], from: usize) -> Option<usize> {
    memmem::find_iter(&buffer[from..], OPENING)
        .map(|found| from + found)
        .find(|at| buffer.get(at + OPENING.len()).is_some_and(|next| matches!(next, b' ' | b'>' | b'\t' | b'\r' | b'\n' | b'/')))
}

/// Text between events that belongs to no wrapper: a record whose beginning is missing.
fn stray(buffer: &[u8], (from, to): (usize, usize)) -> Option<Cut> {
    let mut rest = buffer[from..to].trim_ascii();
    while let Some(after) = rest.strip_prefix(b"<").filter(|_| !rest.starts_with(CLOSING)) {
        let end = if after.starts_with(b"!--") {
            memmem::find(after, b"-->").map(|at| at + 3)
        } else {
            memchr::memchr(b'>', after).map(|at| at + 1)
        };
        let Some(end) = end else { break };
        rest = after[end..].trim_ascii_start();
    }
    (!rest.is_empty()).then_some(Cut::Broken(from..to))
}

impl Framer for XmlFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        while self.scanned < buffer.len() {
            let step = if self.is_inside { self.find_closing(buffer, at_end) } else { self.find_opening(buffer, at_end) };
            match step {
                Step::NeedMore => return None,
                Step::Found(Some(cut)) => return Some(cut),
                Step::Found(None) => {}
            }
        }
        None
    }

    fn done(&self) -> usize {
        self.start
    }

    fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.scanned -= bytes;
    }
}

#[cfg(test)]
mod tests;

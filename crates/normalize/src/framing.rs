//! How a stream of bytes is cut into records.

mod json;
mod lines;
mod result;
mod whole;

pub(crate) use json::JsonFramer;
pub(crate) use lines::LineFramer;
pub(crate) use result::ResultFramer;
pub(crate) use whole::WholeFramer;

use std::ops::Range;

/// One cut of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A whole record.
    Record(Range<usize>),
    /// A record over the limit; its first bytes. The rest is passed over.
    TooLong(Range<usize>),
    /// A record that the input ends in, or that the next record begins in.
    Broken(Range<usize>),
}

/// Cuts a growing buffer into records.
pub(crate) trait Framer: Send + std::fmt::Debug {
    /// The next cut, or nothing until there are more bytes; `at_end` says that there will be none.
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut>;

    /// How many bytes at the start of the buffer are done with.
    fn done(&self) -> usize;

    /// Says that so many bytes were taken off the start of the buffer.
    fn shift(&mut self, bytes: usize);
}

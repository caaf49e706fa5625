//! Rows of exported tables as records.

use serde::Deserialize;
use serde_json_borrow::Value;

use crate::Options;
use crate::fields::Fields;
use crate::framing::Cut;
use crate::sources::csv::{self, RowFramer};

/// A row under the names of its columns.
pub(super) fn row(columns: &[String], line: &str) -> Option<Fields<'static>> {
    Value::<'static>::deserialize(csv::object(columns, line)).ok().map(Fields::from_value)
}

/// The first row of a text that begins with the names of columns.
pub(super) fn first_row(text: &str) -> Option<Fields<'static>> {
    let mut framer = RowFramer::boxed(&Options { record_bytes_max: usize::MAX >> 1, ..Options::default() });
    let mut next = || match framer.next(text.as_bytes(), true)? {
        Cut::Record(range) | Cut::Broken(range) => text.get(range),
        Cut::TooLong(_) => None,
    };
    let columns = csv::cells(next()?);
    row(&columns, next()?)
}

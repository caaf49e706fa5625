//! Rows of exported tables as records: comma-separated values, and what a query API answers.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::framing::{Cut, ResultFramer};
use crate::sources::csv::{self, RowFramer};
use crate::{Options, Reason};

/// What the names of a table's columns are, as far as they were said.
#[derive(Debug, Default)]
pub(super) enum Table {
    /// Nothing was said yet.
    #[default]
    Unknown,
    /// The first row of comma-separated values said it.
    Csv(Vec<String>),
    /// A member of a table of a query's result said it.
    Result(Vec<String>),
}

impl Table {
    /// Takes the next piece: a row under the names of its columns, or nothing if it is these names.
    pub(super) fn take(&mut self, piece: &str) -> Result<Option<Fields<'static>>, Reason> {
        let not_a_row = |detail: &str| Reason::NotThisFormat { format: "a row of a table", detail: detail.to_owned() };
        if !matches!(self, Self::Csv(_))
            && let Some(names) = names_of(piece)
        {
            *self = Self::Result(names);
            return Ok(None);
        }
        let row = match self {
            Self::Unknown if piece.starts_with('[') => return Err(not_a_row("it comes before the names of its columns")),
            Self::Unknown => {
                *self = Self::Csv(csv::cells(piece));
                return Ok(None);
            }
            Self::Csv(names) => csv::object(names, piece),
            Self::Result(names) => match serde_json::from_str(piece) {
                Ok(Json::Array(cells)) => object(names, cells),
                Ok(_) => return Err(not_a_row("it is not a list of cells")),
                Err(error) => return Err(Reason::NotJson { detail: error.to_string() }),
            },
        };
        Value::<'static>::deserialize(row).map(|row| Some(Fields::from_value(row))).map_err(|error| not_a_row(&error.to_string()))
    }

    /// The record that is kept of a row: the row, or, as that of a query's result says nothing alone, the object that it stands for.
    pub(super) fn raw_of(&self, piece: &str, record: &Fields<'_>) -> String {
        match self {
            Self::Result(_) => Json::from(record.root()).to_string(),
            Self::Unknown | Self::Csv(_) => piece.to_owned(),
        }
    }
}

/// The names in `"columns":[{"name":…,"type":…}, …]`; nothing if a text is not that.
fn names_of(piece: &str) -> Option<Vec<String>> {
    let (key, columns) = piece.split_once(':')?;
    if !key.trim_end().eq_ignore_ascii_case("\"columns\"") {
        return None;
    }
    let Ok(Json::Array(columns)) = serde_json::from_str(columns) else { return None };
    let name = |column: &Json| ["name", "ColumnName"].iter().find_map(|key| Some(column.get(key)?.as_str()?.to_owned()));
    Some(columns.iter().map(|column| name(column).unwrap_or_default()).collect())
}

/// A row as an object; what is null is not there, and cells without a name are kept under their number.
fn object(names: &[String], cells: Vec<Json>) -> Json {
    let named = |(index, value): (usize, Json)| {
        let name = names.get(index).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("column{index}"));
        (name, value)
    };
    let members: Map<String, Json> = cells.into_iter().enumerate().filter(|(_, value)| !value.is_null()).map(named).collect();
    Json::Object(members)
}

/// The first row of a text that begins with the names of columns.
pub(super) fn first_row(text: &str) -> Option<Fields<'static>> {
    let options = Options { record_bytes_max: usize::MAX >> 1, ..Options::default() };
    let mut framer = if ResultFramer::is_begun_by(text.as_bytes()) { ResultFramer::boxed(&options) } else { RowFramer::boxed(&options) };
    let mut table = Table::default();
    loop {
        let (Cut::Record(range) | Cut::Broken(range)) = framer.next(text.as_bytes(), true)? else { return None };
        if let Some(row) = table.take(text.get(range)?).ok()? {
            return Some(row);
        }
    }
}

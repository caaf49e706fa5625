//! Sources whose mapping is a file: a table from what the vendor writes, JSON or lines of pairs or columns, to class, activity and columns.
//!
//! A mapping is read once ([`read`]) into rules by name, paths that are taken apart and a list of columns for each class; a record is
//! then looked at, never the file. `docs/adding-a-source.md` explains the files, of which Coldtrail's own are in `mappings/`.

mod classes;
mod condition;
mod error;
mod expression;
mod instant;
mod lift;
mod lines;
mod lists;
mod member;
mod path;
mod pattern;
mod read;
mod reader;
mod route;
mod table;
mod text;
mod yaml;

pub use error::{MappingError, Problem};
pub(crate) use expression::{flag, whole_number};
pub(crate) use instant::TimeFormat;
pub(crate) use path::Used;
pub(crate) use read::OWN_COLUMNS;
pub(crate) use text::text_of;

use coldtrail_model::{Class, Col, Event, Outcome};
use serde::Deserialize;
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::framing::{Cut, Framer, JsonFramer, ResultFramer};
use crate::normalizer::{keep_rest, map_json};
use crate::sources::csv::RowFramer;
use crate::sources::{Format, Mapped, Mapping, finish, map_inner, mapping_of};
use crate::{Batch, Options, Place, Reason, Source};

use classes::Classes;
use condition::Condition;
use expression::{Context, Expression};
use lines::Lines;
use lists::List;
use path::Path;
use route::Route;
use table::Table;

/// The mapping of a source, read and checked.
#[derive(Debug)]
pub(crate) struct Declared {
    name: String,
    /// The keys of the arrays that envelopes carry records in.
    envelope_keys: &'static [&'static str],
    /// Where a record lies in what forwarders put around it.
    inside: &'static [&'static str],
    /// Lists in a record whose elements are records.
    lists: Vec<List>,
    /// How lines that are not JSON are read, if the source writes such.
    lines: Option<Lines>,
    /// Objects in a record whose members step up beside the others.
    lift: &'static [&'static str],
    /// True if records may also be the rows of a table, as comma-separated values.
    is_table: bool,
    /// Records that the mapping of another source reads.
    routes: Vec<Route>,
    /// A record is of this source if all conditions of one of these lists hold.
    recognised_by: Vec<Vec<Condition>>,
    /// Texts that are JSON themselves.
    json_text: Vec<Path>,
    /// The keys at the top of a record, for collectors that write them in another case.
    spelling: &'static [&'static str],
    nothing: Vec<String>,
    /// The kinds of records; the last has no conditions.
    kinds: Vec<RecordKind>,
}

/// Columns with where their values come from.
type Rows = Vec<(Col, Expression)>;

/// How records of one kind are mapped.
#[derive(Debug)]
struct RecordKind {
    when: Vec<Condition>,
    time: Expression,
    /// The paths of the time, to be named when a record has none.
    time_fields: &'static [&'static str],
    event: Expression,
    classes: Classes,
    outcome: Expression,
    finding_status: Expression,
    severity: Expression,
    /// The columns of each class, as far as the class has them.
    rows: Vec<(Class, Rows)>,
}

impl Declared {
    /// The name on the command line and in the column `source`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The classes that events of this source can be of, and the columns that it names.
    #[cfg(test)]
    pub(crate) fn classes_and_columns(&self) -> (Vec<Class>, usize) {
        let rows = || self.kinds.iter().flat_map(|kind| &kind.rows);
        let used = |class: &&Class| rows().any(|(of, _)| of == *class);
        let columns: std::collections::BTreeSet<&str> = rows().flat_map(|(_, rows)| rows).map(|(col, _)| col.column().name).collect();
        (Class::ALL.iter().filter(used).copied().collect(), columns.len())
    }

    /// The sources whose mappings it needs.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.to.as_str())
    }

    /// The same mapping for as long as the program runs, since a [`crate::Source`] is copied about. There is one for each source, so
    /// nothing is lost by it.
    pub(crate) fn read(file: &str, text: &str) -> Result<&'static Self, MappingError> {
        let declared = read::read(text).map_err(|problem| MappingError { file: file.to_owned(), problem })?;
        Ok(Box::leak(Box::new(declared)))
    }

    /// True if a text begins with a record of this source.
    pub(crate) fn recognises(&self, text: &str) -> bool {
        if !text.trim_start().starts_with(['{', '[']) {
            let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let record = self.lines.as_ref().and_then(|lines| lines.record(line).ok());
            return record.is_some_and(|record| self.recognises_record(record.root())) || self.recognises_row(text);
        }
        if ResultFramer::is_begun_by(text.as_bytes()) {
            return self.recognises_row(text);
        }
        let Some(Cut::Record(range)) = JsonFramer::new(self.envelope_keys, usize::MAX >> 1).next(text.as_bytes(), false) else {
            return false;
        };
        text.get(range).and_then(|record| Fields::parse(record).ok()).is_some_and(|record| self.recognises_record(record.root()))
    }

    fn recognises_row(&self, text: &str) -> bool {
        self.is_table && table::first_row(text).is_some_and(|row| self.recognises_record(row.root()))
    }

    fn recognises_record(&self, record: &Value<'_>) -> bool {
        let is_so = |value: &Value<'_>| self.recognised_by.iter().any(|all| all.iter().all(|condition| condition.holds(value, "")));
        is_so(record)
            || self.inside.iter().filter_map(|key| record.as_object()?.get(key)).any(|inner| match inner {
                Value::Str(text) => Fields::parse(text).is_ok_and(|inner| is_so(inner.root())),
                inner => is_so(inner),
            })
    }

    fn map(&self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        self.open_texts(record);
        let mut kind = self.kind_of(record.root());
        if kind.event.text(self.context(record.root()), &mut Vec::new()).is_none() {
            record.spell(self.spelling);
            kind = self.kind_of(record.root());
        }
        let (event, used) = kind.event_of(self.context(record.root()))?;
        record.mark_placed(used);
        Ok(event)
    }

    fn context<'v, 'a>(&'v self, root: &'v Value<'a>) -> Context<'v, 'a> {
        Context { root, event: "", nothing: &self.nothing }
    }

    fn kind_of(&self, root: &Value<'_>) -> &RecordKind {
        let is_so = |kind: &&RecordKind| kind.when.iter().all(|condition| condition.holds(root, ""));
        self.kinds.iter().find(is_so).expect("the last kind has no conditions")
    }

    /// Puts what JSON texts hold in their place; a text that is no object or array is left.
    fn open_texts(&self, record: &mut Fields<'_>) {
        for path in &self.json_text {
            let Some(value) = path.find_mut(record.root_mut()) else { continue };
            if let Value::Str(text) = value
                && text.trim_start().starts_with(['{', '['])
                && let Some(inner) = owned_json(text)
            {
                *value = inner;
            }
        }
    }
}

impl RecordKind {
    fn event_of(&self, context: Context<'_, '_>) -> Result<(Event, Used), Reason> {
        let mut used = Used::new();
        let time_ms = self.time.time(context, &mut used).ok_or_else(|| self.no_time(context))?;
        let mut named_by = Used::new();
        let name = self.event.text(context, &mut named_by).unwrap_or_default();
        let context = Context { event: &name, ..context };
        let (class, activity) = self.classes.of(&name).unwrap_or((Class::ApiActivity, 99));
        let mut event = Event::new(class, activity, time_ms);
        if activity == 99 && !name.is_empty() {
            event.activity_other(&name);
        }
        self.put_status(&mut event, activity, context, &mut used);
        if let Some(severity) = self.severity.text(context, &mut used) {
            event.severity(severity.parse().unwrap_or(0));
        }
        let rows = self.rows.iter().find(|(of, _)| *of == class).map_or(&[][..], |(_, rows)| rows);
        for (col, expression) in rows {
            if event.get(*col).is_none() {
                expression.place(&mut event, *col, context, &mut used);
            }
        }
        if event.get(Col::MetadataEventCode).is_some() {
            used.append(&mut named_by);
        }
        Ok((event, used))
    }

    /// A finding has a state, everything else an outcome.
    fn put_status(&self, event: &mut Event, activity: i32, context: Context<'_, '_>, used: &mut Used) {
        if event.class() != Class::DetectionFinding {
            event.outcome(self.outcome.text(context, used).map_or(Outcome::Unknown, |word| outcome_of(&word)));
            return;
        }
        let stated = self.finding_status.text(context, used).and_then(|number| number.parse().ok());
        let status_id = stated.or(match activity {
            CREATE => Some(1),
            CLOSE => Some(4),
            _ => None,
        });
        if let Some(status_id) = status_id {
            event.long(Col::StatusId, status_id);
            event.text(Col::Status, finding_status_name(status_id));
        }
    }

    fn no_time(&self, context: Context<'_, '_>) -> Reason {
        let found = self
            .time
            .value_paths()
            .into_iter()
            .zip(self.time_fields)
            .find_map(|(path, field)| Some((field, path.find(context.root, &mut Vec::new())?)));
        match found {
            Some((field, value)) => Reason::bad_field(field, &text_of(value).unwrap_or_else(|| value.to_string().into()), "a time"),
            None => Reason::Missing { field: self.time_fields.first().copied().unwrap_or("time") },
        }
    }
}

/// The value that a JSON text holds, without borrowing from it.
fn owned_json(text: &str) -> Option<Value<'static>> {
    let mut deserializer = serde_json::Deserializer::from_reader(text.as_bytes());
    let value = Value::<'static>::deserialize(&mut deserializer).ok()?;
    deserializer.end().ok().map(|()| value)
}

/// The activities of a finding that tell its state.
const CREATE: i32 = 1;
const CLOSE: i32 = 3;

/// OCSF's caption of the state of a finding.
fn finding_status_name(status_id: i64) -> &'static str {
    match status_id {
        0 => "Unknown",
        1 => "New",
        2 => "In Progress",
        3 => "Suppressed",
        4 => "Resolved",
        5 => "Archived",
        6 => "Deleted",
        _ => "Other",
    }
}

fn outcome_of(word: &str) -> Outcome {
    match word {
        "success" => Outcome::Success,
        "failure" => Outcome::Failure,
        "other" => Outcome::Other,
        _ => Outcome::Unknown,
    }
}

/// A declared mapping at work on one object.
#[derive(Debug)]
pub(crate) struct DeclaredMapping {
    declared: &'static Declared,
    options: Options,
    table: Table,
    /// The mappings of other sources that records were sent to, by their names.
    routed: Vec<(&'static str, Box<dyn Mapping>)>,
}

impl DeclaredMapping {
    /// A mapping for one object.
    pub(crate) fn new(declared: &'static Declared, options: &Options) -> Self {
        Self { declared, options: options.clone(), table: Table::default(), routed: Vec::new() }
    }

    /// Has the mapping of another source read the record. The record keeps what that did not place.
    fn follow(&mut self, route: &'static Route, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let to = route.to.as_str();
        if !self.routed.iter().any(|(name, _)| *name == to) {
            self.routed.extend(Source::named(to).map(|source| (to, mapping_of(source, &self.options))));
        }
        route.rename(record);
        match self.routed.iter_mut().find(|(name, _)| *name == to) {
            Some((_, mapping)) => mapping.map_json(record),
            None => self.declared.map(record),
        }
    }
}

impl Mapping for DeclaredMapping {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            _ if self.declared.is_table && self.declared.lines.is_none() && ResultFramer::is_begun_by(head) => {
                Format::Text(ResultFramer::boxed)
            }
            [b'{' | b'[', ..] if !self.declared.lists.is_empty() => Format::Nested { envelope_keys: self.declared.envelope_keys },
            [b'{' | b'[', ..] => Format::Json { envelope_keys: self.declared.envelope_keys },
            _ if self.declared.lines.is_some() => Format::Lines,
            _ if self.declared.is_table => Format::Text(RowFramer::boxed),
            _ => Format::Json { envelope_keys: self.declared.envelope_keys },
        }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let declared = self.declared;
        lift::lift(record, declared.lift);
        if !declared.routes.is_empty() {
            declared.open_texts(record);
        }
        if let Some(route) = declared.routes.iter().find(|route| route.takes(record.root())) {
            return self.follow(route, record);
        }
        let inside = declared
            .inside
            .iter()
            .find(|key| record.peek(key).is_some_and(|inner| inner.is_object()) || crate::sources::has_json_text(record, key));
        match inside {
            Some(key) => map_inner(record, key, |inner| declared.map(inner)),
            None => declared.map(record),
        }
    }

    fn map_nested(&mut self, place: Place, text: &str, batch: &mut Batch) {
        let Some(pieces) = lists::split(&self.declared.lists, text) else { return map_json(self, place, text.as_bytes(), batch) };
        for (offset, piece) in pieces {
            map_json(self, Place { offset: place.offset + offset as u64 }, piece.as_bytes(), batch);
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        if let Some(lines) = &self.declared.lines {
            return finish(line, lines.record(line)?, |fields| self.map_json(fields)).map(Mapped::Event);
        }
        if !self.declared.is_table {
            return Err(Reason::NotJson { detail: "this source has no lines of text".to_owned() });
        }
        let Some(mut record) = self.table.take(line)? else { return Ok(Mapped::NotARecord) };
        let raw = self.table.raw_of(line, &record);
        let mut event = self.map_json(&mut record)?;
        keep_rest(&mut event, &record);
        event.owned_text(Col::RawData, raw);
        Ok(Mapped::Event(event))
    }
}

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use csv::ReaderBuilder;

use crate::normal::{Wanted, looks_like_indicator};
use crate::{Error, Place};

use super::collect::{About, Claim, Collector};
use super::rows::{Role, role_of, take_row};

/// How many lines a record in quotes may span.
const RECORD_LINES_MAX: usize = 20;

/// How many rows are looked at to find the column that holds indicators, where no header says it.
const ROWS_TRIED: usize = 200;

/// One record and the line at which it begins.
struct Record<'t> {
    line: u64,
    fields: Vec<Cow<'t, str>>,
}

/// Reads a table. Its header may be its first row or a comment above it (as abuse.ch writes it), or missing.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    let delimiter = delimiter_of(text).unwrap_or(',');
    let (header, first) = header_of(text, delimiter);
    match header {
        Some(names) => read_with_header(text, delimiter, &names, first, collector),
        None => read_without_header(text, delimiter, collector),
    }
}

fn read_with_header(text: &str, delimiter: char, names: &[String], first: u64, collector: &mut Collector<'_>) -> Result<(), Error> {
    let roles: Vec<Option<Role>> = names.iter().map(|name| role_of(name)).collect();
    for (name, _) in names.iter().zip(&roles).filter(|(_, role)| role.is_none()) {
        collector.pass_over(format!("column {name}"));
    }
    for record in Records::new(text, delimiter, Some(names.len())).filter(|record| record.line >= first) {
        let place = Place { line: record.line, path: None };
        if record.fields.len() > names.len() && record.fields[names.len()..].iter().any(|field| !field.is_empty()) {
            let whole = record.fields.join(&delimiter.to_string());
            let reason = format!("it has {} fields where the header has {}", record.fields.len(), names.len());
            collector.take(place, &whole, Claim::Rejected(reason), &About::default())?;
            continue;
        }
        let cells: Vec<_> =
            names.iter().zip(&roles).zip(&record.fields).map(|((name, role), text)| (name.as_str(), *role, &**text)).collect();
        take_row(collector, &place, &cells)?;
    }
    Ok(())
}

fn read_without_header(text: &str, delimiter: char, collector: &mut Collector<'_>) -> Result<(), Error> {
    let mut hits: Vec<usize> = Vec::new();
    for record in Records::new(text, delimiter, None).take(ROWS_TRIED) {
        hits.resize(hits.len().max(record.fields.len()), 0);
        record.fields.iter().zip(&mut hits).for_each(|(field, hits)| *hits += usize::from(looks_like_indicator(field)));
    }
    let most = hits.iter().copied().max().unwrap_or(0);
    let column = hits.iter().position(|hits| *hits == most).unwrap_or(0);
    for (number, record) in Records::new(text, delimiter, None).enumerate() {
        let rest: Vec<&str> = record
            .fields
            .iter()
            .enumerate()
            .filter(|(index, field)| *index != column && !field.is_empty())
            .map(|(_, field)| &**field)
            .collect();
        let about = About { description: (!rest.is_empty()).then(|| rest.join(", ").into()), ..About::default() };
        let is_header = number == 0 && most > 0 && !record.fields.iter().any(|field| looks_like_indicator(field));
        if is_header {
            collector.pass_over("header");
            continue;
        }
        let place = Place { line: record.line, path: None };
        let (original, claim) = match record.fields.get(column) {
            Some(field) => (field.to_string(), Claim::Value(Wanted::Anything)),
            None => (record.fields.join(&delimiter.to_string()), Claim::Rejected(format!("it has no column {}", column + 1))),
        };
        collector.take(place, &original, claim, &about)?;
    }
    Ok(())
}

/// The delimiter that the first lines of a table agree on, if it is a table.
pub(super) fn delimiter_of(text: &str) -> Option<char> {
    let rows: Vec<&str> = content_lines(text).take(20).map(|(_, line)| line).collect();
    let comment = text.lines().filter(|line| line.starts_with('#')).find(|line| is_header(&fields_of(line.trim_start_matches('#'), ',')));
    let count = |line: &str, delimiter: char| fields_of(line, delimiter).len();
    let candidates = ['\t', ',', ';', '|'].into_iter().filter(|delimiter| {
        let fields = rows.first().map_or(0, |row| count(row, *delimiter));
        let same = rows.iter().filter(|row| count(row, *delimiter) == fields).count();
        fields > 1 && same * 10 >= rows.len() * 8 && is_table(&rows, *delimiter)
    });
    candidates.max_by_key(|delimiter| rows.iter().map(|row| count(row, *delimiter)).sum::<usize>()).or(comment.map(|_| ','))
}

/// True if rows cut at this delimiter have a header, or a column of indicators. A URL with a comma in it is no table.
fn is_table(rows: &[&str], delimiter: char) -> bool {
    let cut: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|row| fields_of(row, delimiter)).collect();
    cut.first().is_some_and(|first| is_header(first))
        || cut.iter().filter(|fields| fields.iter().any(|field| looks_like_indicator(field))).count() * 2 >= cut.len()
}

/// True if the fields are the names of columns of which one holds indicators.
fn is_header(fields: &[Cow<'_, str>]) -> bool {
    let names = fields.iter().filter(|field| role_of(field).is_some_and(Role::is_indicator)).count();
    names > 0 && !fields.iter().any(|field| looks_like_indicator(field))
}

/// The names of the columns and the first line below them.
fn header_of(text: &str, delimiter: char) -> (Option<Vec<String>>, u64) {
    let names = |fields: Vec<Cow<'_, str>>| fields.iter().map(|name| name.trim().to_owned()).collect::<Vec<String>>();
    let first = content_lines(text).next();
    if let Some((number, line)) = first {
        let fields = fields_of(line, delimiter);
        if is_header(&fields) {
            return (Some(names(fields)), number + 1);
        }
    }
    let comments = text.lines().take_while(|line| line.trim().is_empty() || line.starts_with('#'));
    let header = comments.map(|line| fields_of(line.trim_start_matches('#').trim(), delimiter)).filter(|fields| fields.len() > 1);
    let header = header.filter(|fields| is_header(fields)).last();
    (header.map(names), first.map_or(1, |(number, _)| number))
}

/// The lines that are no comments and not empty, with their numbers from 1.
fn content_lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index as u64 + 1, line.trim_end_matches('\r')));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// The fields of one line, without the spaces around them.
fn fields_of(line: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(delimiter).map(|field| field.trim().into()).collect();
    }
    let delimiter_byte = u8::try_from(delimiter).unwrap_or(b',');
    // URLhaus and others put a space between a comma and a quote.
    let line = line.trim().replace(&format!("{delimiter} \""), &format!("{delimiter}\""));
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter_byte).trim(csv::Trim::All).from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => record.iter().map(|field| field.to_owned().into()).collect(),
        _ => line.split(delimiter).map(|field| field.trim().to_owned().into()).collect(),
    }
}

/// The records of a table. A quote that is never closed does not swallow what follows: records of several lines are taken only if they
/// have as many fields as expected, and none of the lines below their first has.
struct Records<'t> {
    lines: std::iter::Peekable<Box<dyn Iterator<Item = (u64, &'t str)> + 't>>,
    text: &'t str,
    delimiter: char,
    width: Option<usize>,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, delimiter: char, width: Option<usize>) -> Self {
        let lines: Box<dyn Iterator<Item = (u64, &'t str)> + 't> = Box::new(content_lines(text));
        Self { lines: lines.peekable(), text, delimiter, width }
    }

    /// A record that goes on in the lines below, and the line at which it ends.
    fn joined(&self, line: u64, first: &'t str) -> Option<(u64, Vec<Cow<'t, str>>)> {
        let width = self.width.filter(|width| *width > 1)?;
        let start = first.as_ptr() as usize - self.text.as_ptr() as usize;
        let mut end = start;
        let mut quotes = 0;
        for (index, part) in self.text[start..].split_inclusive('\n').take(RECORD_LINES_MAX).enumerate() {
            end += part.len();
            quotes += part.matches('"').count();
            // A line that is a record by itself is more likely one than a part of a text that spans lines.
            if index > 0 && part.split(self.delimiter).count() >= width {
                return None;
            }
            if index > 0 && quotes % 2 == 0 {
                let fields = fields_of(self.text[start..end].trim_end(), self.delimiter);
                let fields: Vec<Cow<'t, str>> = fields.into_iter().map(|field| Cow::Owned(field.into_owned())).collect();
                return (fields.len() == width).then_some((line + index as u64, fields));
            }
        }
        None
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        let (line, text) = self.lines.next()?;
        if text.matches('"').count() % 2 == 0 {
            return Some(Record { line, fields: fields_of(text, self.delimiter) });
        }
        if let Some((end, fields)) = self.joined(line, text) {
            while self.lines.next_if(|(number, _)| *number <= end).is_some() {}
            return Some(Record { line, fields });
        }
        let fields = text.split(self.delimiter).map(|field| field.trim().trim_matches('"').into()).collect();
        Some(Record { line, fields })
    }
}

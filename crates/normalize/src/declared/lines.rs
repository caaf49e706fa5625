//! Records that are lines of text: pairs of names and values, CEF, or columns. Each becomes an object of texts, as if it were JSON.

use std::borrow::Cow;

use serde_json_borrow::Value;

use super::error::Problem;
use super::reader::Table;
use super::yaml::Node;
use crate::Reason;
use crate::fields::Fields;

/// The forms in which the lines of a source may be.
#[derive(Debug, Default)]
pub(super) struct Lines {
    key_value: bool,
    cef: Option<Cef>,
    columns: Option<Columns>,
}

/// ArcSight's Common Event Format: `CEF:0|vendor|product|version|class|name|severity|name=value …`.
#[derive(Debug)]
struct Cef {
    vendor: &'static str,
    /// What the vendor writes before its own names.
    prefixes: &'static [&'static str],
    /// The vendor's own names for those of CEF.
    names: Vec<(&'static str, &'static str)>,
}

/// Values separated by commas, of which one tells the names of all.
#[derive(Debug)]
struct Columns {
    kind: usize,
    names: Vec<(&'static str, &'static [&'static str])>,
}

type Members<'t> = Vec<(&'t str, Value<'t>)>;

pub(super) const LINES_KEYS: &[&str] = &["key_value", "cef", "columns"];
pub(super) const CEF_KEYS: &[&str] = &["vendor", "prefixes", "names"];
pub(super) const COLUMNS_KEYS: &[&str] = &["kind", "names"];

/// The names of the parts of a CEF header.
const CEF_HEADER: [&str; 7] = ["cef_version", "cef_vendor", "cef_product", "cef_product_version", "cef_class", "cef_name", "cef_severity"];

impl Lines {
    /// Reads what a mapping says of its lines.
    pub(super) fn read(node: &Node) -> Result<Self, Problem> {
        let table = node.table(LINES_KEYS)?;
        Ok(Self {
            key_value: table.read("key_value", |node| Ok(node.text()? == "true"))?,
            cef: table.read("cef", |node| Cef::read(&node.table(CEF_KEYS)?).map(Some))?,
            columns: table.read("columns", |node| Columns::read(&node.table(COLUMNS_KEYS)?).map(Some))?,
        })
    }

    /// The record that a line is; it may stand behind a header of syslog.
    pub(super) fn record<'t>(&self, line: &'t str) -> Result<Fields<'t>, Reason> {
        if line.starts_with('{') {
            return Fields::parse(line).map_err(|error| Reason::NotJson { detail: error.to_string() });
        }
        let cef = self.cef.as_ref().and_then(|cef| cef.members(line));
        let columns = || self.columns.as_ref().and_then(|columns| columns.members(line));
        let pairs = || self.key_value.then(|| native(line)).filter(|members| members.len() > 1);
        match cef.or_else(columns).or_else(pairs) {
            Some(members) => Ok(Fields::from_value(Value::Object(members.into()))),
            None => {
                Err(Reason::NotThisFormat { format: "a line of this source", detail: "its form is none that the source has".to_owned() })
            }
        }
    }
}

impl Cef {
    fn read(table: &Table<'_>) -> Result<Self, Problem> {
        let names = table.read("names", |node| {
            node.entries()?
                .iter()
                .map(|(theirs, ours)| Ok((leak(theirs), leak(ours.text().map_err(|problem| problem.under(theirs))?))))
                .collect()
        })?;
        Ok(Self { vendor: table.need("vendor", |node| Ok(leak(node.text()?)))?, prefixes: table.read("prefixes", leak_texts)?, names })
    }

    /// Some collectors take the word `CEF:` for the program of a syslog header, and off.
    fn members<'t>(&self, line: &'t str) -> Option<Members<'t>> {
        let after = line.find("CEF:").map_or(line.trim_start(), |place| &line[place + "CEF:".len()..]);
        let mut parts = after.splitn(CEF_HEADER.len() + 1, '|');
        let mut members: Members<'t> = CEF_HEADER.into_iter().zip(parts.by_ref()).map(|(name, part)| (name, text(part.into()))).collect();
        let is_cef = members.len() == CEF_HEADER.len() && matches!(&members[1].1, Value::Str(vendor) if **vendor == *self.vendor);
        if !is_cef {
            return None;
        }
        members.iter_mut().for_each(|(name, _)| *name = self.name(name));
        let extension = parts.next()?;
        let found = pairs(extension, is_blank);
        let value_of = |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        for (name, value) in found.iter().filter(|(_, value)| !value.is_empty()) {
            let label = is_custom(name).then(|| value_of(&format!("{name}Label"))).flatten();
            let is_label = name.strip_suffix("Label").is_some_and(|name| is_custom(name) && value_of(name).is_some());
            if !is_label {
                let ours = self.name(label.unwrap_or(name));
                let is_taken = members.iter().any(|(known, _)| *known == ours);
                members.push((if is_taken { name } else { ours }, text(unescaped(value))));
            }
        }
        Some(members)
    }

    fn name<'t>(&self, name: &'t str) -> &'t str {
        let own = self.prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).filter(|own| !own.is_empty());
        own.unwrap_or_else(|| self.names.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours))
    }
}

/// True for the fields of CEF that a vendor names itself: `cs1`, `cn2`, `flexString1`.
fn is_custom(name: &str) -> bool {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    stem.len() < name.len() && matches!(stem, "cs" | "cn" | "cfp" | "c6a" | "flexString" | "flexNumber" | "deviceCustomDate" | "flexDate")
}

/// In values `\=`, `\|` and `\\` are escaped, and `\n` is a break of a line.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return value.into();
    }
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some('=' | '|' | '\\')) => plain.extend(letters.next()),
            ('\\', Some('n' | 'r')) => {
                letters.next();
                plain.push('\n');
            }
            _ => plain.push(letter),
        }
    }
    plain.into()
}

impl Columns {
    fn read(table: &Table<'_>) -> Result<Self, Problem> {
        let names = table.need("names", |node| {
            node.entries()?
                .iter()
                .map(|(kind, names)| Ok((leak(kind), leak_texts(names).map_err(|problem| problem.under(kind))?)))
                .collect()
        })?;
        let number = |node: &Node| node.text()?.parse().map_err(|_| node.problem("this is the number of a column, from 0"));
        Ok(Self { kind: table.need("kind", number)?, names })
    }

    /// The cells that are not empty under their names; what a newer version adds is `more`.
    fn members<'t>(&self, line: &'t str) -> Option<Members<'t>> {
        let cells = cells(line);
        let kind = cells.get(self.kind)?;
        let (_, names) = self.names.iter().find(|(known, _)| known.split('|').any(|known| known == &**kind))?;
        let beyond = cells.len().min(names.len());
        let more: Vec<Value<'t>> = cells[beyond..].iter().filter(|cell| !cell.is_empty()).cloned().map(text).collect();
        let named = names.iter().zip(cells).filter(|(name, cell)| !name.is_empty() && !cell.is_empty());
        let mut members: Members<'t> = named.map(|(name, cell)| (*name, text(cell))).collect();
        if !more.is_empty() {
            members.push(("more", Value::Array(more)));
        }
        Some(members)
    }
}

/// The cells of a line, out of their quotes.
fn cells(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::with_capacity(64);
    let mut rest = line;
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inside| {
            let ends = inside.match_indices('"').map(|(place, _)| place);
            let end = ends.into_iter().find(|place| matches!(inside.as_bytes().get(place + 1), None | Some(b',')))?;
            Some((&inside[..end], &inside[end + 1..]))
        });
        let (cell, after) = quoted.unwrap_or_else(|| rest.split_at(rest.find(',').unwrap_or(rest.len())));
        cells.push(if quoted.is_some() && cell.contains("\"\"") { cell.replace("\"\"", "\"").into() } else { cell.into() });
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

/// The pairs of a line as devices write them: separated by blanks or by commas, values in quotes or not.
fn native(line: &str) -> Members<'_> {
    let Some(start) = (0..line.len()).find(|place| key_end(line, *place, is_separator).is_some()) else { return Members::new() };
    let line = &line[start..];
    let has_commas = line.find([' ', '\t', ',']).is_some_and(|place| line.as_bytes()[place] == b',');
    let found = pairs(line, if has_commas { |byte| byte == b',' } else { is_blank });
    found
        .into_iter()
        .map(|(name, value)| (name, text(unquoted(value).into())))
        .filter(|(_, value)| !matches!(value, Value::Str(text) if text.is_empty()))
        .collect()
}

fn unquoted(value: &str) -> &str {
    let inside = |value: &str| value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let once = if inside(value) { &value[1..value.len() - 1] } else { value };
    if inside(once) { &once[1..once.len() - 1] } else { once }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_separator(byte: u8) -> bool {
    is_blank(byte) || byte == b','
}

/// Names and values. A value ends where the next name begins; one in quotes only behind its closing quote.
fn pairs(line: &str, is_between: fn(u8) -> bool) -> Vec<(&str, &str)> {
    let mut pairs = Vec::with_capacity(64);
    let mut start = 0;
    while let Some(end) = key_end(line, start, is_between) {
        let (name, value_start) = (&line[start..end], end + 1);
        let is_quoted = line.as_bytes().get(value_start) == Some(&b'"');
        let next = next_key(line, value_start, is_between, is_quoted);
        let value = &line[value_start..next.unwrap_or(line.len())];
        pairs.push((name, value.trim_end_matches(|letter: char| letter.is_ascii() && is_between(letter as u8))));
        match next {
            Some(next) => start = next,
            None => break,
        }
    }
    pairs
}

/// Where the key that begins here ends, if one does: before a `=`, behind something that separates.
fn key_end(line: &str, start: usize, is_between: fn(u8) -> bool) -> Option<usize> {
    let bytes = line.as_bytes();
    if start > 0 && !is_between(bytes[start - 1]) {
        return None;
    }
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = bytes[start..].iter().take_while(|byte| is_key(**byte)).count();
    (length > 0 && bytes.get(start + length) == Some(&b'=')).then_some(start + length)
}

fn next_key(line: &str, value_start: usize, is_between: fn(u8) -> bool, is_quoted: bool) -> Option<usize> {
    let bytes = line.as_bytes();
    let closes = |place: usize| {
        let value = bytes[value_start..place].trim_ascii_end();
        let value = value.strip_suffix(b",").unwrap_or(value);
        value.len() > 1 && value.ends_with(b"\"")
    };
    let is_next = |place: &usize| is_between(bytes[place - 1]) && key_end(line, *place, is_between).is_some();
    (value_start + 1..bytes.len()).filter(is_next).find(|place| !is_quoted || closes(*place))
}

fn text(text: Cow<'_, str>) -> Value<'_> {
    Value::Str(text)
}

/// For as long as the program runs; see [`super::Declared::read`].
fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn leak_texts(node: &Node) -> Result<&'static [&'static str], Problem> {
    let texts: Vec<&'static str> = node.texts()?.into_iter().map(leak).collect();
    Ok(Box::leak(texts.into_boxed_slice()))
}

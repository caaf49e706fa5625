//! Zeek's tab-separated logs: <https://docs.zeek.org/en/master/log-formats.html>.
//!
//! ```text
//! #separator \x09
//! #set_separator  ,
//! #empty_field    (empty)
//! #unset_field    -
//! #path   conn
//! #fields ts      uid     id.orig_h   …
//! #types  time    string  addr        …
//! 1521911720.600725       C1      10.0.0.1    …
//! ```

use std::borrow::Cow;

use serde_json_borrow::Value;

use super::nest::nest;
use crate::Reason;

/// What the lines that begin with `#` said of the lines that follow.
#[derive(Debug)]
pub(super) struct Header {
    separator: String,
    set_separator: String,
    empty_field: String,
    unset_field: String,
    /// The log: `conn`.
    pub(super) path: Option<String>,
    /// When the log was opened, as Zeek writes it: `2024-04-12-19-29-27`.
    pub(super) open: Option<String>,
    fields: Vec<String>,
    types: Vec<Kind>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: "\t".to_owned(),
            set_separator: ",".to_owned(),
            empty_field: "(empty)".to_owned(),
            unset_field: "-".to_owned(),
            path: None,
            open: None,
            fields: Vec::new(),
            types: Vec::new(),
        }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Floating,
    Flag,
    Text,
    Many(Scalar),
}

/// The type of what is in a set or vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Whole,
    Floating,
    Flag,
    Text,
}

impl Header {
    /// Takes a line that begins with `#`; one that it does not know is a comment.
    pub(super) fn read(&mut self, line: &str) {
        let Some(line) = line.strip_prefix('#') else { return };
        if let Some(separator) = line.strip_prefix("separator") {
            *self = Self { separator: unescape(separator.trim_matches([' ', '\t'])).into_owned(), ..Self::default() };
            return;
        }
        let Some((key, value)) = line.split_once(&*self.separator) else { return };
        match key {
            "set_separator" => self.set_separator = unescape(value).into_owned(),
            "empty_field" => self.empty_field = value.to_owned(),
            "unset_field" => self.unset_field = value.to_owned(),
            "path" => self.path = Some(value.to_owned()),
            "open" => self.open = Some(value.to_owned()),
            "fields" => {
                self.fields = value.split(&*self.separator).map(str::to_owned).collect();
                self.types.clear();
            }
            "types" => self.types = value.split(&*self.separator).map(kind_of).collect(),
            _ => {}
        }
    }

    /// Reads a line as the tree that Zeek's JSON of it would be; what is unset is not there.
    pub(super) fn tree<'a>(&'a self, line: &'a str) -> Result<Value<'a>, Reason> {
        if self.fields.is_empty() {
            return Err(Reason::Missing { field: "#fields" });
        }
        let values: Vec<&str> = line.split(&*self.separator).collect();
        if values.len() != self.fields.len() {
            let detail = format!("{} fields where #fields names {}", values.len(), self.fields.len());
            return Err(Reason::NotThisFormat { format: "Zeek TSV", detail });
        }
        let kinds = self.types.iter().copied().chain(std::iter::repeat(Kind::Text));
        let members = self.fields.iter().zip(kinds).zip(values);
        let members = members.filter(|(_, raw)| *raw != self.unset_field).map(|((name, kind), raw)| (name.as_str(), self.value(kind, raw)));
        Ok(nest(members.collect()))
    }

    fn value<'a>(&'a self, kind: Kind, raw: &'a str) -> Value<'a> {
        match kind {
            Kind::Whole => scalar(Scalar::Whole, raw),
            Kind::Floating => scalar(Scalar::Floating, raw),
            Kind::Flag => scalar(Scalar::Flag, raw),
            Kind::Text if raw == self.empty_field => Value::Str(Cow::Borrowed("")),
            Kind::Text => scalar(Scalar::Text, raw),
            Kind::Many(_) if raw == self.empty_field => Value::Array(Vec::new()),
            Kind::Many(inner) => Value::Array(raw.split(&*self.set_separator).map(|element| self.element(inner, element)).collect()),
        }
    }

    fn element<'a>(&self, kind: Scalar, raw: &'a str) -> Value<'a> {
        if raw == self.unset_field {
            Value::Null
        } else if raw == self.empty_field {
            Value::Str(Cow::Borrowed(""))
        } else {
            scalar(kind, raw)
        }
    }
}

fn kind_of(name: &str) -> Kind {
    let inner = name.split_once('[').map(|(_, inner)| inner.trim_end_matches(']'));
    match inner {
        Some(inner) => Kind::Many(scalar_of(inner)),
        None => match scalar_of(name) {
            Scalar::Whole => Kind::Whole,
            Scalar::Floating => Kind::Floating,
            Scalar::Flag => Kind::Flag,
            Scalar::Text => Kind::Text,
        },
    }
}

fn scalar_of(name: &str) -> Scalar {
    match name {
        "count" | "int" | "port" => Scalar::Whole,
        "double" | "interval" | "time" => Scalar::Floating,
        "bool" => Scalar::Flag,
        _ => Scalar::Text,
    }
}

/// A value of its type; one that is not, stays text and so is not lost.
fn scalar(kind: Scalar, raw: &str) -> Value<'_> {
    let typed = match kind {
        Scalar::Whole => raw.parse::<i64>().map(Value::from).or_else(|_| raw.parse::<u64>().map(Value::from)).ok(),
        Scalar::Floating => raw.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        Scalar::Flag => match raw {
            "T" => Some(Value::Bool(true)),
            "F" => Some(Value::Bool(false)),
            _ => None,
        },
        Scalar::Text => None,
    };
    typed.unwrap_or_else(|| Value::Str(unescape(raw)))
}

/// `\x09` is a byte and `\\` a backslash. Bytes that are not UTF-8 stay as they were written.
fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        let hex = after.strip_prefix('x').and_then(|hex| hex.get(..2)).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        (bytes, rest) = match (hex, after.strip_prefix('\\')) {
            (Some(byte), _) => (pushed(bytes, byte), &after[3..]),
            (None, Some(after)) => (pushed(bytes, b'\\'), after),
            (None, None) => (pushed(bytes, b'\\'), after),
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(readable(&bytes))
}

fn pushed(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    bytes.push(byte);
    bytes
}

/// Text as it is, and what is no text as `\xNN`: bytes that are not UTF-8, and controls but for white space, as in Zeek's JSON.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => text.push(character),
                '\0'..='\u{1f}' | '\u{7f}' => text.push_str(&format!("\\x{:02x}", u32::from(character))),
                _ => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests;

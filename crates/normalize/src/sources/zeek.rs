//! Zeek's logs, tab-separated or JSON: <https://docs.zeek.org/en/master/script-reference/log-files.html>.
//!
//! Both forms become one tree, in which `id.orig_h` is nested; the mapping of each log does the rest. What has a connection and no class
//! of its own is Network Activity, what has none is Event Log Activity; all fields are kept, those of tab-separated records under their
//! own names wherever no column has them as they were written.

mod auth;
mod common;
mod dns;
mod files;
mod http;
mod logs;
mod nest;
mod network;
mod tsv;
mod verbatim;

use coldtrail_model::{Col, Event};

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::keep_rest;
use crate::parse::{epoch_seconds_ms, time_ms};
use crate::sources::{Format, Mapped, Mapping};
use crate::{Reason, batch};
use tsv::Header;

/// Zeek logs; the header of a tab-separated one holds until the next.
#[derive(Debug, Default)]
pub(crate) struct Zeek {
    header: Header,
}

impl Mapping for Zeek {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{' | b'[', ..] => Format::Json { envelope_keys: &["events", "records"] },
            _ => Format::Lines,
        }
    }

    fn map_json(&mut self, fields: &mut Fields<'_>) -> Result<Event, Reason> {
        nest::straighten(fields);
        let path = fields.text("_path").map(|path| path.into_owned());
        map(fields, path.as_deref(), None)
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        if line.starts_with('#') {
            self.header.read(line);
            return Ok(Mapped::NotARecord);
        }
        let tree = self.header.tree(line)?;
        let path = self.header.path.as_deref();
        let kept = path.filter(|path| verbatim::is_kept(path)).map(|path| (path, tree.clone()));
        let mut fields = Fields::from_value(tree);
        let mut event = map(&mut fields, path, self.header.open.as_deref())?;
        if let Some((path, tree)) = kept {
            event.text_opt(Col::Unmapped, verbatim::rest(&event, path, tree));
            fields = Fields::from_value(serde_json_borrow::Value::Null);
        }
        keep_rest(&mut event, &fields);
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }
}

fn map(fields: &mut Fields<'_>, path: Option<&str>, opened: Option<&str>) -> Result<Event, Reason> {
    let path = path.map_or_else(|| logs::infer(fields), str::to_owned);
    let time_ms = take_time(fields, opened)?;
    let route = logs::route(&path, fields);
    let mut event = Event::new(route.class, route.activity_id, time_ms);
    common::before(&mut event, fields, &path);
    (route.map)(&mut event, fields);
    common::after(&mut event, fields, &path);
    Ok(event)
}

/// `ts` as seconds since 1970 or RFC 3339. A log without it (`loaded_scripts`) happened when it was opened.
fn take_time(fields: &mut Fields<'_>, opened: Option<&str>) -> Result<i64, Reason> {
    for path in ["ts", "_write_ts"] {
        let Some(found) = fields.peek(path) else { continue };
        let text = common::scalar(found);
        let Some(time_ms) = epoch_seconds_ms(&text).or_else(|| time_ms(&text)) else {
            return Err(batch::Reason::bad_field("ts", &text, "seconds since 1970 or RFC 3339"));
        };
        if path == "ts" {
            fields.take(path);
        }
        return Ok(time_ms);
    }
    opened.and_then(opening_ms).ok_or(Reason::Missing { field: "ts" })
}

/// `2024-04-12-19-29-27`
fn opening_ms(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut next = || parts.next();
    let (year, month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?, next()?);
    time_ms(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// True if an object that begins like this is of this source.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let is_tsv = look.line.starts_with("#separator \\x") || look.line.starts_with("#separator\t\\x");
    let has_connection = || {
        let has = |key: &str| {
            look.record
                .as_ref()
                .is_some_and(|record| matches!(record.root(), serde_json_borrow::Value::Object(root) if root.get(key).is_some()))
        };
        has("ts")
            && (has("_path") || has("uid") && (has("id.orig_h") || has("id")) || has("fuid") || has("uids") || has("certificate.serial"))
    };
    is_tsv || has_connection()
}

#[cfg(test)]
mod tests;

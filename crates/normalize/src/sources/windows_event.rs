//! Windows event logs, in whatever form they are collected.
//!
//! Every form is read into one [`record::Record`], the System part and the event's own named data, and one mapping does the rest:
//!
//! | form | reader |
//! |---|---|
//! | EVTX files | [`evtx_file`] by chunks, each record as the JSON that `evtx` makes of it |
//! | event XML: one element, `<Events>`, one a line | [`xml`], to that same JSON |
//! | tables exported as comma-separated values | [`crate::sources::csv`] |
//! | lines of `Key=Value`, as Splunk writes them | [`classic`] |
//! | JSON: winlogbeat (nested, dotted, 5 to 8, after Elastic's pipelines), NXLog, Sentinel tables, Azure diagnostics, evtx dumps | [`shape`] |
//!
//! Fields: <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-systempropertiestype-complextype>. Classes and activities follow
//! OCSF's and Tenzir's mapping of Windows and Sysmon; an event that no table knows is Event Log Activity with all its data in `unmapped`.

mod accounts;
mod classic;
mod codes;
mod common;
mod defender;
mod ecs;
mod eventlog;
mod evtx_file;
mod jobs;
mod logons;
mod message;
mod network;
mod objects;
mod place;
mod powershell;
mod processes;
mod record;
mod route;
mod shape;
mod sysmon;
mod time;
mod xml;
mod xml_framer;

use coldtrail_model::{Col, Event};

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::{keep_rest, reject};
use crate::sources::csv::{self, RowFramer};
use crate::sources::{Format, Mapped, Mapping};
use crate::{Batch, Place, Reason};
use classic::EventFramer;
use evtx_file::ChunkFramer;
use record::Record;
use xml_framer::XmlFramer;

/// Windows events.
#[derive(Debug, Default)]
pub(crate) struct WindowsEvent {
    /// The names of the columns, once an exported table has said them.
    columns: Option<Vec<String>>,
}

impl Mapping for WindowsEvent {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'E', b'l', b'f', b'F', ..] => Format::Framed(ChunkFramer::boxed),
            [b'<', ..] => Format::Text(XmlFramer::boxed),
            head if classic::is_event(head) => Format::Text(EventFramer::boxed),
            [b',' | b'"' | b'A'..=b'Z' | b'a'..=b'z', ..] if head.contains(&b',') => Format::Text(RowFramer::boxed),
            _ => Format::Json { envelope_keys: &["events", "Events", "records", "Records", "value"] },
        }
    }

    fn map_json(&mut self, fields: &mut Fields<'_>) -> Result<Event, Reason> {
        shape::straighten(fields);
        map(fields)
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let tree = match &self.columns {
            Some(columns) => csv::object(columns, line),
            None if classic::is_event(line.as_bytes()) => classic::object(line),
            None if line.starts_with('<') => xml::parse(line).map_err(|detail| Reason::NotThisFormat { format: "event XML", detail })?,
            None => {
                self.columns = Some(csv::cells(line));
                return Ok(Mapped::NotARecord);
            }
        };
        let mut fields = shape::fields_of(tree).ok_or(Reason::Missing { field: "Event" })?;
        shape::straighten(&mut fields);
        let record = Record::take(&mut fields)?;
        // Rows and lines do not name their fields, or only some, so that Sigma finds them in `unmapped`: there they are all kept.
        let whole = (!line.starts_with('<')).then(|| record.whole(&fields));
        let mut event = map_record(record, &mut fields);
        keep_rest(&mut event, whole.as_ref().unwrap_or(&fields));
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }

    fn map_binary(&mut self, place: Place, piece: &[u8], batch: &mut Batch) {
        evtx_file::read_chunk(place, piece, batch, |place, json, batch| match map_evtx(&json) {
            Ok(mut event) => {
                event.owned_text(Col::RawData, json);
                batch.events.push((place, event));
            }
            Err(reason) => batch.rejects.push(reject(place, reason, json.as_bytes())),
        });
    }
}

fn map_evtx(json: &str) -> Result<Event, Reason> {
    let mut fields = Fields::parse(json).map_err(|error| Reason::NotJson { detail: error.to_string() })?;
    let mut event = map(&mut fields)?;
    keep_rest(&mut event, &fields);
    Ok(event)
}

fn map(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let record = Record::take(fields)?;
    Ok(map_record(record, fields))
}

fn map_record<'a>(mut record: Record<'a>, fields: &mut Fields<'a>) -> Event {
    let route = route::route(&record);
    let mut event = Event::new(route.class, route.activity_id, record.time_ms);
    common::before(&mut event, &mut record, fields);
    (route.map)(&mut event, &mut record);
    common::after(&mut event, &mut record, fields);
    record.put_back(fields);
    event
}

/// True if an object that begins like this is of this source.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let is_event_xml = || look.line.contains("schemas.microsoft.com/win/2004/08/events") || look.line.starts_with("<Event");
    let is_flat = || {
        look.record_has(&["EventID"]) && ["Channel", "SourceName", "Computer", "EventSourceName"].iter().any(|key| look.record_has(&[key]))
    };
    look.bytes.starts_with(evtx_file::SIGNATURE)
        || is_event_xml()
        || look.record_has(&["Event.System"])
        || look.record_has(&["winlog"])
        || look.record.as_ref().is_some_and(shape::is_dotted)
        || look.record_has(&["event_id", "log_name"])
        || look.record_has(&["properties.RawXml"])
        || is_flat()
        || classic::is_event(look.bytes.trim_ascii_start())
        || is_table(look.line)
}

/// True if a line names the columns of a table of events.
fn is_table(line: &str) -> bool {
    let has = |name: &str| line.split(',').any(|cell| cell.trim_matches('"') == name);
    has("EventID") && (has("TimeGenerated") || has("TimeCreated")) && has("Computer")
}

#[cfg(test)]
mod tests;

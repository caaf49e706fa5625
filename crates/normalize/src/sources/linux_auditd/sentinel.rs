//! Audit records in tables of Microsoft Sentinel: what the Azure agent's `auoms` merges, in JSON, and whole events in a cell.

use coldtrail_model::{Col, Event};

use super::map_records;
use crate::Reason;
use crate::fields::Fields;
use crate::sources::csv::{cells, object};

/// Where envelopes have the text of a record.
const TEXTS: &[&str] = &["SyslogMessage", "message", "Message", "log", "MESSAGE"];

/// The text of a record inside JSON.
pub(super) fn text_of<'f>(record: &'f Fields<'_>) -> Option<&'f str> {
    TEXTS.iter().find_map(|path| record.peek_text(path).filter(|text| super::record::Header::read(text).is_some()))
}

/// The text is one record; the envelope adds the host.
pub(super) fn map_json(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let text = text_of(record).ok_or(Reason::Missing { field: "msg=audit(time:serial)" })?.to_owned();
    let mut event = map_records(std::iter::once(text.as_str()))?;
    for path in TEXTS {
        record.forget(path, Some(&text));
    }
    for path in ["Computer", "HostName", "host.hostname", "host.name", "hostname"] {
        if event.get(Col::DeviceHostname).is_none() {
            event.text_opt(Col::DeviceHostname, record.text(path));
        }
        let known = event.get_text(Col::DeviceHostname).map(str::to_owned);
        record.forget(path, known.as_deref());
    }
    event.text_opt(Col::DeviceIp, record.text("HostIP"));
    Ok(event)
}

/// The column that holds the records of an event.
const COLUMN: &str = "AuditdMessage";

/// True if an object that begins like this is such a table.
pub(super) fn is_header(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).is_ok_and(|line| line.contains(',') && cells(line).iter().any(|cell| cell.trim_end() == COLUMN))
}

/// A row: the id in `mssg_id`, the records as a list `[{'SYSCALL': ['arch=c000003e', …]}, …]`.
pub(super) fn map_row(columns: &[String], line: &str) -> Result<Event, Reason> {
    let row = object(columns, line);
    let cell = |name: &str| row.get(name).and_then(|value| value.as_str());
    let id = cell("mssg_id").ok_or(Reason::Missing { field: "mssg_id" })?;
    let records = cell(COLUMN).ok_or(Reason::Missing { field: COLUMN })?;
    let lines: Vec<String> =
        listed(records).into_iter().map(|(kind, values)| format!("type={kind} msg=audit({id}): {}", values.join(" "))).collect();
    let mut event = map_records(lines.iter().map(String::as_str))?;
    event.text_opt(Col::DeviceHostname, cell("Computer"));
    event.text_opt(Col::MetadataTenantUid, cell("TenantId"));
    Ok(event)
}

/// The types and values of the records: a text before a colon is a type, other texts are its values.
fn listed(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut records: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = if rest[start..].starts_with('"') { '"' } else { '\'' };
        let Some((quoted, after)) = rest[start + 1..].split_once(quote) else { break };
        match records.last_mut() {
            _ if after.starts_with(':') => records.push((quoted, Vec::new())),
            Some((_, values)) => values.push(quoted),
            None => {}
        }
        rest = after;
    }
    records
}

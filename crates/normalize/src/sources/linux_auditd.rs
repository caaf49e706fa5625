//! Linux audit records: <https://github.com/linux-audit/audit-documentation/wiki/SPEC-Audit-Event-Enrichment>,
//! record types <https://github.com/linux-audit/audit-documentation/blob/main/specs/messages/message-dictionary.csv>.
//!
//! Lines as auditd and its dispatcher write them (raw or enriched, with or without `node=`, inside syslog lines too), the Azure agent's
//! merged records in Sentinel's JSON, and Sentinel's table of whole events as comma-separated values. The records of one event carry the
//! same `msg=audit(time:serial)`; they become one event, however they are mixed with others ([`join`]).
//!
//! A system call is an act of a process: on a file, the network, a module, or, when no class says more, Process Activity. Audit records
//! write many values in hexadecimal; the decoded records of an event are its `unmapped`.

mod accounts;
mod act;
mod audit;
mod join;
mod kinds;
mod record;
mod sentinel;
mod syscalls;

use coldtrail_model::{Col, Event};

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::csv::RowFramer;
use crate::sources::{Format, Mapped, Mapping};
use crate::{Batch, Place, Reason};

use audit::Audit;
use join::Joiner;

/// Audit records. Remembers the events whose records are still coming, and the header of a table.
#[derive(Debug, Default)]
pub(crate) struct Auditd {
    joiner: Joiner,
    columns: Option<Vec<String>>,
}

impl Mapping for Auditd {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{' | b'[', ..] => Format::Json { envelope_keys: &["records", "Records", "value", "events"] },
            head if sentinel::is_header(head) => Format::Text(RowFramer::boxed),
            _ => Format::Joined,
        }
    }

    fn join_line(&mut self, place: Place, line: &str, batch: &mut Batch) {
        self.joiner.take(place, line, batch);
    }

    fn join_end(&mut self, batch: &mut Batch) {
        self.joiner.end(batch);
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let Some(columns) = &self.columns else {
            self.columns = Some(crate::sources::csv::cells(line));
            return Ok(Mapped::NotARecord);
        };
        let mut event = sentinel::map_row(columns, line)?;
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        sentinel::map_json(record)
    }
}

/// True if an object that begins like this holds audit records.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    match &look.record {
        Some(record) => sentinel::text_of(record).is_some_and(|text| record::Header::read(text).is_some()),
        None => record::Header::read(look.line).is_some() || sentinel::is_header(look.line.as_bytes()),
    }
}

/// The event of some records, which are not checked to be of one event.
fn map_records<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Event, Reason> {
    let mut audit = Audit::read(lines)?;
    Ok(act::map_event(&mut audit))
}

#[cfg(test)]
mod tests;

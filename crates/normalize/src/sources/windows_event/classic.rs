//! Events as Splunk's classic Windows input writes them, in lines of `Key=Value` that end with the whole message:
//! <https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in/9.4/get-windows-data/monitor-windows-event-log-data-with-splunk-enterprise>.
//!
//! ```text
//! 03/12/2026 10:48:14 AM
//! LogName=Security
//! EventCode=4624
//! ComputerName=dc1.example.test
//! Message=An account was successfully logged on.
//!
//! Subject:
//!     Account Name:        DC1$
//! ```
//!
//! The time has no zone; like every time without one it is taken as UTC.

use chrono::NaiveDateTime;
use serde_json::{Map, Value as Json};

use crate::Options;
use crate::framing::{Cut, Framer};

/// The line that an event begins with, and the first key of the line after it.
const TIME_FORMAT: &str = "%m/%d/%Y %I:%M:%S %p";
const TIME_BYTES: usize = "03/12/2026 10:48:14 AM".len();
const FIRST_KEY: &[u8] = b"LogName=";

/// True if the text begins with an event.
pub(super) fn is_event(text: &[u8]) -> bool {
    let Some((line, rest)) = text.split_at_checked(TIME_BYTES) else { return false };
    let is_time = line.iter().zip(b"00/00/0000 00:00:00 XM").all(|(byte, pattern)| match pattern {
        b'0' => byte.is_ascii_digit(),
        b'X' => matches!(byte, b'A' | b'P'),
        other => byte == other,
    });
    is_time && rest.trim_ascii_start().starts_with(FIRST_KEY) && matches!(rest.first(), Some(b'\r' | b'\n'))
}

/// The event as an object. Splunk writes the name by which Windows shows a provider; the provider's own is known for one.
pub(super) fn object(event: &str) -> Json {
    let mut members = Map::new();
    let (time, mut rest) = event.split_once('\n').unwrap_or((event, ""));
    members.insert("EventTime".to_owned(), iso(time.trim()).into());
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key == "Message" {
            members.insert(key.to_owned(), rest["Message=".len().min(rest.len())..].trim_end().into());
            break;
        }
        let value = match (key, value.trim()) {
            ("SourceName", "Microsoft Windows security auditing.") => "Microsoft-Windows-Security-Auditing",
            (_, value) => value,
        };
        members.insert(if key == "Type" { "EventLevelName" } else { key }.trim().to_owned(), value.into());
        rest = after;
    }
    Json::Object(members)
}

fn iso(time: &str) -> String {
    match NaiveDateTime::parse_from_str(time, TIME_FORMAT) {
        Ok(time) => time.format("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => time.to_owned(),
    }
}

/// Cuts before every line that an event begins with.
#[derive(Debug)]
pub(super) struct EventFramer {
    record_bytes_max: usize,
    start: usize,
    /// The next line to look at begins here.
    scanned: usize,
    is_discarding: bool,
}

/// How many bytes of the next line and the line after it tell whether an event begins there.
const LOOK_BYTES: usize = TIME_BYTES + 2 + FIRST_KEY.len();

impl EventFramer {
    /// A framer for [`crate::sources::Format::Text`].
    pub(super) fn boxed(options: &Options) -> Box<dyn Framer> {
        Box::new(Self { record_bytes_max: options.record_bytes_max, start: 0, scanned: 0, is_discarding: false })
    }

    /// Ends the event before `next`; blank text is none.
    fn end_event(&mut self, buffer: &[u8], next: usize) -> Option<Cut> {
        let start = std::mem::replace(&mut self.start, next);
        if std::mem::take(&mut self.is_discarding) {
            return None;
        }
        let blank = buffer[start..next].len() - buffer[start..next].trim_ascii_start().len();
        let text = buffer[start..next].trim_ascii();
        let range = start + blank..start + blank + text.len();
        match text.len() {
            0 => None,
            length if length > self.record_bytes_max => Some(Cut::TooLong(range)),
            _ => Some(Cut::Record(range)),
        }
    }
}

impl Framer for EventFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        loop {
            let line = memchr::memchr(b'\n', &buffer[self.scanned..]).map(|found| self.scanned + found + 1);
            self.scanned = line.unwrap_or(buffer.len());
            let Some(line) = line else { break };
            if buffer.len() - line < LOOK_BYTES && !at_end {
                self.scanned = line - 1;
                break;
            }
            if is_event(&buffer[line..])
                && let Some(cut) = self.end_event(buffer, line)
            {
                return Some(cut);
            }
        }
        if self.is_discarding {
            self.start = self.scanned;
        } else if buffer.len() - self.start > self.record_bytes_max + LOOK_BYTES {
            self.is_discarding = true;
            let start = std::mem::replace(&mut self.start, self.scanned);
            return Some(Cut::TooLong(start..buffer.len()));
        }
        if !at_end || self.start == buffer.len() {
            return None;
        }
        self.scanned = buffer.len();
        self.end_event(buffer, buffer.len())
    }

    fn done(&self) -> usize {
        self.start
    }

    fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.scanned -= bytes;
    }
}

#[cfg(test)]
mod tests;

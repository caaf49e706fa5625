//! Syslog of Linux and Unix: RFC 3164 <https://www.rfc-editor.org/rfc/rfc3164>, RFC 5424 <https://www.rfc-editor.org/rfc/rfc5424>, the
//! files of rsyslog and syslog-ng, and the journal as `journalctl -o json` writes it.
//!
//! Messages of sshd, PAM, sudo, su, cron, shadow's tools and logind say what they are; others are Event Log Activity. RFC 3164 names no
//! year: it is the one that puts the time last before the object was written ([`syslog::Header::read`]).

use coldtrail_model::{Col, Event};

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::reject;
use crate::sources::{Format, Mapping, syslog};
use crate::{Batch, Place, Reason};

/// A message over several lines is ended after so many bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Lines of syslog. A line that begins with a blank goes on with the message before it.
#[derive(Debug)]
pub(crate) struct Syslog {
    written_ms: Option<i64>,
    open: Option<(Place, String)>,
}

impl Syslog {
    /// A mapping for an object that was written then.
    pub(crate) fn new(written_ms: Option<i64>) -> Self {
        Self { written_ms, open: None }
    }

    fn close(&mut self, batch: &mut Batch) {
        let Some((place, text)) = self.open.take() else { return };
        match syslog::map_line(&text, self.written_ms, None) {
            Ok(mut event) => {
                event.owned_text(Col::RawData, text);
                batch.events.push((place, event));
            }
            Err(reason) => batch.rejects.push(reject(place, reason, text.as_bytes())),
        }
    }
}

impl Mapping for Syslog {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{', ..] => Format::Json { envelope_keys: &["records", "Records", "events"] },
            _ => Format::Joined,
        }
    }

    fn join_line(&mut self, place: Place, line: &str, batch: &mut Batch) {
        match &mut self.open {
            Some((_, text)) if line.starts_with([' ', '\t']) && text.len() + line.len() < MESSAGE_BYTES_MAX => {
                text.push('\n');
                text.push_str(line);
            }
            _ => {
                self.close(batch);
                self.open = Some((place, line.to_owned()));
            }
        }
    }

    fn join_end(&mut self, batch: &mut Batch) {
        self.close(batch);
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        syslog::map_json(record, self.written_ms, None)
    }
}

/// True if an object that begins like this is a syslog: a line with a time and a program, or an entry of the journal. What has the form of
/// CEF is of the device that its header names.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    match &look.record {
        Some(_) => look.record_has(&["MESSAGE", "__REALTIME_TIMESTAMP"]),
        None => syslog::Header::read(look.line, Some(0)).is_ok_and(|header| header.is_whole()) && !look.line.contains("CEF:0|"),
    }
}

#[cfg(test)]
mod tests;

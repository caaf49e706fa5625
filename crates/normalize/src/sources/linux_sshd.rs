//! OpenSSH's messages: <https://github.com/openssh/openssh-portable/blob/master/auth.c>.
//!
//! Lines of syslog in any form, or the messages alone, as collectors that keep the header elsewhere hand them on; messages inside JSON.
//! A sign-in and a refused one are Authentication, what happens to a connection is Network Activity, other messages are Event Log Activity.

use coldtrail_model::{Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::{Format, Mapped, Mapping, syslog};

/// OpenSSH's messages.
#[derive(Debug)]
pub(crate) struct Sshd {
    written_ms: Option<i64>,
}

impl Sshd {
    /// A mapping for an object that was written then.
    pub(crate) fn new(written_ms: Option<i64>) -> Self {
        Self { written_ms }
    }
}

impl Mapping for Sshd {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{', ..] => Format::Json { envelope_keys: &["records", "Records", "events"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let mut event = syslog::map_line(line, self.written_ms, Some("sshd"))?;
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        syslog::map_json(record, self.written_ms, Some("sshd"))
    }
}

/// Never true: a line of sshd in a syslog is one of [`super::linux_syslog`], which maps it alike; messages alone cannot be told.
pub(crate) fn recognises(_look: &FirstLook<'_>) -> bool {
    false
}

#[cfg(test)]
mod tests;

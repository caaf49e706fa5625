//! What the sources that come through syslog share: the header, and what the messages of well-known programs say.

mod facts;
mod header;
mod programs;
mod template;

use coldtrail_model::{Class, Col, Event};

use crate::fields::Fields;
use crate::{Reason, parse::epoch_seconds_ms};

pub(crate) use header::{Header, SEVERITIES};
pub(crate) use template::{Captures, matches};

/// Maps a line. A message without a program is one of `program`, if there is such a default.
pub(crate) fn map_line(line: &str, written_ms: Option<i64>, program: Option<&str>) -> Result<Event, Reason> {
    let mut header = Header::read(line, written_ms)?;
    if header.program.is_none() {
        header.program = program;
    }
    map_message(&header)
}

/// Maps a message with what its header says.
pub(crate) fn map_message(header: &Header<'_>) -> Result<Event, Reason> {
    let found = programs::find(header.program.unwrap_or_default(), header.message);
    let (class, activity) = found.as_ref().map_or((Class::EventLogActivity, 0), |(rule, _)| (rule.class, rule.activity));
    let mut event = Event::new(class, activity, header.time_ms);
    map_header(&mut event, header);
    if let Some((rule, captures)) = found {
        if activity == 99 {
            event.activity_other(rule.words);
        }
        event.outcome(rule.outcome);
        facts::place(&mut event, header.program.unwrap_or_default(), &captures);
    }
    Ok(event)
}

fn map_header(event: &mut Event, header: &Header<'_>) {
    let is_ssh = header.program.is_some_and(programs::is_sshd);
    event.text(Col::MetadataProductName, if is_ssh { "OpenSSH" } else { "syslog" });
    event.text(Col::MetadataProductVendorName, if is_ssh { "OpenBSD" } else { "Linux" });
    event.text(Col::Message, header.message.trim());
    event.text_opt(Col::MetadataLogProvider, header.program);
    event.text_opt(Col::MetadataEventCode, header.message_id);
    event.text_opt(Col::DeviceHostname, header.host);
    event.text_opt(Col::ActorProcessName, header.program);
    event.long_opt(Col::ActorProcessPid, header.pid);
    if event.class() == Class::EventLogActivity {
        event.text_opt(Col::LogProvider, header.program);
        event.text(Col::LogName, header.facility.unwrap_or("syslog"));
    }
    event.text_opt(Col::MetadataLogName, header.facility);
    if let Some(level) = header.severity {
        event.severity(header::SEVERITIES[level].1);
        event.text(Col::MetadataLogLevel, header::SEVERITIES[level].0);
    }
    if !header.has_time {
        event.list(Col::MetadataLabels, [header::TIME_OF_OBJECT]);
    }
    event.text_opt(Col::Unmapped, header.structured_data.map(|data| serde_json::json!({"structured_data": data}).to_string()));
}

/// Maps a message inside JSON: what `journalctl -o json` writes, and Beats, Fluent Bit and Sentinel around a message or a whole line.
pub(crate) fn map_json(record: &mut Fields<'_>, written_ms: Option<i64>, program: Option<&str>) -> Result<Event, Reason> {
    let message =
        first_text(record, &["MESSAGE", "SyslogMessage", "message", "Message", "log"]).ok_or(Reason::Missing { field: "message" })?;
    let time = record.peek_text("__REALTIME_TIMESTAMP").and_then(|text| text.parse::<i64>().ok()).map(|time_us| time_us / 1000);
    let time = time.inspect(|_| drop(record.take("__REALTIME_TIMESTAMP")));
    let time = time.or_else(|| ["EventTime", "@timestamp", "timestamp", "time", "TimeGenerated"].iter().find_map(|path| record.time(path)));
    let time = time.or_else(|| record.peek_text("timestamp").and_then(epoch_seconds_ms));
    let provider = first_text(record, &["SYSLOG_IDENTIFIER", "ProcessName", "process.name", "ident", "program", "appname"]);
    let mut header = match time {
        Some(time_ms) if provider.is_some() => Header::of_message(time_ms, &message),
        _ => Header::read(&message, time.or(written_ms))?,
    };
    if let Some(time_ms) = time {
        (header.time_ms, header.has_time) = (time_ms, true);
    }
    let (host, pid) =
        (first_text(record, &["_HOSTNAME", "HostName", "Computer", "host.hostname", "host.name", "hostname"]), pid_of(record));
    header.program = provider.as_deref().or(header.program).or(program);
    header.host = host.as_deref().or(header.host);
    header.pid = pid.or(header.pid);
    map_message(&header)
}

fn first_text(record: &mut Fields<'_>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| record.text(path)).map(std::borrow::Cow::into_owned)
}

fn pid_of(record: &mut Fields<'_>) -> Option<i64> {
    ["_PID", "SYSLOG_PID", "ProcessID", "process.pid", "pid"].iter().find_map(|path| record.long(path))
}

#[cfg(test)]
mod tests;

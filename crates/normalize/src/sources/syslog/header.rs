use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use coldtrail_model::{Col, Event};

use crate::Reason;
use crate::parse::{is_ip, time_ms};

/// What a line of syslog says before its message: RFC 3164, RFC 5424, or the form of rsyslog and syslog-ng with an RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(super) time_ms: i64,
    /// False if the time is that of the object.
    pub(super) has_time: bool,
    pub(super) facility: Option<&'static str>,
    /// The place in [`SEVERITIES`].
    pub(super) severity: Option<usize>,
    pub(super) host: Option<&'a str>,
    pub(super) program: Option<&'a str>,
    pub(super) pid: Option<i64>,
    pub(super) message_id: Option<&'a str>,
    pub(super) structured_data: Option<&'a str>,
    pub(super) message: &'a str,
}

/// The severities of RFC 5424, and OCSF's number of each.
pub(crate) const SEVERITIES: [(&str, i32); 8] =
    [("emerg", 6), ("alert", 5), ("crit", 5), ("err", 4), ("warning", 3), ("notice", 1), ("info", 1), ("debug", 1)];

const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];

/// The label of an event whose record has no time.
pub(super) const TIME_OF_OBJECT: &str = "time: when the object was written";

const DAY_MS: i64 = 86_400_000;

impl<'a> Header<'a> {
    /// A message that something else gives the rest for.
    pub(super) fn of_message(time_ms: i64, message: &'a str) -> Self {
        Self {
            time_ms,
            has_time: true,
            facility: None,
            severity: None,
            host: None,
            program: None,
            pid: None,
            message_id: None,
            structured_data: None,
            message,
        }
    }

    /// Reads a line. A time without a zone is UTC. A time without a year is the latest such time that is not later than a day after
    /// `written_ms`; a line without a time is of `written_ms`.
    pub(crate) fn read(line: &'a str, written_ms: Option<i64>) -> Result<Self, Reason> {
        let (priority, rest) = priority(line);
        let mut header = match rest.strip_prefix("1 ") {
            Some(rest) if priority.is_some() => Self::read_5424(rest)?,
            _ => Self::read_3164(rest, written_ms)?,
        };
        header.facility = priority.and_then(|priority| FACILITIES.get(priority / 8).copied());
        header.severity = priority.map(|priority| priority % 8);
        Ok(header)
    }

    /// <https://www.rfc-editor.org/rfc/rfc5424#section-6>; `-` is nothing.
    fn read_5424(text: &'a str) -> Result<Self, Reason> {
        let mut words = text.splitn(6, ' ');
        let mut next = || words.next().filter(|word| *word != "-");
        let (time, host, program, pid, message_id) = (next(), next(), next(), next(), next());
        let rest = words.next().unwrap_or_default();
        let time = time.ok_or(Reason::Missing { field: "TIMESTAMP" })?;
        let time_ms = time_ms(time).ok_or_else(|| Reason::bad_field("TIMESTAMP", time, "an RFC 3339 time"))?;
        let (data, message) = structured_data(rest);
        let header = Self::of_message(time_ms, message.trim_start_matches('\u{feff}'));
        Ok(Self { host, program, message_id, structured_data: data, pid: pid.and_then(|pid| pid.parse().ok()), ..header })
    }

    /// <https://www.rfc-editor.org/rfc/rfc3164#section-4.1>, with any of the times that are used in its place.
    fn read_3164(text: &'a str, written_ms: Option<i64>) -> Result<Self, Reason> {
        let Some((time, rest)) = time_at_start(text) else {
            let time_ms = written_ms.ok_or(Reason::Missing { field: "time" })?;
            return Ok(Self { has_time: false, ..Self::of_message(time_ms, text) }.with_tag(text.trim_start()));
        };
        let time_ms = match time {
            Time::Whole(time_ms) => time_ms,
            Time::WithoutYear(month, day, time) => {
                let written_ms = written_ms.ok_or(Reason::Missing { field: "year" })?;
                latest(month, day, time, written_ms).ok_or_else(|| Reason::bad_field("time", text, "a day of a year"))?
            }
        };
        let rest = rest.trim_start();
        let header = Self::of_message(time_ms, rest);
        Ok(match rest.split_once(' ') {
            Some((host, message)) if is_host(host) => Self { host: Some(host), ..header.with_tag(message) },
            _ => header.with_tag(rest),
        })
    }

    /// Takes `sshd[1234]: ` or `sshd: ` off the message.
    fn with_tag(self, message: &'a str) -> Self {
        let whole = Self { message, ..self };
        let Some((tag, rest)) = whole.message.split_once(':') else { return whole };
        let (program, pid) = match tag.split_once('[') {
            Some((program, pid)) => (program, pid.strip_suffix(']')),
            None => (tag, None),
        };
        let is_program = |text: &str| {
            let mut letters = text.bytes();
            letters.next().is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_'))
                && letters.all(|byte| byte.is_ascii_alphanumeric() || b"_-./@+".contains(&byte))
        };
        // A message without a tag may hold a colon too; only a header makes the first word a tag.
        if !is_program(program) || !rest.starts_with([' ', '\t']) && !rest.is_empty() || (!whole.has_time && pid.is_none()) {
            return whole;
        }
        let pid = pid.and_then(|pid| pid.parse().ok());
        Self { program: Some(program), pid, message: rest.strip_prefix(' ').unwrap_or(rest), ..whole }
    }

    /// When the message says that it was, or else the object.
    pub(crate) fn event_time(&self) -> i64 {
        self.time_ms
    }

    /// The same header if the message itself has the time.
    pub(crate) fn with_time(self) -> Self {
        Self { has_time: true, ..self }
    }

    /// The same header, earlier by so many minutes: its time was of a zone ahead of UTC.
    pub(crate) fn minus_minutes(self, minutes: i64) -> Self {
        Self { time_ms: self.time_ms.saturating_sub(minutes * 60_000), ..self }
    }

    /// Places which device it is of, and whether the time is the device's.
    pub(crate) fn place_device(&self, event: &mut Event) {
        let host = self.host.filter(|host| !host.starts_with('<'));
        event.text_opt(if host.is_some_and(is_ip) { Col::DeviceIp } else { Col::DeviceHostname }, host);
        event.text_opt(Col::MetadataLogName, self.facility);
        if !self.has_time {
            event.list(Col::MetadataLabels, [TIME_OF_OBJECT]);
        }
    }

    /// True if there are a time and a program.
    pub(crate) fn is_whole(&self) -> bool {
        self.has_time && self.program.is_some()
    }
}

fn is_host(word: &str) -> bool {
    !word.is_empty() && !word.ends_with(':') && !word.contains(['[', '(', '=']) && word != "---"
}

/// `<38>`, at most 191.
fn priority(line: &str) -> (Option<usize>, &str) {
    let read = || {
        let (number, rest) = line.strip_prefix('<')?.split_once('>')?;
        let priority = number.parse::<usize>().ok().filter(|priority| number.len() <= 3 && *priority <= 191)?;
        Some((Some(priority), rest))
    };
    read().unwrap_or((None, line))
}

/// `-` or `[id a="b"][…]`, and the message after it. In a value `\"`, `\\` and `\]` are escaped.
fn structured_data(text: &str) -> (Option<&str>, &str) {
    if let Some(rest) = text.strip_prefix('-') {
        return (None, rest.trim_start());
    }
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut end = 0;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b']' if !is_quoted => {
                end = place + 1;
                if text.as_bytes().get(end) != Some(&b'[') {
                    break;
                }
            }
            b'[' | b' ' | b'=' => {}
            _ if place == 0 => return (None, text),
            _ => {}
        }
    }
    let (data, message) = text.split_at(end);
    ((!data.is_empty()).then_some(data), message.trim_start())
}

enum Time {
    Whole(i64),
    WithoutYear(u32, u32, NaiveTime),
}

/// The time at the start of a line: `Mar  1 10:20:30`, `Mar 1 2026 10:20:30`, `2026-03-01T10:20:30.5+01:00`, `2026-03-01 10:20:30`.
fn time_at_start(text: &str) -> Option<(Time, &str)> {
    let (first, rest) = text.split_once(' ')?;
    if first.len() >= 19 && first.as_bytes()[4] == b'-' {
        return Some((Time::Whole(time_ms(first)?), rest));
    }
    if first.len() == 10 && first.as_bytes()[4] == b'-' {
        let (clock, rest) = rest.split_once(' ')?;
        return Some((Time::Whole(time_ms(&format!("{first}T{}", clock.replace(',', ".")))?), rest));
    }
    let month =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].iter().position(|name| *name == first)?;
    let month = u32::try_from(month + 1).ok()?;
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let (word, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    if let Some(year) = word.parse::<i32>().ok().filter(|year| (1970..=9999).contains(year)) {
        let (clock, rest) = rest.split_once(' ')?;
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        return Some((Time::Whole(at(date, clock_of(clock)?)), rest));
    }
    Some((Time::WithoutYear(month, day, clock_of(word)?), rest))
}

fn clock_of(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim_end_matches(':'), "%H:%M:%S%.f").ok()
}

fn at(date: NaiveDate, time: NaiveTime) -> i64 {
    NaiveDateTime::new(date, time).and_utc().timestamp_millis()
}

/// The latest such time that is not later than a day after `written_ms`: clocks differ, and a local time may be ahead of UTC.
fn latest(month: u32, day: u32, time: NaiveTime, written_ms: i64) -> Option<i64> {
    let bound = written_ms.checked_add(DAY_MS)?;
    let year = DateTime::from_timestamp_millis(bound)?.year();
    // Between two 29th of February there are up to eight years.
    (year - 8..=year)
        .rev()
        .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
        .map(|date| at(date, time))
        .find(|time| *time <= bound)
}

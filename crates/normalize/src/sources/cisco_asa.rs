//! Cisco ASA and Firepower Threat Defense: <https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html>,
//! <https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide.html>.
//!
//! `%ASA-4-106023: Deny tcp src …` behind any header of syslog: connections and what was refused are Network Activity, sign-ins to the
//! device and its VPN Authentication, URLs HTTP Activity, what its threat lists and its intrusion rules found Detection Findings.
//! Messages that are not in the table ([`messages`]) are Event Log Activity. A message whose header was taken off, as some collectors do,
//! is known by its words, and happened when its object was written.

mod ends;
mod messages;
mod pairs;

use coldtrail_model::{Class, Col, Event, Kind, Outcome};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::keep_rest;
use crate::parse::time_ms;
use crate::sources::syslog::{Captures, Header, SEVERITIES};
use crate::sources::{Format, Mapped, Mapping};
use messages::Rule;

/// Messages of the devices, one a line.
#[derive(Debug)]
pub(crate) struct Asa {
    written_ms: Option<i64>,
}

impl Asa {
    /// A mapping for an object that was written then.
    pub(crate) fn new(written_ms: Option<i64>) -> Self {
        Self { written_ms }
    }
}

impl Mapping for Asa {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Lines
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let message = Message::read(line);
        let found = messages::find(message.code, message.text);
        if message.code.is_empty() && found.is_none() {
            return Err(Reason::NotThisFormat { format: "a message of Cisco ASA or FTD", detail: "there is no %ASA-n-nnnnnn".to_owned() });
        }
        let header = message.header(self.written_ms)?;
        let (mut event, left) = match found {
            Some((rule, captures)) => map_known(rule, &captures, header.event_time()),
            None if pairs::is_one(message.code) => pairs::map(message.code, message.text, header.event_time()),
            None => (Event::new(Class::EventLogActivity, 0, header.event_time()), Fields::from_value(Value::Null)),
        };
        message.place(&mut event, &header);
        keep_rest(&mut event, &left);
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }
}

/// True if the first line is a message of one of the devices.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record.is_none() && !Message::read(look.line).code.is_empty()
}

/// The marks of the products, with their names.
const MARKS: &[(&str, &str)] = &[("%ASA-", "Cisco ASA"), ("%FTD-", "Cisco FTD"), ("%PIX-", "Cisco PIX"), ("%FWSM-", "Cisco FWSM")];

/// The zones that devices write behind the time, in minutes from UTC: those of RFC 5322, and Central Europe's.
const ZONES: &[(&str, i64)] = &[
    ("EDT", -240),
    ("EST", -300),
    ("CDT", -300),
    ("CST", -360),
    ("MDT", -360),
    ("MST", -420),
    ("PDT", -420),
    ("PST", -480),
    ("CET", 60),
    ("CEST", 120),
];

/// A line, taken apart.
struct Message<'a> {
    product: &'static str,
    header: &'a str,
    /// The level of RFC 5424.
    level: Option<usize>,
    /// Six digits, or nothing if they were taken off.
    code: &'a str,
    text: &'a str,
}

impl<'a> Message<'a> {
    fn read(line: &'a str) -> Self {
        let marked = |(mark, product): &(&str, &'static str)| {
            let (header, rest) = line.split_once(mark)?;
            // `6-302013: `, `session-5-106100: `, `4-750003 `.
            let word = &rest[..rest.find([':', ' ']).unwrap_or(rest.len())];
            let (level, code) = word.rsplit_once('-')?;
            let level = level.rsplit('-').next().and_then(|level| level.parse().ok()).filter(|level| *level < 8);
            let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
            let text = rest[word.len()..].trim_start_matches(':').trim();
            is_code.then_some(Self { product, header, level, code, text })
        };
        let alone = Self { product: MARKS[0].1, header: "", level: None, code: "", text: line.trim() };
        MARKS.iter().find_map(marked).unwrap_or(alone)
    }

    /// What the header says; FTD writes the time into some messages too.
    fn header(&self, written_ms: Option<i64>) -> Result<Header<'a>, Reason> {
        let own = self.text.split_once("FirstPacketSecond: ").and_then(|(_, rest)| time_ms(rest.split(',').next()?));
        let header = Header::read(self.header, own.or(written_ms))?;
        let zone = self.header.trim_end_matches([' ', ':']).rsplit(' ').next().unwrap_or_default();
        let minutes = ZONES.iter().find(|(name, _)| *name == zone).map_or(0, |(_, minutes)| *minutes);
        Ok(if own.is_some() { header.with_time() } else { header }.minus_minutes(minutes))
    }

    fn place(&self, event: &mut Event, header: &Header<'_>) {
        event.text(Col::MetadataProductName, self.product);
        event.text(Col::MetadataProductVendorName, "Cisco");
        event.text(Col::MetadataEventCode, self.code);
        event.text(Col::Message, self.text);
        header.place_device(event);
        if let Some(level) = self.level {
            event.severity(SEVERITIES[level].1);
            event.text(Col::MetadataLogLevel, SEVERITIES[level].0);
        }
        if event.class() == Class::EventLogActivity {
            event.text(Col::LogProvider, self.product);
            event.text(Col::LogName, "syslog");
        }
    }
}

/// What a rule says, and what its template found; what has no column is left.
fn map_known<'m>(rule: &Rule, captures: &Captures<'static, 'm>, time_ms: i64) -> (Event, Fields<'m>) {
    let mut event = Event::new(rule.class, rule.activity, time_ms);
    if rule.activity == 99 {
        event.activity_other(rule.words);
    }
    match rule.class {
        Class::DetectionFinding => {
            event.flag(Col::IsAlert, true);
            event.long(Col::FindingInfoAnalyticTypeId, 1);
            event.text(Col::FindingInfoTitle, rule.words);
        }
        _ => event.outcome(rule.outcome),
    }
    if matches!(rule.class, Class::NetworkActivity | Class::HttpActivity | Class::DetectionFinding) {
        verdict(&mut event, rule);
    }
    if let Some((id, name)) = rule.direction().filter(|_| rule.class == Class::NetworkActivity) {
        event.long(Col::ConnectionInfoDirectionId, id);
        event.text(Col::ConnectionInfoDirection, name);
    }
    let mut left: Vec<(&str, Value<'m>)> = Vec::new();
    for (name, value) in captures {
        if !fact(&mut event, name, value.trim()) && !matches!(*name, "word" | "text" | "verdict" | "id") {
            left.push((name, Value::Str((*value).into())));
        }
    }
    (event, Fields::from_value(Value::Object(left.into())))
}

/// What the device did with it.
fn verdict(event: &mut Event, rule: &Rule) {
    let is_allowed = match (rule.class, rule.activity, rule.outcome) {
        (Class::NetworkActivity, 1 | 2 | 6, Outcome::Success) | (_, _, Outcome::Success) => true,
        (_, _, Outcome::Failure) if rule.activity != 4 => false,
        _ => return,
    };
    event.long(Col::ActionId, if is_allowed { 1 } else { 2 });
    event.text(Col::Action, if is_allowed { "Allowed" } else { "Denied" });
    event.long(Col::DispositionId, if is_allowed { 1 } else { 2 });
    event.text(Col::Disposition, if is_allowed { "Allowed" } else { "Blocked" });
}

/// The columns of a name: the first that the class has.
const COLUMNS: &[(&str, Col)] = &[
    ("uid", Col::ConnectionInfoUid),
    ("acl", Col::PolicyName),
    ("reason", Col::StatusDetail),
    ("server", Col::DstEndpointIp),
    ("tls", Col::TlsVersion),
    ("flags", Col::ConnectionInfoFlagHistory),
    ("command", Col::ApiOperation),
    ("app", Col::ActorAppName),
    ("object", Col::FindingInfoAnalyticName),
    ("list", Col::FindingInfoTypes),
    ("group", Col::UserGroupsName),
    ("group", Col::ActorUserGroupsName),
    ("bytes", Col::TrafficBytes),
    ("bytesout", Col::TrafficBytesOut),
    ("bytesin", Col::TrafficBytesIn),
    ("count", Col::Count),
    ("interface", Col::SrcEndpointInterfaceName),
];

/// Places what a template found under a name; false if the class has no column for it.
fn fact(event: &mut Event, name: &str, value: &str) -> bool {
    let class = event.class();
    if let Some((_, col)) = COLUMNS.iter().find(|(known, col)| *known == name && class.has(*col)) {
        match col.column().kind {
            Kind::TextList => event.list(*col, [value]),
            Kind::Integer | Kind::Long => event.long_opt(*col, value.parse().ok()),
            _ => event.text(*col, value),
        }
        return true;
    }
    match name {
        "src" | "srcip" => return ends::place(event, value, ends::Side::Source),
        "dst" | "dstip" => return ends::place(event, value, ends::Side::Destination),
        "srcuser" => ends::place_user(event, value),
        "user" | "cn" => user(event, value),
        "proto" | "l4" if class.has(Col::ConnectionInfoProtocolName) => protocol(event, value),
        "duration" => event.long_opt(Col::Duration, duration_ms(value)),
        "url" => url(event, value),
        "rest" => rest(event, value),
        _ => return false,
    }
    true
}

/// Whom it is about: who signs in, or else who does it.
fn user(event: &mut Event, value: &str) {
    let value = value.trim_matches(['\'', '"', '*']);
    let name = value.rsplit('\\').next().unwrap_or(value);
    let is_about = matches!(event.class(), Class::Authentication | Class::AccountChange);
    event.text(if is_about { Col::UserName } else { Col::ActorUserName }, name);
    if let Some((domain, _)) = value.rsplit_once('\\') {
        event.text(if is_about { Col::UserDomain } else { Col::ActorUserDomain }, domain);
    }
}

fn protocol(event: &mut Event, value: &str) {
    let name = value.trim_start_matches("protocol ").to_ascii_lowercase();
    let number = [("icmp", 1), ("tcp", 6), ("udp", 17), ("gre", 47), ("esp", 50), ("ipv6-icmp", 58), ("icmp6", 58), ("sctp", 132)];
    let known = number.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    event.long_opt(Col::ConnectionInfoProtocolNum, known.or_else(|| name.parse().ok()));
    event.text(Col::ConnectionInfoProtocolName, name);
}

/// `1:23:45`, `1h:23m:45s` or `0h:01m:52s`.
fn duration_ms(text: &str) -> Option<i64> {
    let number = |part: &str| part.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).parse::<i64>().ok();
    text.split(':').try_fold(0_i64, |sum, part| sum.checked_mul(60)?.checked_add(number(part)?)).map(|seconds| seconds * 1000)
}

fn url(event: &mut Event, value: &str) {
    let host = event.get_text(Col::DstEndpointHostname).or_else(|| event.get_text(Col::DstEndpointIp)).map(str::to_owned);
    crate::sources::http_words::url(event, Some("http"), host.as_deref(), None, Some(value));
}

/// What follows the ends: why a connection ended, and in parentheses whose it was.
fn rest(event: &mut Event, value: &str) {
    let (reason, user) = match value.strip_suffix(')').and_then(|value| value.rsplit_once('(')) {
        Some((reason, user)) => (reason.trim(), Some(user)),
        None => (value, None),
    };
    event.text(Col::StatusDetail, reason.trim_matches(['(', ')', ' ']));
    if let Some(user) = user.filter(|_| event.get(Col::ActorUserName).is_none()) {
        ends::place_user(event, user);
    }
}

#[cfg(test)]
mod tests;

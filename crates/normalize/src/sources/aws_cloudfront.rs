//! Amazon CloudFront standard logs: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>.
//!
//! Tab-separated text, whose header names its fields, and the same names in JSON. Every request is HTTP Activity.

use std::net::IpAddr;

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::time_ms;
use crate::sources::access::{finish, named, place, seconds_ms};
use crate::sources::http_words::{activity, method, response, url};
use crate::sources::{Format, Mapped, Mapping};

/// Standard logs. Remembers the order that a header said.
#[derive(Debug, Default)]
pub(crate) struct CloudFront {
    header: Option<Vec<&'static str>>,
}

/// The documented order.
const ORDER: &[&str] = &[
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

/// Fields that version 2 can add.
const MORE: &[&str] = &[
    "timestamp",
    "timestamp(ms)",
    "DistributionId",
    "distributionid",
    "distribution-tenant-id",
    "connection-id",
    "c-country",
    "asn",
    "cache-behavior-path-pattern",
    "origin-fbl",
    "origin-lbl",
    "cs-headers",
    "cs-header-names",
    "cs-headers-count",
    "viewer-port",
];

impl Mapping for CloudFront {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{' | b'[', ..] => Format::Json { envelope_keys: &["Records", "records"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        if let Some(names) = line.strip_prefix("#Fields:") {
            let known = |name: &str| ORDER.iter().chain(MORE).find(|known| known.eq_ignore_ascii_case(name)).copied();
            self.header = Some(names.split_ascii_whitespace().map(|name| known(name).unwrap_or_default()).collect());
            return Ok(Mapped::NotARecord);
        }
        if line.starts_with('#') {
            return Ok(Mapped::NotARecord);
        }
        let words: Vec<&str> = line.split('\t').collect();
        finish(line, named(self.header.as_deref().unwrap_or(ORDER), &words), map_access).map(Mapped::Event)
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        map_access(record)
    }
}

/// True if an object that begins like this is a standard log.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["x-edge-location", "cs-uri-stem"])
        || look.line.starts_with("#Version: 1.0")
        || look.line.starts_with("#Fields: date time x-edge-location")
}

/// The time: date and time of day, or, of a record that stands for several, of the first.
fn time_of(fields: &mut Fields<'_>) -> Option<i64> {
    if let Some(time_ms) = fields.long("timestamp(ms)") {
        return Some(time_ms);
    }
    if let Some(seconds) = fields.long("timestamp") {
        return seconds.checked_mul(1000);
    }
    let date = fields.text("date")?;
    let clock = fields.text("time").or_else(|| fields.text("start_time"))?;
    time_ms(&format!("{date}T{clock}Z"))
}

fn map_access(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = time_of(fields).ok_or(Reason::Missing { field: "date" })?;
    let verb = fields.text("cs-method");
    let mut event = Event::new(Class::HttpActivity, activity(verb.as_deref()), time);
    event.text(Col::MetadataProductName, "Amazon CloudFront");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::CloudProvider, "AWS");
    verb.as_deref().into_iter().for_each(|verb| method(&mut event, verb));
    if let Some(address) = fields.peek_text("c-ip").and_then(|text| text.parse::<IpAddr>().ok()) {
        fields.take("c-ip");
        event.text(Col::SrcEndpointIp, address.to_string());
    }
    map_url(&mut event, fields);
    for (col, path) in [(Col::HttpRequestUserAgent, "cs(User-Agent)"), (Col::HttpRequestReferrer, "cs(Referer)")] {
        event.text_opt(col, fields.text(path).filter(|text| *text != "_").map(|text| decoded(&text)));
    }
    place(
        &mut event,
        fields,
        &[
            (Col::SrcEndpointPort, "c-port"),
            (Col::DstEndpointHostname, "cs(Host)"),
            (Col::DstEndpointZone, "x-edge-location"),
            (Col::TrafficBytesIn, "sc-bytes"),
            (Col::TrafficBytesOut, "cs-bytes"),
            (Col::HttpRequestUid, "x-edge-request-id"),
            (Col::HttpRequestVersion, "cs-protocol-version"),
            (Col::HttpResponseContentType, "sc-content-type"),
            (Col::HttpResponseBodyLength, "sc-content-len"),
            (Col::TlsVersion, "ssl-protocol"),
            (Col::TlsCipher, "ssl-cipher"),
            (Col::StatusDetail, "x-edge-detailed-result-type"),
            (Col::StatusDetail, "x-edge-result-type"),
            (Col::Count, "count"),
        ],
    );
    let code = fields.long("sc-status");
    response(&mut event, code);
    if let Some(duration) = fields.peek_text("time-taken").and_then(seconds_ms) {
        fields.take("time-taken");
        event.long(Col::Duration, duration);
    }
    Ok(event)
}

fn map_url(event: &mut Event, fields: &mut Fields<'_>) {
    let viewer = fields.text("x-host-header");
    let host = viewer.as_deref().or_else(|| fields.peek_text("cs(Host)")).map(str::to_owned);
    let path = fields.text("cs-uri-stem").unwrap_or_default();
    let target = match fields.text("cs-uri-query").filter(|query| *query != "-") {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    };
    let scheme = fields.text("cs-protocol");
    url(event, scheme.as_deref(), host.as_deref(), None, Some(&target));
}

/// CloudFront writes blanks and some other letters as `%20`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests;

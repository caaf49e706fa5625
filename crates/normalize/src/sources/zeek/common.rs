//! What Zeek's logs share.

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event, Kind};
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::parse::{epoch_seconds_ms, is_ip, time_ms};

/// Places what the table names, as far as the class has the columns and the fields have the type.
pub(super) fn place(event: &mut Event, fields: &mut Fields<'_>, places: &[(Col, &str)]) {
    for (col, path) in places {
        if !event.class().has(*col) || event.get(*col).is_some() {
            continue;
        }
        match col.column().kind {
            Kind::Integer | Kind::Long => event.long_opt(*col, fields.long(path)),
            Kind::Double => event.double(*col, fields.double(path).unwrap_or(f64::NAN)),
            Kind::Boolean => event.flag_opt(*col, fields.flag(path)),
            Kind::Time => event.time_opt(*col, take_time(fields, path)),
            Kind::TextList => event.list(*col, fields.texts(path)),
            Kind::Text | Kind::Json => event.text_opt(*col, fields.text(path)),
        }
    }
}

fn take_time(fields: &mut Fields<'_>, path: &str) -> Option<i64> {
    let text = scalar(fields.peek(path)?);
    let time_ms = epoch_seconds_ms(&text).or_else(|| time_ms(&text))?;
    fields.take(path);
    Some(time_ms)
}

/// A scalar as text.
pub(super) fn scalar<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Str(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Places what every log may have: the log, the connection and its ends.
pub(super) fn before(event: &mut Event, fields: &mut Fields<'_>, path: &str) {
    event.text(Col::MetadataProductName, "Zeek");
    event.text(Col::MetadataProductVendorName, "Zeek");
    event.text(Col::MetadataLogName, path);
    event.text(Col::MetadataEventCode, path);
    place(event, fields, &[(Col::MetadataLoggedTime, "_write_ts")]);
    let uid = fields.text("uid");
    event.text_opt(Col::MetadataCorrelationUid, uid.as_deref());
    if event.class().has(Col::ConnectionInfoUid) {
        event.text_opt(Col::ConnectionInfoUid, uid);
    }
    ends(event, fields);
    protocol(event, fields);
    direction(event, fields);
    place(event, fields, &[(Col::ConnectionInfoCommunityUid, "community_id")]);
}

fn ends(event: &mut Event, fields: &mut Fields<'_>) {
    for (col, path) in [(Col::SrcEndpointIp, "id.orig_h"), (Col::DstEndpointIp, "id.resp_h")] {
        if event.class().has(col) && fields.peek_text(path).is_some_and(is_ip) {
            event.text_opt(col, fields.text(path));
        }
    }
    place(
        event,
        fields,
        &[
            (Col::SrcEndpointPort, "id.orig_p"),
            (Col::DstEndpointPort, "id.resp_p"),
            (Col::SrcEndpointMac, "orig_l2_addr"),
            (Col::DstEndpointMac, "resp_l2_addr"),
            (Col::SrcEndpointLocationCountry, "orig_cc"),
            (Col::DstEndpointLocationCountry, "resp_cc"),
        ],
    );
}

fn protocol(event: &mut Event, fields: &mut Fields<'_>) {
    if !event.class().has(Col::ConnectionInfoProtocolName) {
        return;
    }
    let protocol = fields.text("proto").map(|protocol| protocol.to_ascii_lowercase());
    let number = match protocol.as_deref() {
        Some("tcp") => Some(6),
        Some("udp") => Some(17),
        Some("icmp") => Some(1),
        _ => None,
    };
    event.long_opt(Col::ConnectionInfoProtocolNum, number);
    event.text_opt(Col::ConnectionInfoProtocolName, protocol);
    let version = event.get_text(Col::SrcEndpointIp).map(|ip| if ip.contains(':') { 6 } else { 4 });
    event.long_opt(Col::ConnectionInfoProtocolVerId, version);
}

/// Whose network the ends are in tells the direction.
fn direction(event: &mut Event, fields: &mut Fields<'_>) {
    if !event.class().has(Col::ConnectionInfoDirectionId) {
        return;
    }
    let (Some(Value::Bool(is_from_here)), Some(Value::Bool(is_to_here))) = (fields.peek("local_orig"), fields.peek("local_resp")) else {
        return;
    };
    let (id, words) = match (is_from_here, is_to_here) {
        (true, false) => (2, "Outbound"),
        (false, true) => (1, "Inbound"),
        (true, true) => (3, "Lateral"),
        (false, false) => (99, "Other"),
    };
    fields.take("local_orig");
    fields.take("local_resp");
    set_direction(event, id, words);
}

/// Says which way a connection went.
pub(super) fn set_direction(event: &mut Event, id: i64, words: &str) {
    event.long(Col::ConnectionInfoDirectionId, id);
    event.text(Col::ConnectionInfoDirection, words);
}

/// Places what only counts where the log's own mapping did not say it.
pub(super) fn after(event: &mut Event, _fields: &mut Fields<'_>, path: &str) {
    if event.class() == Class::EventLogActivity {
        event.text(Col::LogName, path);
        event.text(Col::LogProvider, "Zeek");
    }
}

/// Seconds with decimals, as a whole number of milliseconds.
pub(super) fn milliseconds(seconds: f64) -> Option<i64> {
    let milliseconds = (seconds * 1000.0).round();
    (milliseconds.is_finite() && milliseconds.abs() < 9e15).then_some(milliseconds as i64)
}

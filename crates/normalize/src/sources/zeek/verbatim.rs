//! Which fields of a tab-separated record are in a column as they were written.
//!
//! A JSON record is kept in `raw_data`, where Sigma rules find every field by its name. A tab-separated one does not name its fields, so
//! that what is in no column as it was written must be in `unmapped`: `uri` with its query, `duration` to the microsecond.

use coldtrail_model::{Col, Event, Value as Column};
use serde::{Serialize, Serializer};
use serde_json_borrow::Value;

use crate::fields::Fields;

/// Fields and the columns that may hold them as they were written.
type Columns = &'static [(&'static str, Col)];

/// What every log may have. The mapping of Sigma reads the same columns (`crates/sigma/mappings/zeek.yml`), and a test holds the two
/// together. A column that may also be set from another field is none of these.
const OF_EVERY_LOG: Columns = &[
    ("uid", Col::MetadataCorrelationUid),
    ("id.orig_h", Col::SrcEndpointIp),
    ("id.orig_p", Col::SrcEndpointPort),
    ("id.resp_h", Col::DstEndpointIp),
    ("id.resp_p", Col::DstEndpointPort),
];

/// The logs that Sigma has rules for, and what each has of its own.
const OF_LOGS: &[(&[&str], Columns)] = &[
    (
        &["conn", "conn_long", "conn_red"],
        &[
            ("proto", Col::ConnectionInfoProtocolName),
            ("service", Col::AppProtocolName),
            ("conn_state", Col::StatusCode),
            ("history", Col::ConnectionInfoFlagHistory),
            ("orig_bytes", Col::TrafficBytesOut),
            ("resp_bytes", Col::TrafficBytesIn),
            ("orig_pkts", Col::TrafficPacketsOut),
            ("resp_pkts", Col::TrafficPacketsIn),
            ("missed_bytes", Col::TrafficBytesMissed),
            ("orig_l2_addr", Col::SrcEndpointMac),
            ("resp_l2_addr", Col::DstEndpointMac),
            ("community_id", Col::ConnectionInfoCommunityUid),
        ],
    ),
    (&["dce_rpc"], &[("endpoint", Col::DstEndpointSvcName), ("operation", Col::AppName)]),
    (
        &["dns", "dns_red"],
        &[
            ("proto", Col::ConnectionInfoProtocolName),
            ("query", Col::QueryHostname),
            ("qtype_name", Col::QueryType),
            ("qclass_name", Col::QueryClass),
            ("trans_id", Col::QueryPacketUid),
            ("opcode", Col::QueryOpcodeId),
            ("rcode", Col::RcodeId),
            ("answers", Col::AnswersRdata),
        ],
    ),
    (
        &["http", "http_red"],
        &[
            ("method", Col::HttpRequestHttpMethod),
            ("host", Col::HttpRequestUrlHostname),
            ("uri", Col::HttpRequestUrlPath),
            ("referrer", Col::HttpRequestReferrer),
            ("version", Col::HttpRequestVersion),
            ("user_agent", Col::HttpRequestUserAgent),
            ("request_body_len", Col::HttpRequestBodyLength),
            ("response_body_len", Col::HttpResponseBodyLength),
            ("status_code", Col::HttpResponseCode),
            ("status_msg", Col::HttpResponseMessage),
            ("username", Col::ActorUserName),
        ],
    ),
    (
        &["kerberos"],
        &[
            ("client", Col::UserName),
            ("service", Col::ServiceName),
            ("error_msg", Col::StatusDetail),
            ("client_cert_subject", Col::CertificateSubject),
        ],
    ),
    (
        &["rdp"],
        &[
            ("cookie", Col::ActorUserName),
            ("client_name", Col::SrcEndpointHostname),
            ("client_build", Col::AppName),
            ("result", Col::StatusDetail),
        ],
    ),
    (&["smb_files"], &[("fuid", Col::FileUid), ("size", Col::FileSize), ("id.resp_h", Col::DeviceIp)]),
    (
        &["x509", "x509_red"],
        &[
            ("certificate.subject", Col::TlsCertificateSubject),
            ("certificate.issuer", Col::TlsCertificateIssuer),
            ("certificate.serial", Col::TlsCertificateSerialNumber),
        ],
    ),
];

/// True if a log's fields must all be readable as they were written.
pub(super) fn is_kept(log: &str) -> bool {
    columns_of(log).is_some()
}

fn columns_of(log: &str) -> Option<Columns> {
    OF_LOGS.iter().find(|(names, _)| names.contains(&log)).map(|(_, columns)| *columns)
}

/// The fields of a record that no column holds as they were written, as the text of a JSON object; what is unset is left out, what is
/// empty is not.
pub(super) fn rest(event: &Event, log: &str, record: Value<'_>) -> Option<String> {
    let mut fields = Fields::from_value(record);
    for (path, col) in columns_of(log)?.iter().chain(OF_EVERY_LOG) {
        let is_held = fields.peek(path).is_some_and(|value| event.get(*col).is_some_and(|column| is_same(column, value)));
        if is_held {
            fields.take(path);
        }
    }
    has_value(fields.root()).then(|| serde_json::to_string(&Set(fields.root())).ok()).flatten()
}

fn is_same(column: &Column, value: &Value<'_>) -> bool {
    match (column, value) {
        (Column::Text(text), Value::Str(written)) => text.as_str() == written,
        (Column::Long(number), Value::Number(written)) => written.as_i64() == Some(*number),
        (Column::TextList(texts), Value::Array(written)) => {
            texts.len() == written.len() && texts.iter().zip(written).all(|(text, written)| written.as_str() == Some(text.as_str()))
        }
        _ => false,
    }
}

/// False for what is unset, and for groups of fields of which none is set.
fn has_value(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => members.values().any(has_value),
        _ => true,
    }
}

/// Writes what [`has_value`].
struct Set<'v, 'a>(&'v Value<'a>);

impl Serialize for Set<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                serializer.collect_map(members.iter().filter(|(_, value)| has_value(value)).map(|(key, value)| (key, Set(value))))
            }
            value => value.serialize(serializer),
        }
    }
}

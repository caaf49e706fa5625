//! Suricata's EVE JSON: <https://docs.suricata.io/en/latest/output/eve/eve-json-format.html>.
//!
//! Lines, arrays, and what Filebeat and Vector put around them. `event_type` says what an event is. SSH, SMTP, SNMP, MQTT and other
//! protocols that have no table are Network Activity with the name of the protocol, as with Zeek. A file that went over HTTP is HTTP
//! Activity, over anything else File Activity.

use std::net::IpAddr;

use coldtrail_model::{Class, Col, Event, Kind, Outcome};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::{Fields, to_json};
use crate::parse::base_name;
use crate::sources::envelope::{has_json_text, map_inner};
use crate::sources::http_words;
use crate::sources::{Format, Mapping};

/// EVE events.
#[derive(Debug, Default)]
pub(crate) struct Eve;

impl Mapping for Eve {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["records", "Records", "events"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if let Value::Str(text) = record.root() {
            let text = text.to_string();
            let mut inner = Fields::parse(&text).map_err(|error| Reason::NotJson { detail: error.to_string() })?;
            let mut event = map_event(&mut inner)?;
            crate::normalizer::keep_rest(&mut event, &inner);
            *record = Fields::from_value(Value::Null);
            return Ok(event);
        }
        if record.has("suricata.eve.event_type") {
            return map_inner(record, "suricata.eve", map_event);
        }
        if !record.has("event_type") && has_json_text(record, "message") {
            return map_inner(record, "message", map_event);
        }
        map_event(record)
    }
}

/// True if an object that begins like this holds EVE events.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["event_type", "timestamp", "flow_id"])
        || look.record_has(&["event_type", "timestamp", "stats"])
        || look.record_has(&["suricata.eve.event_type"])
}

/// What an event of a type is.
type Route = (Class, i32, fn(&mut Event, &mut Fields<'_>));

fn route(kind: &str, record: &Fields<'_>) -> Route {
    let is_http = record.peek_text("app_proto") == Some("http");
    match kind {
        "alert" => (Class::DetectionFinding, 1, alert),
        "flow" | "netflow" => (Class::NetworkActivity, 6, flow),
        "tls" => (Class::NetworkActivity, 6, tls),
        "ssh" => (Class::NetworkActivity, 6, ssh),
        "mqtt" => (Class::NetworkActivity, mqtt_activity(record), mqtt),
        "anomaly" => (Class::NetworkActivity, 0, anomaly),
        "snmp" => (Class::NetworkActivity, 0, |_, _| {}),
        "drop" => (Class::NetworkActivity, 5, dropped),
        "http" => (Class::HttpActivity, http_words::activity(record.peek_text("http.http_method")), http),
        "fileinfo" if is_http || record.has("http") => (Class::HttpActivity, 99, file),
        "fileinfo" => (Class::FileActivity, 99, file),
        "dns" => (Class::DnsActivity, dns_activity(record), dns),
        "krb5" => (Class::Authentication, krb5_activity(record), krb5),
        "stats" | "engine" => (Class::EventLogActivity, 0, |_, _| {}),
        _ if record.has("src_ip") || record.has("flow_id") => (Class::NetworkActivity, 6, |_, _| {}),
        _ => (Class::EventLogActivity, 0, |_, _| {}),
    }
}

fn map_event(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let kind = record.text("event_type");
    let time = record.time("timestamp").or_else(|| record.time("@timestamp")).ok_or(Reason::Missing { field: "timestamp" })?;
    let kind = kind.as_deref().unwrap_or_default();
    let (class, activity, map) = route(kind, record);
    let mut event = Event::new(class, activity, time);
    event.text(Col::MetadataProductName, "Suricata");
    event.text(Col::MetadataProductVendorName, "Open Information Security Foundation");
    event.text(Col::MetadataLogName, kind);
    event.text(Col::MetadataEventCode, kind);
    place(&mut event, record, &[(Col::MetadataSequence, "pcap_cnt"), (Col::DeviceHostname, "host"), (Col::DeviceInterfaceUid, "in_iface")]);
    if let Some(flow) = record.text("flow_id") {
        event.text(Col::MetadataCorrelationUid, &flow);
        if class.has(Col::ConnectionInfoUid) {
            event.text(Col::ConnectionInfoUid, flow);
        }
    }
    ends(&mut event, record);
    protocol(&mut event, record, kind);
    map(&mut event, record);
    if class == Class::EventLogActivity {
        event.text(Col::LogProvider, "Suricata");
        event.text(Col::LogName, kind);
    }
    Ok(event)
}

/// Places what is there, as the kind of its column has it, where the class has the column.
fn place(event: &mut Event, record: &mut Fields<'_>, places: &[(Col, &str)]) {
    let class = event.class();
    for (col, path) in places.iter().filter(|(col, _)| class.has(*col)) {
        match col.column().kind {
            Kind::Integer | Kind::Long => event.long_opt(*col, record.long(path)),
            Kind::Time => event.time_opt(*col, record.time(path)),
            Kind::TextList => event.list(*col, record.texts(path)),
            _ => event.text_opt(*col, record.text(path)),
        }
    }
}

/// The ends of the packet or flow. Suricata writes IPv6 addresses in full.
fn ends(event: &mut Event, record: &mut Fields<'_>) {
    let class = event.class();
    let cols = match class {
        Class::DetectionFinding => {
            [Col::EvidencesSrcEndpointIp, Col::EvidencesSrcEndpointPort, Col::EvidencesDstEndpointIp, Col::EvidencesDstEndpointPort]
        }
        _ => [Col::SrcEndpointIp, Col::SrcEndpointPort, Col::DstEndpointIp, Col::DstEndpointPort],
    };
    for (col, path) in cols.into_iter().zip(["src_ip", "src_port", "dest_ip", "dest_port"]).filter(|(col, _)| class.has(*col)) {
        if path.ends_with("_port") {
            event.long_opt(col, record.long(path));
        } else if let Some(address) = record.peek_text(path).and_then(|text| text.parse::<IpAddr>().ok()) {
            record.take(path);
            event.text(col, address.to_string());
        }
    }
    place(event, record, &[(Col::SrcEndpointMac, "ether.src_mac"), (Col::DstEndpointMac, "ether.dest_mac")]);
}

fn protocol(event: &mut Event, record: &mut Fields<'_>, kind: &str) {
    if !event.class().has(Col::ConnectionInfoProtocolName) {
        return;
    }
    if let Some(name) = record.text("proto") {
        let name = name.to_ascii_lowercase();
        let number = [("icmp", 1), ("tcp", 6), ("udp", 17), ("ipv6-icmp", 58), ("sctp", 132)].iter().find(|(known, _)| *known == name);
        event.long_opt(Col::ConnectionInfoProtocolNum, number.map(|(_, number)| *number));
        event.text(Col::ConnectionInfoProtocolName, name);
    }
    place(event, record, &[(Col::ConnectionInfoProtocolVerId, "ip_v"), (Col::ConnectionInfoCommunityUid, "community_id")]);
    let known = record.peek_text("app_proto").filter(|name| !matches!(*name, "failed" | "unknown")).map(str::to_owned);
    let implied = (!matches!(kind, "flow" | "netflow" | "anomaly" | "drop" | "fileinfo")).then(|| kind.to_owned());
    let known = known.or(implied).or_else(|| record.peek_text("anomaly.app_proto").map(str::to_owned));
    event.text_opt(Col::AppProtocolName, known.as_ref());
    record.forget("app_proto", known.as_deref());
}

/// <https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-alert>; a signature's priority 1 is the highest.
fn alert(event: &mut Event, record: &mut Fields<'_>) {
    let uid = record.text("alert.signature_id");
    event.text_opt(Col::FindingInfoUid, uid.as_ref());
    event.text_opt(Col::FindingInfoAnalyticUid, uid);
    let title = record.text("alert.signature");
    event.text_opt(Col::FindingInfoTitle, title.as_ref());
    event.text_opt(Col::FindingInfoAnalyticName, title);
    event.long(Col::FindingInfoAnalyticTypeId, 1);
    event.list(Col::FindingInfoTypes, record.texts("alert.category"));
    event.flag(Col::IsAlert, true);
    event.severity(match record.long("alert.severity") {
        Some(1) => 4,
        Some(2) => 3,
        Some(3) => 2,
        Some(_) => 1,
        None => 0,
    });
    let control = match record.text("alert.action").as_deref() {
        Some("allowed") => Some((1, "Allowed", 1, "Allowed")),
        Some("blocked") => Some((2, "Denied", 2, "Blocked")),
        _ => None,
    };
    if let Some((action_id, action, disposition_id, disposition)) = control {
        event.long(Col::ActionId, action_id);
        event.text(Col::Action, action);
        event.long(Col::DispositionId, disposition_id);
        event.text(Col::Disposition, disposition);
    }
    let confidence = record.peek_text("alert.metadata.confidence.0").map(str::to_owned);
    if let Some(id) =
        confidence.as_deref().and_then(|word| ["low", "medium", "high"].iter().position(|known| word.eq_ignore_ascii_case(known)))
    {
        event.long(Col::ConfidenceId, id as i64 + 1);
        event.text(Col::Confidence, ["Low", "Medium", "High"][id]);
    }
    let techniques = record.texts("alert.metadata.mitre_technique_id");
    event.list(Col::AttacksTechniqueUid, techniques);
    let asked =
        ["dns.query.0.rrname", "dns.queries.0.rrname", "dns.rrname"].iter().find_map(|path| record.peek_text(path)).map(str::to_owned);
    event.text_opt(Col::EvidencesQueryHostname, asked);
}

fn flow(event: &mut Event, record: &mut Fields<'_>) {
    let prefix = if record.has("flow") { "flow" } else { "netflow" };
    let start = record.time(&format!("{prefix}.start"));
    let end = record.time(&format!("{prefix}.end"));
    event.time_opt(Col::StartTime, start);
    event.time_opt(Col::EndTime, end);
    event.long_opt(Col::Duration, end.zip(start).and_then(|(end, start)| end.checked_sub(start)).filter(|duration| *duration >= 0));
    let [bytes_out, bytes_in, packets_out, packets_in] =
        ["bytes_toserver", "bytes_toclient", "pkts_toserver", "pkts_toclient"].map(|name| record.long(&format!("{prefix}.{name}")));
    event.long_opt(Col::TrafficBytesOut, bytes_out);
    event.long_opt(Col::TrafficBytesIn, bytes_in);
    event.long_opt(Col::TrafficPacketsOut, packets_out);
    event.long_opt(Col::TrafficPacketsIn, packets_in);
    let sum = |one: Option<i64>, other: Option<i64>| one.zip(other).and_then(|(one, other)| one.checked_add(other));
    event.long_opt(Col::TrafficBytes, sum(bytes_out, bytes_in).or_else(|| record.long("netflow.bytes")));
    event.long_opt(Col::TrafficPackets, sum(packets_out, packets_in).or_else(|| record.long("netflow.pkts")));
    if let Some(state) = record.text("flow.state") {
        event.outcome(match &*state {
            "established" | "closed" => Outcome::Success,
            "bypassed" => Outcome::Other,
            _ => Outcome::Unknown,
        });
        event.text(Col::StatusDetail, state);
    }
    place(event, record, &[(Col::StatusCode, "flow.reason"), (Col::ConnectionInfoFlagHistory, "tcp.tcp_flags")]);
}

fn dropped(event: &mut Event, record: &mut Fields<'_>) {
    event.outcome(Outcome::Failure);
    event.long(Col::ActionId, 2);
    event.text(Col::Action, "Denied");
    event.long(Col::DispositionId, 2);
    event.text(Col::Disposition, "Blocked");
    event.text_opt(Col::StatusDetail, record.text("drop.reason"));
}

fn anomaly(event: &mut Event, record: &mut Fields<'_>) {
    let name = record.text("anomaly.event");
    event.text_opt(Col::StatusCode, name.as_ref());
    event.text_opt(Col::Message, name);
    let known = event.get_text(Col::AppProtocolName).map(str::to_owned);
    record.forget("anomaly.app_proto", known.as_deref());
    event.text_opt(Col::StatusDetail, record.text("anomaly.type"));
}

fn tls(event: &mut Event, record: &mut Fields<'_>) {
    place(
        event,
        record,
        &[
            (Col::TlsVersion, "tls.version"),
            (Col::TlsSni, "tls.sni"),
            (Col::TlsJa3HashValue, "tls.ja3.hash"),
            (Col::TlsJa3sHashValue, "tls.ja3s.hash"),
            (Col::TlsCertificateSubject, "tls.subject"),
            (Col::TlsCertificateIssuer, "tls.issuerdn"),
            (Col::TlsCertificateSerialNumber, "tls.serial"),
        ],
    );
    if let Some(fingerprint) = record.text("tls.fingerprint") {
        event.text(Col::TlsCertificateFingerprintsSha1Value, fingerprint.replace(':', "").to_ascii_lowercase());
    }
}

fn ssh(event: &mut Event, record: &mut Fields<'_>) {
    place(event, record, &[(Col::AppName, "ssh.client.software_version")]);
}

fn mqtt_activity(record: &Fields<'_>) -> i32 {
    match record.peek("mqtt") {
        Some(Value::Object(messages)) => match messages.keys().next() {
            Some("connect" | "connack") => 1,
            Some("disconnect") => 2,
            Some(_) => 6,
            None => 99,
        },
        _ => 99,
    }
}

/// The code with which a broker or a client answered; 0 is good.
fn mqtt(event: &mut Event, record: &mut Fields<'_>) {
    let topic = record.peek_text("mqtt.publish.topic").map(str::to_owned);
    event.text_opt(Col::Message, topic);
    let code = ["mqtt.connack.return_code", "mqtt.disconnect.reason_code"].iter().find_map(|path| record.long(path));
    event.outcome(if code.unwrap_or(0) == 0 { Outcome::Success } else { Outcome::Failure });
    event.text_opt(Col::StatusCode, code.map(|code| code.to_string()));
}

fn http(event: &mut Event, record: &mut Fields<'_>) {
    if let Some(method) = record.text("http.http_method") {
        http_words::method(event, &method);
    }
    transfer(event, record);
    place(event, record, &[(Col::HttpResponseBodyLength, "http.length")]);
    let code = record.long("http.status");
    http_words::response(event, code);
}

/// What http and fileinfo have of a request.
fn transfer(event: &mut Event, record: &mut Fields<'_>) {
    let (host, port, path) = (record.text("http.hostname"), record.long("http.http_port"), record.text("http.url"));
    http_words::url(event, Some("http"), host.as_deref(), port, path.as_deref());
    place(
        event,
        record,
        &[
            (Col::HttpRequestUserAgent, "http.http_user_agent"),
            (Col::HttpRequestReferrer, "http.http_refer"),
            (Col::HttpRequestVersion, "http.protocol"),
            (Col::HttpResponseContentType, "http.http_content_type"),
        ],
    );
}

fn file(event: &mut Event, record: &mut Fields<'_>) {
    event.activity_other("Transfer");
    if let Some(name) = record.text("fileinfo.filename") {
        event.text(Col::FileName, base_name(&name));
        if event.class() == Class::FileActivity {
            event.text(Col::FilePath, name);
        }
    }
    place(
        event,
        record,
        &[
            (Col::FileSize, "fileinfo.size"),
            (Col::FileUid, "fileinfo.file_id"),
            (Col::FileMimeType, "fileinfo.magic"),
            (Col::FileHashesMd5Value, "fileinfo.md5"),
            (Col::FileHashesSha1Value, "fileinfo.sha1"),
            (Col::FileHashesSha256Value, "fileinfo.sha256"),
            (Col::HttpRequestHttpMethod, "http.http_method"),
        ],
    );
    if event.class() == Class::HttpActivity {
        event.text(Col::AppProtocolName, "http");
        transfer(event, record);
        event.long_opt(Col::HttpResponseCode, record.long("http.status"));
    }
}

/// Version 1 and 2 write `query` and `answer`, version 3 `request` and `response`.
fn dns_activity(record: &Fields<'_>) -> i32 {
    match record.peek_text("dns.type") {
        Some("query" | "request") => 1,
        Some("answer" | "response") => 2,
        _ => 6,
    }
}

fn dns(event: &mut Event, record: &mut Fields<'_>) {
    for prefix in ["dns", "dns.query.0", "dns.queries.0"] {
        for (col, name) in [(Col::QueryHostname, "rrname"), (Col::QueryType, "rrtype")] {
            if event.get(col).is_none() {
                event.text_opt(col, record.text(&format!("{prefix}.{name}")));
            }
        }
    }
    place(event, record, &[(Col::QueryPacketUid, "dns.id"), (Col::QueryOpcodeId, "dns.opcode")]);
    if let Some(code) = record.text("dns.rcode") {
        http_words::dns_rcode(event, &code);
    }
    if let Some(answers) = record.take("dns.answers") {
        if let Value::Array(elements) = &answers {
            let data = elements.iter().filter_map(|answer| match answer {
                Value::Object(answer) => answer.get("rdata").and_then(|data| data.as_str()),
                _ => None,
            });
            event.list(Col::AnswersRdata, data);
            let rows = elements.iter().filter_map(|answer| match answer {
                Value::Object(answer) => Some(serde_json::json!({
                    "rdata": answer.get("rdata").and_then(|data| data.as_str()).unwrap_or("Unknown"),
                    "type": answer.get("rrtype").and_then(|kind| kind.as_str()).unwrap_or_default(),
                    "ttl": answer.get("ttl").and_then(|ttl| ttl.as_i64()).unwrap_or_default(),
                })),
                _ => None,
            });
            event.text(Col::Answers, serde_json::Value::Array(rows.collect()).to_string());
        } else if let Some(text) = to_json(&answers) {
            event.text(Col::StatusDetail, text);
        }
    }
}

fn krb5_activity(record: &Fields<'_>) -> i32 {
    match (record.peek_text("krb5.msg_type"), record.peek_text("krb5.error_code")) {
        (Some("KRB_ERROR"), Some("KDC_ERR_PREAUTH_REQUIRED")) => 6,
        (Some("KRB_AS_REP" | "KRB_AS_REQ"), _) => 3,
        (Some("KRB_TGS_REP" | "KRB_TGS_REQ"), _) => 4,
        (Some("KRB_ERROR"), _) => match record.peek_text("krb5.failed_request") {
            Some("KRB_AS_REQ") => 3,
            Some("KRB_TGS_REQ") => 4,
            _ => 0,
        },
        _ => 0,
    }
}

fn krb5(event: &mut Event, record: &mut Fields<'_>) {
    event.text(Col::AuthProtocol, "Kerberos");
    event.long(Col::AuthProtocolId, 2);
    let is_error = record.text("krb5.msg_type").as_deref() == Some("KRB_ERROR");
    event.outcome(if is_error { Outcome::Failure } else { Outcome::Success });
    for (col, path) in [(Col::UserName, "krb5.cname"), (Col::UserDomain, "krb5.realm"), (Col::ServiceName, "krb5.sname")] {
        event.text_opt(col, record.text(path).filter(|name| *name != "<empty>" && *name != "<none>"));
    }
    place(event, record, &[(Col::StatusCode, "krb5.error_code"), (Col::StatusDetail, "krb5.failed_request")]);
    event.flag(Col::IsCleartext, false);
}

#[cfg(test)]
mod tests;

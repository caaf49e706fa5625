//! Connections, TLS and the logs of other protocols.

use coldtrail_model::{Class, Col, Event, Outcome};
use serde_json_borrow::Value;

use super::common::{milliseconds, place, set_direction};
use crate::fields::Fields;
use crate::parse::is_ip;

/// OCSF's activity of a connection's state: <https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html#type-Conn::Info>.
pub(super) fn activity(fields: &Fields<'_>) -> i32 {
    match fields.peek_text("conn_state").unwrap_or_default() {
        "S1" => 1,
        "SF" | "S2" | "S3" => 2,
        "RSTO" | "RSTR" | "RSTOS0" | "RSTRH" => 3,
        "S0" | "SH" | "SHR" => 4,
        "REJ" => 5,
        _ => 6,
    }
}

/// conn.log
pub(super) fn connection(event: &mut Event, fields: &mut Fields<'_>) {
    if let Some(state) = fields.text("conn_state") {
        event.outcome(match &*state {
            "SF" | "S1" | "S2" | "S3" => Outcome::Success,
            "REJ" | "S0" | "SH" | "SHR" | "RSTOS0" => Outcome::Failure,
            _ => Outcome::Other,
        });
        event.text(Col::StatusCode, state);
    }
    times(event, fields);
    traffic(event, fields);
    place(event, fields, &[(Col::AppProtocolName, "service"), (Col::ConnectionInfoFlagHistory, "history")]);
}

/// A connection began at `ts`.
fn times(event: &mut Event, fields: &mut Fields<'_>) {
    let start_ms = event.time_ms();
    event.time(Col::StartTime, start_ms);
    if let Some(duration_ms) = fields.double("duration").and_then(milliseconds) {
        event.long(Col::Duration, duration_ms);
        event.time_opt(Col::EndTime, start_ms.checked_add(duration_ms));
    }
}

/// From the originator is out, from the responder is in.
fn traffic(event: &mut Event, fields: &mut Fields<'_>) {
    let [bytes_out, bytes_in, packets_out, packets_in] =
        ["orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts"].map(|path| fields.long(path));
    event.long_opt(Col::TrafficBytesOut, bytes_out);
    event.long_opt(Col::TrafficBytesIn, bytes_in);
    event.long_opt(Col::TrafficBytes, sum(bytes_out, bytes_in));
    event.long_opt(Col::TrafficPacketsOut, packets_out);
    event.long_opt(Col::TrafficPacketsIn, packets_in);
    event.long_opt(Col::TrafficPackets, sum(packets_out, packets_in));
    place(event, fields, &[(Col::TrafficBytesMissed, "missed_bytes")]);
}

fn sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (None, None) => None,
        (one, other) => one.unwrap_or(0).checked_add(other.unwrap_or(0)),
    }
}

/// ssl.log
pub(super) fn tls(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "tls");
    // What is wrong with the certificate tells more than the alert that it led to.
    if fields.peek_text("validation_status").is_some_and(|status| status != "ok") {
        event.text_opt(Col::StatusDetail, fields.text("validation_status"));
    }
    place(
        event,
        fields,
        &[
            (Col::TlsVersion, "version"),
            (Col::TlsCipher, "cipher"),
            (Col::TlsSni, "server_name"),
            (Col::TlsJa3HashValue, "ja3"),
            (Col::TlsJa3sHashValue, "ja3s"),
            (Col::TlsCertificateSubject, "subject"),
            (Col::TlsCertificateIssuer, "issuer"),
            (Col::StatusDetail, "last_alert"),
        ],
    );
    if !event.get_text(Col::TlsVersion).is_some_and(|version| version.starts_with("DTLS")) {
        tcp(event);
    }
    if let Some(is_established) = fields.flag("established") {
        event.outcome(if is_established { Outcome::Success } else { Outcome::Failure });
    }
    if let Some(Value::Str(fingerprint)) = fields.peek("cert_chain_fps.0") {
        let fingerprint = fingerprint.to_string();
        leaf_fingerprint(event, &fingerprint);
    }
}

/// The chain stays in `unmapped`; its first certificate is the server's.
fn leaf_fingerprint(event: &mut Event, fingerprint: &str) {
    match fingerprint.len() {
        64 => event.text(Col::TlsCertificateFingerprintsSha256Value, fingerprint),
        40 => event.text(Col::TlsCertificateFingerprintsSha1Value, fingerprint),
        _ => {}
    }
}

/// x509.log
pub(super) fn certificate(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "tls");
    place(
        event,
        fields,
        &[
            (Col::TlsCertificateSubject, "certificate.subject"),
            (Col::TlsCertificateIssuer, "certificate.issuer"),
            (Col::TlsCertificateSerialNumber, "certificate.serial"),
        ],
    );
    if let Some(fingerprint) = fields.peek_text("fingerprint").map(str::to_owned) {
        leaf_fingerprint(event, &fingerprint);
    }
}

/// ssh.log
pub(super) fn ssh(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "ssh");
    tcp(event);
    match fields.text("direction").as_deref() {
        Some("INBOUND") => set_direction(event, 1, "Inbound"),
        Some("OUTBOUND") => set_direction(event, 2, "Outbound"),
        Some(other) => set_direction(event, 99, other),
        None => {}
    }
    place(event, fields, &[(Col::Count, "auth_attempts"), (Col::AppName, "client")]);
    remote_location(event, fields);
    success(event, fields, "auth_success");
}

/// The remote end is the source of what comes in and the destination of what goes out.
fn remote_location(event: &mut Event, fields: &mut Fields<'_>) {
    let is_inbound = event.get_text(Col::ConnectionInfoDirection) == Some("Inbound");
    let [country, region, city, latitude, longitude] = if is_inbound {
        [
            Col::SrcEndpointLocationCountry,
            Col::SrcEndpointLocationRegion,
            Col::SrcEndpointLocationCity,
            Col::SrcEndpointLocationLat,
            Col::SrcEndpointLocationLong,
        ]
    } else {
        [
            Col::DstEndpointLocationCountry,
            Col::DstEndpointLocationRegion,
            Col::DstEndpointLocationCity,
            Col::DstEndpointLocationLat,
            Col::DstEndpointLocationLong,
        ]
    };
    place(
        event,
        fields,
        &[
            (country, "remote_location.country_code"),
            (region, "remote_location.region"),
            (city, "remote_location.city"),
            (latitude, "remote_location.latitude"),
            (longitude, "remote_location.longitude"),
        ],
    );
}

/// rdp.log; the cookie is the name that the client wants to sign in with.
pub(super) fn rdp(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "rdp");
    tcp(event);
    place(
        event,
        fields,
        &[
            (Col::ActorUserName, "cookie"),
            (Col::SrcEndpointHostname, "client_name"),
            (Col::AppName, "client_build"),
            (Col::StatusDetail, "result"),
        ],
    );
    success(event, fields, "auth_success");
}

/// ftp.log
pub(super) fn ftp(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "ftp");
    tcp(event);
    place(
        event,
        fields,
        &[(Col::ActorUserName, "user"), (Col::StatusCode, "reply_code"), (Col::StatusDetail, "reply_msg"), (Col::UrlUrlString, "arg")],
    );
}

/// smtp.log
pub(super) fn smtp(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "smtp");
    tcp(event);
    place(
        event,
        fields,
        &[
            (Col::SrcEndpointHostname, "helo"),
            (Col::DstEndpointIntermediateIps, "path"),
            (Col::AppName, "user_agent"),
            (Col::StatusDetail, "last_reply"),
        ],
    );
    if fields.peek_text("mailfrom").is_some_and(is_email) {
        event.text_opt(Col::ActorUserEmailAddr, fields.text("mailfrom"));
    }
}

/// True if the text is an address that OCSF takes for one; `root@localhost` is none.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && !domain.contains(['@', ' ', '>']))
}

/// dhcp.log
pub(super) fn dhcp(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "dhcp");
    event.text(Col::ConnectionInfoProtocolName, "udp");
    event.long(Col::ConnectionInfoProtocolNum, 17);
    for (col, path) in [(Col::SrcEndpointIp, "client_addr"), (Col::SrcEndpointIp, "assigned_addr"), (Col::DstEndpointIp, "server_addr")] {
        if event.get(col).is_none() && fields.peek_text(path).is_some_and(is_ip) {
            event.text_opt(col, fields.text(path));
        }
    }
    place(event, fields, &[(Col::SrcEndpointMac, "mac"), (Col::SrcEndpointHostname, "host_name"), (Col::SrcEndpointDomain, "domain")]);
    if let Some(uid) = fields.peek_text("uids.0").map(str::to_owned) {
        event.text(Col::ConnectionInfoUid, &uid);
        event.text(Col::MetadataCorrelationUid, uid);
    }
    times(event, fields);
}

/// weird.log
pub(super) fn weird(event: &mut Event, fields: &mut Fields<'_>) {
    place(event, fields, &[(Col::StatusCode, "name"), (Col::StatusDetail, "addl"), (Col::AppProtocolName, "source")]);
}

/// dce_rpc.log
pub(super) fn rpc(event: &mut Event, fields: &mut Fields<'_>) {
    protocol(event, "dce_rpc");
    tcp(event);
    place(event, fields, &[(Col::DstEndpointSvcName, "endpoint"), (Col::AppName, "operation")]);
}

/// notice.log
pub(super) fn notice(event: &mut Event, fields: &mut Fields<'_>) {
    event.flag(Col::IsAlert, true);
    place(
        event,
        fields,
        &[
            (Col::FindingInfoTitle, "note"),
            (Col::FindingInfoDesc, "msg"),
            (Col::EvidencesSrcEndpointIp, "src"),
            (Col::EvidencesDstEndpointIp, "dst"),
            (Col::EvidencesSrcEndpointIp, "id.orig_h"),
            (Col::EvidencesDstEndpointIp, "id.resp_h"),
            (Col::EvidencesSrcEndpointPort, "id.orig_p"),
            (Col::EvidencesDstEndpointPort, "id.resp_p"),
            (Col::EvidencesDstEndpointPort, "p"),
        ],
    );
    let uid = event.get_text(Col::MetadataCorrelationUid).map(str::to_owned);
    let title = event.get_text(Col::FindingInfoTitle).unwrap_or("notice").to_owned();
    event.text(Col::FindingInfoUid, uid.map_or_else(|| title.clone(), |uid| format!("{title}:{uid}")));
    event.text(Col::FindingInfoAnalyticName, title);
    event.long(Col::FindingInfoAnalyticTypeId, 1);
}

/// Says which protocol of the application it is.
pub(super) fn protocol(event: &mut Event, name: &str) {
    event.text(Col::AppProtocolName, name);
}

/// These logs do not name the protocol that they always use.
fn tcp(event: &mut Event) {
    debug_assert!(event.class() == Class::NetworkActivity, "{}", event.class());
    event.text(Col::ConnectionInfoProtocolName, "tcp");
    event.long(Col::ConnectionInfoProtocolNum, 6);
}

fn success(event: &mut Event, fields: &mut Fields<'_>, path: &str) {
    if let Some(is_success) = fields.flag(path) {
        event.outcome(if is_success { Outcome::Success } else { Outcome::Failure });
    }
}

//! The messages of FTD that are names with values, 430001 to 430005:
//! <https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide/security-event-syslog-messages.html>.

use coldtrail_model::{Class, Col, Event, Kind, Outcome};
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::parse::{is_ip, time_ms};

/// Message, class, activity: intrusion, connection begun, connection ended, file, malware.
const KINDS: &[(&str, Class, i32)] = &[
    ("430001", Class::DetectionFinding, 1),
    ("430002", Class::NetworkActivity, 1),
    ("430003", Class::NetworkActivity, 2),
    ("430004", Class::DetectionFinding, 1),
    ("430005", Class::DetectionFinding, 1),
];

/// Where the values go: the first column that the class has.
const PLACES: &[(&str, &[Col])] = &[
    ("SrcIP", &[Col::EvidencesSrcEndpointIp, Col::SrcEndpointIp]),
    ("DstIP", &[Col::EvidencesDstEndpointIp, Col::DstEndpointIp]),
    ("SrcPort", &[Col::EvidencesSrcEndpointPort, Col::SrcEndpointPort]),
    ("DstPort", &[Col::EvidencesDstEndpointPort, Col::DstEndpointPort]),
    ("User", &[Col::EvidencesActorUserName, Col::ActorUserName]),
    ("IngressInterface", &[Col::SrcEndpointInterfaceName]),
    ("EgressInterface", &[Col::DstEndpointInterfaceName]),
    ("IngressZone", &[Col::SrcEndpointZone]),
    ("EgressZone", &[Col::DstEndpointZone]),
    ("Protocol", &[Col::ConnectionInfoProtocolName]),
    ("ConnectionID", &[Col::ConnectionInfoUid, Col::MetadataCorrelationUid]),
    ("ApplicationProtocol", &[Col::AppProtocolName]),
    ("WebApplication", &[Col::AppName]),
    ("AccessControlRuleName", &[Col::PolicyName]),
    ("AccessControlRuleReason", &[Col::StatusDetail]),
    ("InitiatorBytes", &[Col::TrafficBytesOut]),
    ("ResponderBytes", &[Col::TrafficBytesIn]),
    ("InitiatorPackets", &[Col::TrafficPacketsOut]),
    ("ResponderPackets", &[Col::TrafficPacketsIn]),
    ("URL", &[Col::UrlUrlString]),
    ("URI", &[Col::UrlUrlString, Col::ResourcesName]),
    ("SSLServerName", &[Col::TlsSni]),
    ("SSLVersion", &[Col::TlsVersion]),
    ("SSLCipherSuite", &[Col::TlsCipher]),
    ("DeviceUUID", &[Col::DeviceUid]),
    ("FileName", &[Col::EvidencesFileName]),
    ("FileSHA256", &[Col::EvidencesFileHashesSha256Value]),
    ("SID", &[Col::FindingInfoAnalyticUid]),
    ("Message", &[Col::FindingInfoDesc]),
    ("Classification", &[Col::FindingInfoTypes]),
    ("AccessControlRuleAction", &[Col::StatusCode]),
    ("FileAction", &[Col::StatusCode]),
    ("InlineResult", &[Col::StatusCode]),
];

/// True for a message of names with values.
pub(super) fn is_one(code: &str) -> bool {
    KINDS.iter().any(|(known, ..)| *known == code)
}

/// Maps a message; what has no column is left.
pub(super) fn map<'m>(code: &str, text: &'m str, event_time_ms: i64) -> (Event, Fields<'m>) {
    let (_, class, activity) = KINDS.iter().find(|(known, ..)| *known == code).unwrap_or(&KINDS[0]);
    let mut event = Event::new(*class, *activity, event_time_ms);
    let members: Vec<(&str, Value<'_>)> = pairs(text).into_iter().map(|(name, value)| (name, Value::Str(value.into()))).collect();
    let mut fields = Fields::from_value(Value::Object(members.into()));
    verdict(&mut event, &fields);
    if *class == Class::DetectionFinding {
        let title = ["ThreatName", "Message", "FileName"].iter().find_map(|name| fields.peek_text(name)).map(str::to_owned);
        event.text_opt(Col::FindingInfoTitle, title.as_ref());
        event.text(Col::FindingInfoAnalyticName, title.as_deref().unwrap_or(code));
        event.long(Col::FindingInfoAnalyticTypeId, 1);
        event.flag(Col::IsAlert, code != "430004");
    }
    if *class == Class::NetworkActivity {
        event.time_opt(Col::StartTime, fields.peek_text("FirstPacketSecond").and_then(time_ms));
        event.long_opt(Col::Duration, fields.long("ConnectionDuration").map(|seconds| seconds.saturating_mul(1000)));
    }
    for (name, cols) in PLACES {
        if let Some(col) = cols.iter().find(|col| class.has(**col)) {
            place(&mut event, &mut fields, name, *col);
        }
    }
    (event, fields)
}

fn place(event: &mut Event, fields: &mut Fields<'_>, name: &str, col: Col) {
    let is_address = col.column().path.ends_with(".ip");
    if event.get(col).is_some() || is_address && !fields.peek_text(name).is_some_and(is_ip) {
        return;
    }
    match col.column().kind {
        Kind::Integer | Kind::Long => event.long_opt(col, fields.long(name)),
        Kind::TextList => event.list(col, fields.texts(name)),
        _ => event.text_opt(col, fields.text(name).filter(|text| !matches!(&**text, "Unknown" | "None" | "N/A"))),
    }
}

fn verdict(event: &mut Event, fields: &Fields<'_>) {
    let names = ["AccessControlRuleAction", "FileAction", "InlineResult"];
    let Some(word) = names.iter().find_map(|name| fields.peek_text(name)) else { return };
    // `Would have dropped` is of a rule that only watches.
    let is_denied = word.contains("Block") || word.starts_with("Drop");
    event.long(Col::ActionId, if is_denied { 2 } else { 1 });
    event.text(Col::Action, if is_denied { "Denied" } else { "Allowed" });
    event.long(Col::DispositionId, if is_denied { 2 } else { 1 });
    event.text(Col::Disposition, if is_denied { "Blocked" } else { "Allowed" });
    if event.class() != Class::DetectionFinding {
        event.outcome(if is_denied { Outcome::Failure } else { Outcome::Success });
    }
}

/// `SrcIP: 192.0.2.7, FileName: a, b.zip, …`: a value ends where the next name begins.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let is_name = |text: &str| {
        let name = text.split(": ").next().unwrap_or_default();
        name.len() < text.len()
            && name.starts_with(|letter: char| letter.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'/'))
    };
    let mut starts: Vec<usize> = vec![0];
    starts.extend(text.match_indices(", ").map(|(place, _)| place + 2).filter(|place| is_name(&text[*place..])));
    let ends = starts.iter().skip(1).map(|start| start - 2).chain([text.len()]);
    let parts: Vec<&str> = starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect();
    parts.into_iter().filter_map(|part| part.split_once(": ")).map(|(name, value)| (name.trim(), value.trim())).collect()
}

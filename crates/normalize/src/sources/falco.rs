//! Falco alerts as JSON: <https://falco.org/docs/concepts/outputs/formatting/>, fields <https://falco.org/docs/reference/rules/supported-fields/>.
//!
//! Every alert is a Detection Finding; the process and the file are its evidence.

use coldtrail_model::{Class, Col, Event};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::access::place;
use crate::sources::{Format, Mapping};

/// Falco alerts.
#[derive(Debug, Default)]
pub(crate) struct Falco;

impl Mapping for Falco {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["records", "events"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let time = record.time("time").ok_or(Reason::Missing { field: "time" })?;
        let rule = record.text("rule").ok_or(Reason::Missing { field: "rule" })?;
        let mut event = Event::new(Class::DetectionFinding, 1, time);
        event.text(Col::MetadataProductName, "Falco");
        event.text(Col::MetadataProductVendorName, "Falcosecurity");
        event.text(Col::MetadataEventCode, &rule);
        event.text(Col::FindingInfoTitle, &rule);
        event.text(Col::FindingInfoAnalyticName, &rule);
        event.long(Col::FindingInfoAnalyticTypeId, 1);
        event.flag(Col::IsAlert, true);
        event.severity(record.peek_text("priority").map_or(0, severity_of));
        let uid = record.text("uuid");
        event.text_opt(Col::FindingInfoUid, uid.as_deref().or(Some(&rule)));
        event.text_opt(Col::MetadataUid, uid);
        let output = record.text("output");
        event.text_opt(Col::Message, output.as_ref());
        event.text_opt(Col::FindingInfoDesc, output);
        place(
            &mut event,
            record,
            &[
                (Col::MetadataLogLevel, "priority"),
                (Col::MetadataLogName, "source"),
                (Col::DeviceHostname, "hostname"),
                (Col::MetadataLabels, "tags"),
            ],
        );
        techniques(&mut event);
        evidence(&mut event, record);
        Ok(event)
    }
}

/// True if an object that begins like this holds alerts.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["rule", "priority", "output", "output_fields"])
}

/// <https://falco.org/docs/concepts/rules/basic-elements/#priority>
fn severity_of(priority: &str) -> i32 {
    match priority.to_ascii_lowercase().as_str() {
        "emergency" => 6,
        "alert" | "critical" => 5,
        "error" => 4,
        "warning" => 3,
        "notice" => 2,
        "informational" | "info" | "debug" => 1,
        _ => 99,
    }
}

/// Tags name techniques of MITRE ATT&CK: `T1059`.
fn techniques(event: &mut Event) {
    let Some(coldtrail_model::Value::TextList(tags)) = event.get(Col::MetadataLabels) else { return };
    let is_technique = |tag: &str| {
        tag.strip_prefix('T').is_some_and(|rest| rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    let found: Vec<String> = tags.iter().filter(|tag| is_technique(tag)).map(|tag| tag.to_string()).collect();
    event.list(Col::AttacksTechniqueUid, found);
}

/// The fields of the event that the rule matched; their names hold dots.
const EVIDENCE: &[(Col, &str)] = &[
    (Col::EvidencesProcessName, "proc.name"),
    (Col::EvidencesProcessFilePath, "proc.exepath"),
    (Col::EvidencesActorUserName, "user.name"),
    (Col::EvidencesActorUserUid, "user.uid"),
    (Col::EvidencesSrcEndpointIp, "fd.cip"),
    (Col::EvidencesDstEndpointIp, "fd.sip"),
    (Col::EvidencesApiOperation, "ka.verb"),
    (Col::EvidencesActorUserName, "ka.user.name"),
];

fn evidence(event: &mut Event, record: &mut Fields<'_>) {
    if let Some(Value::Object(_)) = record.peek("output_fields") {
        for (col, key) in EVIDENCE {
            let value = record.text_of_key("output_fields", key);
            event.text_opt(*col, value);
        }
        for (col, key) in [(Col::EvidencesSrcEndpointPort, "fd.cport"), (Col::EvidencesDstEndpointPort, "fd.sport")] {
            event.long_opt(col, record.text_of_key("output_fields", key).and_then(|port| port.parse().ok()));
        }
    }
}

#[cfg(test)]
mod tests;

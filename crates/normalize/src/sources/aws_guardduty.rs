//! AWS GuardDuty findings: <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-summary.html>.
//!
//! As S3 exports and EventBridge (`detail`) write them, and as the `GetFindings` API does, which begins the same names with a capital.
//! Every finding is a Detection Finding: what was seen is its evidence, what it is about its resources.

mod attack;
mod evidence;
mod resource;

use coldtrail_model::{Class, Col, Event};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::{Fields, to_json};
use crate::normalizer::keep_rest;
use crate::sources::envelope::{has_json_text, map_inner};
use crate::sources::{Format, Mapping};

/// GuardDuty findings.
#[derive(Debug, Default)]
pub(crate) struct GuardDuty;

impl Mapping for GuardDuty {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["Findings", "findings", "Records", "logEvents"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if record.has("detail.type") {
            return map_inner(record, "detail", map_finding);
        }
        if !record.has("type") && has_json_text(record, "message") {
            return map_inner(record, "message", map_finding);
        }
        if record.has("Type") && record.has("Service") {
            return map_api_form(record);
        }
        map_finding(record)
    }
}

/// True if an object that begins like this holds findings.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let is_finding = |prefix: &str, names: [&str; 3]| {
        let paths = names.map(|name| format!("{prefix}{name}"));
        look.record_has(&paths.each_ref().map(String::as_str))
    };
    is_finding("", ["schemaVersion", "type", "service.detectorId"])
        || is_finding("detail.", ["schemaVersion", "type", "service.detectorId"])
        || is_finding("", ["SchemaVersion", "Type", "Service.DetectorId"])
}

/// The form of the API becomes that of the export by the first letter of every name.
fn map_api_form(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let whole = std::mem::replace(record, Fields::from_value(Value::Null)).into_root();
    let json = to_json(&whole).unwrap_or_default();
    let not_json = |error: serde_json::Error| Reason::NotJson { detail: error.to_string() };
    let renamed = with_small_initials(serde_json::from_str(&json).map_err(not_json)?).to_string();
    let mut finding = Fields::parse(&renamed).map_err(not_json)?;
    let mut event = map_finding(&mut finding)?;
    keep_rest(&mut event, &finding);
    Ok(event)
}

fn with_small_initials(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            members.into_iter().map(|(key, value)| (small_initial(&key), with_small_initials(value))).collect()
        }
        serde_json::Value::Array(elements) => elements.into_iter().map(with_small_initials).collect(),
        scalar => scalar,
    }
}

fn small_initial(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn map_finding(finding: &mut Fields<'_>) -> Result<Event, Reason> {
    let Some(kind) = finding.text("type") else { return Err(Reason::Missing { field: "type" }) };
    let (created, updated) = (finding.time("createdAt"), finding.time("updatedAt"));
    let last_seen = finding.time("service.eventLastSeen");
    let time = updated.or(created).or(last_seen).ok_or(Reason::Missing { field: "updatedAt" })?;
    let is_archived = finding.flag("service.archived").unwrap_or(false);
    let activity = if is_archived {
        3
    } else if updated > created {
        2
    } else {
        1
    };
    let mut event = Event::new(Class::DetectionFinding, activity, time);
    event.time_opt(Col::FindingInfoCreatedTime, created);
    event.time_opt(Col::FindingInfoModifiedTime, updated);
    event.time_opt(Col::FindingInfoFirstSeenTime, finding.time("service.eventFirstSeen"));
    event.time_opt(Col::FindingInfoLastSeenTime, last_seen);
    event.long(Col::StatusId, if is_archived { 5 } else { 1 });
    event.text(Col::Status, if is_archived { "Archived" } else { "New" });
    map_metadata(&mut event, finding);
    map_kind(&mut event, finding, &kind);
    map_severity(&mut event, finding);
    resource::map_device(&mut event, finding);
    evidence::map_evidence(&mut event, finding);
    resource::map_resources(&mut event, finding);
    Ok(event)
}

fn map_metadata(event: &mut Event, finding: &mut Fields<'_>) {
    event.text(Col::MetadataProductName, "GuardDuty");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text_opt(Col::MetadataProductVersion, finding.text("schemaVersion"));
    event.text_opt(Col::MetadataProductFeatureName, finding.text("service.featureName"));
    event.text(Col::CloudProvider, "AWS");
    event.text_opt(Col::CloudAccountUid, finding.text("accountId"));
    event.text_opt(Col::CloudRegion, finding.text("region"));
    let id = finding.text("id");
    event.text_opt(Col::MetadataUid, id.as_ref());
    event.text_opt(Col::FindingInfoUid, id);
    event.text_opt(Col::FindingInfoProductUid, finding.text("service.detectorId"));
    event.text_opt(Col::FindingInfoTitle, finding.text("title"));
    event.text_opt(Col::FindingInfoDesc, finding.text("description"));
    event.long_opt(Col::Count, finding.long("service.count"));
    event.flag(Col::IsAlert, true);
}

/// `ThreatPurpose:ResourceTypeAffected/ThreatFamilyName…`: <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>.
fn map_kind(event: &mut Event, finding: &Fields<'_>, kind: &str) {
    let purpose = kind.split(':').next().unwrap_or(kind);
    event.text(Col::MetadataEventCode, kind);
    event.list(Col::FindingInfoTypes, if purpose == kind { vec![kind] } else { vec![kind, purpose] });
    event.list(Col::AttacksTechniqueUid, attack::techniques(kind, finding));
}

/// 1.0 to 3.9 are low, to 6.9 medium, to 8.9 high, above critical. The number itself stays in `unmapped`.
fn map_severity(event: &mut Event, finding: &Fields<'_>) {
    let score = finding.peek("severity").and_then(|score| score.as_f64().or_else(|| score.as_str()?.parse().ok()));
    event.severity(match score {
        None => 0,
        Some(score) if score < 1.0 => 1,
        Some(score) if score < 4.0 => 2,
        Some(score) if score < 7.0 => 3,
        Some(score) if score < 9.0 => 4,
        Some(_) => 5,
    });
}

#[cfg(test)]
mod tests;

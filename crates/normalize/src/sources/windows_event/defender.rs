//! Microsoft Defender Antivirus: <https://learn.microsoft.com/en-us/defender-endpoint/troubleshoot-microsoft-defender-antivirus>.

use coldtrail_model::{Class, Col, Event};
use serde_json::json;

use super::place::{guid, place, split_user};
use super::record::Record;
use super::route::{Route, to};
use crate::parse::base_name;

/// Something was found (1006, 1015, 1116), dealt with (1007, 1117) or could not be (1008, 1118, 1119); protection was turned off or changed.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        1006 | 1007 | 1008 | 1015 | 1116 | 1117 | 1118 | 1119 | 1120 => to(Class::DetectionFinding, 1, threat),
        5001 | 5007 | 5010 | 5012 | 5013 => to(Class::DetectionFinding, 1, setting),
        _ => return None,
    })
}

fn threat(event: &mut Event, record: &mut Record<'_>) {
    event.flag(Col::IsAlert, true);
    event.text_opt(Col::FindingInfoTitle, record.text("Threat Name"));
    let uid = record.text("Detection ID").map(guid).or_else(|| record.text_of(&["Threat ID", "ID"]).map(|id| id.into_owned()));
    event.text_opt(Col::FindingInfoUid, uid);
    if let Some(category) = record.text_of(&["Category Name", "Category"]) {
        event.list(Col::FindingInfoTypes, [category]);
    }
    event.severity(severity(record.text_of(&["Severity Name", "Severity"]).as_deref()));
    disposition(event, record);
    evidence(event, record);
}

fn severity(name: Option<&str>) -> i32 {
    match name.unwrap_or_default() {
        "Severe" => 5,
        "High" => 4,
        "Moderate" => 3,
        "Low" => 2,
        _ => 3,
    }
}

fn disposition(event: &mut Event, record: &mut Record<'_>) {
    let Some(action) = record.text_of(&["Action Name", "Action"]) else { return };
    let (id, words) = match action.to_ascii_lowercase().as_str() {
        "allow" => (1, "Allowed"),
        "block" => (2, "Blocked"),
        "quarantine" => (3, "Quarantined"),
        "remove" => (5, "Deleted"),
        "clean" => (11, "Corrected"),
        "not applicable" | "no action" => (16, "No Action"),
        _ => (99, &*action),
    };
    event.long(Col::DispositionId, id);
    event.text(Col::Disposition, words);
}

/// Who, which process and which file, as OCSF's evidences.
fn evidence(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = split_user(record.text_of(&["Detection User", "User"]));
    let process = record.text("Process Name").filter(|name| !name.eq_ignore_ascii_case("unknown"));
    let path = record.peek("Path").map(|path| path.trim_start_matches("file:_").to_owned());
    let mut evidence = serde_json::Map::new();
    if let Some(path) = &path {
        evidence.insert("file".to_owned(), json!({"path": path, "name": base_name(path), "type_id": 1, "type": "Regular File"}));
    }
    if let Some(name) = &name {
        let mut user = serde_json::Map::from_iter([("name".to_owned(), json!(name))]);
        if let Some(domain) = &domain {
            user.insert("domain".to_owned(), json!(domain));
        }
        evidence.insert("actor".to_owned(), json!({"user": user}));
    }
    event.text_opt(Col::EvidencesActorUserName, name);
    if let Some(process) = process {
        evidence.insert(
            "process".to_owned(),
            json!({"name": base_name(&process), "file": {"path": process, "name": base_name(&process), "type_id": 1}}),
        );
        event.text(Col::EvidencesProcessName, base_name(&process));
        event.text(Col::EvidencesProcessFilePath, process);
    }
    if !evidence.is_empty() {
        event.owned_text(Col::Evidences, json!([evidence]).to_string());
    }
}

/// A protection was turned off, or a setting changed.
fn setting(event: &mut Event, record: &mut Record<'_>) {
    let title = match record.event_id {
        5007 => "Windows Defender Configuration Changed",
        5001 => "Real-time protection is disabled",
        5010 => "Scanning for malware and other potentially unwanted software is disabled",
        5012 => "Scanning for viruses is disabled",
        _ => "Tamper protection blocked a change",
    };
    event.text(Col::FindingInfoTitle, title);
    event.text(Col::FindingInfoUid, record.event_id.to_string());
    event.list(Col::FindingInfoTypes, ["Software: Antivirus"]);
    event.severity(4);
    place(event, record, &[(Col::FindingInfoDesc, "New Value")]);
}

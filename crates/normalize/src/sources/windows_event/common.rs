//! What every Windows event has, whatever it says.

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event, Kind, Outcome};
use serde_json_borrow::Value;

use super::place::{ACTOR_USER, guid, user};
use super::record::Record;
use super::sysmon::rule;
use crate::fields::Fields;

/// Columns and the paths, over all forms, of what goes there as it is. The first path that holds something counts.
const SYSTEM: &[(Col, &[&str])] = &[
    (
        Col::DeviceHostname,
        &[
            "Event.System.Computer",
            "winlog.computer_name",
            "computer_name",
            "Hostname",
            "Computer",
            "ComputerName",
            "MachineName",
            "host.name",
        ],
    ),
    (
        Col::MetadataSequence,
        &["Event.System.EventRecordID", "winlog.record_id", "record_number", "RecordNumber", "EventRecordId", "EventRecordID", "RecordId"],
    ),
    (Col::MetadataLogVersion, &["Event.System.Version", "winlog.version", "version", "Version"]),
    (Col::MetadataLogLevel, &["Event.System.Level", "winlog.level", "log.level", "level", "Level", "EventLevelName", "Severity"]),
    (Col::MetadataTenantUid, &["TenantId"]),
    (Col::MetadataUid, &["_ItemId", "EventOriginId"]),
    (Col::DeviceUid, &["host.id", "SourceComputerId"]),
    (Col::DeviceOsVersion, &["host.os.version"]),
    (Col::DeviceOsBuild, &["host.os.build"]),
    (Col::Message, &["Event.RenderingInfo.Message", "message", "Message", "Description", "RenderedDescription", "event.message"]),
];
const ACTIVITY_ID: &[&str] =
    &["Event.System.Correlation.#attributes.ActivityID", "winlog.activity_id", "activity_id", "ActivityID", "ActivityId"];
const KEYWORDS: &[&str] =
    &["Event.System.Keywords", "winlog.keywords", "keywords", "Keywords", "EventType", "event.outcome", "winlog.outcome", "EventLevelName"];
const USER_UID: &[&str] = &["Event.System.Security.#attributes.UserID", "winlog.user.identifier", "user.identifier", "UserID"];
const USER_NAME: &[&str] = &["winlog.user.name", "user.name", "AccountName"];
const USER_DOMAIN: &[&str] = &["winlog.user.domain", "user.domain", "Domain"];

/// Bits of `Keywords`: <https://learn.microsoft.com/en-us/windows/win32/wes/eventmanifestschema-keywordtype-complextype>.
const AUDIT_FAILURE: u64 = 1 << 52;
const AUDIT_SUCCESS: u64 = 1 << 53;

/// Places what tells where and how the event was written.
pub(super) fn before<'a>(event: &mut Event, record: &mut Record<'a>, fields: &mut Fields<'a>) {
    let provider = record.provider.clone();
    event.text(Col::MetadataProductName, if provider.is_empty() { "Windows" } else { &provider });
    event.text(Col::MetadataProductVendorName, "Microsoft");
    event.text(Col::MetadataLogProvider, provider);
    event.text(Col::MetadataLogName, &record.channel);
    event.text(Col::MetadataEventCode, record.event_id.to_string());
    event.text(Col::DeviceOsName, "Windows");
    event.long(Col::DeviceOsTypeId, 100);
    let tree = record.system(fields);
    for (col, paths) in SYSTEM {
        match col.column().kind {
            Kind::Long => event.long_opt(*col, paths.iter().find_map(|path| tree.long(path))),
            _ => event.text_opt(*col, paths.iter().find_map(|path| tree.text(path))),
        }
    }
    event.text_opt(Col::MetadataCorrelationUid, ACTIVITY_ID.iter().find_map(|path| tree.text(path)).map(guid));
    let domain = event.get_text(Col::DeviceHostname).and_then(|name| name.split_once('.')).map(|(_, domain)| domain.to_owned());
    event.text_opt(Col::DeviceDomain, domain);
    let level = event.get_text(Col::MetadataLogLevel).map(severity_of);
    event.severity(level.unwrap_or(1));
    if let Some(outcome) = KEYWORDS.iter().find_map(|path| outcome_of(tree.peek(path)?)) {
        event.outcome(outcome);
    }
}

/// Windows' levels, by number or word: <https://learn.microsoft.com/en-us/windows/win32/wes/eventmanifestschema-leveltype-complextype>.
fn severity_of(level: &str) -> i32 {
    match level.trim().to_ascii_lowercase().as_str() {
        "1" | "critical" => 4,
        "2" | "error" => 3,
        "3" | "warning" => 2,
        _ => 1,
    }
}

fn outcome_of(keywords: &Value<'_>) -> Option<Outcome> {
    match keywords {
        Value::Array(words) => words.iter().find_map(outcome_of),
        Value::Number(number) => outcome_of_bits(number.as_u64().or_else(|| number.as_i64().map(i64::cast_unsigned))?),
        Value::Str(text) => match text.trim().to_ascii_lowercase().as_str() {
            "audit success" | "audit_success" | "success" => Some(Outcome::Success),
            "audit failure" | "audit_failure" | "failure" => Some(Outcome::Failure),
            text => outcome_of_text(text),
        },
        _ => None,
    }
}

fn outcome_of_text(text: &str) -> Option<Outcome> {
    let bits = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => text.parse::<i64>().ok()?.cast_unsigned(),
    };
    outcome_of_bits(bits)
}

fn outcome_of_bits(bits: u64) -> Option<Outcome> {
    match (bits & AUDIT_SUCCESS != 0, bits & AUDIT_FAILURE != 0) {
        (true, false) => Some(Outcome::Success),
        (false, true) => Some(Outcome::Failure),
        _ => None,
    }
}

/// Places what only counts where the event's own data did not say it.
pub(super) fn after<'a>(event: &mut Event, record: &mut Record<'a>, fields: &mut Fields<'a>) {
    if event.class() == Class::EventLogActivity {
        log(event, record);
    }
    if &*record.provider == "Microsoft-Windows-Sysmon" {
        rule(event, record);
    } else {
        writer(event, record, fields);
    }
    super::ecs::fill(event, fields);
}

/// The log that the event is about is its own, unless the data names another.
fn log(event: &mut Event, record: &Record<'_>) {
    if event.get(Col::LogName).is_none() {
        event.text(Col::LogName, &record.channel);
    }
    event.text(Col::LogProvider, &record.provider);
}

/// Who wrote the event is who acted, where nobody else is said to have. (Sysmon always writes as the system.)
fn writer<'a>(event: &mut Event, record: &mut Record<'a>, fields: &mut Fields<'a>) {
    let is_known = [Col::ActorUserName, Col::ActorUserUid].iter().any(|col| event.get(*col).is_some());
    if !event.class().has(Col::ActorUserName) {
        return;
    }
    let tree = record.system(fields);
    if is_known {
        // PowerShell names its user in a text without the identifier, and writes its events as that user.
        if event.class() == Class::ScriptActivity && event.get(Col::ActorUserUid).is_none() {
            event.text_opt(Col::ActorUserUid, USER_UID.iter().find_map(|path| owned(tree.text(path))));
        }
        return;
    }
    let [uid, name, domain] = [USER_UID, USER_NAME, USER_DOMAIN].map(|paths| paths.iter().find_map(|path| owned(tree.text(path))));
    user(event, &ACTOR_USER, name, domain, uid);
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.filter(|text| &**text != "-").map(|text| Cow::Owned(text.into_owned()))
}

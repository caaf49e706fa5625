//! Google Cloud audit logs: <https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog> inside
//! <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>.
//!
//! Sign-ins of Google accounts are Authentication, changes of accounts and groups Account Change and Group Management, the rest API
//! Activity, as is a log entry that is no audit log.

mod methods;

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::{is_email_address, is_ip};
use crate::sources::{Format, Mapping};

use methods::{classify, grpc_code_name};

/// Log entries with audit logs.
#[derive(Debug, Default)]
pub(crate) struct GcpAudit;

impl Mapping for GcpAudit {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["entries"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        map_log_entry(record)
    }
}

/// True if an object that begins like this holds log entries with audit logs.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["protoPayload.methodName", "protoPayload.serviceName"])
        || look.record_has(&["protoPayload", "logName"])
        || look.record_has(&["protopayload_auditlog", "logName"])
}

/// Where the audit log stands in an entry; exports to BigQuery write the second.
const PAYLOADS: [&str; 2] = ["protoPayload", "protopayload_auditlog"];

/// Maps one log entry. Panther writes some keys in small letters, and the time again as `p_event_time`:
/// <https://docs.panther.com/search/panther-fields>.
pub(crate) fn map_log_entry(entry: &mut Fields<'_>) -> Result<Event, Reason> {
    if !PAYLOADS.iter().any(|payload| entry.has(payload)) {
        entry.spell(&["protoPayload", "logName", "insertId", "receiveTimestamp"]);
    }
    let received = entry.time("receiveTimestamp");
    let time = entry.time("timestamp").or(received).or_else(|| entry.time("p_event_time"));
    let time = time.ok_or(Reason::Missing { field: "timestamp" })?;
    let payload = PAYLOADS.into_iter().find_map(|key| Some((key, entry.take(key)?)));
    let (key, mut audit) = match payload {
        Some((key, payload)) => (key, Fields::from_value(payload)),
        None => (PAYLOADS[0], Fields::from_value(serde_json_borrow::Value::Null)),
    };
    let (class, activity) = classify(&audit);
    let mut event = Event::new(class, activity, time);
    if activity == 99 {
        event.activity_other(audit.peek_text("methodName").unwrap_or("Other"));
    }
    event.time_opt(Col::MetadataLoggedTime, received);
    map_entry(&mut event, entry);
    map_actor(&mut event, &mut audit);
    map_source(&mut event, &mut audit);
    map_status(&mut event, &mut audit);
    match class {
        Class::ApiActivity => map_resource(&mut event, entry, &mut audit),
        Class::Authentication => map_sign_in(&mut event, &mut audit),
        _ => map_change(&mut event, &mut audit),
    }
    map_api(&mut event, &mut audit);
    if !audit.root().is_null() {
        entry.put(key, audit.into_root());
    }
    Ok(event)
}

fn map_entry(event: &mut Event, entry: &mut Fields<'_>) {
    event.text(Col::MetadataProductName, "Cloud Audit Logs");
    event.text(Col::MetadataProductVendorName, "Google Cloud");
    event.text(Col::CloudProvider, "GCP");
    event.text_opt(Col::MetadataUid, entry.text("insertId"));
    event.text_opt(Col::MetadataCorrelationUid, entry.text("operation.id"));
    if let Some(log) = entry.text("logName") {
        match log.split('/').collect::<Vec<_>>()[..] {
            ["projects", project, ..] => event.text(Col::CloudProjectUid, project),
            ["organizations", organisation, ..] => event.text(Col::CloudOrgUid, organisation),
            _ => {}
        }
        event.text(Col::MetadataLogName, log);
    }
    event.text_opt(Col::CloudProjectUid, entry.text("resource.labels.project_id"));
    let project = event.get_text(Col::CloudProjectUid).map(str::to_owned);
    event.text_opt(Col::CloudAccountUid, project);
    map_location(event, entry);
    if let Some(severity) = entry.text("severity") {
        event.severity(severity_id(&severity));
        event.text(Col::MetadataLogLevel, severity);
    }
    let messages = ["textPayload", "jsonPayload.message", "jsonPayload.MESSAGE"];
    event.text_opt(Col::Message, messages.into_iter().find_map(|path| entry.text(path)));
}

/// `europe-west1` is a region, `europe-west1-b` a zone of it.
pub(super) fn map_location(event: &mut Event, entry: &mut Fields<'_>) {
    for label in ["resource.labels.location", "resource.labels.zone", "resource.labels.region"] {
        let Some(location) = entry.text(label) else { continue };
        match location.rsplit_once('-') {
            Some((region, zone)) if zone.len() == 1 && region.contains('-') => {
                event.text(Col::CloudRegion, region);
                event.text(Col::CloudZone, &location);
            }
            _ => event.text(Col::CloudRegion, &location),
        }
    }
}

/// OCSF's severity of a log entry's.
pub(super) fn severity_id(severity: &str) -> i32 {
    match severity {
        "DEBUG" | "INFO" | "NOTICE" => 1,
        "WARNING" => 2,
        "ERROR" => 3,
        "CRITICAL" => 5,
        "ALERT" | "EMERGENCY" => 6,
        _ => 0,
    }
}

fn map_actor(event: &mut Event, audit: &mut Fields<'_>) {
    if let Some(email) = audit.text("authenticationInfo.principalEmail") {
        let is_service = email.ends_with("gserviceaccount.com") || email.starts_with("system:");
        event.text(Col::ActorUserType, if is_service { "Service" } else { "User" });
        event.long(Col::ActorUserTypeId, if is_service { 4 } else { 1 });
        if is_email_address(&email) {
            event.text(Col::ActorUserEmailAddr, &email);
        }
        event.text(Col::ActorUserName, email);
    }
    event.text_opt(Col::ActorUserUid, audit.text("authenticationInfo.principalSubject"));
    event.text_opt(Col::ActorUserCredentialUid, audit.text("authenticationInfo.serviceAccountKeyName"));
    let granted = audit.peek("authorizationInfo.0.granted").and_then(|granted| granted.as_bool());
    event.text_opt(Col::ActorAuthorizationsDecision, granted.map(|granted| if granted { "allow" } else { "deny" }));
}

/// Where it came from: an address, or `private` and `gce-internal-ip` inside Google's network.
fn map_source(event: &mut Event, audit: &mut Fields<'_>) {
    for path in ["requestMetadata.callerIp", "requestMetadata.callerIP"] {
        match audit.text(path) {
            Some(address) if is_ip(&address) => event.text(Col::SrcEndpointIp, address),
            Some(name) => event.text(Col::SrcEndpointName, name),
            None => {}
        }
    }
    event.text_opt(Col::SrcEndpointVpcUid, audit.text("requestMetadata.callerNetwork"));
    event.text_opt(Col::HttpRequestUserAgent, audit.text("requestMetadata.callerSuppliedUserAgent"));
}

/// No status, or code 0, is success: <https://cloud.google.com/apis/design/errors#handling_errors>. Failed sign-ins have none.
fn map_status(event: &mut Event, audit: &mut Fields<'_>) {
    let code = audit.long("status.code");
    let method = audit.peek_text("methodName");
    let is_failed_sign_in = method.is_some_and(|method| method.ends_with(".loginFailure"));
    event.outcome(match (code, method) {
        (Some(code), _) if code != 0 => Outcome::Failure,
        _ if is_failed_sign_in => Outcome::Failure,
        (None, None) => Outcome::Unknown,
        _ => Outcome::Success,
    });
    event.long_opt(Col::ApiResponseCode, code);
    event.text_opt(Col::StatusCode, code.map(|code| code.to_string()));
    event.text_opt(Col::ApiResponseError, code.filter(|code| *code != 0).and_then(grpc_code_name));
    let message = audit.text("status.message");
    event.text_opt(Col::ApiResponseMessage, message.as_ref());
    event.text_opt(Col::StatusDetail, message);
}

/// What was touched. Names of Kubernetes objects hold their namespace: `core/v1/namespaces/default/pods/web`.
fn map_resource(event: &mut Event, entry: &mut Fields<'_>, audit: &mut Fields<'_>) {
    event.text_opt(Col::ResourcesType, entry.text("resource.type"));
    let Some(uid) = audit.text("resourceName") else { return };
    let parts: Vec<&str> = uid.split('/').collect();
    if audit.peek_text("serviceName") == Some("k8s.io") {
        let namespace = parts.iter().position(|part| *part == "namespaces").and_then(|place| parts.get(place + 1));
        event.text_opt(Col::ResourcesNamespace, namespace);
    }
    event.text_opt(Col::ResourcesName, parts.last());
    event.text(Col::ResourcesUid, &uid);
}

fn map_sign_in(event: &mut Event, audit: &mut Fields<'_>) {
    if !map_affected_user(event, audit) {
        user_is_actor(event);
    }
    event.text_opt(Col::ServiceName, audit.peek_text("serviceName"));
    map_activity(event, audit);
    event.flag_opt(Col::IsMfa, methods::parameter_flag(audit, "is_second_factor"));
}

fn map_change(event: &mut Event, audit: &mut Fields<'_>) {
    map_activity(event, audit);
    if !map_affected_user(event, audit) && event.class() == Class::AccountChange {
        user_is_actor(event);
    }
    if event.class() == Class::GroupManagement {
        event.text_opt(Col::GroupName, methods::parameter_text(audit, "GROUP_EMAIL"));
    }
}

/// The user whom Google's own warnings are about, or whom an administrator changed; false if none is named.
fn map_affected_user(event: &mut Event, audit: &Fields<'_>) -> bool {
    let Some(user) = ["USER_EMAIL", "affected_email_address"].iter().find_map(|name| methods::parameter_text(audit, name)) else {
        return false;
    };
    if is_email_address(&user) {
        event.text(Col::UserEmailAddr, &user);
    }
    event.text(Col::UserName, user);
    true
}

fn user_is_actor(event: &mut Event) {
    for (from, to) in
        [(Col::ActorUserName, Col::UserName), (Col::ActorUserEmailAddr, Col::UserEmailAddr), (Col::ActorUserUid, Col::UserUid)]
    {
        let text = event.get_text(from).map(str::to_owned);
        event.text_opt(to, text);
    }
}

/// What Google Workspace calls the event; its parameters stay in `unmapped`.
fn map_activity(event: &mut Event, audit: &Fields<'_>) {
    event.text_opt(Col::MetadataEventCode, audit.peek_text("metadata.event.0.eventName"));
}

fn map_api(event: &mut Event, audit: &mut Fields<'_>) {
    event.text_opt(Col::ApiOperation, audit.text("methodName"));
    event.text_opt(Col::ApiServiceName, audit.text("serviceName"));
    if let Some(request) = audit.json("request") {
        event.owned_text(Col::ApiRequestData, request);
    }
    if let Some(response) = audit.json("response") {
        event.owned_text(Col::ApiResponseData, response);
    }
}

#[cfg(test)]
mod tests;

//! Accounts and groups that Entra provisions elsewhere: <https://learn.microsoft.com/en-us/graph/api/resources/provisioningobjectsummary>.

use coldtrail_model::{Class, Col, Event, Outcome};
use serde_json_borrow::Value;

use crate::Reason;
use crate::fields::Fields;
use crate::sources::azure::{ACTOR, Identity, USER};

use super::{happened, map_caller, map_common};

/// Maps one action of a provisioning job.
pub(super) fn map(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["activityDateTime"])?;
    let action = body.text("provisioningAction").or_else(|| body.text("action"));
    let (class, activity_id) = classify(action.as_deref().unwrap_or_default(), body);
    let mut event = Event::new(class, activity_id, time);
    if activity_id == 99 {
        event.activity_other(action.as_deref().unwrap_or("Other"));
    }
    map_common(&mut event, envelope, body, "Microsoft Entra ID");
    if event.get(Col::MetadataLogName).is_none() {
        event.text(Col::MetadataLogName, "auditLogs/provisioning");
    }
    event.text_opt(Col::ApiOperation, action);
    event.text(Col::ApiServiceName, "Account Provisioning");
    map_initiator(&mut event, body);
    map_caller(&mut event, envelope);
    map_target(&mut event, body);
    map_outcome(&mut event, envelope, body);
    event.long_opt(Col::Duration, body.long("durationInMilliseconds"));
    if let Some(changes) = body.json("modifiedProperties") {
        event.owned_text(Col::ApiRequestData, format!(r#"{{"modifiedProperties":{changes}}}"#));
    }
    Ok(event)
}

fn classify(action: &str, body: &Fields<'_>) -> (Class, i32) {
    let kind = body.peek_text("targetIdentity.identityType").or_else(|| body.peek_text("sourceIdentity.identityType"));
    let action = action.to_ascii_lowercase();
    match (kind.map(str::to_ascii_lowercase).as_deref(), action.as_str()) {
        (Some("group"), "create") => (Class::GroupManagement, 6),
        (Some("group"), "delete" | "stageddelete") => (Class::GroupManagement, 5),
        (Some("group"), _) => (Class::GroupManagement, 99),
        (Some("user"), "create") => (Class::AccountChange, 1),
        (Some("user"), "enable") => (Class::AccountChange, 2),
        (Some("user"), "disable") => (Class::AccountChange, 5),
        (Some("user"), "delete" | "stageddelete") => (Class::AccountChange, 6),
        (Some("user"), _) => (Class::AccountChange, 99),
        (_, "create") => (Class::ApiActivity, 1),
        (_, "update" | "disable" | "enable") => (Class::ApiActivity, 3),
        (_, "delete" | "stageddelete") => (Class::ApiActivity, 4),
        _ => (Class::ApiActivity, 99),
    }
}

fn map_initiator(event: &mut Event, body: &mut Fields<'_>) {
    let kind = body.text("initiatedBy.initiatorType");
    let is_user = kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("user"));
    let name = body.text("initiatedBy.displayName").or_else(|| body.text("initiatedBy.name"));
    let uid = body.text("initiatedBy.id");
    let identity = Identity {
        name: name.as_deref(),
        full_name: None,
        uid: uid.as_deref(),
        kind: Some(if is_user { "User" } else { "Service" }),
        kind_id: if is_user { 1 } else { 4 },
    };
    identity.put(event, ACTOR);
    let app = if matches!(body.peek("servicePrincipal"), Some(Value::Array(_))) { "servicePrincipal.0" } else { "servicePrincipal" };
    event.text_opt(Col::ActorAppName, body.text(&format!("{app}.displayName")).or_else(|| body.text(&format!("{app}.name"))));
    event.text_opt(Col::ActorAppUid, body.text(&format!("{app}.id")));
}

/// What was made in the target system, or was to be made from the source.
fn map_target(event: &mut Event, body: &mut Fields<'_>) {
    let [name, source_name] = ["targetIdentity.displayName", "sourceIdentity.displayName"].map(|path| body.text(path));
    let [uid, source_uid] = ["targetIdentity.id", "sourceIdentity.id"].map(|path| body.text(path));
    let name = name.or(source_name);
    match event.class() {
        Class::AccountChange => {
            let uid_alt = if uid.is_some() { source_uid.as_deref() } else { None };
            event.text_opt(Col::UserUidAlt, uid_alt);
            let uid = uid.as_deref().or(source_uid.as_deref());
            Identity { name: name.as_deref(), full_name: None, uid, kind: Some("User"), kind_id: 1 }.put(event, USER);
        }
        Class::GroupManagement => {
            event.text_opt(Col::GroupName, name);
            event.text_opt(Col::GroupUid, uid.or(source_uid));
        }
        _ => {
            event.text_opt(Col::ResourcesName, name);
            event.text_opt(Col::ResourcesUid, uid.or(source_uid));
            event.text_opt(Col::ResourcesType, body.peek_text("targetIdentity.identityType"));
        }
    }
}

fn map_outcome(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let info = if body.has("provisioningStatusInfo") { "provisioningStatusInfo" } else { "statusInfo" };
    let status = body.text(&format!("{info}.status")).or_else(|| envelope.text("resultType"));
    envelope.forget("resultType", status.as_deref());
    let outcome = match status.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("success") => Outcome::Success,
        Some("failure") => Outcome::Failure,
        Some(_) => Outcome::Other,
        None => Outcome::Unknown,
    };
    event.outcome(outcome);
    event.severity(if outcome == Outcome::Failure { 2 } else { 1 });
    event.text_opt(Col::StatusCode, body.text(&format!("{info}.errorInformation.errorCode")).or(status));
    event.text_opt(Col::StatusDetail, body.text(&format!("{info}.errorInformation.reason")).or_else(|| envelope.text("resultDescription")));
}

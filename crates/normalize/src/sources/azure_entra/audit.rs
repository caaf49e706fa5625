//! The directory audit: <https://learn.microsoft.com/en-us/graph/api/resources/directoryaudit>.

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::fields::{Fields, to_json};
use crate::sources::azure::{ACTOR, Identity, USER, elements, member, put_address};

use super::audit_activities::classify;
use super::targets::{Targets, put_user};
use super::{happened, map_caller, map_common};

/// Maps one record of the directory audit.
pub(super) fn map(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["activityDateTime"])?;
    let activity = body.text("activityDisplayName").or_else(|| body.text("operationName")).or_else(|| envelope.text("operationName"));
    let activity = activity.unwrap_or("Other".into());
    let operation = body.peek_text("operationType").unwrap_or_default();
    let (class, activity_id) = match classify(&activity, body.peek_text("category").unwrap_or_default(), operation) {
        (Class::GroupManagement, activity_id) => (Class::GroupManagement, of_subgroup(activity_id, Targets::of(body))),
        other => other,
    };
    let mut event = Event::new(class, activity_id, time);
    if activity_id == 99 {
        event.activity_other(&activity);
    }
    event.text(Col::Message, &activity);
    event.text(Col::MetadataEventCode, &activity);
    event.text(Col::ApiOperation, &activity);
    map_log(&mut event, envelope, body, &activity);
    map_initiator(&mut event, envelope, body);
    map_details(&mut event, body);
    map_caller(&mut event, envelope);
    map_outcome(&mut event, envelope, body);
    map_targets(&mut event, body);
    map_request(&mut event, body);
    Ok(event)
}

/// A group that is made a member of a group.
fn of_subgroup(activity_id: i32, targets: Targets<'_, '_>) -> i32 {
    let is_group = targets.any().is_some() && targets.first_other("Group").is_none();
    let are_several = match (targets.first("Group"), targets.last("Group")) {
        (Some(first), Some(last)) => !std::ptr::eq(first, last),
        _ => false,
    };
    match activity_id {
        3 if is_group && are_several => 7,
        4 if is_group && are_several => 8,
        other => other,
    }
}

/// The envelope repeats what the record says.
fn map_log(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>, activity: &str) {
    body.forget("operationName", Some(activity));
    envelope.forget("operationName", Some(activity));
    let named = envelope.peek_text("operationName").is_some();
    map_common(event, envelope, body, "Microsoft Entra ID");
    if named {
        event.text(Col::ApiOperation, activity);
    }
    if event.get(Col::MetadataLogName).is_none() {
        event.text(Col::MetadataLogName, "auditLogs/directoryAudits");
    }
    event.text_opt(Col::ApiServiceName, body.text("loggedByService"));
}

/// Who did it: a person, or an application with its service principal.
fn map_initiator(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    if body.has("initiatedBy.user") {
        let [uid, name, full_name] = ["id", "userPrincipalName", "displayName"].map(|key| body.text(&format!("initiatedBy.user.{key}")));
        envelope.forget("identity", full_name.as_deref());
        let full_name = full_name.or_else(|| envelope.text("identity"));
        let identity =
            Identity { name: name.as_deref(), full_name: full_name.as_deref(), uid: uid.as_deref(), kind: Some("User"), kind_id: 1 };
        identity.put(event, ACTOR);
        if let Some(address) = body.text("initiatedBy.user.ipAddress") {
            put_address(event, &address);
        }
    } else if body.has("initiatedBy.app") {
        let [uid, name, app] =
            ["servicePrincipalId", "servicePrincipalName", "displayName"].map(|key| body.text(&format!("initiatedBy.app.{key}")));
        envelope.forget("identity", app.as_deref());
        let identity =
            Identity { name: name.as_deref().or(app.as_deref()), full_name: None, uid: uid.as_deref(), kind: Some("Service"), kind_id: 4 };
        identity.put(event, ACTOR);
        event.text_opt(Col::ActorAppName, app);
        event.text_opt(Col::ActorAppUid, body.text("initiatedBy.app.appId"));
    } else if let Some(identity) = envelope.text("identity") {
        event.text(Col::ActorUserName, identity);
    }
}

/// What only the additional details say: the user agent, the address of the caller, the invited guest. They stay with the request.
fn map_details(event: &mut Event, body: &mut Fields<'_>) {
    event.text_opt(Col::HttpRequestUserAgent, body.text("userAgent"));
    let details = elements(body.peek("additionalDetails"));
    let detail = |key: &str| details.iter().find(|detail| member(detail, "key") == Some(key)).and_then(|detail| member(detail, "value"));
    event.text_opt(Col::HttpRequestUserAgent, detail("User-Agent"));
    if event.get(Col::SrcEndpointIp).is_none()
        && let Some(address) = detail("ipaddr")
    {
        put_address(event, address);
    }
    if event.class() == Class::AccountChange
        && let Some(address) = detail("invitedUserEmailAddress")
    {
        Identity { name: Some(address), kind_id: 1, ..Identity::default() }.put(event, USER);
    }
}

fn map_outcome(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let result = body.text("result").or_else(|| envelope.text("resultType"));
    let outcome = match result.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("success" | "0") => Outcome::Success,
        Some("failure" | "timeout" | "clienterror") => Outcome::Failure,
        Some(_) => Outcome::Other,
        None => Outcome::Unknown,
    };
    event.outcome(outcome);
    event.severity(if outcome == Outcome::Failure { 2 } else { 1 });
    event.text_opt(Col::StatusCode, result);
    let reason = body.text("resultReason");
    envelope.forget("resultDescription", reason.as_deref());
    event.text_opt(Col::StatusDetail, reason.or_else(|| envelope.text("resultDescription")));
}

fn map_targets(event: &mut Event, body: &Fields<'_>) {
    let targets = Targets::of(body);
    match event.class() {
        Class::AccountChange => {
            if let Some(user) = targets.first("User").or_else(|| targets.any()) {
                put_user(event, user);
            }
        }
        Class::GroupManagement => map_group(event, targets),
        Class::UserAccess => map_access(event, targets),
        _ => targets.put_resources(event),
    }
}

/// The group is a target, or a property of the member that is the only target.
fn map_group(event: &mut Event, targets: Targets<'_, '_>) {
    let is_subgroup = matches!(event.get_text(Col::ActivityName), Some("Add Subgroup" | "Remove Subgroup"));
    let group = targets.last("Group").or_else(|| targets.any().filter(|_| targets.first("User").is_none()));
    event.text_opt(Col::GroupUid, targets.property("Group.ObjectID"));
    event.text_opt(Col::GroupName, targets.property("Group.DisplayName"));
    if let Some(group) = group {
        event.text_opt(Col::GroupUid, member(group, "id"));
        event.text_opt(Col::GroupName, member(group, "displayName"));
        event.text_opt(Col::GroupType, member(group, "groupType"));
    }
    match targets.first_other("Group") {
        _ if is_subgroup => {
            event.text_opt(Col::SubgroupUid, targets.first("Group").and_then(|group| member(group, "id")));
            event.text_opt(Col::SubgroupName, targets.first("Group").and_then(|group| member(group, "displayName")));
        }
        Some(other) if matches!(member(other, "type"), Some("User" | "ServicePrincipal")) => put_user(event, other),
        other => targets.put_resource(event, other),
    }
}

/// Who is given or loses which privilege on what: a role, the permission of an application, ownership.
fn map_access(event: &mut Event, targets: Targets<'_, '_>) {
    let service = targets.first("ServicePrincipal").or_else(|| targets.first("Application"));
    let receiver = targets.first("User").or_else(|| targets.last("ServicePrincipal")).or_else(|| targets.first_other("Role"));
    if let Some(receiver) = receiver {
        put_user(event, receiver);
    }
    if let Some(service) = service.filter(|service| receiver.is_none_or(|receiver| !std::ptr::eq(*service, receiver))) {
        targets.put_resource(event, Some(service));
    }
    event.list(Col::Privileges, privileges(event, targets));
}

fn privileges(event: &Event, targets: Targets<'_, '_>) -> Vec<String> {
    if let Some(role) = targets.property("Role.DisplayName") {
        return vec![role];
    }
    if let Some(role) = targets.first("Role").and_then(|role| member(role, "displayName")) {
        return vec![role.to_owned()];
    }
    if let Some(role) = targets.property("AppRole.Value").or_else(|| targets.property("AppRole.DisplayName")) {
        return vec![role];
    }
    if let Some(scopes) = targets.property("DelegatedPermissionGrant.Scope") {
        return scopes.split_whitespace().map(str::to_owned).collect();
    }
    if let Some(permissions) = targets.property("ConsentAction.Permissions") {
        return consented_scopes(&permissions);
    }
    let is_ownership = event.get_text(Col::MetadataEventCode).is_some_and(|activity| activity.to_ascii_lowercase().contains(" owner "));
    if is_ownership { vec!["Owner".to_owned()] } else { Vec::new() }
}

/// `[] => [[Id: …, ConsentType: Principal, Scope: User.Read Mail.Read, CreatedDateTime: …]]`
fn consented_scopes(permissions: &str) -> Vec<String> {
    let given = permissions.split_once("=>").map_or(permissions, |(_, given)| given);
    let scopes = given.split("Scope:").skip(1).flat_map(|rest| rest.split([',', ']']).next()).flat_map(str::split_whitespace);
    let mut found: Vec<String> = Vec::new();
    for scope in scopes.filter(|scope| *scope != "null") {
        if !found.iter().any(|known| known == scope) {
            found.push(scope.to_owned());
        }
    }
    found
}

/// The targets with their modified properties and the additional details, as the parameters of the request.
fn map_request(event: &mut Event, body: &mut Fields<'_>) {
    let parts = ["targetResources", "additionalDetails"].map(|key| Some(format!(r#""{key}":{}"#, to_json(&body.take(key)?)?)));
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        event.owned_text(Col::ApiRequestData, format!("{{{}}}", parts.join(",")));
    }
}

//! Sign-ins of people, service principals and managed identities.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/signin>,
//! <https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-sign-in-log-activity-details>

use coldtrail_model::{Class, Col, Event, Outcome};
use serde_json::json;
use serde_json_borrow::Value;

use crate::Reason;
use crate::fields::Fields;
use crate::sources::azure::{ACTOR, Identity, USER, elements, member, put_address};

use super::sign_in_codes::{
    auth_protocol_id, factor_type_id, is_basic_client, os_type_id, reason_of, risk_level, says_second_factor_is_missing,
};
use super::{happened, map_caller, map_common};

/// Maps one sign-in.
pub(super) fn map(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["createdDateTime"])?;
    let mut event = Event::new(Class::Authentication, 1, time);
    map_common(&mut event, envelope, body, "Microsoft Entra ID");
    if event.get(Col::MetadataLogName).is_none() {
        event.text(Col::MetadataLogName, "auditLogs/signIns");
    }
    map_who(&mut event, envelope, body);
    map_how(&mut event, body);
    map_service(&mut event, body);
    map_source(&mut event, envelope, body);
    map_device(&mut event, body);
    let code = map_outcome(&mut event, envelope, body);
    map_factors(&mut event, body, code);
    map_conditional_access(&mut event, body);
    map_risk(&mut event, body, code);
    map_session(&mut event, body);
    Ok(event)
}

/// Who signs in: a service principal or managed identity if the record names one, else a person.
fn map_who(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let is_app = is_app(event, body);
    let (name, uid, kind) = if is_app {
        (body.text("servicePrincipalName"), body.text("servicePrincipalId"), Some("Service".into()))
    } else {
        (body.text("userPrincipalName"), body.text("userId"), body.text("userType"))
    };
    let full_name = body.text("userDisplayName").or_else(|| envelope.text("identity"));
    envelope.forget("identity", full_name.as_deref());
    let identity = Identity {
        name: name.as_deref().or(full_name.as_deref()),
        full_name: full_name.as_deref(),
        uid: uid.as_deref(),
        kind: kind.as_deref(),
        kind_id: if is_app { 4 } else { 1 },
    };
    identity.put(event, USER);
    identity.put(event, ACTOR);
    event.text_opt(Col::UserCredentialUid, body.text("servicePrincipalCredentialKeyId"));
    event.text_opt(Col::UserAccountUid, body.text("homeTenantId"));
}

fn is_app(event: &Event, body: &Fields<'_>) -> bool {
    match event.get_text(Col::MetadataLogName).map(str::to_ascii_lowercase).as_deref() {
        Some("serviceprincipalsigninlogs" | "managedidentitysigninlogs" | "microsoftserviceprincipalsigninlogs") => true,
        _ => body.peek_text("servicePrincipalId").is_some() && body.peek_text("userId").is_none(),
    }
}

/// The kind of sign-in, the client and the protocol. A client that can only send a password is Basic Authentication.
fn map_how(event: &mut Event, body: &mut Fields<'_>) {
    event.flag(Col::IsRemote, true);
    event.long(Col::LogonTypeId, 99);
    event.text(Col::LogonType, logon_type(event, body));
    event.text_opt(Col::ActorAppName, body.text("clientAppUsed"));
    let protocol = body.peek_text("authenticationProtocol").filter(|protocol| *protocol != "none").map(str::to_owned);
    let client = event.get_text(Col::ActorAppName).map(str::to_owned);
    if let Some(protocol) = protocol {
        event.long(Col::AuthProtocolId, auth_protocol_id(&protocol));
        event.text(Col::AuthProtocol, protocol);
        body.take("authenticationProtocol");
    } else if client.is_some_and(|client| is_basic_client(&client)) {
        event.long(Col::AuthProtocolId, 11);
        event.text(Col::AuthProtocol, "Basic Authentication");
    }
    event.text_opt(Col::HttpRequestUserAgent, body.text("userAgent"));
}

/// The word of Microsoft Graph's `signInEventTypes`, which the diagnostic logs say by their category.
fn logon_type(event: &Event, body: &mut Fields<'_>) -> &'static str {
    let is_interactive = body.flag("isInteractive");
    match event.get_text(Col::MetadataLogName).map(str::to_ascii_lowercase).as_deref() {
        Some("serviceprincipalsigninlogs" | "microsoftserviceprincipalsigninlogs") => "servicePrincipal",
        Some("managedidentitysigninlogs") => "managedIdentity",
        Some("noninteractiveusersigninlogs") => "nonInteractiveUser",
        Some("signinlogs") => "interactiveUser",
        _ if is_app(event, body) => "servicePrincipal",
        _ if is_interactive == Some(false) => "nonInteractiveUser",
        _ => "interactiveUser",
    }
}

/// The application that a person signs in to and the resource that it asks for; an application signs in to the resource itself.
fn map_service(event: &mut Event, body: &mut Fields<'_>) {
    let app = (body.text("appDisplayName"), body.text("appId"));
    let resource = (body.text("resourceDisplayName"), body.text("resourceId"));
    event.text_opt(Col::DstEndpointSvcName, resource.0.as_ref());
    event.text_opt(Col::DstEndpointUid, resource.1.as_ref());
    let is_app = matches!(event.get_text(Col::LogonType), Some("servicePrincipal" | "managedIdentity"));
    if is_app {
        event.text_opt(Col::ActorAppName, app.0.as_ref());
        event.text_opt(Col::ActorAppUid, app.1.as_ref());
    }
    let service = if is_app { resource } else { app };
    event.text_opt(Col::ServiceName, service.0);
    event.text_opt(Col::ServiceUid, service.1);
}

fn map_source(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    if let Some(address) = body.text("ipAddress") {
        put_address(event, &address);
    }
    map_caller(event, envelope);
    let country = body.text("location.countryOrRegion").or_else(|| envelope.text("location"));
    envelope.forget("location", country.as_deref());
    event.text_opt(Col::SrcEndpointLocationCountry, country);
    event.text_opt(Col::SrcEndpointLocationCity, body.text("location.city"));
    event.text_opt(Col::SrcEndpointLocationRegion, body.text("location.state"));
    if let Some(latitude) = body.double("location.geoCoordinates.latitude") {
        event.double(Col::SrcEndpointLocationLat, latitude);
    }
    if let Some(longitude) = body.double("location.geoCoordinates.longitude") {
        event.double(Col::SrcEndpointLocationLong, longitude);
    }
    event.long_opt(Col::SrcEndpointAutonomousSystemNumber, body.long("autonomousSystemNumber"));
}

fn map_device(event: &mut Event, body: &mut Fields<'_>) {
    event.text_opt(Col::DeviceUid, body.text("deviceDetail.deviceId"));
    event.text_opt(Col::DeviceName, body.text("deviceDetail.displayName"));
    if let Some(os) = body.text("deviceDetail.operatingSystem") {
        event.long(Col::DeviceOsTypeId, os_type_id(&os));
        event.text(Col::DeviceOsName, os);
    }
    event.flag_opt(Col::DeviceIsManaged, body.flag("deviceDetail.isManaged"));
    event.flag_opt(Col::DeviceIsCompliant, body.flag("deviceDetail.isCompliant"));
}

/// Code 0 is success, every other one a failure: <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.
/// Returns the code.
fn map_outcome(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Option<i64> {
    let result = envelope.text("resultType");
    let code = body.long("status.errorCode").or_else(|| result.as_deref().and_then(|result| result.parse().ok()));
    event.outcome(match (code, result.as_deref()) {
        (Some(0), _) => Outcome::Success,
        (Some(_), _) => Outcome::Failure,
        (None, Some(word)) if word.eq_ignore_ascii_case("success") => Outcome::Success,
        (None, Some(word)) if word.eq_ignore_ascii_case("failure") => Outcome::Failure,
        _ => Outcome::Unknown,
    });
    event.text_opt(Col::StatusCode, code.map(|code| code.to_string()).as_deref().or(result.as_deref()));
    let described = envelope.text("resultDescription");
    let reason = body.text("status.failureReason").filter(|reason| reason != "Other.");
    let reason = reason.or(described.clone()).or_else(|| code.and_then(reason_of).map(Into::into));
    let details = body.text("status.additionalDetails");
    let both: Vec<&str> = [reason.as_deref(), details.as_deref()].into_iter().flatten().collect();
    if let Some(described) = described.filter(|described| Some(described) != reason.as_ref()) {
        event.text(Col::Message, described);
    }
    event.text(Col::StatusDetail, both.join("; "));
    code
}

/// The factors of the sign-in, and whether a second one was satisfied. The steps, with their times and results, stay in `unmapped`.
fn map_factors(event: &mut Event, body: &mut Fields<'_>, code: Option<i64>) {
    event.flag_opt(Col::IsMfa, is_mfa(event, body, code));
    let steps = elements(body.peek("authenticationDetails"));
    let mut methods: Vec<&str> = steps.iter().filter_map(|step| member(step, "authenticationMethod")).collect();
    methods.retain(|method| *method != "Previously satisfied");
    let method = body.peek_text("mfaDetail.authMethod");
    methods.extend(method.filter(|method| !methods.contains(method)));
    if !methods.is_empty() {
        let factors: Vec<_> =
            methods.iter().map(|method| json!({"factor_type": method, "factor_type_id": factor_type_id(method)})).collect();
        event.owned_text(Col::AuthFactors, serde_json::Value::Array(factors).to_string());
        body.take("mfaDetail.authMethod");
    }
}

/// True if a second factor was satisfied, now or earlier by a claim in the token; false if one factor sufficed or the second failed;
/// nothing if the record does not say.
fn is_mfa(event: &Event, body: &Fields<'_>, code: Option<i64>) -> Option<bool> {
    if code.is_some_and(says_second_factor_is_missing) {
        return Some(false);
    }
    let is_satisfied = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.starts_with("mfa requirement satisfied") || text.starts_with("mfa completed") || text.starts_with("mfa successfully completed")
    };
    let is_second = |step: &&Value<'_>| member(step, "authenticationStepRequirement").is_some_and(is_multi_factor);
    let succeeded = |step: &Value<'_>| step.as_object().and_then(|step| step.get("succeeded")).and_then(Value::as_bool);
    let steps = elements(body.peek("authenticationDetails"));
    let is_claimed =
        |step: &Value<'_>| succeeded(step) != Some(false) && member(step, "authenticationStepResultDetail").is_some_and(is_satisfied);
    let is_in_status = event.get_text(Col::StatusDetail).is_some_and(|detail| detail.split("; ").any(is_satisfied));
    let requirement = body.peek_text("authenticationRequirement");
    if steps.iter().any(is_claimed) || steps.iter().filter(is_second).any(|step| succeeded(step) == Some(true)) {
        return Some(true);
    }
    if code == Some(0) && (is_in_status || requirement.is_some_and(is_multi_factor)) {
        return Some(true);
    }
    let second_failed = steps.iter().filter(is_second).any(|step| succeeded(step) == Some(false));
    (second_failed || requirement == Some("singleFactorAuthentication")).then_some(false)
}

/// `multiFactorAuthentication`, `Multi-factor authentication`, `Multifactor authentication`.
fn is_multi_factor(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    letters.eq_ignore_ascii_case("multifactorauthentication")
}

/// What Conditional Access decided, and the first policy that decided it.
fn map_conditional_access(event: &mut Event, body: &mut Fields<'_>) {
    let (action_id, action, disposition_id, disposition) = match body.peek_text("conditionalAccessStatus") {
        Some("success") => (1, "Allowed", 1, "Allowed"),
        Some("failure") => (2, "Denied", 2, "Blocked"),
        Some("notApplied") => (3, "Observed", 16, "No Action"),
        _ => return,
    };
    event.long(Col::ActionId, action_id);
    event.text(Col::Action, action);
    event.long(Col::DispositionId, disposition_id);
    event.text(Col::Disposition, disposition);
    let status = body.text("conditionalAccessStatus");
    let policies = elements(body.peek("appliedConditionalAccessPolicies"));
    let decided = |policy: &&Value<'_>| status.is_some() && member(policy, "result") == status.as_deref();
    if let Some(policy) = policies.iter().find(decided).filter(|_| action_id != 3) {
        event.text_opt(Col::PolicyName, member(policy, "displayName"));
        event.text_opt(Col::PolicyUid, member(policy, "id"));
    }
}

/// The risk of this sign-in. A failure is low, a risk as severe as it is high.
fn map_risk(event: &mut Event, body: &mut Fields<'_>, code: Option<i64>) {
    let mut severity = if code.is_some_and(|code| code != 0) { 2 } else { 1 };
    let level = body.peek_text("riskLevelDuringSignIn").and_then(risk_level);
    if let Some((id, caption)) = level {
        body.take("riskLevelDuringSignIn");
        event.long(Col::RiskLevelId, id);
        event.text(Col::RiskLevel, caption);
        severity = severity.max(id as i32 + 1);
    }
    event.severity(severity);
    event.text_opt(Col::RiskDetails, body.peek_text("riskDetail").filter(|detail| *detail != "none" && *detail != "hidden"));
    if event.get(Col::RiskDetails).is_some() {
        body.take("riskDetail");
    }
}

/// The session, and the id of the token, by which Graph activity and other logs name the sign-in.
fn map_session(event: &mut Event, body: &mut Fields<'_>) {
    event.text_opt(Col::SessionUid, body.text("sessionId"));
    event.text_opt(Col::SessionUidAlt, body.text("uniqueTokenIdentifier"));
    let issuer_type = body.text("tokenIssuerType");
    event.text_opt(Col::SessionIssuer, body.text("tokenIssuerName").or(issuer_type));
}

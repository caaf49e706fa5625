//! Risk that Entra ID Protection found: <https://learn.microsoft.com/en-us/graph/api/resources/riskdetection>,
//! <https://learn.microsoft.com/en-us/graph/api/resources/riskyuser>.

use coldtrail_model::{Class, Col, Event};
use serde_json::{Map, Value as Json, json};

use crate::Reason;
use crate::fields::Fields;
use crate::parse::{is_email_address, is_ip};
use crate::sources::azure::{split_principal_name, time_of};

use super::sign_in_codes::risk_level;
use super::{happened, map_common};

/// Maps one detection.
pub(super) fn map_detection(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["detectedDateTime", "activityDateTime"])?;
    let mut event = finding(time, envelope, body, "identityProtection/riskDetections");
    let changed = time_of(body, "lastUpdatedDateTime");
    event.time_opt(Col::EndTime, changed);
    event.time_opt(Col::FindingInfoModifiedTime, changed);
    event.time(Col::FindingInfoCreatedTime, time);
    let began = time_of(body, "activityDateTime");
    event.time_opt(Col::StartTime, began);
    event.time_opt(Col::FindingInfoFirstSeenTime, began);
    let kind = body.text("riskEventType").or_else(|| body.text("riskType"));
    body.forget("riskType", kind.as_deref());
    event.list(Col::FindingInfoTypes, kind.iter());
    event.text(Col::FindingInfoTitle, kind.as_deref().unwrap_or("Risk detection"));
    event.text_opt(Col::FindingInfoProductUid, body.text("source"));
    map_evidence(&mut event, envelope, body);
    Ok(event)
}

/// Maps one user or service principal at risk.
pub(super) fn map_principal(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["riskLastUpdatedDateTime"])?;
    let mut event = finding(time, envelope, body, "identityProtection/riskyUsers");
    let is_service = body.has("servicePrincipalId") || body.peek_text("servicePrincipalType").is_some();
    event.text(Col::FindingInfoTitle, if is_service { "Risky service principal" } else { "Risky user" });
    event.time(Col::FindingInfoModifiedTime, time);
    map_evidence(&mut event, envelope, body);
    Ok(event)
}

fn finding(time: i64, envelope: &mut Fields<'_>, body: &mut Fields<'_>, graph_log: &'static str) -> Event {
    let mut event = Event::new(Class::DetectionFinding, 1, time);
    map_common(&mut event, envelope, body, "Microsoft Entra ID Protection");
    if event.get(Col::MetadataLogName).is_none() {
        event.text(Col::MetadataLogName, graph_log);
    }
    let uid = event.get_text(Col::MetadataUid).map(str::to_owned);
    event.text_opt(Col::FindingInfoUid, uid);
    event.flag(Col::IsAlert, true);
    event.severity(0);
    if let Some((id, caption)) = body.peek_text("riskLevel").and_then(risk_level) {
        body.take("riskLevel");
        event.long(Col::RiskLevelId, id);
        event.text(Col::RiskLevel, caption);
        event.severity(id as i32 + 1);
    }
    if let Some((id, caption)) = body.peek_text("riskState").and_then(status_of) {
        event.text_opt(Col::StatusDetail, body.text("riskState"));
        event.long(Col::StatusId, id);
        event.text(Col::Status, caption);
    }
    event.text_opt(Col::FindingInfoDesc, body.text("riskDetail"));
    event
}

/// OCSF's status of a finding by the state of the risk.
fn status_of(state: &str) -> Option<(i64, &'static str)> {
    match state {
        "atRisk" | "confirmedCompromised" => Some((1, "New")),
        "confirmedSafe" | "dismissed" => Some((3, "Suppressed")),
        "remediated" | "none" => Some((4, "Resolved")),
        _ => None,
    }
}

/// Whose risk it is, and where the sign-in came from.
fn map_evidence(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let is_service = body.has("servicePrincipalId") || body.peek_text("servicePrincipalType").is_some();
    let name = body.text("userPrincipalName").or_else(|| body.text("servicePrincipalDisplayName"));
    let full_name = body.text("userDisplayName").or_else(|| body.text("displayName"));
    envelope.forget("identity", full_name.as_deref());
    let uid = body.text("userId").or_else(|| body.text("servicePrincipalId"));
    let named = name.as_deref().or(full_name.as_deref());
    let (kind, kind_id) = if is_service { ("Service", 4) } else { ("User", 1) };
    let mut user = Map::from_iter([("type".to_owned(), json!(kind)), ("type_id".to_owned(), json!(kind_id))]);
    let (local, domain) = named.map(split_principal_name).unzip();
    put(&mut user, "name", local);
    put(&mut user, "domain", domain.flatten());
    put(&mut user, "email_addr", named.filter(|name| is_email_address(name)));
    put(&mut user, "full_name", full_name.as_deref());
    let of_finding = event.get_text(Col::FindingInfoUid).map(str::to_owned);
    let subject = uid.as_deref().or(of_finding.as_deref().filter(|_| event.get(Col::FindingInfoTypes).is_none()));
    put(&mut user, "uid", subject);
    event.text_opt(Col::EvidencesActorUserName, local);
    event.text_opt(Col::EvidencesActorUserUid, subject);
    event.text_opt(Col::ResourcesName, named);
    event.text_opt(Col::ResourcesUid, subject);
    let resource_type = if is_service { "ServicePrincipal" } else { "User" };
    event.text(Col::ResourcesType, resource_type);
    let mut resource = Map::from_iter([("type".to_owned(), json!(resource_type)), ("role".to_owned(), json!("Affected"))]);
    resource.insert("role_id".to_owned(), json!(3));
    put(&mut resource, "name", named);
    put(&mut resource, "uid", subject);
    event.owned_text(Col::Resources, json!([resource]).to_string());
    let mut evidence = Map::from_iter([("actor".to_owned(), json!({ "user": user }))]);
    if let Some(endpoint) = endpoint(event, envelope, body) {
        evidence.insert("src_endpoint".to_owned(), endpoint);
    }
    event.owned_text(Col::Evidences, json!([evidence]).to_string());
}

fn endpoint(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Option<Json> {
    let address = body.text("ipAddress").or_else(|| envelope.text("callerIpAddress")).filter(|address| is_ip(address))?;
    envelope.forget("callerIpAddress", Some(&address));
    event.text(Col::EvidencesSrcEndpointIp, &address);
    let country = body.text("location.countryOrRegion");
    envelope.forget("location", country.as_deref());
    let mut location = Map::new();
    put(&mut location, "country", country.as_deref());
    put(&mut location, "city", body.text("location.city").as_deref());
    put(&mut location, "region", body.text("location.state").as_deref());
    let mut endpoint = Map::from_iter([("ip".to_owned(), json!(address))]);
    if !location.is_empty() {
        endpoint.insert("location".to_owned(), Json::Object(location));
    }
    Some(Json::Object(endpoint))
}

fn put(object: &mut Map<String, Json>, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        object.insert(key.to_owned(), json!(text));
    }
}

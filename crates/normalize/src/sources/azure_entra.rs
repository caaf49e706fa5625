//! Microsoft Entra ID: sign-ins, directory audit, risk, provisioning and Microsoft Graph activity.
//!
//! Records come as diagnostic logs (`time`, `category`, `properties`:
//! <https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-diagnostic-settings-logs-options>) or as the resources of
//! Microsoft Graph (<https://learn.microsoft.com/en-us/graph/api/resources/azure-ad-auditlog-overview>), of which the diagnostic logs
//! carry the same members under `properties`.
//!
//! Sign-ins are Authentication; risk is Detection Finding; the directory audit is Account Change, Group Management, User Access or API
//! Activity, by what was done; Graph activity is API Activity. Classes follow <https://github.com/tenzir/library>.

mod audit;
mod audit_activities;
mod graph_activity;
mod provisioning;
mod risk;
mod sign_in;
mod sign_in_codes;
mod targets;

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::azure::{ENVELOPE, put_address, put_level, put_tenant, time_of};
use crate::sources::{Format, Mapping};

/// Entra's logs.
#[derive(Debug, Default)]
pub(crate) struct Entra;

impl Mapping for Entra {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["records", "value"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        record.spell(&ENVELOPE);
        match record.take("properties") {
            Some(Value::Str(text)) => map_text_properties(record, text),
            Some(value) => {
                let mut body = Fields::from_value(value);
                let event = map_entry(record, &mut body)?;
                record.put("properties", body.into_root());
                Ok(event)
            }
            None => {
                let mut body = std::mem::replace(record, Fields::from_value(Value::Null));
                move_envelope(&mut body, record);
                let event = map_entry(record, &mut body)?;
                let mut envelope = std::mem::replace(record, body);
                for name in OF_ENVELOPE {
                    if let Some(left) = envelope.take(name) {
                        record.put(name, left);
                    }
                }
                Ok(event)
            }
        }
    }
}

/// What the diagnostic log of sign-ins has in its envelope.
const OF_ENVELOPE: [&str; 8] =
    ["time", "category", "operationName", "resultType", "resultSignature", "resultDescription", "identity", "level"];

/// The tables of sign-ins in Log Analytics have members of envelope and record side by side.
fn move_envelope<'a>(body: &mut Fields<'a>, envelope: &mut Fields<'a>) {
    let category = body.peek_text("category").unwrap_or_default().to_ascii_lowercase();
    if !category.ends_with("signinlogs") {
        return;
    }
    *envelope = Fields::from_value(Value::Object(Default::default()));
    for name in OF_ENVELOPE {
        if let Some(value) = body.take(name) {
            envelope.put(name, value);
        }
    }
}

/// Some collectors write the properties as text. Text that is no JSON is kept as it is.
fn map_text_properties<'a>(record: &mut Fields<'a>, text: Cow<'a, str>) -> Result<Event, Reason> {
    let Ok(mut body) = Fields::parse(&text) else {
        record.put("properties", Value::Str(text));
        return map_entry(record, &mut Fields::from_value(Value::Null));
    };
    let mut event = map_entry(record, &mut body)?;
    if let Some(rest) = body.rest() {
        event.owned_text(Col::Unmapped, format!(r#"{{"properties":{rest}}}"#));
    }
    Ok(event)
}

/// The categories of Entra's diagnostic logs, in lower case.
const CATEGORIES: [&str; 14] = [
    "adfssigninlogs",
    "auditlogs",
    "managedidentitysigninlogs",
    "microsoftgraphactivitylogs",
    "microsoftserviceprincipalsigninlogs",
    "noninteractiveusersigninlogs",
    "provisioninglogs",
    "riskyagents",
    "riskyserviceprincipals",
    "riskyusers",
    "serviceprincipalriskevents",
    "serviceprincipalsigninlogs",
    "signinlogs",
    "userriskevents",
];

/// True if an object that begins like this is of Entra.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let Some(record) = &look.record else { return false };
    let text =
        |name: &str, other: &str| record.peek_text(name).or_else(|| record.peek_text(other)).unwrap_or_default().to_ascii_lowercase();
    if record.has("properties") {
        let is_of_tenant = text("resourceId", "resourceid").ends_with("/providers/microsoft.aadiam");
        return is_of_tenant || CATEGORIES.contains(&text("category", "Category").as_str());
    }
    look.record_has(&["createdDateTime", "appId", "status"])
        || look.record_has(&["createdDateTime", "userPrincipalName", "ipAddress"])
        || look.record_has(&["activityDateTime", "activityDisplayName"])
        || look.record_has(&["activityDateTime", "provisioningAction"])
        || look.record_has(&["detectedDateTime", "riskEventType"])
        || look.record_has(&["riskLastUpdatedDateTime", "riskState"])
}

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SignIn,
    Audit,
    RiskDetection,
    RiskyPrincipal,
    GraphActivity,
    Provisioning,
    Other,
}

/// The kind by the category, or by the members where there is none or one that the audit log uses for itself.
fn kind_of(envelope: &Fields<'_>, body: &Fields<'_>) -> Kind {
    let category = envelope.peek_text("category").unwrap_or_default().to_ascii_lowercase();
    match category.as_str() {
        "auditlogs" => Kind::Audit,
        "userriskevents" | "serviceprincipalriskevents" => Kind::RiskDetection,
        "riskyusers" | "riskyserviceprincipals" | "riskyagents" => Kind::RiskyPrincipal,
        "microsoftgraphactivitylogs" => Kind::GraphActivity,
        "provisioninglogs" => Kind::Provisioning,
        category if category.ends_with("signinlogs") => Kind::SignIn,
        _ if body.has("provisioningAction") || body.has("provisioningSteps") => Kind::Provisioning,
        _ if body.has("activityDisplayName") => Kind::Audit,
        _ if body.has("riskEventType") || body.has("riskType") => Kind::RiskDetection,
        _ if body.has("riskLastUpdatedDateTime") => Kind::RiskyPrincipal,
        _ if body.has("requestMethod") && body.has("requestUri") => Kind::GraphActivity,
        _ if body.has("createdDateTime") && (body.has("appId") || body.has("userPrincipalName") || body.has("servicePrincipalId")) => {
            Kind::SignIn
        }
        _ => Kind::Other,
    }
}

fn map_entry(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    match kind_of(envelope, body) {
        Kind::SignIn => sign_in::map(envelope, body),
        Kind::Audit => audit::map(envelope, body),
        Kind::RiskDetection => risk::map_detection(envelope, body),
        Kind::RiskyPrincipal => risk::map_principal(envelope, body),
        Kind::GraphActivity => graph_activity::map(envelope, body),
        Kind::Provisioning => provisioning::map(envelope, body),
        Kind::Other => map_other(envelope, body),
    }
}

/// A record of a kind that is not known.
fn map_other(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    if envelope.root().is_null() && !body.root().is_object() {
        return Err(Reason::NotThisFormat { format: "a record of Entra", detail: "not an object".to_owned() });
    }
    let time = happened(envelope, body, &["createdDateTime", "activityDateTime", "time", "TimeGenerated"])?;
    let mut event = Event::new(Class::ApiActivity, 99, time);
    event.activity_other(envelope.peek_text("operationName").unwrap_or("Other"));
    event.text_opt(Col::ApiOperation, envelope.peek_text("operationName"));
    map_common(&mut event, envelope, body, "Microsoft Entra ID");
    map_caller(&mut event, envelope);
    Ok(event)
}

/// When it happened: the first of these members, or else when the log was written.
fn happened(envelope: &mut Fields<'_>, body: &mut Fields<'_>, paths: &[&'static str]) -> Result<i64, Reason> {
    if let Some(time) = paths.iter().find_map(|path| time_of(body, path)) {
        return Ok(time);
    }
    if let Some(time) = time_of(envelope, "time") {
        return Ok(time);
    }
    let written = paths.iter().find_map(|path| Some((*path, body.peek_text(path)?)));
    match written.or_else(|| Some(("time", envelope.peek_text("time")?))) {
        Some((field, text)) => Err(Reason::bad_field(field, text, "a time")),
        None => Err(Reason::Missing { field: paths.first().copied().unwrap_or("time") }),
    }
}

/// What every record says about its log and tenant. `resultSignature`, `operationVersion` and `durationMs` say nothing in these logs.
fn map_common(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>, product: &'static str) {
    event.text(Col::MetadataProductName, product);
    event.text(Col::MetadataProductVendorName, "Microsoft");
    if envelope.root().is_null() {
        event.text(Col::MetadataProductFeatureName, "Microsoft Graph");
    }
    event.text(Col::CloudProvider, "Azure");
    event.time_opt(Col::MetadataLoggedTime, time_of(envelope, "time"));
    event.text_opt(Col::MetadataLogName, envelope.text("category"));
    event.text_opt(Col::MetadataEventCode, envelope.text("operationName"));
    event.text_opt(Col::MetadataUid, body.text("id"));
    if let Some(level) = envelope.text("level") {
        put_level(event, &level);
    }
    map_tenant(event, envelope, body);
    let correlation = body.text("correlationId").or_else(|| envelope.text("correlationId"));
    envelope.forget("correlationId", correlation.as_deref());
    event.text_opt(Col::MetadataCorrelationUid, correlation);
}

/// The tenant; the resource of these logs, `/tenants/{tenant}/providers/Microsoft.aadiam`, says nothing more.
fn map_tenant(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let of_resource = envelope.peek_text("resourceId").and_then(tenant_in).map(str::to_owned);
    let named = envelope.text("tenantId").or_else(|| body.text("tenantId"));
    let Some(tenant) = named.as_deref().or(of_resource.as_deref()) else { return };
    put_tenant(event, tenant);
    body.forget("tenantId", Some(tenant));
    if of_resource.as_deref() == Some(tenant) {
        envelope.take("resourceId");
    }
}

fn tenant_in(resource: &str) -> Option<&str> {
    match resource.split('/').collect::<Vec<_>>()[..] {
        ["", kind, tenant, ..] if kind.eq_ignore_ascii_case("tenants") && !tenant.is_empty() => Some(tenant),
        _ => None,
    }
}

/// The address in the envelope, unless the body had one.
fn map_caller(event: &mut Event, envelope: &mut Fields<'_>) {
    let known = event.get_text(Col::SrcEndpointIp).or_else(|| event.get_text(Col::SrcEndpointName)).map(str::to_owned);
    envelope.forget("callerIpAddress", known.as_deref());
    if known.is_none()
        && let Some(address) = envelope.text("callerIpAddress")
    {
        put_address(event, &address);
    }
}

#[cfg(test)]
mod tests;

//! The Azure Activity Log: <https://learn.microsoft.com/en-us/azure/azure-monitor/platform/activity-log-schema>.
//!
//! Records come as diagnostic logs of a storage account or event hub (`time`, `resultType`, `identity`), or as the REST API, the portal
//! and PowerShell give them (`eventTimestamp`, `status.value`, `authorization`, `claims`; PowerShell begins every name with a capital).
//! All are API Activity, as in the AWS Security Lake samples: what the control plane of Azure was asked to do.

mod caller;
mod outcome;
mod resource_id;

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event};
use serde_json::value::RawValue;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::azure::{ENVELOPE, put_level, put_tenant, take_method, time_of};
use crate::sources::{Format, Mapping};

use caller::map_caller;
use outcome::map_outcome;
use resource_id::{ResourceId, provider_of};

/// Activity Log records.
#[derive(Debug, Default)]
pub(crate) struct AzureActivity;

impl Mapping for AzureActivity {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["records", "value"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        record.spell(&ENVELOPE);
        record.spell(&REST);
        unwrap_content(record);
        map_record(record)
    }
}

/// The members of the REST form, which PowerShell begins with capitals.
const REST: [&str; 17] = [
    "authorization",
    "caller",
    "channels",
    "claims",
    "description",
    "eventDataId",
    "eventName",
    "eventTimestamp",
    "httpRequest",
    "operationId",
    "resourceGroupName",
    "resourceProviderName",
    "resourceType",
    "status",
    "subStatus",
    "submissionTimestamp",
    "subscriptionId",
];

const CATEGORIES: [&str; 8] =
    ["administrative", "alert", "autoscale", "policy", "recommendation", "resourcehealth", "security", "servicehealth"];

/// True if an object that begins like this is the Activity Log. Resource logs of Azure look alike but for their categories.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let Some(record) = &look.record else { return false };
    let category = ["category", "category.value", "Category", "Category.Value"].iter().find_map(|path| record.peek_text(path));
    let is_named = ["operationName", "operationname", "OperationName"].iter().any(|name| record.has(name));
    is_named && category.is_some_and(|category| CATEGORIES.contains(&category.to_ascii_lowercase().as_str()))
}

/// PowerShell writes properties as `Properties: { Content: { … } }`.
fn unwrap_content(record: &mut Fields<'_>) {
    let is_only = record.peek("properties").and_then(|properties| properties.as_object()).is_some_and(|properties| properties.len() == 1);
    if is_only && let Some(content) = record.take("properties.Content") {
        record.put("properties", content);
    }
}

fn map_record(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = time_of_event(record)?;
    let operation = named(record, "operationName");
    let mut event = Event::new(Class::ApiActivity, 99, time);
    map_metadata(&mut event, record);
    map_caller(&mut event, record);
    map_resource(&mut event, record, operation.as_deref());
    let is_created = map_outcome(&mut event, record);
    map_operation(&mut event, record, operation.as_deref(), is_created);
    map_request(&mut event, record);
    map_policy(&mut event, record, operation.as_deref());
    Ok(event)
}

fn time_of_event(record: &mut Fields<'_>) -> Result<i64, Reason> {
    const FIELDS: [&str; 3] = ["eventTimestamp", "time", "submissionTimestamp"];
    if let Some(time) = FIELDS.iter().find_map(|field| time_of(record, field)) {
        return Ok(time);
    }
    match FIELDS.iter().find_map(|field| Some((*field, record.peek_text(field)?))) {
        Some((field, text)) => Err(Reason::bad_field(field, text, "a time")),
        None => Err(Reason::Missing { field: "time" }),
    }
}

/// Takes a member that is a text, or an object with a value and its name in the reader's language.
fn named<'a>(record: &mut Fields<'a>, path: &str) -> Option<Cow<'a, str>> {
    if let Some(text) = record.text(path) {
        return Some(text);
    }
    for value in ["value", "Value"] {
        if let Some(text) = record.text(&format!("{path}.{value}")) {
            record.forget(&format!("{path}.localizedValue"), Some(&text));
            record.forget(&format!("{path}.LocalizedValue"), Some(&text));
            return Some(text);
        }
    }
    None
}

fn map_metadata(event: &mut Event, record: &mut Fields<'_>) {
    event.text(Col::MetadataProductName, "Azure Activity Log");
    event.text(Col::MetadataProductVendorName, "Microsoft");
    event.text(Col::CloudProvider, "Azure");
    event.text_opt(Col::MetadataUid, record.text("eventDataId").or_else(|| record.text("properties.eventDataId")));
    event.text_opt(Col::MetadataCorrelationUid, record.text("correlationId"));
    event.time_opt(Col::MetadataLoggedTime, time_of(record, "submissionTimestamp"));
    let category = named(record, "category");
    record.forget("properties.eventCategory", category.as_deref());
    event.text_opt(Col::MetadataLogName, category);
    event.text_opt(Col::CloudRegion, record.text("location"));
    if let Some(level) = record.text("level") {
        put_level(event, &level);
    }
    if let Some(tenant) = record.text("tenantId") {
        put_tenant(event, &tenant);
    }
    event.text_opt(Col::Message, record.text("description").or_else(|| record.text("properties.message")));
    event.long_opt(Col::Duration, record.long("durationMs"));
}

/// What was touched. The subscription is the account of what happens in it.
fn map_resource(event: &mut Event, record: &mut Fields<'_>, operation: Option<&str>) {
    let id = record.text("resourceId").or_else(|| record.text("properties.entity"));
    record.forget("properties.entity", id.as_deref());
    let parts = ResourceId::parse(id.as_deref().unwrap_or_default());
    let named_type = named(record, "resourceType");
    event.text_opt(Col::ResourcesType, named_type.as_deref().or(parts.kind.as_deref()));
    event.text_opt(Col::ResourcesName, parts.name);
    let group = record.text("resourceGroupName");
    event.text_opt(Col::ResourcesGroupName, parts.group.or(group.as_deref()));
    event.text_opt(Col::ResourcesRegion, record.text("properties.resourceLocation"));
    let subscription = record.text("subscriptionId");
    if let Some(subscription) = parts.subscription.or(subscription.as_deref()) {
        event.text(Col::ResourcesOwnerAccountUid, subscription);
        event.text(Col::CloudAccountUid, subscription);
    }
    let provider = named(record, "resourceProviderName");
    let service = operation.and_then(provider_of).or(provider.as_deref());
    let same = parts.kind.as_deref().and_then(provider_of).filter(|kind| service.is_some_and(|service| service.eq_ignore_ascii_case(kind)));
    event.text_opt(Col::ApiServiceName, same.or(service));
    for scope in ["identity.authorization.scope", "authorization.scope", "authorization.Scope"] {
        record.forget(scope, id.as_deref());
    }
    event.text_opt(Col::ResourcesUid, id);
}

/// Operations end in what they do: `/read`, `/write`, `/delete`, `/action`. A write that answers "created" made the resource.
fn map_operation(event: &mut Event, record: &mut Fields<'_>, operation: Option<&str>, is_created: bool) {
    let verb = operation.and_then(|operation| operation.rsplit('/').next()).map(str::to_ascii_lowercase);
    match (verb.as_deref(), is_created) {
        (Some("write"), true) => event.activity(1),
        (Some("read"), _) => event.activity(2),
        (Some("write"), false) => event.activity(3),
        (Some("delete"), _) => event.activity(4),
        _ => event.activity_other(operation.or_else(|| record.peek_text("eventName.value")).unwrap_or("Other")),
    }
    event.text_opt(Col::ApiOperation, operation);
    event.text_opt(Col::MetadataEventCode, operation);
    if event.get(Col::Message).is_none() {
        event.text_opt(Col::Message, record.text("operationName.localizedValue"));
    }
    for action in ["identity.authorization.action", "authorization.action", "authorization.Action"] {
        record.forget(action, operation);
    }
    if event.get_text(Col::MetadataLogName).is_some_and(|category| category.eq_ignore_ascii_case("Security")) {
        event.flag(Col::IsAlert, true);
    }
}

fn map_request(event: &mut Event, record: &mut Fields<'_>) {
    let request = record.text("operationId").or_else(|| record.text("properties.serviceRequestId"));
    event.text_opt(Col::ApiRequestUid, request);
    event.text_opt(Col::HttpRequestUid, record.text("httpRequest.clientRequestId"));
    event.text_opt(
        Col::HttpRequestHttpMethod,
        take_method(record, "httpRequest.method").or_else(|| take_method(record, "httpRequest.Method")),
    );
    event.text_opt(Col::HttpRequestUrlUrlString, record.text("httpRequest.uri").or_else(|| record.text("httpRequest.Uri")));
    for (col, paths) in [
        (Col::ApiRequestData, ["properties.requestbody", "properties.requestBody"]),
        (Col::ApiResponseData, ["properties.responseBody", "properties.responsebody"]),
    ] {
        if let Some(path) = paths.into_iter().find(|path| is_json(record, path)) {
            event.text_opt(col, json_of(record, path));
        }
    }
}

/// What Azure Policy did, and the first policy that did it; all of them stay in `unmapped`.
fn map_policy(event: &mut Event, record: &Fields<'_>, operation: Option<&str>) {
    let effect = operation.map(str::to_ascii_lowercase);
    let effect = effect.as_deref().and_then(|operation| operation.strip_prefix("microsoft.authorization/policies/"));
    let (action_id, action) = match effect {
        Some("deny/action") => (2, "Denied"),
        Some("audit/action" | "auditifnotexists/action") => (3, "Observed"),
        Some("modify/action" | "append/action" | "deployifnotexists/action") => (4, "Modified"),
        _ => return,
    };
    event.long(Col::ActionId, action_id);
    event.text(Col::Action, action);
    let Some(policies) = record.peek_text("properties.policies").and_then(|text| Fields::parse(text).ok()) else { return };
    event.text_opt(Col::PolicyName, policies.peek_text("0.policyDefinitionName"));
    event.text_opt(Col::PolicyUid, policies.peek_text("0.policyDefinitionId"));
}

/// True if there is an object, or the text of one.
fn is_json(record: &Fields<'_>, path: &str) -> bool {
    match record.peek_text(path) {
        Some(text) => serde_json::from_str::<&RawValue>(text.trim()).is_ok(),
        None => record.has(path),
    }
}

fn json_of(record: &mut Fields<'_>, path: &str) -> Option<String> {
    if record.peek_text(path).is_some() { record.text(path).map(Cow::into_owned) } else { record.json(path) }
}

#[cfg(test)]
mod tests;

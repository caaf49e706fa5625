//! HTTP requests of Google Cloud's application load balancers: <https://docs.cloud.google.com/load-balancing/docs/https/https-logging-monitoring>
//! and <https://docs.cloud.google.com/armor/docs/request-logging>, in
//! <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest>.
//!
//! Every request is HTTP Activity with what the security policy decided. Regional balancers write the port of the client, too.

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::access::{endpoint, place, seconds_ms};
use crate::sources::gcp_audit::{map_location, severity_id};
use crate::sources::http_words::{activity, method, response, url};
use crate::sources::{Format, Mapping};

/// Log entries of requests.
#[derive(Debug, Default)]
pub(crate) struct LoadBalancer;

impl Mapping for LoadBalancer {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["entries"] }
    }

    fn map_json(&mut self, entry: &mut Fields<'_>) -> Result<Event, Reason> {
        map_entry(entry)
    }
}

/// True if an object that begins like this holds requests of load balancers.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let Some(record) = &look.record else { return false };
    let is_balancer = record.peek_text("resource.type").is_some_and(|kind| kind.ends_with("load_balancer") || kind.ends_with("lb_rule"));
    let types = ["jsonPayload.@type", "jsonpayload.@type", "jsonpayload.at_sign_type"];
    let is_entry = types.iter().any(|path| record.peek_text(path).is_some_and(|name| name.ends_with("LoadBalancerLogEntry")));
    (record.has("httpRequest") || record.has("httprequest")) && (is_balancer || is_entry)
}

/// The keys of an entry, which Panther writes in small letters: <https://docs.panther.com/search/panther-fields>.
const KEYS: [&str; 6] = ["httpRequest", "jsonPayload", "insertId", "logName", "receiveTimestamp", "spanId"];

fn map_entry(entry: &mut Fields<'_>) -> Result<Event, Reason> {
    entry.spell(&KEYS);
    let received = entry.time("receiveTimestamp");
    let time = entry.time("timestamp").or(received).or_else(|| entry.time("p_event_time"));
    let time = time.ok_or(Reason::Missing { field: "timestamp" })?;
    let verb = entry.text("httpRequest.requestMethod");
    let mut event = Event::new(Class::HttpActivity, activity(verb.as_deref()), time);
    event.time_opt(Col::MetadataLoggedTime, received);
    map_metadata(&mut event, entry);
    verb.as_deref().into_iter().for_each(|verb| method(&mut event, verb));
    url(&mut event, None, None, None, entry.text("httpRequest.requestUrl").as_deref());
    response(&mut event, entry.long("httpRequest.status"));
    let latency = entry.peek_text("httpRequest.latency").and_then(|text| seconds_ms(text.strip_suffix('s')?));
    if latency.is_some() {
        entry.take("httpRequest.latency");
    }
    event.long_opt(Col::Duration, latency);
    map_ends(&mut event, entry);
    map_policy(&mut event, entry);
    place(
        &mut event,
        entry,
        &[
            (Col::HttpRequestUserAgent, "httpRequest.userAgent"),
            (Col::HttpRequestReferrer, "httpRequest.referer"),
            (Col::HttpRequestVersion, "httpRequest.protocol"),
            (Col::TrafficBytesOut, "httpRequest.requestSize"),
            (Col::TrafficBytesIn, "httpRequest.responseSize"),
            (Col::StatusDetail, "jsonPayload.statusDetails"),
            (Col::StatusDetail, "jsonPayload.proxyStatus"),
            (Col::TlsJa3HashValue, "jsonPayload.securityPolicyRequestData.tlsJa3Fingerprint"),
        ],
    );
    Ok(event)
}

fn map_metadata(event: &mut Event, entry: &mut Fields<'_>) {
    event.text(Col::MetadataProductName, "Cloud Load Balancing");
    event.text(Col::MetadataProductVendorName, "Google Cloud");
    event.text(Col::CloudProvider, "GCP");
    event.text_opt(Col::MetadataUid, entry.text("insertId"));
    event.text_opt(Col::MetadataCorrelationUid, entry.text("trace"));
    let log = entry.text("logName");
    let project_of_log = log.as_deref().and_then(|log| log.strip_prefix("projects/")?.split('/').next());
    let project = entry.text("resource.labels.project_id");
    let project = project.as_deref().or(project_of_log);
    event.text_opt(Col::CloudProjectUid, project);
    event.text_opt(Col::CloudAccountUid, project);
    event.text_opt(Col::MetadataLogName, log.as_ref());
    map_location(event, entry);
    if let Some(severity) = entry.text("severity") {
        event.severity(severity_id(&severity));
        event.text(Col::MetadataLogLevel, severity);
    }
}

/// Who asked, the balancer, and the service behind it.
fn map_ends(event: &mut Event, entry: &mut Fields<'_>) {
    endpoint(event, entry, "httpRequest.remoteIp", Col::SrcEndpointIp, Col::SrcEndpointPort);
    if event.get(Col::SrcEndpointIp).is_none() {
        endpoint(event, entry, "jsonPayload.remoteIp", Col::SrcEndpointIp, Col::SrcEndpointPort);
    }
    entry.forget("jsonPayload.remoteIp", event.get_text(Col::SrcEndpointIp));
    endpoint(event, entry, "httpRequest.serverIp", Col::DstEndpointIp, Col::DstEndpointPort);
    place(
        event,
        entry,
        &[
            (Col::SrcEndpointLocationCountry, "jsonPayload.securityPolicyRequestData.remoteIpInfo.regionCode"),
            (Col::SrcEndpointAutonomousSystemNumber, "jsonPayload.securityPolicyRequestData.remoteIpInfo.asn"),
            (Col::DstEndpointSvcName, "resource.labels.backend_service_name"),
            (Col::DstEndpointSvcName, "resource.labels.backend_target_name"),
            (Col::DstEndpointVpcUid, "resource.labels.network_name"),
            (Col::DeviceName, "resource.labels.forwarding_rule_name"),
        ],
    );
}

/// What Cloud Armor's policy decided; a rule in preview decides nothing.
fn map_policy(event: &mut Event, entry: &mut Fields<'_>) {
    let policy = "jsonPayload.enforcedSecurityPolicy";
    event.text_opt(Col::PolicyName, entry.text(&format!("{policy}.name")));
    event.text_opt(Col::MetadataEventCode, entry.text(&format!("{policy}.configuredAction")));
    let outcome = entry.text(&format!("{policy}.outcome"));
    let is_denied = entry.peek_text("jsonPayload.statusDetails") == Some("denied_by_security_policy");
    let decision = match outcome.as_deref() {
        Some("ACCEPT") => Some((1, "Allowed", 1, "Allowed")),
        Some("DENY") => Some((2, "Denied", 2, "Blocked")),
        None if is_denied => Some((2, "Denied", 2, "Blocked")),
        _ => None,
    };
    if let Some((action_id, action, disposition_id, disposition)) = decision {
        event.long(Col::ActionId, action_id);
        event.text(Col::Action, action);
        event.long(Col::DispositionId, disposition_id);
        event.text(Col::Disposition, disposition);
    }
}

#[cfg(test)]
mod tests;

//! Access and firewall logs of Azure's gateways for HTTP: Application Gateway,
//! <https://learn.microsoft.com/en-us/azure/application-gateway/monitor-application-gateway-reference>, and Front Door,
//! <https://learn.microsoft.com/en-us/azure/frontdoor/monitor-front-door-reference>.
//!
//! A request, and a rule that a request met, are HTTP Activity. Both products write nearly the same properties under other names.

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::is_ip;
use crate::sources::access::{endpoint, place, seconds_ms};
use crate::sources::azure::{ENVELOPE, part_of_id, time_of};
use crate::sources::http_words::{activity, method, response, url};
use crate::sources::{Format, Mapping};

/// One of the products.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gateway {
    name: &'static str,
    /// What the categories of its logs begin with.
    category: &'static str,
    /// What stands before its name in the id of the resource.
    kinds: &'static [&'static str],
}

pub(crate) const APPLICATION_GATEWAY: Gateway =
    Gateway { name: "Azure Application Gateway", category: "applicationgateway", kinds: &["applicationGateways"] };

pub(crate) const FRONT_DOOR: Gateway = Gateway { name: "Azure Front Door", category: "frontdoor", kinds: &["profiles", "frontdoors"] };

impl Mapping for Gateway {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["records", "value"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        record.spell(&ENVELOPE);
        self.map_request(record)
    }
}

impl Gateway {
    /// True if an object that begins like this holds requests or met rules of this product.
    pub(crate) fn recognises(self, look: &FirstLook<'_>) -> bool {
        let Some(record) = &look.record else { return false };
        let category = record.peek_text("category").or_else(|| record.peek_text("Category")).unwrap_or_default().to_ascii_lowercase();
        let log = category.strip_prefix(self.category);
        log.is_some_and(|log| matches!(log, "accesslog" | "firewalllog" | "webapplicationfirewalllog")) && record.has("properties")
    }

    fn map_request(self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let time = time_of(record, "time").or_else(|| time_of(record, "timeStamp")).ok_or(Reason::Missing { field: "time" })?;
        let verb = record.text("properties.httpMethod");
        let mut event = Event::new(Class::HttpActivity, activity(verb.as_deref()), time);
        self.put_product(&mut event, record);
        verb.as_deref().into_iter().for_each(|verb| method(&mut event, verb));
        map_url(&mut event, record);
        let code = record.long("properties.httpStatus").or_else(|| record.long("properties.httpStatusCode"));
        response(&mut event, code);
        map_duration(&mut event, record);
        map_ends(&mut event, record);
        map_action(&mut event, record);
        map_rule(&mut event, record);
        place(&mut event, record, PLACES);
        Ok(event)
    }

    fn put_product(self, event: &mut Event, record: &mut Fields<'_>) {
        event.text(Col::MetadataProductName, self.name);
        event.text(Col::MetadataProductVendorName, "Microsoft");
        event.text(Col::CloudProvider, "Azure");
        event.text_opt(Col::MetadataLogName, record.text("category"));
        let Some(id) = record.text("resourceId") else { return };
        event.text_opt(Col::CloudAccountUid, part_of_id(&id, "subscriptions"));
        event.text_opt(Col::DeviceName, self.kinds.iter().find_map(|kind| part_of_id(&id, kind)));
        event.text(Col::DeviceUid, id);
    }
}

/// Columns that a property gives as it is.
const PLACES: &[(Col, &str)] = &[
    (Col::HttpRequestUserAgent, "properties.userAgent"),
    (Col::HttpRequestReferrer, "properties.referer"),
    (Col::HttpRequestReferrer, "properties.referrer"),
    (Col::HttpRequestVersion, "properties.httpVersion"),
    (Col::TrafficBytesOut, "properties.receivedBytes"),
    (Col::TrafficBytesOut, "properties.requestBytes"),
    (Col::TrafficBytesIn, "properties.sentBytes"),
    (Col::TrafficBytesIn, "properties.responseBytes"),
    (Col::HttpResponseContentType, "properties.contentType"),
    (Col::MetadataCorrelationUid, "properties.transactionId"),
    (Col::MetadataCorrelationUid, "properties.trackingReference"),
    (Col::MetadataCorrelationUid, "correlationId"),
    (Col::TlsVersion, "properties.sslProtocol"),
    (Col::TlsVersion, "properties.securityProtocol"),
    (Col::TlsCipher, "properties.sslCipher"),
    (Col::TlsCipher, "properties.securityCipher"),
    (Col::TlsSni, "properties.sni"),
    (Col::DstEndpointSvcName, "backendPoolName"),
    (Col::DstEndpointSvcName, "properties.backendPoolName"),
    (Col::DstEndpointSvcName, "properties.originName"),
    (Col::DeviceInstanceUid, "properties.instanceId"),
    (Col::StatusDetail, "properties.error_info"),
    (Col::StatusDetail, "properties.errorInfo"),
];

/// Front Door writes the whole URL; Application Gateway path and query apart, and whether it was HTTPS.
fn map_url(event: &mut Event, record: &mut Fields<'_>) {
    let mut target = record.text("properties.requestUri").unwrap_or_default().into_owned();
    if let Some(query) = record.text("properties.requestQuery").filter(|query| query != "-")
        && !target.contains('?')
    {
        target = format!("{target}?{query}");
    }
    let hosts = ["properties.originalHost", "properties.host", "properties.hostname", "properties.hostName"];
    let host = hosts.iter().find_map(|path| record.peek_text(path)).map(str::to_owned);
    let scheme = record.text("properties.sslEnabled").and_then(|enabled| match &*enabled {
        "on" => Some("https"),
        "off" => Some("http"),
        _ => None,
    });
    url(event, scheme, host.as_deref(), None, Some(&target));
    let known = event.get_text(Col::HttpRequestUrlHostname).map(str::to_owned);
    hosts.iter().for_each(|path| record.forget(path, known.as_deref()));
}

/// Seconds with decimals; the first version of Application Gateway writes whole milliseconds.
fn map_duration(event: &mut Event, record: &mut Fields<'_>) {
    let is_first = record.peek_text("properties.instanceId").is_some_and(|instance| instance.starts_with("ApplicationGatewayRole"));
    let Some(taken) = record.text("properties.timeTaken") else { return };
    let duration = if is_first { taken.parse().ok().filter(|ms: &i64| *ms >= 0) } else { seconds_ms(&taken) };
    match duration {
        Some(duration) => event.long(Col::Duration, duration),
        None => record.put("timeTaken", serde_json_borrow::Value::Str(taken)),
    }
}

/// Who asked, through whom, and which server answered.
fn map_ends(event: &mut Event, record: &mut Fields<'_>) {
    for path in ["properties.clientIP", "properties.clientIp"] {
        endpoint(event, record, path, Col::SrcEndpointIp, Col::SrcEndpointPort);
    }
    place(event, record, &[(Col::SrcEndpointPort, "properties.clientPort")]);
    for path in ["properties.socketIP", "properties.socketIp"] {
        record.forget(path, event.get_text(Col::SrcEndpointIp));
        if let Some(hop) = record.peek_text(path).filter(|hop| is_ip(hop)).map(str::to_owned) {
            record.take(path);
            event.list(Col::SrcEndpointIntermediateIps, [hop]);
        }
    }
    for path in ["properties.serverRouted", "properties.originIp"] {
        endpoint(event, record, path, Col::DstEndpointIp, Col::DstEndpointPort);
    }
}

/// What the firewall did; a rule that only counts or is in detection mode observes.
fn map_action(event: &mut Event, record: &mut Fields<'_>) {
    let Some(action) = record.text("properties.action") else { return };
    let (action_id, caption, disposition_id, disposition) = match action.to_ascii_lowercase().as_str() {
        "allow" | "allowed" => (1, "Allowed", 1, "Allowed"),
        "block" | "blocked" => (2, "Denied", 2, "Blocked"),
        "log" | "logandscore" | "anomalyscoring" => (3, "Observed", 17, "Logged"),
        "detected" | "matched" => (3, "Observed", 15, "Detected"),
        _ => (99, &*action, 99, &*action),
    };
    event.long(Col::ActionId, action_id);
    event.text(Col::Action, caption);
    event.long(Col::DispositionId, disposition_id);
    event.text(Col::Disposition, disposition);
    event.text(Col::MetadataEventCode, &action);
}

/// The policy and the rule that was met. In an access log a rule is one of routing.
fn map_rule(event: &mut Event, record: &mut Fields<'_>) {
    if event.get(Col::ActionId).is_none() {
        return;
    }
    if let Some(id) = record.text("properties.policyId") {
        event.text_opt(Col::PolicyName, id.rsplit('/').next());
        event.text(Col::PolicyUid, id);
    }
    place(
        event,
        record,
        &[
            (Col::PolicyName, "properties.policy"),
            (Col::StatusDetail, "properties.ruleName"),
            (Col::StatusDetail, "properties.ruleId"),
            (Col::Message, "properties.details.msg"),
            (Col::Message, "properties.message"),
        ],
    );
}

#[cfg(test)]
mod tests;

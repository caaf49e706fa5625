//! AWS WAF web ACL traffic logs: <https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html>.
//!
//! Every inspected request is HTTP Activity with what the ACL decided.

use coldtrail_model::{Class, Col, Event};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::{Fields, to_json};
use crate::sources::access::place;
use crate::sources::http_words::{activity, method, url};
use crate::sources::{Format, Mapping};

/// Web ACL logs.
#[derive(Debug, Default)]
pub(crate) struct Waf;

impl Mapping for Waf {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["Records", "records", "logEvents"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        map_request(record)
    }
}

/// True if an object that begins like this holds web ACL logs.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["webaclId", "action", "httpRequest"])
}

fn time_of(record: &mut Fields<'_>) -> Option<i64> {
    record.long("timestamp").or_else(|| record.time("timestamp")).or_else(|| record.time("p_event_time"))
}

fn map_request(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = time_of(record).ok_or(Reason::Missing { field: "timestamp" })?;
    let verb = record.text("httpRequest.httpMethod");
    let mut event = Event::new(Class::HttpActivity, activity(verb.as_deref()), time);
    event.text(Col::MetadataProductName, "AWS WAF");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::CloudProvider, "AWS");
    verb.as_deref().into_iter().for_each(|verb| method(&mut event, verb));
    map_policy(&mut event, record);
    map_action(&mut event, record);
    let host = map_headers(&mut event, record);
    let (path, query) = (record.text("httpRequest.uri"), record.text("httpRequest.args"));
    let target = match query {
        Some(query) => format!("{}?{query}", path.unwrap_or_default()),
        None => path.unwrap_or_default().into_owned(),
    };
    let scheme = record.text("httpRequest.scheme");
    url(&mut event, scheme.as_deref(), host.as_deref(), None, Some(&target));
    place(
        &mut event,
        record,
        &[
            (Col::MetadataProductVersion, "formatVersion"),
            (Col::SrcEndpointIp, "httpRequest.clientIp"),
            (Col::SrcEndpointLocationCountry, "httpRequest.country"),
            (Col::SrcEndpointAutonomousSystemNumber, "clientAsn"),
            (Col::SrcEndpointUid, "httpSourceId"),
            (Col::SrcEndpointSvcName, "httpSourceName"),
            (Col::HttpRequestVersion, "httpRequest.httpVersion"),
            (Col::HttpRequestUid, "httpRequest.requestId"),
            (Col::HttpResponseCode, "responseCodeSent"),
            (Col::TlsJa3HashValue, "ja3Fingerprint"),
        ],
    );
    let names = match record.peek("labels") {
        Some(Value::Array(labels)) => labels.iter().filter_map(|label| Some(label.get("name").as_str()?.to_owned())).collect(),
        _ => Vec::<String>::new(),
    };
    event.list(Col::MetadataLabels, names);
    Ok(event)
}

/// `arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID`.
fn map_policy(event: &mut Event, record: &mut Fields<'_>) {
    let Some(acl) = record.text("webaclId") else { return };
    let parts: Vec<&str> = acl.splitn(6, ':').collect();
    if let [_, _, _, region, account, name] = parts[..] {
        event.text(Col::CloudRegion, region);
        event.text(Col::CloudAccountUid, account);
        event.text_opt(Col::PolicyName, name.split('/').nth(2));
    }
    event.text(Col::PolicyUid, acl);
}

/// What the rule that ended the inspection did. A CAPTCHA or a challenge stops the request until it is solved.
fn map_action(event: &mut Event, record: &mut Fields<'_>) {
    event.text_opt(Col::StatusDetail, record.text("terminatingRuleId"));
    let Some(action) = record.text("action") else { return };
    let (action_id, caption, disposition_id, disposition) = match &*action {
        "ALLOW" => (1, "Allowed", 1, "Allowed"),
        "BLOCK" => (2, "Denied", 2, "Blocked"),
        "COUNT" | "EXCLUDED_AS_COUNT" => (3, "Observed", 17, "Logged"),
        _ => (99, &*action, 99, &*action),
    };
    event.long(Col::ActionId, action_id);
    event.text(Col::Action, caption);
    event.long(Col::DispositionId, disposition_id);
    event.text(Col::Disposition, disposition);
    event.text(Col::MetadataEventCode, &action);
}

/// The headers, and what some of them say: the host is returned.
fn map_headers(event: &mut Event, record: &mut Fields<'_>) -> Option<String> {
    let headers = record.take("httpRequest.headers")?;
    let Value::Array(elements) = &headers else { return None };
    let header = |wanted: &str| {
        let found = elements.iter().find(|header| header.get("name").as_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
        found.and_then(|header| header.get("value").as_str()).map(str::to_owned)
    };
    event.text_opt(Col::HttpRequestUserAgent, header("user-agent"));
    event.text_opt(Col::HttpRequestReferrer, header("referer"));
    let forwarded = header("x-forwarded-for").unwrap_or_default();
    event.list(Col::HttpRequestXForwardedFor, forwarded.split(',').map(str::trim).filter(|address| crate::parse::is_ip(address)));
    event.text_opt(Col::HttpRequestHttpHeaders, to_json(&headers));
    header("host")
}

#[cfg(test)]
mod tests;

//! http.log: <https://docs.zeek.org/en/master/scripts/base/protocols/http/main.zeek.html#type-HTTP::Info>.

use coldtrail_model::{Col, Event, Outcome};
use serde_json::json;

use super::common::place;
use crate::fields::Fields;
use crate::parse::is_ip;

/// The methods that OCSF knows, with their activities.
const METHODS: &[(&str, i32)] =
    &[("CONNECT", 1), ("DELETE", 2), ("GET", 3), ("HEAD", 4), ("OPTIONS", 5), ("POST", 6), ("PUT", 7), ("TRACE", 8), ("PATCH", 9)];

/// OCSF's activity of the method.
pub(super) fn activity(fields: &Fields<'_>) -> i32 {
    let Some(method) = fields.peek_text("method") else { return 0 };
    METHODS.iter().find(|(name, _)| method.eq_ignore_ascii_case(name)).map_or(99, |(_, activity_id)| *activity_id)
}

/// A method that OCSF does not know (`PROPFIND`) names the activity and stays in `unmapped`.
fn method(event: &mut Event, fields: &mut Fields<'_>) {
    let Some(method) = fields.peek_text("method").map(str::to_ascii_uppercase) else { return };
    if METHODS.iter().any(|(name, _)| *name == method) {
        fields.take("method");
        event.text(Col::HttpRequestHttpMethod, method);
    } else {
        event.activity_other(&method);
    }
}

/// http.log
pub(super) fn exchange(event: &mut Event, fields: &mut Fields<'_>) {
    event.text(Col::AppProtocolName, "http");
    event.text(Col::ConnectionInfoProtocolName, "tcp");
    event.long(Col::ConnectionInfoProtocolNum, 6);
    method(event, fields);
    headers(event, fields);
    url(event, fields);
    place(
        event,
        fields,
        &[
            (Col::HttpRequestReferrer, "referrer"),
            (Col::HttpRequestVersion, "version"),
            (Col::HttpRequestUserAgent, "user_agent"),
            (Col::HttpRequestBodyLength, "request_body_len"),
            (Col::HttpResponseBodyLength, "response_body_len"),
            (Col::HttpResponseCode, "status_code"),
            (Col::HttpResponseMessage, "status_msg"),
            (Col::ActorUserName, "username"),
        ],
    );
    if let Some(coldtrail_model::Value::Long(code)) = event.get(Col::HttpResponseCode) {
        let outcome = if (100..400).contains(code) { Outcome::Success } else { Outcome::Failure };
        event.outcome(outcome);
    }
    if let Some(mime_type) = fields.peek_text("resp_mime_types.0").map(str::to_owned) {
        event.text(Col::HttpResponseContentType, mime_type);
        if !fields.has("resp_mime_types.1") {
            fields.take("resp_mime_types");
        }
    }
}

/// Corelight's sensors keep whole headers, `NAME: value` each.
fn headers(event: &mut Event, fields: &mut Fields<'_>) {
    let headers = fields.texts("client_headers");
    let pairs = || headers.iter().filter_map(|header| header.split_once(':')).map(|(name, value)| (name.trim(), value.trim()));
    let forwarded = pairs().filter(|(name, _)| name.eq_ignore_ascii_case("X-FORWARDED-FOR")).flat_map(|(_, value)| value.split(','));
    event.list(Col::HttpRequestXForwardedFor, forwarded.map(str::trim).filter(|address| is_ip(address)));
    let objects: Vec<_> = pairs().map(|(name, value)| json!({"name": name, "value": value})).collect();
    if !objects.is_empty() {
        event.owned_text(Col::HttpRequestHttpHeaders, json!(objects).to_string());
    }
}

/// The URL as the client saw it; `uri` alone lacks the host.
fn url(event: &mut Event, fields: &mut Fields<'_>) {
    let host = fields.text("host").or_else(|| fields.text("dest_host"));
    let uri = fields.text("uri");
    if let Some(uri) = &uri {
        let whole = match &host {
            Some(host) if uri.starts_with('/') => format!("http://{host}{uri}"),
            _ => uri.to_string(),
        };
        let (path, query) = uri.split_once('?').map_or((&**uri, None), |(path, query)| (path, Some(query)));
        event.text(Col::HttpRequestUrlUrlString, whole);
        event.text(Col::HttpRequestUrlPath, path);
        event.text_opt(Col::HttpRequestUrlQueryString, query);
    }
    event.text_opt(Col::HttpRequestUrlHostname, host);
}

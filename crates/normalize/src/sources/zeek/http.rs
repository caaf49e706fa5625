//! http.log: <https://docs.zeek.org/en/master/scripts/base/protocols/http/main.zeek.html#type-HTTP::Info>.

use coldtrail_model::{Col, Event, Outcome};

use super::common::place;
use crate::fields::Fields;

/// OCSF's activity of a method.
pub(super) fn activity(fields: &Fields<'_>) -> i32 {
    match fields.peek_text("method").unwrap_or_default() {
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        "PATCH" => 9,
        "" => 0,
        _ => 99,
    }
}

/// http.log
pub(super) fn exchange(event: &mut Event, fields: &mut Fields<'_>) {
    event.text(Col::AppProtocolName, "http");
    event.text(Col::ConnectionInfoProtocolName, "tcp");
    event.long(Col::ConnectionInfoProtocolNum, 6);
    url(event, fields);
    place(
        event,
        fields,
        &[
            (Col::HttpRequestHttpMethod, "method"),
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

/// The URL as the client saw it; `uri` alone lacks the host.
fn url(event: &mut Event, fields: &mut Fields<'_>) {
    let (host, uri) = (fields.text("host"), fields.text("uri"));
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

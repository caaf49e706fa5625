//! Access logs of Envoy and Istio: <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#default-format-string>,
//! <https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format>.
//!
//! Lines in either default order, and JSON with Istio's names. Every request is HTTP Activity.

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::time_ms;
use crate::sources::access::{endpoint, finish, named, place, words};
use crate::sources::http_words::{activity, method, request_line, response, url};
use crate::sources::{Format, Mapped, Mapping};

/// Access logs of Envoy.
#[derive(Debug, Default)]
pub(crate) struct EnvoyAccess;

const ISTIO: &[&str] = &[
    "start_time",
    "request",
    "response_code",
    "response_flags",
    "response_code_details",
    "connection_termination_details",
    "upstream_transport_failure_reason",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
    "upstream_cluster",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "route_name",
];

const ENVOY: &[&str] = &[
    "start_time",
    "request",
    "response_code",
    "response_flags",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
];

impl Mapping for EnvoyAccess {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{', ..] => Format::Json { envelope_keys: &["records", "events"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let words = words(line);
        let order = if words.len() <= ENVOY.len() { ENVOY } else { ISTIO };
        finish(line, named(order, &words), map_access).map(Mapped::Event)
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        map_access(record)
    }
}

/// True if an object that begins like this is an access log of Envoy.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    if look.record.is_some() {
        return look.record_has(&["start_time", "response_code", "upstream_cluster"]);
    }
    let line = look.line;
    let is_time = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(time, _)| time_ms(time).is_some());
    is_time && words(line).len() >= ENVOY.len() - 1
}

fn map_access(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = fields.time("start_time").ok_or(Reason::Missing { field: "start_time" })?;
    let line = fields.text("request").unwrap_or_default();
    let (verb, target, version) = request_line(&line);
    let (named_verb, named_target) = (fields.text("method"), fields.text("path"));
    let (verb, target) = (verb.or(named_verb.as_deref()), target.filter(|target| !target.is_empty()).or(named_target.as_deref()));
    let mut event = Event::new(Class::HttpActivity, activity(verb), time);
    event.text(Col::MetadataProductName, "Envoy");
    event.text(Col::MetadataProductVendorName, "Envoy");
    verb.into_iter().for_each(|verb| method(&mut event, verb));
    event.text_opt(Col::HttpRequestVersion, version);
    let authority = fields.text("authority");
    url(&mut event, None, authority.as_deref(), None, target);
    endpoint(&mut event, fields, "downstream_remote_address", Col::SrcEndpointIp, Col::SrcEndpointPort);
    endpoint(&mut event, fields, "upstream_host", Col::DstEndpointIp, Col::DstEndpointPort);
    event.text_opt(
        Col::DstEndpointHostname,
        authority.as_deref().map(|host| crate::sources::http_words::host_and_port(host).0).filter(|host| !crate::parse::is_ip(host)),
    );
    if let Some(forwarded) = fields.text("x_forwarded_for") {
        event.list(Col::HttpRequestXForwardedFor, forwarded.split(',').map(str::trim).filter(|address| crate::parse::is_ip(address)));
    }
    place(
        &mut event,
        fields,
        &[
            (Col::HttpRequestUserAgent, "user_agent"),
            (Col::HttpRequestUid, "request_id"),
            (Col::HttpRequestVersion, "protocol"),
            (Col::HttpRequestBodyLength, "bytes_received"),
            (Col::HttpResponseBodyLength, "bytes_sent"),
            (Col::Duration, "duration"),
            (Col::StatusCode, "response_flags"),
            (Col::StatusDetail, "response_code_details"),
            (Col::TlsSni, "requested_server_name"),
            (Col::DstEndpointSvcName, "upstream_cluster"),
        ],
    );
    let code = fields.long("response_code");
    response(&mut event, code);
    if let Some(coldtrail_model::Value::Long(duration)) = event.get(Col::Duration).cloned() {
        event.time(Col::StartTime, time);
        event.time_opt(Col::EndTime, time.checked_add(duration));
    }
    Ok(event)
}

#[cfg(test)]
mod tests;

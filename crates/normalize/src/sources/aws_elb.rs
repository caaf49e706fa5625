//! Access logs of Elastic Load Balancing, all HTTP Activity but those of TLS listeners, which are Network Activity:
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>.

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::time_ms;
use crate::sources::access::{endpoint, finish, named, place, seconds_ms, words};
use crate::sources::http_words::{activity, method, request_line, response, url};
use crate::sources::{Format, Mapped, Mapping};

/// Access logs of load balancers.
#[derive(Debug, Default)]
pub(crate) struct LoadBalancer;

const APPLICATION: &[&str] = &[
    "type",
    "time",
    "elb",
    "client:port",
    "target:port",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target:port_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
    "transformed_host",
    "transformed_uri",
    "request_transform_status",
];

const NETWORK: &[&str] = &[
    "type",
    "version",
    "time",
    "elb",
    "listener",
    "client:port",
    "target:port",
    "connection_time",
    "tls_handshake_time",
    "received_bytes",
    "sent_bytes",
    "incoming_tls_alert",
    "chosen_cert_arn",
    "chosen_cert_serial",
    "ssl_cipher",
    "ssl_protocol",
    "tls_named_group",
    "domain_name",
    "alpn_fe_protocol",
    "alpn_be_protocol",
    "alpn_client_preference_list",
    "tls_connection_creation_time",
];

const CLASSIC: &[&str] = &[
    "time",
    "elb",
    "client:port",
    "target:port",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
];

impl Mapping for LoadBalancer {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Lines
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let words = words(line);
        let names = order_of(&words).ok_or_else(|| Reason::NotThisFormat {
            format: "an access log of a load balancer",
            detail: "neither the first, the second nor the third word is a time".to_owned(),
        })?;
        finish(line, named(names, &words), map_access).map(Mapped::Event)
    }
}

/// The order of the fields, by where the time is.
fn order_of(words: &[&str]) -> Option<&'static [&'static str]> {
    let is_time = |place: usize| words.get(place).copied().and_then(time_ms).is_some();
    match words.len() {
        12.. if is_time(1) => Some(APPLICATION),
        12.. if is_time(2) => Some(NETWORK),
        12.. if is_time(0) => Some(CLASSIC),
        _ => None,
    }
}

/// True if an object that begins like this is of a load balancer: a time in its place, and addresses with ports after it.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let words = words(look.line);
    let Some(names) = order_of(&words) else { return false };
    let client = names.iter().position(|name| *name == "client:port").and_then(|place| words.get(place));
    look.record.is_none() && client.is_some_and(|client| client.rsplit_once(':').is_some_and(|(host, _)| crate::parse::is_ip(host)))
}

fn map_access(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let is_http = fields.has("request") || fields.has("elb_status_code");
    let request = fields.text("request").unwrap_or_default();
    let (verb, target, version) = request_line(&request);
    let time = fields.time("time").ok_or(Reason::Missing { field: "time" })?;
    let mut event = match is_http {
        true => Event::new(Class::HttpActivity, activity(verb), time),
        false => Event::new(Class::NetworkActivity, 6, time),
    };
    event.text(Col::MetadataProductName, "Elastic Load Balancing");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::CloudProvider, "AWS");
    endpoint(&mut event, fields, "client:port", Col::SrcEndpointIp, Col::SrcEndpointPort);
    endpoint(&mut event, fields, "target:port", Col::DstEndpointIp, Col::DstEndpointPort);
    owner(&mut event, fields);
    place(
        &mut event,
        fields,
        &[
            (Col::MetadataLogName, "type"),
            (Col::DeviceName, "elb"),
            (Col::TlsCipher, "ssl_cipher"),
            (Col::TlsVersion, "ssl_protocol"),
            (Col::TlsSni, "domain_name"),
            (Col::TrafficBytesOut, "received_bytes"),
            (Col::TrafficBytesIn, "sent_bytes"),
            (Col::TlsCertificateSerialNumber, "chosen_cert_serial"),
        ],
    );
    if is_http {
        verb.into_iter().for_each(|verb| method(&mut event, verb));
        url(&mut event, None, None, None, target);
        event.text_opt(Col::HttpRequestVersion, version);
        place(
            &mut event,
            fields,
            &[(Col::HttpRequestUserAgent, "user_agent"), (Col::HttpRequestUid, "trace_id"), (Col::StatusDetail, "error_reason")],
        );
        let code = fields.long("elb_status_code");
        response(&mut event, code);
        times(&mut event, fields, time);
    } else {
        event.text_opt(Col::StatusCode, fields.text("incoming_tls_alert"));
        event.text(Col::AppProtocolName, "tls");
    }
    Ok(event)
}

/// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/…`, which stays in `unmapped`.
fn owner(event: &mut Event, fields: &Fields<'_>) {
    let arn = ["target_group_arn", "chosen_cert_arn"].iter().find_map(|path| fields.peek_text(path)).unwrap_or_default();
    let mut parts = arn.split(':').skip(3);
    event.text_opt(Col::CloudRegion, parts.next());
    event.text_opt(Col::CloudAccountUid, parts.next());
}

/// The record is of when the answer was sent. The parts of the duration stay in `unmapped`; -1 is a part that was not come to.
fn times(event: &mut Event, fields: &mut Fields<'_>, end: i64) {
    let parts = ["request_processing_time", "target_processing_time", "response_processing_time"]
        .map(|path| fields.peek_text(path).and_then(seconds_ms));
    let duration = parts.iter().flatten().sum::<i64>();
    let start = fields.time("request_creation_time").or_else(|| parts.iter().all(Option::is_some).then_some(end.saturating_sub(duration)));
    event.time_opt(Col::StartTime, start);
    event.time(Col::EndTime, end);
    event.long_opt(Col::Duration, parts.iter().all(Option::is_some).then_some(duration));
}

#[cfg(test)]
mod tests;

//! nginx access logs <https://nginx.org/en/docs/http/ngx_http_log_module.html> and error logs
//! <https://nginx.org/en/docs/ngx_core_module.html#error_log>.
//!
//! The format `combined`, with a host before it, lists of addresses in place of one, and more after it; JSON with nginx's variables as
//! names. A request is HTTP Activity, a line of the error log Event Log Activity.

use coldtrail_model::{Class, Col, Event};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::{is_ip, time_ms};
use crate::sources::access::{finish, log_time_ms, named, place, seconds_ms, words};
use crate::sources::http_words::{activity, host_and_port, method, request_line, response, url};
use crate::sources::{Format, Mapped, Mapping};

/// nginx's logs.
#[derive(Debug, Default)]
pub(crate) struct Nginx;

/// What follows the addresses in `combined`, and what configurations often add: forwarded addresses, the time that a request took.
const ORDER: &[&str] = &["time_local", "request", "status", "body_bytes_sent", "http_referer", "http_user_agent"];

impl Mapping for Nginx {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{', ..] => Format::Json { envelope_keys: &["records", "events"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        if let Some(event) = map_error(line) {
            return Ok(Mapped::Event(event));
        }
        let (clients, rest) = line.split_once(" [").ok_or_else(not_combined)?;
        let rest = format!("[{rest}");
        let words = words(&rest);
        let clients = Clients::read(clients);
        finish(line, named(ORDER, &words), |fields| map_access(fields, &clients)).map(Mapped::Event)
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let host = ["server_name", "host", "http_host"].iter().find_map(|path| record.text(path)).map(std::borrow::Cow::into_owned);
        let address = record.text("remote_addr").map(std::borrow::Cow::into_owned);
        let clients = Clients { host, addresses: address.into_iter().collect(), user: record.text("remote_user").map(Into::into) };
        map_access(record, &clients)
    }
}

fn not_combined() -> Reason {
    Reason::NotThisFormat { format: "an nginx log", detail: "there is no [time]".to_owned() }
}

/// True if an object that begins like this is of nginx, or of another server that writes `combined`.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    if look.record.is_some() {
        return look.record_has(&["remote_addr", "request", "http_user_agent"]);
    }
    let Some((clients, rest)) = look.line.split_once(" [") else { return false };
    let is_time = rest.split_once(']').is_some_and(|(time, _)| log_time_ms(time).is_some());
    is_time && (clients.ends_with(" -") || clients.contains(" - ")) || map_error(look.line).is_some()
}

/// What is before the time: `host addresses - user`.
#[derive(Debug)]
struct Clients {
    host: Option<String>,
    /// Those of proxies on the way come last; the first is the client.
    addresses: Vec<String>,
    user: Option<String>,
}

impl Clients {
    fn read(text: &str) -> Self {
        let (before, user) = text.rsplit_once(" - ").unwrap_or((text.trim_end_matches(" -"), "-"));
        let before = before.replace(['"', ','], " ");
        let mut words: Vec<String> = before.split_ascii_whitespace().filter(|word| *word != "-").map(str::to_owned).collect();
        let is_list = text.contains(", ");
        let is_host = |word: &str, next: &str| {
            !is_ip(host_and_port(word).0) && word.contains('.')
                || word != next && host_and_port(word).1.is_some()
                || is_ip(word) && !is_list && (is_ip(next) || next == "localhost" || next == "unix:")
        };
        // A host before the addresses is not followed by a comma, and never the only word.
        let first_has_comma = text.split_ascii_whitespace().next().is_some_and(|first| first.ends_with(','));
        let has_host = !first_has_comma
            && !text.starts_with('"')
            && words.len() > 1
            && (is_host(&words[0], &words[1])
                || is_list && text.split_ascii_whitespace().nth(1).is_some_and(|second| second.ends_with(',')));
        let host = has_host.then(|| words.remove(0));
        Self { host, addresses: words, user: (user != "-").then(|| user.to_owned()) }
    }
}

fn map_access(fields: &mut Fields<'_>, clients: &Clients) -> Result<Event, Reason> {
    let text = ["time_local", "time_iso8601", "timestamp", "@timestamp", "time"].iter().find_map(|path| fields.text(path));
    let text = text.ok_or(Reason::Missing { field: "time_local" })?;
    let time = log_time_ms(&text).ok_or_else(|| Reason::bad_field("time_local", &text, "a time such as 06/Feb/2019:00:00:38 +0000"))?;
    let line = fields.text("request").unwrap_or_default();
    let (verb, target, version) = request_line(&line);
    let mut event = Event::new(Class::HttpActivity, activity(verb), time);
    event.text(Col::MetadataProductName, "nginx");
    event.text(Col::MetadataProductVendorName, "F5");
    event.text(Col::MetadataLogName, "access");
    verb.into_iter().for_each(|verb| method(&mut event, verb));
    event.text_opt(Col::HttpRequestVersion, version);
    map_clients(&mut event, clients);
    let scheme = fields.text("http_scheme").or_else(|| fields.text("scheme"));
    url(&mut event, scheme.as_deref(), clients.host.as_deref(), None, target);
    for path in ["upstream_addr", "server_addr"] {
        crate::sources::access::endpoint(&mut event, fields, path, Col::DstEndpointIp, Col::DstEndpointPort);
    }
    place(
        &mut event,
        fields,
        &[
            (Col::HttpResponseBodyLength, "body_bytes_sent"),
            (Col::HttpRequestReferrer, "http_referer"),
            (Col::HttpRequestReferrer, "http_referrer"),
            (Col::HttpRequestUserAgent, "http_user_agent"),
            (Col::TlsVersion, "ssl_protocol"),
            (Col::TlsCipher, "ssl_cipher"),
            (Col::HttpResponseContentType, "sent_http_content_type"),
        ],
    );
    let code = fields.long("status").or_else(|| fields.long("response_status"));
    response(&mut event, code);
    if let Some(duration) = fields.text("request_time").as_deref().and_then(seconds_ms) {
        event.long(Col::Duration, duration);
    }
    Ok(event)
}

fn map_clients(event: &mut Event, clients: &Clients) {
    match clients.addresses.first() {
        Some(first) if is_ip(first) => event.text(Col::SrcEndpointIp, first),
        Some(first) => event.text(Col::SrcEndpointHostname, first.trim_end_matches(':')),
        None => {}
    }
    event.list(Col::SrcEndpointIntermediateIps, clients.addresses.iter().skip(1).filter(|address| is_ip(address)));
    event.text_opt(Col::ActorUserName, clients.user.as_ref());
    if let Some(host) = &clients.host {
        let (name, port) = host_and_port(host);
        event.text(if is_ip(name) { Col::DstEndpointIp } else { Col::DstEndpointHostname }, name);
        event.long_opt(Col::DstEndpointPort, port);
    }
}

/// `2023/11/15 12:49:01 [warn] 17308#17308: *5 message, client: 192.0.2.7, server: x`. The time is local; without a zone it is UTC.
fn map_error(line: &str) -> Option<Event> {
    let (date, rest) = line.split_once(' ')?;
    let (clock, rest) = rest.split_once(' ')?;
    let time = time_ms(&format!("{}T{clock}Z", date.replace('/', "-"))).filter(|_| date.len() == 10 && date.contains('/'))?;
    let (level, rest) = rest.strip_prefix('[')?.split_once("] ")?;
    let (process, message) = rest.split_once(": ")?;
    let mut event = Event::new(Class::EventLogActivity, 0, time);
    event.text(Col::MetadataProductName, "nginx");
    event.text(Col::MetadataProductVendorName, "F5");
    event.text(Col::MetadataLogName, "error");
    event.text(Col::LogName, "error");
    event.text(Col::LogProvider, "nginx");
    event.text(Col::MetadataLogLevel, level);
    event.severity(match level {
        "emerg" => 6,
        "alert" | "crit" => 5,
        "error" => 4,
        "warn" => 3,
        _ => 1,
    });
    event.long_opt(Col::ActorProcessPid, process.split('#').next().and_then(|pid| pid.parse().ok()));
    event.text(Col::Message, message);
    let client = message.split(", client: ").nth(1).and_then(|rest| rest.split(',').next()).filter(|client| is_ip(client));
    event.text_opt(Col::SrcEndpointIp, client);
    event.text(Col::RawData, line);
    Some(event)
}

#[cfg(test)]
mod tests;

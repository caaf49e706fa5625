//! What sources of HTTP requests and DNS queries share.

use coldtrail_model::{Col, Event, Outcome};

/// The methods that OCSF knows, with their activities.
const METHODS: &[(&str, i32)] =
    &[("CONNECT", 1), ("DELETE", 2), ("GET", 3), ("HEAD", 4), ("OPTIONS", 5), ("POST", 6), ("PUT", 7), ("TRACE", 8), ("PATCH", 9)];

/// OCSF's activity of a method.
pub(crate) fn activity(method: Option<&str>) -> i32 {
    let Some(method) = method.filter(|method| !method.is_empty() && *method != "-") else { return 0 };
    METHODS.iter().find(|(name, _)| method.eq_ignore_ascii_case(name)).map_or(99, |(_, activity_id)| *activity_id)
}

/// Places a method. One that OCSF does not know names the activity.
pub(crate) fn method(event: &mut Event, method: &str) {
    match activity(Some(method)) {
        0 => {}
        99 => event.activity_other(method),
        _ => event.text(Col::HttpRequestHttpMethod, method.to_ascii_uppercase()),
    }
}

/// Places the code of an answer, and whether it worked: from 400 it did not.
pub(crate) fn response(event: &mut Event, code: Option<i64>) {
    let Some(code) = code.filter(|code| *code > 0) else { return };
    event.long(Col::HttpResponseCode, code);
    event.outcome(if (100..400).contains(&code) { Outcome::Success } else { Outcome::Failure });
}

/// Places a URL in whole and in parts. The target may be a path or the whole URL.
pub(crate) fn url(event: &mut Event, scheme: Option<&str>, host: Option<&str>, port: Option<i64>, target: Option<&str>) {
    let nothing = |text: &&str| !text.is_empty() && *text != "-";
    let (scheme, host, target) = (scheme.filter(nothing), host.filter(nothing), target.filter(nothing).unwrap_or_default());
    if let Some((scheme, rest)) = target.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |place| rest.split_at(place));
        let (name, number) = host_and_port(authority);
        parts(event, Some(scheme), Some(name), number.or(port), path);
        event.text(Col::HttpRequestUrlUrlString, target);
        return;
    }
    let (name, number) = host.map_or((None, None), |host| (Some(host_and_port(host).0), host_and_port(host).1));
    parts(event, scheme, name, number.or(port), target);
    if let (Some(scheme), Some(host)) = (scheme, host) {
        event.text(Col::HttpRequestUrlUrlString, format!("{scheme}://{host}{target}"));
    }
}

fn parts(event: &mut Event, scheme: Option<&str>, host: Option<&str>, port: Option<i64>, target: &str) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    event.text_opt(Col::HttpRequestUrlScheme, scheme.map(str::to_ascii_lowercase));
    event.text_opt(Col::HttpRequestUrlHostname, host);
    event.long_opt(Col::HttpRequestUrlPort, port.filter(|port| (1..=65535).contains(port)));
    event.text(Col::HttpRequestUrlPath, path);
    event.text(Col::HttpRequestUrlQueryString, query);
}

/// `host:443`, `192.0.2.7:443`, `[2001:db8::1]:443`, `2001:db8::1`, or a host alone.
pub(crate) fn host_and_port(text: &str) -> (&str, Option<i64>) {
    if let Some((inside, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (inside, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port.parse().ok())
        }
        _ => (text, None),
    }
}

/// `GET /path?query HTTP/1.1`: method, target and version. Anything else is a target.
pub(crate) fn request_line(line: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
    let is_method = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    let Some((method, rest)) = line.split_once(' ').filter(|(method, _)| is_method(method)) else { return (None, Some(line), None) };
    match rest.rsplit_once(' ').filter(|(_, version)| version.starts_with("HTTP/")) {
        Some((target, version)) => (Some(method), Some(target), Some(version)),
        None => (Some(method), Some(rest.trim_end_matches(" -").trim_end_matches(' ')), None),
    }
}

/// OCSF's numbers of DNS response codes: <https://www.iana.org/assignments/dns-parameters>.
const RCODES: &[(&str, i64, &str)] = &[
    ("NOERROR", 0, "NoError"),
    ("FORMERR", 1, "FormError"),
    ("SERVFAIL", 2, "ServError"),
    ("NXDOMAIN", 3, "NXDomain"),
    ("NOTIMP", 4, "NotImp"),
    ("REFUSED", 5, "Refused"),
    ("YXDOMAIN", 6, "YXDomain"),
    ("YXRRSET", 7, "YXRRSet"),
    ("NXRRSET", 8, "NXRRSet"),
    ("NOTAUTH", 9, "NotAuth"),
    ("NOTZONE", 10, "NotZone"),
];

/// Places the code of an answer, and whether it worked.
pub(crate) fn dns_rcode(event: &mut Event, code: &str) {
    match RCODES.iter().find(|(name, ..)| code.eq_ignore_ascii_case(name)) {
        Some((_, number, caption)) => {
            event.long(Col::RcodeId, *number);
            event.text(Col::Rcode, caption);
            event.outcome(if *number == 0 { Outcome::Success } else { Outcome::Failure });
        }
        None => {
            event.long(Col::RcodeId, 99);
            event.text(Col::Rcode, code);
        }
    }
}

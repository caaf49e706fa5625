use std::net::IpAddr;

/// The registered domain of a host name or a URL, by the public suffix list.
pub(super) fn registered(text: &str) -> Option<String> {
    let host = host_of(text.trim());
    if host.is_empty() || host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let host = host.to_lowercase();
    psl::domain_str(&host).map(str::to_owned)
}

/// The host of a URL, or the text itself; without a port, and without the dot at the end.
fn host_of(text: &str) -> &str {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.starts_with('[') {
        return "";
    }
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    host.trim_end_matches('.')
}

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use coldtrail_model::ObservableType;
use url::Url;

/// One thing that a value shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown<'a> {
    pub(super) type_id: i32,
    pub(super) type_name: &'static str,
    pub(super) value: Cow<'a, str>,
}

/// What a value of a column shows, in the form that indicators are compared in: usually one thing, two for a URL (and its host)
/// or a user name that is an e-mail address, none for an empty text or an answer of the DNS that leads nowhere.
pub(super) fn shown_by(kind: ObservableType, raw: &str) -> Vec<Shown<'_>> {
    let Some(text) = kind.of(raw.trim()).filter(|text| !text.is_empty() && *text != "-") else { return Vec::new() };
    let first = match kind {
        ObservableType::Ip | ObservableType::Hostname | ObservableType::DnsAnswer => host(kind, text),
        ObservableType::Mac => shown(kind, lower(text).replace('-', ":").into()),
        ObservableType::EmailAddress | ObservableType::Hash | ObservableType::Fingerprint => shown(kind, lower(text)),
        _ => shown(kind, text.into()),
    };
    let second = match kind {
        ObservableType::UserName if is_email_address(text) => Some(shown(ObservableType::EmailAddress, lower(text))),
        ObservableType::Url => host_of(text).map(|name| owned(host(ObservableType::Hostname, &name))),
        _ => None,
    };
    std::iter::once(first).chain(second).collect()
}

fn shown(kind: ObservableType, value: Cow<'_, str>) -> Shown<'_> {
    let (type_id, type_name) = kind.ocsf(&value);
    Shown { type_id, type_name, value }
}

fn owned(shown: Shown<'_>) -> Shown<'static> {
    Shown { type_id: shown.type_id, type_name: shown.type_name, value: Cow::Owned(shown.value.into_owned()) }
}

/// An address, in its one form, if the text is one; else a name.
fn host(kind: ObservableType, text: &str) -> Shown<'_> {
    match address(text) {
        Some(address) => shown(ObservableType::Ip, address.to_canonical().to_string().into()),
        None => {
            let name = text.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(text);
            shown(kind, lower(name))
        }
    }
}

/// The address that a text is, be it in brackets, with a port or with a zone.
fn address(text: &str) -> Option<IpAddr> {
    if !text.starts_with(|first: char| first.is_ascii_hexdigit() || first == ':' || first == '[') {
        return None;
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// The host of a URL, also of one without a scheme (`example.com/path`).
fn host_of(text: &str) -> Option<String> {
    let url = match text.contains("://") {
        true => Url::parse(text).ok()?,
        false if text.starts_with('/') => return None,
        false => Url::parse(&format!("http://{text}")).ok()?,
    };
    url.host_str().filter(|host| !host.is_empty()).map(str::to_owned)
}

fn is_email_address(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let is_odd = |odd: char| odd.is_whitespace() || odd.is_control() || matches!(odd, '@' | '/' | '\\' | ':' | ',' | ';' | '"' | '<' | '>');
    !name.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.replacen('@', "", 1).contains(is_odd)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { text.to_lowercase().into() } else { text.into() }
}

#[cfg(test)]
mod tests;

//! Texts out of JSON values, and the forms that a mapping can ask for.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde_json_borrow::Value;

use crate::fields::scalar_text;
use crate::parse::base_name;
use crate::sources::host_and_port;

/// A scalar as text; empty text, null, objects and arrays are nothing.
pub(crate) fn text_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Str(text) if text.is_empty() => None,
        Value::Str(text) => Some(Cow::Borrowed(text.as_ref())),
        Value::Bool(_) | Value::Number(_) => scalar_text(value.clone()).map(|text| Cow::Owned(text.into_owned())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What is made of a text before it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The address of `address`, `address:port` or `[address]:port`.
    Ip,
    /// The port of `address:port` or `[address]:port`.
    Port,
    /// What stands before the `@`.
    LocalPart,
    /// What stands after the `@`.
    DomainPart,
    /// The last part of a path.
    BaseName,
    /// In small letters.
    Lower,
    /// Without dots, blanks and line breaks at the ends.
    Trimmed,
    /// What stands in the last parentheses: the address of `https(192.0.2.7)`.
    InParentheses,
    /// What stands before the last parentheses.
    BeforeParentheses,
    /// The account of `DOMAIN\\account`, or the whole text.
    Account,
    /// The domain of `DOMAIN\\account`.
    Domain,
    /// What stands behind `%20` and its like.
    PercentDecoded,
    /// The scheme of a URL.
    UrlScheme,
    /// The host of a URL, with or without a scheme.
    UrlHost,
    /// The port of a URL.
    UrlPort,
    /// The path of a URL.
    UrlPath,
    /// What stands after the `?` of a URL.
    UrlQuery,
}

impl Form {
    /// The forms by the names that mappings use.
    pub(super) const NAMES: &'static [(&'static str, Self)] = &[
        ("ip", Self::Ip),
        ("port", Self::Port),
        ("local_part", Self::LocalPart),
        ("domain_part", Self::DomainPart),
        ("base_name", Self::BaseName),
        ("lower", Self::Lower),
        ("trimmed", Self::Trimmed),
        ("in_parentheses", Self::InParentheses),
        ("before_parentheses", Self::BeforeParentheses),
        ("account", Self::Account),
        ("domain", Self::Domain),
        ("percent_decoded", Self::PercentDecoded),
        ("url_scheme", Self::UrlScheme),
        ("url_host", Self::UrlHost),
        ("url_port", Self::UrlPort),
        ("url_path", Self::UrlPath),
        ("url_query", Self::UrlQuery),
    ];

    /// The text in this form, or nothing if it has none.
    pub(super) fn of(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        match self {
            Self::Ip => address_of(&text).map(|address| if address.len() == text.len() { text.clone() } else { Cow::Owned(address) }),
            Self::Port => text.trim().parse::<SocketAddr>().ok().map(|address| Cow::Owned(address.port().to_string())),
            Self::LocalPart => text.split_once('@').map(|(local, _)| Cow::Owned(local.to_owned())),
            Self::DomainPart => text.split_once('@').map(|(_, domain)| Cow::Owned(domain.to_owned())),
            Self::BaseName => Some(Cow::Owned(base_name(&text).to_owned())),
            Self::Lower => Some(Cow::Owned(text.to_lowercase())),
            Self::Trimmed => Some(Cow::Owned(text.trim_matches(|letter: char| letter.is_whitespace() || letter == '.').to_owned())),
            Self::InParentheses => text.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| owned(inside)),
            Self::BeforeParentheses => Some(owned(text.rsplit_once('(').map_or(&*text, |(before, _)| before).trim())),
            Self::Account => Some(owned(text.rsplit('\\').next().unwrap_or(&text))),
            Self::Domain => text.rsplit_once('\\').map(|(domain, _)| owned(domain.trim_end_matches('\\'))),
            Self::PercentDecoded => Some(percent_decoded(text)),
            Self::UrlScheme => text.split_once("://").map(|(scheme, _)| Cow::Owned(scheme.to_ascii_lowercase())),
            Self::UrlHost => Some(owned(host_and_port(url_parts(&text).0).0)),
            Self::UrlPort => host_and_port(url_parts(&text).0).1.map(|port| Cow::Owned(port.to_string())),
            Self::UrlPath => Some(owned(url_parts(&text).1)),
            Self::UrlQuery => Some(owned(url_parts(&text).2)),
        }
    }
}

fn owned<'v>(text: &str) -> Cow<'v, str> {
    Cow::Owned(text.to_owned())
}

/// A text without its `%20`; what is no UTF-8 then is left as it was.
fn percent_decoded(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('%') {
        return text;
    }
    let bytes = text.as_bytes();
    let digit = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                place += 3;
            }
            _ => {
                plain.push(*byte);
                place += 1;
            }
        }
    }
    String::from_utf8(plain).map_or_else(|_| text.clone(), Cow::Owned)
}

/// Authority, path and query of a URL; many devices leave the scheme off.
fn url_parts(url: &str) -> (&str, &str, &str) {
    let rest =
        url.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())).map_or(url, |(_, rest)| rest);
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (authority, path, query)
}

/// What stands after `after` and up to `before`, or up to the end if that is not there; in any case of ASCII letters.
pub(super) fn part_between<'v>(text: Cow<'v, str>, after: &str, before: &str) -> Option<Cow<'v, str>> {
    let find = |text: &str, wanted: &str| match wanted {
        "" => None,
        _ => text.as_bytes().windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted.as_bytes())),
    };
    let start = if after.is_empty() { 0 } else { find(&text, after)? + after.len() };
    let length = find(text.get(start..)?, before).unwrap_or(text.len() - start);
    text.get(start..start + length).map(|part| Cow::Owned(part.to_owned()))
}

/// The address in a text that is one, with or without a port.
fn address_of(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Some(bare.to_owned());
    }
    text.parse::<SocketAddr>().ok().map(|address| address.ip().to_string())
}

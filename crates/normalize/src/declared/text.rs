//! Texts out of JSON values, and the forms that a mapping can ask for.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde_json_borrow::Value;

use crate::fields::scalar_text;
use crate::parse::base_name;

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
        }
    }
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

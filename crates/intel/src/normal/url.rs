use std::fmt;

use ::url::Url;

use crate::{IndicatorKind, UrlLevel};

use super::{Normal, Refusal, domain, normalise_pattern, rejected};

/// A URL in parts that can be compared: scheme and host in lower case, no default port, dots of the path resolved, escapes of plain
/// characters undone, without user and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlParts {
    /// Nothing where the text has none (`example.com/path`).
    pub(crate) scheme: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
}

impl UrlParts {
    /// Host and path, which is what [`UrlLevel::Path`] compares; a slash at the end makes no difference.
    pub(crate) fn path_key(&self) -> String {
        format!("{}{}", self.host, self.path.trim_end_matches('/'))
    }
}

impl fmt::Display for UrlParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// A URL as an indicator, at the level at which it is to be compared.
pub(crate) fn normal(text: &str, level: UrlLevel) -> Result<Normal, Refusal> {
    if text.contains('*') {
        return normalise_pattern(IndicatorKind::UrlExact, &text.replace('[', "[[]").replace('?', "[?]"));
    }
    let Some(parts) = parse(text) else { return rejected(format!("{text:?} is not a URL with a host")) };
    let names_host_only = parts.path.len() <= 1 && parts.query.is_none() && parts.port.is_none();
    let kind = match level {
        _ if names_host_only => IndicatorKind::UrlHost,
        UrlLevel::Exact => IndicatorKind::UrlExact,
        UrlLevel::Path => IndicatorKind::UrlPath,
        UrlLevel::Host => IndicatorKind::UrlHost,
    };
    Ok(Normal::new(kind, parts.to_string()))
}

/// The parts of a URL, or nothing if it has no host.
pub(crate) fn parse(text: &str) -> Option<UrlParts> {
    let text = text.trim();
    let has_scheme = text.contains("://") && text.starts_with(|first: char| first.is_ascii_alphabetic());
    let url = match has_scheme {
        true => Url::parse(text).ok()?,
        false if text.starts_with(['/', '?', '#']) => return None,
        false => Url::parse(&format!("http://{text}")).ok()?,
    };
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some(UrlParts {
        scheme: has_scheme.then(|| url.scheme().to_owned()),
        host: host_form(host),
        port: url.port(),
        path: if url.path().is_empty() { "/".to_owned() } else { unescape(url.path()) },
        query: url.query().filter(|query| !query.is_empty()).map(unescape),
    })
}

/// The host of a URL in the form that hosts have: an address in its one form or a name in punycode.
fn host_form(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => domain::ascii(bare).map_or_else(|| bare.to_lowercase(), |name| name.into_owned()),
    }
}

/// Undoes escapes of characters that need none (`%41` is `A`), and writes the others in capitals.
fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => plain.push(char::from(byte)),
            Some(byte) => plain.push_str(&format!("%{byte:02X}")),
            None => plain.push('%'),
        }
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    plain.push_str(rest);
    plain
}

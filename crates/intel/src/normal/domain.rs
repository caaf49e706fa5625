use std::borrow::Cow;

use crate::IndicatorKind;

use super::{Normal, Refusal, normalise_pattern, rejected};

/// The longest name of a host that the DNS allows.
const NAME_BYTES_MAX: usize = 253;

/// A domain in lower-case punycode without the dot at its end, or a pattern such as `*.example.com`.
pub(crate) fn normal(raw: &str) -> Result<Normal, Refusal> {
    if raw.contains('*') {
        return normalise_pattern(IndicatorKind::Domain, raw);
    }
    let name = raw.strip_prefix('.').unwrap_or(raw);
    let Some(ascii) = ascii(name) else { return rejected(format!("{raw:?} is not a domain")) };
    Ok(Normal::new(IndicatorKind::Domain, ascii.into_owned()))
}

/// A name of a host in lower-case punycode without the dot at its end, if it is one.
pub(crate) fn ascii(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    let ascii = match plain {
        true => Cow::Borrowed(name),
        false => Cow::Owned(idna::domain_to_ascii(name).ok()?),
    };
    let is_label = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        letters && !label.is_empty() && label.len() <= 63
    };
    (ascii.len() <= NAME_BYTES_MAX && ascii.split('.').all(is_label)).then_some(ascii)
}

/// The same name in Unicode, if that is another text.
pub(crate) fn unicode(ascii: &str) -> Option<String> {
    let (unicode, result) = idna::domain_to_unicode(ascii);
    (result.is_ok() && unicode != ascii).then_some(unicode)
}

/// True if names of this ending are given to whoever asks: `com`, `co.uk`, `github.io`.
pub(crate) fn is_public_suffix(ascii: &str) -> bool {
    let is_suffix = |name: &str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == name);
    is_suffix(ascii) || unicode(ascii).is_some_and(|unicode| is_suffix(&unicode))
}

/// True if the last label is a top-level domain that exists.
pub(crate) fn has_known_ending(ascii: &str) -> bool {
    let is_known = |name: &str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
    is_known(ascii) || unicode(ascii).is_some_and(|unicode| is_known(&unicode))
}

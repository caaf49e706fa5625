use crate::IndicatorKind;

use super::{Normal, Refusal, Wanted, domain, refang, rejected, unsupported};

use IndicatorKind as K;

/// A hash in lower case; its length tells the algorithm.
pub(crate) fn hash(wanted: Wanted, text: &str) -> Result<Normal, Refusal> {
    let digits = text.rsplit_once([':', '=']).filter(|(name, _)| is_algorithm(name)).map_or(text, |(_, digits)| digits);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return rejected(format!("{text:?} is not a hash in hexadecimal digits"));
    }
    let kind = match digits.len() {
        32 => K::Md5,
        40 => K::Sha1,
        64 => K::Sha256,
        128 => K::Sha512,
        56 | 96 => return unsupported(format!("hashes of {} digits are in no event", digits.len())),
        length => return rejected(format!("no hash has {length} digits; MD5 has 32, SHA-1 40, SHA-256 64, SHA-512 128")),
    };
    match wanted {
        Wanted::Kind(wanted) if wanted != kind => rejected(format!("it is said to be {wanted}, but has the length of {kind}")),
        _ => Ok(Normal::new(kind, digits.to_ascii_lowercase())),
    }
}

fn is_algorithm(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().replace('-', "").trim(), "md5" | "sha1" | "sha256" | "sha512")
}

/// The normal form of the kinds that are plain texts.
pub(crate) fn normal(kind: IndicatorKind, text: &str) -> Result<Normal, Refusal> {
    let value = match kind {
        K::EmailAddress => email(&refang(text))?,
        K::Mac => match mac(text) {
            Some(mac) => mac,
            None => return rejected(format!("{text:?} is not a hardware address")),
        },
        K::Fingerprint => fingerprint(text),
        K::SerialNumber => text.replace([':', ' '], "").to_lowercase(),
        _ => text.to_owned(),
    };
    Ok(Normal::new(kind, value))
}

fn email(text: &str) -> Result<String, Refusal> {
    let address = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(address, _)| address);
    let address = address.strip_prefix("mailto:").unwrap_or(address).trim().to_lowercase();
    let is_address = address.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !name.contains(char::is_whitespace) && host.contains('.') && domain::ascii(host).is_some()
    });
    if is_address { Ok(address) } else { rejected(format!("{text:?} is not an e-mail address")) }
}

/// A hardware address in pairs with colons, from any of the ways to write one.
pub(crate) fn mac(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    Some((0..6).map(|pair| &digits[pair * 2..pair * 2 + 2]).collect::<Vec<_>>().join(":"))
}

/// A fingerprint in lower case, without the colons or spaces that some write between pairs of digits.
pub(crate) fn fingerprint(text: &str) -> String {
    let lower = text.to_lowercase();
    let digits = lower.replace([':', ' '], "");
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { digits } else { lower }
}

/// A text in the form in which case makes no difference. Letter by letter, so that a part of a text folds as it does in the whole.
pub(crate) fn fold(text: &str) -> std::borrow::Cow<'_, str> {
    // Without a way out, the loop takes many bytes at once.
    let is_changed = text.bytes().fold(false, |changed, byte| changed | byte.is_ascii_uppercase() | !byte.is_ascii());
    match is_changed {
        false => text.into(),
        true => text.chars().flat_map(char::to_lowercase).collect::<String>().into(),
    }
}

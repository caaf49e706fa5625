use crate::{IndicatorKind, UrlLevel};

use super::{Normals, Wanted, address, domain, normalise, path, refang, rejected, text, url};

use IndicatorKind as K;

/// Endings of names of files that a lone name is taken for a file by.
const FILE_ENDINGS: &[&str] = &[
    "exe",
    "dll",
    "sys",
    "scr",
    "pif",
    "cpl",
    "ocx",
    "msi",
    "msp",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "psd1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "hta",
    "lnk",
    "doc",
    "docx",
    "docm",
    "xls",
    "xlsx",
    "xlsm",
    "xlsb",
    "xll",
    "ppt",
    "pptx",
    "pptm",
    "rtf",
    "pdf",
    "zip",
    "rar",
    "7z",
    "gz",
    "tar",
    "tgz",
    "cab",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "jar",
    "class",
    "apk",
    "dmg",
    "pkg",
    "app",
    "sh",
    "py",
    "pl",
    "elf",
    "so",
    "bin",
    "dat",
    "tmp",
    "txt",
    "log",
    "xml",
    "jpg",
    "png",
    "gif",
    "chm",
    "url",
    "library-ms",
    "mof",
    "aspx",
    "asp",
    "php",
    "jsp",
    "war",
];

/// The normal form of a value whose kind nobody said.
pub(super) fn guess(cleaned: &str, level: UrlLevel) -> Normals {
    let Some(kinds) = kinds_of(cleaned) else { return rejected(format!("{cleaned:?} does not look like any kind of indicator")) };
    let mut normals = Vec::new();
    for wanted in kinds {
        normals.extend(normalise(wanted, cleaned, level)?);
    }
    Ok(normals)
}

/// True if the form of a value tells what kind of indicator it is. A lone word is none, though it may be a top-level domain (`id`).
pub(crate) fn looks_like_indicator(raw: &str) -> bool {
    let cleaned = super::clean(raw);
    let is_word = !refang(&cleaned).contains(['.', ':', '/', '@', '\\']);
    kinds_of(&cleaned).is_some_and(|kinds| !is_word || !kinds.contains(&Wanted::Kind(K::Domain)))
}

/// What a value looks like: usually one kind, two where a name could be a domain or a file (`evil.zip`).
fn kinds_of(cleaned: &str) -> Option<Vec<Wanted>> {
    if let Some(wanted) = kind_by_beginning(cleaned) {
        return Some(vec![wanted]);
    }
    let value = refang(cleaned);
    if value.contains(char::is_whitespace) {
        return None;
    }
    if address::looks_like_address(&value) {
        return Some(vec![Wanted::Address]);
    }
    if value.contains("://") {
        return Some(vec![Wanted::Url]);
    }
    if value.contains('@') {
        return text::normal(K::EmailAddress, &value).is_ok().then(|| vec![Wanted::Kind(K::EmailAddress)]);
    }
    if text::mac(&value).is_some() && value.contains([':', '-', '.']) {
        return Some(vec![Wanted::Kind(K::Mac)]);
    }
    if value.contains('/') {
        return is_url_without_scheme(&value).then(|| vec![Wanted::Url]);
    }
    name_kinds(cleaned, &value)
}

/// The kinds that the first letters tell.
fn kind_by_beginning(text: &str) -> Option<Wanted> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) {
        return Some(Wanted::Hash);
    }
    let starts = |heads: &[&str]| heads.iter().any(|head| text.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head)));
    let is_access_key =
        text.len() >= 16 && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    let is_drive = bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/');
    if starts(&["HKLM\\", "HKCU\\", "HKU\\", "HKCR\\", "HKEY_", "\\REGISTRY\\"]) {
        Some(Wanted::Kind(K::RegistryKey))
    } else if starts(&["AKIA", "ASIA", "AIDA", "AROA"]) && is_access_key {
        Some(if starts(&["AKIA", "ASIA"]) { Wanted::Kind(K::CredentialUid) } else { Wanted::Kind(K::UserUid) })
    } else if starts(&["arn:"]) {
        Some(Wanted::Kind(K::ResourceUid))
    } else if starts(&["S-1-5-21-"]) {
        Some(Wanted::Kind(K::UserUid))
    } else if starts(&["Mozilla/"]) {
        Some(Wanted::Kind(K::UserAgent))
    } else if is_drive || starts(&["\\\\", "~/"]) || (starts(&["/"]) && text.len() > 2) || (starts(&["%"]) && text.contains("%\\")) {
        Some(Wanted::Kind(K::FilePath))
    } else {
        None
    }
}

fn is_url_without_scheme(value: &str) -> bool {
    url::parse(value).is_some_and(|parts| {
        parts.host.parse::<std::net::IpAddr>().is_ok() || (parts.host.contains('.') && domain::has_known_ending(&parts.host))
    })
}

fn name_kinds(cleaned: &str, value: &str) -> Option<Vec<Wanted>> {
    let name = value.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(value, |(name, _)| name);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_file = path::fold(cleaned).contains('.') && ending.as_deref().is_some_and(|ending| FILE_ENDINGS.contains(&ending));
    let plain = name.strip_prefix("*.").unwrap_or(name).strip_prefix('.').unwrap_or(name);
    let plain = plain.strip_prefix("*.").unwrap_or(plain);
    let ascii = domain::ascii(plain);
    let is_domain = ascii.is_some_and(|ascii| {
        let (known, labels) = (domain::has_known_ending(&ascii), ascii.split('.').count());
        let is_word = ascii.rsplit('.').next().is_some_and(|last| last.len() > 1 && !last.bytes().all(|byte| byte.is_ascii_digit()));
        known || (labels > 1 && is_word && !is_file)
    });
    let is_pattern = name.contains('*') && name.contains('.');
    match (is_domain, is_file && !cleaned.contains('\\')) {
        (true, true) => Some(vec![Wanted::Kind(K::Domain), Wanted::Kind(K::FileName)]),
        (true, false) => Some(vec![Wanted::Kind(K::Domain)]),
        (false, true) => Some(vec![Wanted::Kind(K::FileName)]),
        (false, false) if cleaned.contains('\\') && is_file => Some(vec![Wanted::Kind(K::FilePath)]),
        (false, false) if is_pattern => Some(vec![Wanted::Kind(K::Domain)]),
        _ => None,
    }
}

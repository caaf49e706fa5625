use crate::IndicatorKind;
use crate::normal::Wanted;

use IndicatorKind as K;

/// What a property of an object stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Value(Wanted),
    /// The folder of a file.
    Folder,
    /// The port of the other side.
    Port,
    /// The type of an object that a property refers to, which its value tells as well.
    TypeOfReference,
    /// The name and the data of a value of a registry key.
    RegistryName,
    RegistryData,
    /// What no observable holds.
    None(&'static str),
}

/// What a property stands for, by the type of its object and its path.
pub(super) fn property(object: &str, path: &str) -> Property {
    match (object, path) {
        ("ipv4-addr" | "ipv6-addr", "value") | ("domain-name", "resolves_to_refs[*].value") => Property::Value(Wanted::Address),
        ("domain-name", "value") => Property::Value(Wanted::Host),
        ("url", "value") => Property::Value(Wanted::Url),
        ("email-addr", "value") | ("email-message", "from_ref.value" | "sender_ref.value" | "to_refs[*].value" | "cc_refs[*].value") => {
            kind(K::EmailAddress)
        }
        ("mac-addr", "value") => kind(K::Mac),
        ("network-traffic", "dst_ref.value" | "src_ref.value") => Property::Value(Wanted::Host),
        ("network-traffic", "dst_port" | "src_port") => Property::Port,
        (_, "dst_ref.type" | "src_ref.type") => Property::TypeOfReference,
        ("network-traffic", path) if path.ends_with("request_header.user-agent") => kind(K::UserAgent),
        ("network-traffic", path) if path.ends_with("request_header.host") => Property::Value(Wanted::Host),
        ("file" | "artifact", path) if path.starts_with("hashes.") => hash(path),
        ("file", "name") => kind(K::FileName),
        ("file", "parent_directory_ref.path") | ("directory", "path") => Property::Folder,
        ("process", "name" | "image_ref.name" | "binary_ref.name") => kind(K::ProcessName),
        ("process", path) if path.starts_with("image_ref.hashes.") || path.starts_with("binary_ref.hashes.") => hash(path),
        ("process", "command_line") => Property::None("command lines"),
        ("windows-registry-key", "key") => kind(K::RegistryKey),
        ("windows-registry-key", "values[*].name") => Property::RegistryName,
        ("windows-registry-key", "values[*].data") => Property::RegistryData,
        ("user-account", "account_login" | "display_name") => kind(K::UserName),
        ("user-account", "user_id") => kind(K::UserUid),
        ("x509-certificate", "serial_number") => kind(K::SerialNumber),
        ("x509-certificate", path) if path.starts_with("hashes.") => kind(K::Fingerprint),
        ("mutex", _) => Property::None("mutexes"),
        ("autonomous-system", _) => Property::None("numbers of autonomous systems"),
        _ => Property::None("this property"),
    }
}

fn kind(kind: IndicatorKind) -> Property {
    Property::Value(Wanted::Kind(kind))
}

fn hash(path: &str) -> Property {
    match path.rsplit_once("hashes.").map_or("", |(_, algorithm)| algorithm).replace(['-', '_'], "").as_str() {
        "md5" => kind(K::Md5),
        "sha1" => kind(K::Sha1),
        "sha256" => kind(K::Sha256),
        "sha512" => kind(K::Sha512),
        _ => Property::None("hashes of this algorithm"),
    }
}

/// The kind that a pattern of this kind of value is looked for as.
pub(super) fn pattern_kind(wanted: Wanted) -> Option<IndicatorKind> {
    match wanted {
        Wanted::Host => Some(K::Domain),
        Wanted::Url => Some(K::UrlExact),
        Wanted::File => Some(K::FileName),
        Wanted::Kind(kind) if !matches!(kind, K::Md5 | K::Sha1 | K::Sha256 | K::Sha512 | K::Mac | K::Fingerprint | K::SerialNumber) => {
            Some(kind)
        }
        _ => None,
    }
}

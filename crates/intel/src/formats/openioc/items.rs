use crate::IndicatorKind;
use crate::normal::Wanted;

use super::super::collect::Claim;
use super::tree::Item;

use IndicatorKind as K;

/// What an item is about (<https://github.com/fireeye/OpenIOC_1.1/blob/master/IOC_Terms_Current.iocterms>), or nothing if no observable
/// holds it.
fn wanted_of(search: &str) -> Option<Wanted> {
    let kind = |kind| Some(Wanted::Kind(kind));
    match search {
        "FileItem/Md5sum" | "ProcessItem/SectionList/MemorySection/Md5sum" | "ServiceItem/pathmd5sum" => kind(K::Md5),
        "FileItem/Sha1sum" | "ProcessItem/SectionList/MemorySection/Sha1Sum" | "ServiceItem/pathsha1sum" => kind(K::Sha1),
        "FileItem/Sha256sum" | "ProcessItem/SectionList/MemorySection/Sha256Sum" | "ServiceItem/pathsha256sum" => kind(K::Sha256),
        "FileItem/FileName" | "Email/Attachment/Name" | "TaskItem/ExecProgramName" | "PrefetchItem/ApplicationFileName" => {
            kind(K::FileName)
        }
        "FileItem/FullPath" | "ProcessItem/path" | "ServiceItem/path" | "DriverItem/DriverName" | "PrefetchItem/FullPath" => {
            kind(K::FilePath)
        }
        "ProcessItem/name" => kind(K::ProcessName),
        "ProcessItem/Username" | "UserItem/Username" | "EventLogItem/user" => kind(K::UserName),
        "UserItem/SecurityID" => kind(K::UserUid),
        "RegistryItem/Path" | "RegistryItem/KeyPath" => kind(K::RegistryKey),
        "RegistryItem/ValueName" => kind(K::RegistryValueName),
        "PortItem/remoteIP"
        | "PortItem/localIP"
        | "ProcessItem/PortList/PortItem/remoteIP"
        | "RouteEntryItem/Destination"
        | "Network/IP"
        | "ArpEntryItem/IPv4Address" => Some(Wanted::Address),
        "Network/DNS"
        | "DnsEntryItem/Host"
        | "DnsEntryItem/RecordName"
        | "UrlHistoryItem/HostName"
        | "CookieHistoryItem/HostName"
        | "FormHistoryItem/HostName"
        | "FileDownloadHistoryItem/HostName" => Some(Wanted::Host),
        "DnsEntryItem/RecordData/Host" | "DnsEntryItem/RecordData/IPv4Address" => Some(Wanted::Host),
        "Network/URI" | "UrlHistoryItem/URL" | "FileDownloadHistoryItem/SourceURL" => Some(Wanted::Url),
        "Network/UserAgent" => kind(K::UserAgent),
        "Email/From" | "Email/To" | "Email/ReplyTo" | "Email/SenderAddress" => kind(K::EmailAddress),
        "FileItem/PEInfo/DigitalSignature/CertificateSerialNumber" => kind(K::SerialNumber),
        "ArpEntryItem/PhysicalAddress" => kind(K::Mac),
        _ => None,
    }
}

/// True if the item is a hash of a whole file.
pub(super) fn is_hash(item: &Item) -> bool {
    item.condition == "is" && matches!(wanted_of(&item.search), Some(Wanted::Kind(K::Md5 | K::Sha1 | K::Sha256)))
}

/// What an item claims.
pub(super) fn claim_of(item: &Item) -> Claim {
    if item.negate || item.condition.ends_with("not") || item.condition == "containsnot" {
        return Claim::Unsupported("it says what must not be".to_owned());
    }
    let Some(wanted) = wanted_of(&item.search) else {
        return Claim::Unsupported(format!("no observable holds {}", item.search));
    };
    match item.condition.as_str() {
        "is" | "" => Claim::Value(wanted),
        "contains" | "starts-with" | "ends-with" => match pattern_kind(wanted) {
            Some(kind) => Claim::Pattern(kind),
            None => Claim::Unsupported(format!("a part of {} cannot be looked for", item.search)),
        },
        other => Claim::Unsupported(format!("its condition {other:?} cannot be looked for")),
    }
}

fn pattern_kind(wanted: Wanted) -> Option<IndicatorKind> {
    match wanted {
        Wanted::Host => Some(K::Domain),
        Wanted::Url => Some(K::UrlExact),
        Wanted::Kind(
            kind @ (K::FileName
            | K::FilePath
            | K::ProcessName
            | K::UserName
            | K::RegistryKey
            | K::RegistryValueName
            | K::UserAgent
            | K::EmailAddress),
        ) => Some(kind),
        _ => None,
    }
}

/// The pattern that an item with such a condition stands for.
pub(super) fn glob(item: &Item) -> String {
    let escaped: String = item
        .content
        .chars()
        .flat_map(|letter| if matches!(letter, '*' | '?' | '[') { vec!['[', letter, ']'] } else { vec![letter] })
        .collect();
    match item.condition.as_str() {
        "starts-with" => format!("{escaped}*"),
        "ends-with" => format!("*{escaped}"),
        _ => format!("*{escaped}*"),
    }
}

//! The small steps that the mappings of Windows events are made of.

use std::borrow::Cow;

use coldtrail_model::{Col, Event, Kind};
use serde_json_borrow::Value;

use super::record::Record;
use super::time::instant;
use crate::parse::{base_name, is_ip};

/// Places what the table names, as far as the class has the columns and the data has the type.
pub(super) fn place(event: &mut Event, record: &mut Record<'_>, places: &[(Col, &str)]) {
    for (col, name) in places {
        if !event.class().has(*col) {
            continue;
        }
        match col.column().kind {
            Kind::Integer | Kind::Long => event.long_opt(*col, record.long(name)),
            Kind::Time => event.time_opt(*col, take_time(record, name)),
            Kind::Boolean => event.flag_opt(*col, record.data.flag(name)),
            Kind::Text | Kind::Double | Kind::TextList | Kind::Json => event.text_opt(*col, record.text(name)),
        }
    }
}

fn take_time(record: &mut Record<'_>, name: &str) -> Option<i64> {
    let time_ms = record.data.peek(name).and_then(instant)?;
    record.data.take(name);
    Some(time_ms)
}

/// Where the parts of one user go.
pub(super) struct UserColumns {
    pub(super) name: Col,
    pub(super) domain: Col,
    pub(super) uid: Col,
    pub(super) type_id: Col,
    pub(super) type_name: Col,
}

pub(super) const ACTOR_USER: UserColumns = UserColumns {
    name: Col::ActorUserName,
    domain: Col::ActorUserDomain,
    uid: Col::ActorUserUid,
    type_id: Col::ActorUserTypeId,
    type_name: Col::ActorUserType,
};
pub(super) const USER: UserColumns =
    UserColumns { name: Col::UserName, domain: Col::UserDomain, uid: Col::UserUid, type_id: Col::UserTypeId, type_name: Col::UserType };

/// Places a user from its parts. `name@DOMAIN` gives up its domain, as Kerberos writes it.
pub(super) fn user(
    event: &mut Event,
    columns: &UserColumns,
    name: Option<Cow<'_, str>>,
    domain: Option<Cow<'_, str>>,
    uid: Option<Cow<'_, str>>,
) {
    if !event.class().has(columns.name) {
        return;
    }
    let (name, domain) = match name.as_deref().and_then(|name| name.split_once('@')) {
        Some((short, realm)) => (Some(Cow::Owned(short.to_owned())), domain.or_else(|| Some(Cow::Owned(realm.to_owned())))),
        None => (name, domain),
    };
    if let Some((type_id, type_name)) = user_type(name.as_deref(), uid.as_deref()) {
        event.long(columns.type_id, type_id);
        event.text(columns.type_name, type_name);
    }
    event.text_opt(columns.name, name);
    event.text_opt(columns.domain, domain);
    event.text_opt(columns.uid, uid);
}

/// OCSF's type of a Windows account, told by its security identifier:
/// <https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/manage/understand-security-identifiers>.
fn user_type(name: Option<&str>, uid: Option<&str>) -> Option<(i64, &'static str)> {
    let uid = uid.unwrap_or_default();
    match uid {
        "S-1-5-18" | "S-1-5-19" | "S-1-5-20" => Some((3, "System")),
        _ if name.is_some_and(|name| name.ends_with('$')) => Some((3, "System")),
        _ if uid.starts_with("S-1-5-21-") && uid.ends_with("-500") => Some((2, "Admin")),
        _ if uid.starts_with("S-1-5-21-") => Some((1, "User")),
        _ => None,
    }
}

/// Takes `DOMAIN\name`, as Sysmon and the task scheduler write a user, and returns (name, domain).
pub(super) fn split_user<'a>(account: Option<Cow<'a, str>>) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    match account.as_deref().and_then(|account| account.split_once('\\')) {
        Some((domain, name)) => (Some(Cow::Owned(name.to_owned())), Some(Cow::Owned(domain.to_owned()))),
        None => (account, None),
    }
}

/// Who acted: the `Subject…` fields of security events.
pub(super) fn subject(event: &mut Event, record: &mut Record<'_>) {
    if !event.class().has(Col::ActorUserName) {
        return;
    }
    let (name, domain) = (record.text("SubjectUserName"), record.text("SubjectDomainName"));
    let uid = record.text("SubjectUserSid");
    user(event, &ACTOR_USER, name, domain, uid);
    event.text_opt(Col::ActorSessionUid, record.text("SubjectLogonId").map(lower));
}

/// Who was acted on: the `Target…` fields.
pub(super) fn target(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = (record.text("TargetUserName"), record.text("TargetDomainName"));
    let uid = record.text_of(&["TargetUserSid", "TargetSid"]);
    user(event, &USER, name, domain, uid);
}

/// Where it came from: `IpAddress`, `IpPort`, and the name that the client gave itself.
pub(super) fn source(event: &mut Event, record: &mut Record<'_>) {
    address(event, record, Col::SrcEndpointIp, &["IpAddress", "ClientAddress"]);
    place(event, record, &[(Col::SrcEndpointPort, "IpPort"), (Col::SrcEndpointHostname, "WorkstationName")]);
    place(event, record, &[(Col::SrcEndpointHostname, "Workstation"), (Col::SrcEndpointHostname, "ClientName")]);
}

/// Places an address; what is none (`LOCAL`) is left.
pub(super) fn address(event: &mut Event, record: &mut Record<'_>, col: Col, names: &[&str]) {
    let Some((name, ip)) = names.iter().find_map(|name| Some((*name, plain_ip(record.peek(name)?)?))) else { return };
    if event.class().has(col) {
        record.data.take(name);
        event.text(col, ip);
    }
}

/// An address without its IPv6 wrapping: `::ffff:192.0.2.7` is `192.0.2.7`.
fn plain_ip(text: &str) -> Option<String> {
    let plain = text.strip_prefix("::ffff:").filter(|rest| rest.contains('.')).unwrap_or(text);
    let plain = plain.split_once('%').map_or(plain, |(address, _zone)| address);
    is_ip(plain).then(|| plain.to_owned())
}

/// Where the parts of one process go.
pub(super) struct ProcessColumns {
    pub(super) name: Col,
    pub(super) pid: Option<Col>,
    pub(super) path: Col,
    pub(super) file_name: Option<Col>,
}

pub(super) const ACTOR_PROCESS: ProcessColumns = ProcessColumns {
    name: Col::ActorProcessName,
    pid: Some(Col::ActorProcessPid),
    path: Col::ActorProcessFilePath,
    file_name: Some(Col::ActorProcessFileName),
};
pub(super) const PROCESS: ProcessColumns = ProcessColumns {
    name: Col::ProcessName,
    pid: Some(Col::ProcessPid),
    path: Col::ProcessFilePath,
    file_name: Some(Col::ProcessFileName),
};
pub(super) const PARENT_PROCESS: ProcessColumns = ProcessColumns {
    name: Col::ProcessParentProcessName,
    pid: Some(Col::ProcessParentProcessPid),
    path: Col::ProcessParentProcessFilePath,
    file_name: Some(Col::ProcessParentProcessFileName),
};

/// Places a process by its image and number.
pub(super) fn process(event: &mut Event, columns: &ProcessColumns, image: Option<&str>, pid: Option<i64>) {
    if !event.class().has(columns.path) {
        return;
    }
    if let Some(image) = image {
        event.text(columns.path, image);
        event.text(columns.name, base_name(image));
        if let Some(file_name) = columns.file_name {
            event.text(file_name, base_name(image));
        }
    }
    if let Some(col) = columns.pid {
        event.long_opt(col, pid);
    }
}

/// Places a file by its path.
pub(super) fn file(event: &mut Event, path: Col, name: Col, full: Option<Cow<'_, str>>) {
    if let Some(full) = full {
        event.text(name, base_name(&full));
        event.text(path, full);
    }
}

/// Where the fingerprints of a file go: SHA-256, SHA-1, MD5.
pub(super) type HashColumns = [Col; 3];

/// Places `SHA256=…,MD5=…`. The text stays as well if it holds what has no column, such as IMPHASH.
pub(super) fn hashes(event: &mut Event, record: &mut Record<'_>, name: &str, columns: HashColumns) {
    let Some(text) = record.peek(name).map(str::to_owned) else { return };
    let mut is_placed = true;
    for hash in text.split([',', '|']) {
        let col = match hash.split_once('=') {
            Some(("SHA256", value)) => Some((columns[0], value)),
            Some(("SHA1", value)) => Some((columns[1], value)),
            Some(("MD5", value)) => Some((columns[2], value)),
            _ => None,
        };
        match col {
            Some((col, value)) => event.text(col, value.to_ascii_lowercase()),
            None => is_placed = false,
        }
    }
    if is_placed {
        record.data.take(name);
    }
}

/// A GUID in one spelling, `{…}` in lower case, so that forms can be joined.
pub(super) fn guid(text: Cow<'_, str>) -> String {
    let bare = text.trim().trim_start_matches('{').trim_end_matches('}');
    format!("{{{}}}", bare.to_ascii_lowercase())
}

/// A hexadecimal id in one spelling, so that forms can be joined.
pub(super) fn lower(text: Cow<'_, str>) -> String {
    text.to_ascii_lowercase()
}

/// Puts back a value that was taken, under the name it had.
pub(super) fn keep(record: &mut Record<'_>, name: &'static str, value: impl Into<String>) {
    record.data.put(name, Value::Str(Cow::Owned(value.into())));
}

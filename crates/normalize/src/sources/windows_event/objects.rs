//! Handles to files, keys and other objects, and every event that no other part of this mapping knows.

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event};

use super::place::{ACTOR_PROCESS, ACTOR_USER, address, file, place, process, source, split_user, subject, user};
use super::record::Record;
use super::route::{Route, to};

/// 4656 asks for a handle, 4663 uses it, 4657 writes a registry value; what the object is tells the class.
pub(super) fn route(record: &Record<'_>) -> Option<Route> {
    let object = record.peek("ObjectType").unwrap_or_default();
    Some(match (record.event_id, object) {
        (4657, _) => to(Class::RegistryValueActivity, value_activity(record), registry_value),
        (4656, "File") => to(Class::FileActivity, 14, file_handle),
        (4663, "File") => to(Class::FileActivity, file_activity(record), file_handle),
        (4660, "File") => to(Class::FileActivity, 4, file_handle),
        (4656 | 4663, "Key") => to(Class::RegistryKeyActivity, key_activity(record), registry_key),
        _ => return None,
    })
}

fn value_activity(record: &Record<'_>) -> i32 {
    match record.peek("OperationType") {
        Some("%%1904") => 2,
        Some("%%1905") => 3,
        Some("%%1906") => 4,
        _ => 0,
    }
}

/// The strongest right that was used: <https://learn.microsoft.com/en-us/windows/win32/fileio/file-access-rights-constants>.
fn file_activity(record: &Record<'_>) -> i32 {
    match mask(record) {
        Some(mask) if mask & 0x1_0000 != 0 => 4,
        Some(mask) if mask & 0xc_0000 != 0 => 7,
        Some(mask) if mask & 0x6 != 0 => 3,
        Some(mask) if mask & 0x110 != 0 => 6,
        Some(mask) if mask & 0x1 != 0 => 2,
        Some(mask) if mask & 0x2_0000 != 0 => 9,
        Some(mask) if mask & 0x88 != 0 => 8,
        _ => 14,
    }
}

/// The strongest right that was asked for: <https://learn.microsoft.com/en-us/windows/win32/sysinfo/registry-key-security-and-access-rights>.
fn key_activity(record: &Record<'_>) -> i32 {
    match mask(record) {
        Some(mask) if mask & 0x1_0000 != 0 => 4,
        Some(mask) if mask & 0xc_0000 != 0 => 6,
        Some(mask) if mask & 0x2 != 0 => 3,
        Some(mask) if mask & 0x4 != 0 => 1,
        Some(_) => 2,
        None => 0,
    }
}

fn mask(record: &Record<'_>) -> Option<i64> {
    crate::parse::parse_long(record.peek("AccessMask")?)
}

fn file_handle(event: &mut Event, record: &mut Record<'_>) {
    let path = record.text("ObjectName");
    file(event, Col::FilePath, Col::FileName, path);
    place(event, record, &[(Col::AccessMask, "AccessMask")]);
    who(event, record);
}

fn registry_key(event: &mut Event, record: &mut Record<'_>) {
    event.text_opt(Col::RegKeyPath, record.text("ObjectName").map(hive));
    who(event, record);
}

fn registry_value(event: &mut Event, record: &mut Record<'_>) {
    event.text_opt(Col::RegValuePath, record.text("ObjectName").map(hive));
    place(event, record, &[(Col::RegValueName, "ObjectValueName"), (Col::RegValueRegStringData, "NewValue")]);
    who(event, record);
}

/// A registry path as everybody else writes it: `\REGISTRY\MACHINE\SOFTWARE` is `HKLM\SOFTWARE`.
fn hive(path: Cow<'_, str>) -> String {
    let known = [(r"\REGISTRY\MACHINE", "HKLM"), (r"\REGISTRY\USER", "HKU")];
    known
        .iter()
        .find_map(|(long, short)| {
            let head = path.get(..long.len()).filter(|head| head.eq_ignore_ascii_case(long))?;
            Some(format!("{short}{}", &path[head.len()..]))
        })
        .unwrap_or_else(|| path.into_owned())
}

fn who(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    let (image, pid) = (record.text("ProcessName"), record.long("ProcessId"));
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
}

/// What most events have, wherever the class has a place for it.
pub(super) fn anything(event: &mut Event, record: &mut Record<'_>) {
    who(event, record);
    source(event, record);
    address(event, record, Col::SrcEndpointIp, &["SourceAddress", "SourceIp", "ClientIP", "ClientIPAddress"]);
    address(event, record, Col::DstEndpointIp, &["DestAddress", "DestinationIp"]);
    if event.class() == Class::EventLogActivity {
        account(event, record);
        let path = record.text("TargetFilename").or_else(|| shared_file(record)).or_else(|| file_object(record));
        file(event, Col::FilePath, Col::FileName, path);
    }
}

/// Who asked for a certificate (4886 to 4888), and the `User` that others name, where no subject is said to have acted.
fn account(event: &mut Event, record: &mut Record<'_>) {
    if [Col::ActorUserName, Col::ActorUserUid].iter().any(|col| event.get(*col).is_some()) {
        return;
    }
    let named = ["Requester", "User"].into_iter().find(|name| record.peek(name).is_some_and(|account| account.contains('\\')));
    let (name, domain) = split_user(named.and_then(|name| record.text(name)));
    user(event, &ACTOR_USER, name, domain, None);
}

/// 5140 and 5145: a share and, within it, a file: `\\*\ADMIN$` and `Temp\x.exe`.
fn shared_file<'a>(record: &mut Record<'a>) -> Option<Cow<'a, str>> {
    let share = record.text("ShareName")?;
    Some(match record.text("RelativeTargetName") {
        Some(name) if !matches!(&*name, "\\" | "") => {
            Cow::Owned(format!("{}\\{}", share.trim_end_matches('\\'), name.trim_start_matches('\\')))
        }
        _ => share,
    })
}

fn file_object<'a>(record: &mut Record<'a>) -> Option<Cow<'a, str>> {
    let is_file = record.peek("ObjectType") == Some("File");
    is_file.then(|| record.text("ObjectName")).flatten()
}

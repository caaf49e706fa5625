//! Sysmon: <https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon#events>, to the classes that Tenzir's mapping chooses.

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event, Outcome};
use serde_json::json;

use super::codes::{dns_rcode, dns_type, integrity};
use super::network::direction;
use super::objects::anything;
use super::place::{
    ACTOR_PROCESS, ACTOR_USER, HashColumns, PARENT_PROCESS, PROCESS, address, file, guid, hashes, lower, place, process, split_user, user,
};
use super::record::Record;
use super::route::{Route, to};
use crate::parse::is_ip;

const PROCESS_HASHES: HashColumns = [Col::ProcessFileHashesSha256Value, Col::ProcessFileHashesSha1Value, Col::ProcessFileHashesMd5Value];
const FILE_HASHES: HashColumns = [Col::FileHashesSha256Value, Col::FileHashesSha1Value, Col::FileHashesMd5Value];
const MODULE_HASHES: HashColumns = [Col::ModuleFileHashesSha256Value, Col::ModuleFileHashesSha1Value, Col::ModuleFileHashesMd5Value];

/// Sysmon's events by number. A driver is a module that the system loads, a named pipe a file.
pub(super) fn route(record: &Record<'_>) -> Option<Route> {
    Some(match record.event_id {
        1 => to(Class::ProcessActivity, 1, process_created),
        2 => to(Class::FileActivity, 6, file_touched),
        3 => to(Class::NetworkActivity, 1, connection),
        5 => to(Class::ProcessActivity, 2, process_ended),
        6 | 7 => to(Class::ModuleActivity, 1, module),
        8 => to(Class::ProcessActivity, 4, remote_thread),
        9 => to(Class::FileActivity, 2, raw_read),
        10 => to(Class::ProcessActivity, 3, process_accessed),
        11 | 15 | 29 => to(Class::FileActivity, 1, file_touched),
        12..=14 => registry_route(record),
        17 => to(Class::FileActivity, 1, pipe),
        18 => to(Class::FileActivity, 14, pipe),
        22 => to(Class::DnsActivity, 1, dns),
        23 | 26 => to(Class::FileActivity, 4, file_touched),
        25 => to(Class::ProcessActivity, 4, tampering),
        27 => to(Class::FileActivity, 1, file_blocked),
        28 => to(Class::FileActivity, 4, file_blocked),
        _ => to(Class::EventLogActivity, 0, other),
    })
}

/// Keys and values share their numbers; `EventType` tells: <https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon#event-id-12-registryevent-object-create-and-delete>.
fn registry_route(record: &Record<'_>) -> Route {
    match (record.event_id, record.peek("EventType").unwrap_or_default()) {
        (12, "DeleteValue") => to(Class::RegistryValueActivity, 4, registry_value),
        (12, "DeleteKey") => to(Class::RegistryKeyActivity, 4, registry_key),
        (12, _) => to(Class::RegistryKeyActivity, 1, registry_key),
        (14, "RenameValue") => to(Class::RegistryValueActivity, 3, renamed_value),
        (14, _) => to(Class::RegistryKeyActivity, 5, renamed_key),
        _ => to(Class::RegistryValueActivity, 2, registry_value),
    }
}

/// The process that acted: `Image`, `ProcessId`, `ProcessGuid`, `User`.
fn actor(event: &mut Event, record: &mut Record<'_>) {
    let (image, pid) = (record.text("Image"), record.long("ProcessId"));
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ActorProcessUid, record.text_of(&["ProcessGuid", "ProcessGUID"]).map(guid));
    let (name, domain) = split_user(record.text("User"));
    user(event, &ACTOR_USER, name, domain, None);
}

/// The rule that made Sysmon write the event, and the ATT&CK technique that it names: `technique_id=T1047,technique_name=…`.
pub(super) fn rule(event: &mut Event, record: &mut Record<'_>) {
    let Some(rule) = record.text("RuleName") else { return };
    let part = |key: &str| rule.split([',', '|']).find_map(|part| part.trim().strip_prefix(key)).map(str::to_owned);
    if let Some(technique) = part("technique_id=") {
        event.list(Col::AttacksTechniqueUid, [&technique]);
        if let Some(name) = part("technique_name=") {
            event.owned_text(Col::Attacks, json!([{"technique": {"uid": technique, "name": name}}]).to_string());
        }
    }
    event.text(Col::PolicyName, rule);
}

fn process_created(event: &mut Event, record: &mut Record<'_>) {
    event.text(Col::LaunchType, "Spawn");
    let (image, pid) = (record.text("Image"), record.long("ProcessId"));
    process(event, &PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ProcessUid, record.text_of(&["ProcessGuid", "ProcessGUID"]).map(guid));
    place(
        event,
        record,
        &[
            (Col::ProcessCmdLine, "CommandLine"),
            (Col::ProcessWorkingDirectory, "CurrentDirectory"),
            (Col::ProcessFileVersion, "FileVersion"),
            (Col::ProcessFileDesc, "Description"),
            (Col::ProcessFileProductName, "Product"),
            (Col::ProcessFileCompanyName, "Company"),
            (Col::ProcessFileInternalName, "OriginalFileName"),
            (Col::ProcessCreatedTime, "UtcTime"),
        ],
    );
    if let Some(level) = record.text("IntegrityLevel") {
        event.text(Col::ProcessIntegrity, integrity(&level).unwrap_or(&level));
    }
    hashes(event, record, "Hashes", PROCESS_HASHES);
    owner_and_session(event, record);
    parent(event, record);
    event.outcome(Outcome::Success);
}

fn owner_and_session(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = split_user(record.text("User"));
    event.text_opt(Col::ProcessUserName, name.as_deref());
    event.text_opt(Col::ProcessUserDomain, domain.as_deref());
    user(event, &ACTOR_USER, name, domain, None);
    let session = record.text("LogonId").map(lower);
    event.text_opt(Col::ProcessSessionUid, session.as_deref());
    event.text_opt(Col::ActorSessionUid, session);
    event.text_opt(Col::ActorSessionUidAlt, record.text("LogonGuid").map(guid));
}

/// The parent is also who acted, as it started the process.
fn parent(event: &mut Event, record: &mut Record<'_>) {
    let (image, pid) = (record.text("ParentImage"), record.long("ParentProcessId"));
    process(event, &PARENT_PROCESS, image.as_deref(), pid);
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
    let uid = record.text_of(&["ParentProcessGuid", "ParentProcessGUID"]).map(guid);
    event.text_opt(Col::ProcessParentProcessUid, uid.as_deref());
    event.text_opt(Col::ActorProcessUid, uid);
    let command = record.text("ParentCommandLine");
    event.text_opt(Col::ProcessParentProcessCmdLine, command.as_deref());
    event.text_opt(Col::ActorProcessCmdLine, command);
    let (name, domain) = split_user(record.text("ParentUser"));
    event.text_opt(Col::ProcessParentProcessUserName, name.as_deref());
    event.text_opt(Col::ActorProcessUserName, name);
    event.text_opt(Col::ActorProcessUserDomain, domain);
}

fn process_ended(event: &mut Event, record: &mut Record<'_>) {
    let (image, pid) = (record.text("Image"), record.long("ProcessId"));
    process(event, &PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ProcessUid, record.text_of(&["ProcessGuid", "ProcessGUID"]).map(guid));
    let (name, domain) = split_user(record.text("User"));
    event.text_opt(Col::ProcessUserName, name.as_deref());
    event.text_opt(Col::ProcessUserDomain, domain.as_deref());
    user(event, &ACTOR_USER, name, domain, None);
}

fn connection(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    address(event, record, Col::SrcEndpointIp, &["SourceIp"]);
    address(event, record, Col::DstEndpointIp, &["DestinationIp"]);
    place(
        event,
        record,
        &[
            (Col::SrcEndpointHostname, "SourceHostname"),
            (Col::SrcEndpointPort, "SourcePort"),
            (Col::SrcEndpointSvcName, "SourcePortName"),
            (Col::DstEndpointHostname, "DestinationHostname"),
            (Col::DstEndpointPort, "DestinationPort"),
            (Col::DstEndpointSvcName, "DestinationPortName"),
        ],
    );
    if let Some(protocol) = record.text("Protocol").map(lower) {
        let number = [("tcp", 6), ("udp", 17), ("icmp", 1)].into_iter().find(|(name, _)| *name == protocol).map(|(_, number)| number);
        event.long_opt(Col::ConnectionInfoProtocolNum, number);
        event.text(Col::ConnectionInfoProtocolName, protocol);
    }
    event.long_opt(Col::ConnectionInfoProtocolVerId, record.data.flag("SourceIsIpv6").map(|is_ipv6| if is_ipv6 { 6 } else { 4 }));
    if let Some(is_initiated) = record.data.flag("Initiated") {
        direction(event, if is_initiated { 2 } else { 1 }, if is_initiated { "Outbound" } else { "Inbound" });
        event.flag(Col::IsSrcDstAssignmentKnown, true);
    }
}

fn module(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    let path = record.text("ImageLoaded");
    file(event, Col::ModuleFilePath, Col::ModuleFileName, path);
    place(
        event,
        record,
        &[
            (Col::ModuleFileVersion, "FileVersion"),
            (Col::ModuleFileDesc, "Description"),
            (Col::ModuleFileProductName, "Product"),
            (Col::ModuleFileCompanyName, "Company"),
            (Col::ModuleFileInternalName, "OriginalFileName"),
        ],
    );
    hashes(event, record, "Hashes", MODULE_HASHES);
}

/// The two processes of 8 and 10: the source acts on the target.
fn source_and_target(event: &mut Event, record: &mut Record<'_>) {
    let (image, pid) = (record.text("SourceImage"), record.long("SourceProcessId"));
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ActorProcessUid, record.text_of(&["SourceProcessGuid", "SourceProcessGUID"]).map(guid));
    let (name, domain) = split_user(record.text("SourceUser"));
    user(event, &ACTOR_USER, name, domain, None);
    let (image, pid) = (record.text("TargetImage"), record.long("TargetProcessId"));
    process(event, &PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ProcessUid, record.text_of(&["TargetProcessGuid", "TargetProcessGUID"]).map(guid));
    let (name, domain) = split_user(record.text("TargetUser"));
    event.text_opt(Col::ProcessUserName, name);
    event.text_opt(Col::ProcessUserDomain, domain);
}

fn remote_thread(event: &mut Event, record: &mut Record<'_>) {
    source_and_target(event, record);
    event.long(Col::InjectionTypeId, 1);
    event.text(Col::InjectionType, "Remote Thread");
    place(event, record, &[(Col::ProcessTid, "NewThreadId")]);
}

fn process_accessed(event: &mut Event, record: &mut Record<'_>) {
    source_and_target(event, record);
    place(event, record, &[(Col::ActorProcessTid, "SourceThreadId"), (Col::ActualPermissions, "GrantedAccess")]);
}

/// 25: the image of a process was replaced behind its back.
fn tampering(event: &mut Event, record: &mut Record<'_>) {
    let (image, pid) = (record.text("Image"), record.long("ProcessId"));
    let uid = record.text_of(&["ProcessGuid", "ProcessGUID"]).map(guid);
    let (name, domain) = split_user(record.text("User"));
    process(event, &PROCESS, image.as_deref(), pid);
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
    event.text_opt(Col::ProcessUid, uid.as_deref());
    event.text_opt(Col::ActorProcessUid, uid);
    event.text_opt(Col::ProcessUserName, name.as_deref());
    event.text_opt(Col::ProcessUserDomain, domain.as_deref());
    user(event, &ACTOR_USER, name, domain, None);
    event.long(Col::InjectionTypeId, 99);
    event.text_opt(Col::InjectionType, record.text("Type"));
}

fn file_touched(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    let path = record.text("TargetFilename");
    file(event, Col::FilePath, Col::FileName, path);
    let is_executable = matches!(record.event_id, 27 | 29) || record.data.flag("IsExecutable") == Some(true);
    event.long(Col::FileTypeId, if is_executable { 8 } else { 1 });
    event.text(Col::FileType, if is_executable { "Executable File" } else { "Regular File" });
    hashes(event, record, if record.data.has("Hashes") { "Hashes" } else { "Hash" }, FILE_HASHES);
    // 2 says the time that was written over; it is the file's own.
    let created = if record.event_id == 2 { "PreviousCreationUtcTime" } else { "CreationUtcTime" };
    place(event, record, &[(Col::FileCreatedTime, created)]);
}

/// 27 and 28: Sysmon kept an executable from being written, or a file from being shredded.
fn file_blocked(event: &mut Event, record: &mut Record<'_>) {
    file_touched(event, record);
    event.long(Col::ActionId, 2);
    event.text(Col::Action, "Denied");
    event.long(Col::DispositionId, 2);
    event.text(Col::Disposition, "Blocked");
    event.outcome(Outcome::Failure);
}

fn raw_read(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    let device = record.text("Device");
    file(event, Col::FilePath, Col::FileName, device);
    event.long(Col::FileTypeId, 4);
    event.text(Col::FileType, "Block Device");
}

fn pipe(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    let name = record.text("PipeName");
    file(event, Col::FilePath, Col::FileName, name);
    event.long(Col::FileTypeId, 6);
    event.text(Col::FileType, "Named Pipe");
}

fn registry_key(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    place(event, record, &[(Col::RegKeyPath, "TargetObject")]);
}

fn renamed_key(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    place(event, record, &[(Col::PrevRegKeyPath, "TargetObject"), (Col::RegKeyPath, "NewName")]);
}

fn registry_value(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    if let Some(target) = record.text("TargetObject") {
        value_path(event, &target);
    }
    let Some(details) = record.text("Details") else { return };
    let (type_id, type_name) = match &*details {
        text if text.starts_with("DWORD (") => (2, "REG_DWORD"),
        text if text.starts_with("QWORD (") => (8, "REG_QWORD"),
        "Binary Data" => (1, "REG_BINARY"),
        _ => (0, ""),
    };
    if type_id > 0 {
        event.long(Col::RegValueTypeId, type_id);
        event.text(Col::RegValueType, type_name);
    }
    event.text(Col::RegValueRegStringData, details);
}

fn renamed_value(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    if let Some(target) = record.text("NewName") {
        value_path(event, &target);
    }
}

/// Key and name of a value: everything up to the last backslash, and what follows.
fn value_path(event: &mut Event, target: &str) {
    let (key, name) = target.rsplit_once('\\').unwrap_or((target, ""));
    event.text(Col::RegValuePath, key);
    event.text(Col::RegValueName, name);
}

fn dns(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    place(event, record, &[(Col::QueryHostname, "QueryName")]);
    if let Some(status) = record.long("QueryStatus") {
        event.outcome(if status == 0 { Outcome::Success } else { Outcome::Failure });
        event.text(Col::StatusCode, status.to_string());
        if let Some((id, words)) = dns_rcode(status) {
            event.long(Col::RcodeId, id);
            event.text(Col::Rcode, words);
        }
    }
    if record.data.flag("Initiated") == Some(true) {
        direction(event, 2, "Outbound");
    }
    if let Some(results) = record.text("QueryResults") {
        answers(event, &results);
    }
}

/// `type:  5 cdn.example.com;::ffff:192.0.2.7;`: names with their type's number, and addresses.
fn answers(event: &mut Event, results: &str) {
    let answers: Vec<(Option<&'static str>, Cow<'_, str>)> = results.split(';').filter_map(|part| answer(part.trim())).collect();
    event.list(Col::AnswersRdata, answers.iter().map(|(_, data)| data));
    let objects: Vec<_> = answers
        .iter()
        .map(|(kind, data)| match kind {
            Some(kind) => json!({"type": kind, "rdata": data}),
            None => json!({"rdata": data}),
        })
        .collect();
    if !objects.is_empty() {
        event.owned_text(Col::Answers, json!(objects).to_string());
    }
}

fn answer(part: &str) -> Option<(Option<&'static str>, Cow<'_, str>)> {
    if part.is_empty() || part == "-" {
        return None;
    }
    if let Some((number, data)) = part.strip_prefix("type:").and_then(|rest| rest.trim_start().split_once(' ')) {
        return Some((dns_type(number), Cow::Borrowed(data.trim())));
    }
    let plain = part.strip_prefix("::ffff:").filter(|rest| rest.contains('.')).unwrap_or(part);
    let kind = is_ip(plain).then(|| if plain.contains(':') { "AAAA" } else { "A" });
    Some((kind, Cow::Borrowed(plain)))
}

/// Sysmon's own errors, its service and its configuration; WMI subscriptions; the clipboard.
fn other(event: &mut Event, record: &mut Record<'_>) {
    actor(event, record);
    if record.event_id == 255 {
        event.outcome(Outcome::Failure);
        event.severity(4);
        place(event, record, &[(Col::StatusCode, "ID"), (Col::StatusDetail, "Description")]);
    }
    anything(event, record);
}

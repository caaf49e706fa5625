//! One event out of the records of one audit event.

use std::net::{Ipv4Addr, Ipv6Addr};

use coldtrail_model::{Class, Col, Event, Outcome};

use super::accounts;
use super::audit::Audit;
use super::kinds::{About, kind_of};
use super::record::{Record, hex_bytes};
use super::syscalls::{act_of, name_of};
use crate::parse::{base_name, is_ip};

/// Columns of a process, as the one that acts or the one that is acted on.
pub(super) struct ProcessCols {
    pub(super) name: Col,
    pub(super) pid: Col,
    pub(super) cmd_line: Col,
    pub(super) path: Col,
    pub(super) user_name: Col,
    pub(super) user_uid: Col,
    pub(super) folder: Col,
    pub(super) parent_pid: Col,
}

pub(super) const ACTOR: ProcessCols = ProcessCols {
    name: Col::ActorProcessName,
    pid: Col::ActorProcessPid,
    cmd_line: Col::ActorProcessCmdLine,
    path: Col::ActorProcessFilePath,
    user_name: Col::ActorProcessUserName,
    user_uid: Col::ActorProcessUserUid,
    folder: Col::ActorProcessWorkingDirectory,
    parent_pid: Col::ActorProcessParentProcessPid,
};

pub(super) const TARGET: ProcessCols = ProcessCols {
    name: Col::ProcessName,
    pid: Col::ProcessPid,
    cmd_line: Col::ProcessCmdLine,
    path: Col::ProcessFilePath,
    user_name: Col::ProcessUserName,
    user_uid: Col::ProcessUserUid,
    folder: Col::ProcessWorkingDirectory,
    parent_pid: Col::ProcessParentProcessPid,
};

/// Maps one audit event. A system call says what was done, or else the first record that is not part of one.
pub(super) fn map_event(audit: &mut Audit) -> Event {
    let mut event = match audit.call() {
        Some(call) => map_call(audit, call),
        None => map_alone(audit),
    };
    event.text(Col::MetadataProductName, "Linux Audit");
    event.text(Col::MetadataProductVendorName, "Linux");
    event.text(Col::MetadataUid, &audit.serial);
    event.text(Col::DeviceOsName, "Linux");
    event.long(Col::DeviceOsTypeId, 200);
    event.text_opt(Col::DeviceHostname, audit.node.as_deref().or_else(|| audit.get("node")));
    event.text_opt(Col::ActorUserUid, audit.id("auid").or_else(|| audit.id("uid")));
    event.text_opt(
        Col::ActorUserName,
        if audit.id("auid").is_some() { name_in(audit, "AUID", "audit_user") } else { name_in(audit, "UID", "user") },
    );
    event.text_opt(Col::ActorSessionUid, audit.id("ses"));
    event.text_opt(Col::ActorSessionTerminal, audit.first(&["tty", "terminal"]));
    event.list(Col::MetadataLabels, labels(audit));
    map_decision(&mut event, audit);
    event.owned_text(Col::Unmapped, audit.to_json());
    event
}

/// The name that an enriched or a merged record gives for an id.
fn name_in<'a>(audit: &'a Audit, enriched: &str, merged: &str) -> Option<&'a str> {
    audit.get(enriched).or_else(|| audit.get(merged))
}

/// The keys of the audit rules that made the event. A key can be several; some tools write `key=` into it.
fn labels(audit: &Audit) -> Vec<String> {
    let keys = audit.get("key").unwrap_or_default();
    keys.split(['\u{1}', ',']).map(|key| key.trim_start_matches("key=")).filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

/// `yes`, `success` and 1 are good.
fn outcome_of(word: Option<&str>) -> Option<Outcome> {
    Some(match word? {
        "yes" | "success" | "1" => Outcome::Success,
        "no" | "failed" | "failure" | "0" => Outcome::Failure,
        _ => return None,
    })
}

fn map_call(audit: &Audit, call: &Record) -> Event {
    let number = call.get("syscall").unwrap_or_default();
    let named = call.get("SYSCALL").or_else(|| name_of(call.get("arch").unwrap_or_default(), number));
    let name = named.map_or_else(|| format!("syscall {number}"), str::to_owned);
    let (class, activity) = match act_of(&name) {
        (Class::ProcessActivity, 99) if number.parse::<u64>().is_err() => act_of(number),
        // What was opened to be made is made.
        (Class::FileActivity, 14) if path_of(audit, "CREATE").is_some() => (Class::FileActivity, 1),
        known => known,
    };
    let name = if number.parse::<u64>().is_err() { number.to_owned() } else { name };
    let mut event = Event::new(class, activity, audit.time_ms);
    if activity == 99 {
        event.activity_other(&name);
    }
    event.text(Col::Message, &name);
    event.text(Col::MetadataEventCode, audit.main().map_or("SYSCALL", |main| main.kind.as_str()));
    event.outcome(outcome_of(call.get("success")).unwrap_or(Outcome::Unknown));
    event.text_opt(Col::StatusCode, call.get("exit"));
    match class {
        Class::ProcessActivity if activity == 1 => {
            map_process(&mut event, audit, &TARGET);
            event.long_opt(Col::ActorProcessPid, audit.long("ppid"));
        }
        Class::ProcessActivity => {
            map_process(&mut event, audit, &ACTOR);
            map_other_process(&mut event, audit);
        }
        _ => map_process(&mut event, audit, &ACTOR),
    }
    match class {
        Class::FileActivity => map_file(&mut event, audit),
        Class::NetworkActivity => map_socket(&mut event, audit, &name),
        Class::ModuleActivity => {
            let path = path_of(audit, "NORMAL").or_else(|| audit.of("KERN_MODULE").next()?.get("name").map(str::to_owned));
            event.text_opt(Col::ModuleFilePath, path.as_ref());
            event.text_opt(Col::ModuleFileName, path.as_deref().map(base_name));
        }
        _ => {}
    }
    event
}

/// The process that a signal or a trace is about; else the process acts on itself.
fn map_other_process(event: &mut Event, audit: &Audit) {
    match audit.of("OBJ_PID").next() {
        Some(other) => {
            event.long_opt(Col::ProcessPid, other.get("opid").and_then(|pid| pid.parse().ok()));
            event.text_opt(Col::ProcessName, other.get("ocomm"));
            event.text_opt(Col::ProcessUserUid, other.get("ouid"));
        }
        None => map_process(event, audit, &TARGET),
    }
}

fn map_alone(audit: &Audit) -> Event {
    let main = audit.main().or_else(|| audit.records.first());
    let name = main.map_or("", |record| record.kind.as_str());
    let kind = kind_of(name);
    let mut event = Event::new(kind.class, kind.activity, audit.time_ms);
    if kind.activity == 99 {
        event.activity_other(if kind.words.is_empty() { name } else { kind.words });
    }
    event.text(Col::MetadataEventCode, name);
    event.text_opt(Col::Message, audit.first(&["op", "reason", "operation"]));
    if let Some(outcome) = outcome_of(audit.first(&["res", "result", "success"])) {
        event.outcome(outcome);
    }
    match kind.about {
        About::Account => accounts::map(&mut event, audit),
        About::Command => {
            map_process(&mut event, audit, &ACTOR);
            event.text_opt(Col::ProcessCmdLine, audit.get("cmd"));
            event.text_opt(Col::ProcessWorkingDirectory, audit.get("cwd"));
            event.text_opt(Col::ProcessName, audit.get("cmd").and_then(|cmd| cmd.split_whitespace().next()).map(base_name));
        }
        About::Unit => {
            map_process(&mut event, audit, &ACTOR);
            event.text_opt(Col::ProcessName, audit.get("unit"));
        }
        About::Process => {
            map_process(&mut event, audit, if kind.class == Class::ProcessActivity { &TARGET } else { &ACTOR });
            if name == "ANOM_ABEND" {
                event.outcome(Outcome::Failure);
                event.severity(3);
                event.text_opt(Col::StatusCode, audit.get("sig"));
            }
        }
    }
    event
}

/// The process of the records.
pub(super) fn map_process(event: &mut Event, audit: &Audit, cols: &ProcessCols) {
    event.long_opt(cols.pid, audit.long("pid"));
    event.long_opt(cols.parent_pid, audit.long("ppid"));
    event.text_opt(cols.path, audit.get("exe"));
    event.text_opt(cols.name, audit.get("comm").or_else(|| audit.get("exe").map(base_name)));
    event.text_opt(cols.cmd_line, audit.command_line());
    event.text_opt(cols.folder, audit.get("cwd"));
    event.text_opt(cols.user_uid, audit.id("euid").or_else(|| audit.id("uid")));
    let by_name = if audit.id("euid").is_some() { name_in(audit, "EUID", "effective_user") } else { name_in(audit, "UID", "user") };
    event.text_opt(cols.user_name, by_name);
}

/// What SELinux or AppArmor decided.
fn map_decision(event: &mut Event, audit: &Audit) {
    let decision = match audit.first(&["seresult", "apparmor"]) {
        Some("denied" | "DENIED") => [(2, "Denied"), (2, "Blocked")],
        Some("granted" | "ALLOWED" | "AUDIT") => [(1, "Allowed"), (1, "Allowed")],
        _ => return,
    };
    event.long(Col::ActionId, decision[0].0);
    event.text(Col::Action, decision[0].1);
    event.long(Col::DispositionId, decision[1].0);
    event.text(Col::Disposition, decision[1].1);
}

/// The path of the first `PATH` record with this `nametype`, in full.
fn path_of(audit: &Audit, nametype: &str) -> Option<String> {
    let found = audit.of("PATH").find(|path| path.get("nametype") == Some(nametype))?.get("name")?;
    Some(absolute(audit, found))
}

fn absolute(audit: &Audit, path: &str) -> String {
    match audit.get("cwd") {
        Some(folder) if !path.starts_with('/') => format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches("./")),
        _ => path.to_owned(),
    }
}

/// The file that was touched, and what a renamed one is called afterwards; folders on the way are not the file.
fn map_file(event: &mut Event, audit: &Audit) {
    let (deleted, created) = (path_of(audit, "DELETE"), path_of(audit, "CREATE"));
    let known = || path_of(audit, "NORMAL").or_else(|| path_of(audit, "UNKNOWN"));
    let any = || audit.first(&["name", "path"]).map(|name| absolute(audit, name));
    if let (Some(_), Some(after)) = (&deleted, &created) {
        event.text(Col::FileResultName, base_name(after));
        event.text(Col::FileResultPath, after);
    }
    let path = deleted.or(created).or_else(known).or_else(any);
    event.text_opt(Col::FileName, path.as_deref().map(base_name));
    event.text_opt(Col::FilePath, path);
}

/// The other end of a connection: <https://man7.org/linux/man-pages/man7/ip.7.html>, <https://man7.org/linux/man-pages/man7/ipv6.7.html>.
fn map_socket(event: &mut Event, audit: &Audit, call: &str) {
    let is_inbound = matches!(call, "accept" | "accept4" | "recvfrom" | "recvmsg" | "recvmmsg" | "getpeername");
    let (ip, port, name) = match call {
        _ if is_inbound => (Col::SrcEndpointIp, Col::SrcEndpointPort, Col::SrcEndpointName),
        "bind" | "getsockname" | "listen" => (Col::SrcEndpointIp, Col::SrcEndpointPort, Col::SrcEndpointName),
        _ => (Col::DstEndpointIp, Col::DstEndpointPort, Col::DstEndpointName),
    };
    match audit.get("saddr").and_then(hex_bytes).as_deref().and_then(address_of) {
        Some((address, number)) => {
            event.text(ip, address);
            event.long(port, number);
        }
        None => {
            event.text_opt(ip, audit.first(&["laddr"]).filter(|address| is_ip(address)));
            event.long_opt(port, audit.long("lport"));
            event.text_opt(name, audit.get("saddr").and_then(hex_bytes).as_deref().and_then(unix_path));
        }
    }
    let (id, words) = if is_inbound { (1, "Inbound") } else { (2, "Outbound") };
    if matches!(call, "connect") || is_inbound {
        event.long(Col::ConnectionInfoDirectionId, id);
        event.text(Col::ConnectionInfoDirection, words);
    }
}

/// The address and port of a `sockaddr`; its family is in the machine's byte order, of which all but a few are little-endian.
fn address_of(bytes: &[u8]) -> Option<(String, i64)> {
    let port = i64::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]));
    match bytes.first()? | bytes.get(1)? {
        2 => Some((Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(4..8)?).ok()?).to_string(), port)),
        10 => Some((Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?).to_string(), port)),
        _ => None,
    }
}

/// The path of a local socket.
fn unix_path(bytes: &[u8]) -> Option<String> {
    let path = bytes.strip_prefix(&[1, 0]).or_else(|| bytes.strip_prefix(&[0, 1]))?;
    let path = path.strip_prefix(&[0]).unwrap_or(path);
    let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
    Some(String::from_utf8_lossy(&path[..end]).into_owned()).filter(|path| !path.is_empty())
}

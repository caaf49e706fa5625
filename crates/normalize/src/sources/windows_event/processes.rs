//! Processes, as the Security log has them:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4688>.

use coldtrail_model::{Class, Col, Event, Outcome};

use super::codes::integrity;
use super::place::{ACTOR_PROCESS, PARENT_PROCESS, PROCESS, lower, place, process, subject};
use super::record::Record;
use super::route::{Route, to};

/// A process began or ended.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        4688 => to(Class::ProcessActivity, 1, started),
        4689 => to(Class::ProcessActivity, 2, ended),
        _ => return None,
    })
}

/// An application crashed (1000) or was closed because it hung (1002).
pub(super) fn route_crash(id: i64) -> Option<Route> {
    Some(match id {
        1000 => to(Class::ProcessActivity, 2, crashed),
        1002 => to(Class::ProcessActivity, 2, hung),
        _ => return None,
    })
}

/// The fields have names since Windows 11 and are numbered before; the number of the process is hexadecimal, with or without `0x`.
fn crashed(event: &mut Event, record: &mut Record<'_>) {
    crash(event, record, ["ProcessId", "param9"], ["AppPath", "param11"]);
    event.text_opt(Col::StatusCode, record.text_of(&["ExceptionCode", "param7"]));
}

fn hung(event: &mut Event, record: &mut Record<'_>) {
    crash(event, record, ["ProcessId", "param4"], ["AppPath", "param9"]);
}

fn crash(event: &mut Event, record: &mut Record<'_>, pid: [&str; 2], path: [&str; 2]) {
    let image = record.text_of(&path);
    let name = record.text_of(&["AppName", "param1"]);
    let pid = record.text_of(&pid).and_then(|text| i64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    process(event, &PROCESS, image.as_deref().or(name.as_deref()), pid);
    event.text_opt(Col::ProcessFileVersion, record.text_of(&["AppVersion", "param2"]));
    event.outcome(Outcome::Failure);
    event.severity(3);
}

/// `ProcessId` is the creator and `NewProcessId` the process; the creator's image is `ParentProcessName` since Windows 10.
fn started(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    event.text(Col::LaunchType, "Spawn");
    let (image, pid) = (record.text("NewProcessName"), record.long("NewProcessId"));
    process(event, &PROCESS, image.as_deref(), pid);
    place(event, record, &[(Col::ProcessCmdLine, "CommandLine")]);
    let (parent, parent_pid) = (record.text("ParentProcessName"), record.long("ProcessId"));
    process(event, &PARENT_PROCESS, parent.as_deref(), parent_pid);
    process(event, &ACTOR_PROCESS, parent.as_deref(), parent_pid);
    owner(event, record);
    if let Some(level) = record.peek("MandatoryLabel").and_then(integrity) {
        event.text(Col::ProcessIntegrity, level);
    }
    event.outcome(Outcome::Success);
}

/// Whose process it is: the target if there is one, else the subject.
fn owner(event: &mut Event, record: &mut Record<'_>) {
    match record.text("TargetUserName") {
        Some(name) => {
            event.text(Col::ProcessUserName, name);
            place(event, record, &[(Col::ProcessUserDomain, "TargetDomainName"), (Col::ProcessUserUid, "TargetUserSid")]);
            event.text_opt(Col::ProcessSessionUid, record.text("TargetLogonId").map(lower));
        }
        None => {
            for (from, to) in [
                (Col::ActorUserName, Col::ProcessUserName),
                (Col::ActorUserDomain, Col::ProcessUserDomain),
                (Col::ActorUserUid, Col::ProcessUserUid),
                (Col::ActorSessionUid, Col::ProcessSessionUid),
            ] {
                let value = event.get_text(from).map(str::to_owned);
                event.text_opt(to, value);
            }
        }
    }
}

fn ended(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    let (image, pid) = (record.text("ProcessName"), record.long("ProcessId"));
    process(event, &PROCESS, image.as_deref(), pid);
    place(event, record, &[(Col::ExitCode, "Status")]);
    event.outcome(Outcome::Success);
}

//! Scheduled tasks and installed services.
//!
//! A service is installed to run later, with a name, a command line and an account, as a scheduled job is. OCSF has a class of its own for it
//! (Windows Service Activity, 201004), which has no table here: installed services are found in `scheduled_job_activity`.

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event, Outcome};

use super::objects::anything;
use super::place::{ACTOR_USER, file, place, split_user, subject, user};
use super::record::Record;
use super::route::{Route, to};
use super::xml;
use crate::parse::parse_long;

/// Tasks and services in the Security log.
pub(super) fn route_security(id: i64) -> Option<Route> {
    Some(match id {
        4697 => to(Class::ScheduledJobActivity, 1, service),
        4698 => to(Class::ScheduledJobActivity, 1, task),
        4699 => to(Class::ScheduledJobActivity, 3, task),
        4700 => to(Class::ScheduledJobActivity, 4, task),
        4701 => to(Class::ScheduledJobActivity, 5, task),
        4702 => to(Class::ScheduledJobActivity, 2, task),
        _ => return None,
    })
}

/// The log of the task scheduler itself.
pub(super) fn route_scheduler(id: i64) -> Option<Route> {
    Some(match id {
        106 => to(Class::ScheduledJobActivity, 1, scheduler),
        140 => to(Class::ScheduledJobActivity, 2, scheduler),
        141 => to(Class::ScheduledJobActivity, 3, scheduler),
        142 => to(Class::ScheduledJobActivity, 5, scheduler),
        100 | 101 | 110 | 129 | 200 | 203 => to(Class::ScheduledJobActivity, 6, scheduler),
        102 | 103 | 111 | 201 | 202 => to(Class::ScheduledJobActivity, 99, completed),
        _ => return None,
    })
}

/// The log of the service control manager.
pub(super) fn route_services(id: i64) -> Option<Route> {
    Some(match id {
        7045 => to(Class::ScheduledJobActivity, 1, service),
        _ => return None,
    })
}

fn service(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    place(event, record, &[(Col::JobName, "ServiceName")]);
    event.text_opt(Col::JobUserName, record.text_of(&["ServiceAccount", "AccountName"]));
    let command = record.text_of(&["ServiceFileName", "ImagePath"]);
    command_line(event, command);
    let start = record.peek("StartType").or_else(|| record.peek("ServiceStartType")).map(str::to_owned);
    event.text_opt(Col::JobRunState, start);
    event.text(Col::JobDesc, "Windows service");
}

/// Places a command line and the program that it begins with.
fn command_line(event: &mut Event, command: Option<Cow<'_, str>>) {
    let Some(command) = command else { return };
    let program = program_of(&command);
    file(event, Col::JobFilePath, Col::JobFileName, Some(Cow::Owned(program.to_owned())));
    event.text(Col::JobCmdLine, command);
}

/// The program of a command line: what is in quotes, or up to a known ending, or the first word.
fn program_of(command: &str) -> &str {
    let command = command.trim();
    if let Some(quoted) = command.strip_prefix('"') {
        return quoted.split('"').next().unwrap_or(quoted);
    }
    let lower = command.to_ascii_lowercase();
    let end = [".exe ", ".sys ", ".dll ", ".bat ", ".cmd "].iter().filter_map(|ending| lower.find(ending).map(|at| at + 4)).min();
    match end.and_then(|end| command.get(..end)) {
        Some(program) => program,
        None if [".exe", ".sys", ".dll", ".bat", ".cmd"].iter().any(|ending| lower.ends_with(ending)) => command,
        None => command.split_ascii_whitespace().next().unwrap_or(command),
    }
}

fn task(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    place(event, record, &[(Col::JobName, "TaskName")]);
    let content = record.peek("TaskContent").or_else(|| record.peek("TaskContentNew")).map(str::to_owned);
    if let Some(content) = content {
        task_content(event, &content);
    }
    event.outcome(Outcome::Success);
}

/// What the XML of a task says it runs, and as whom; the XML itself stays:
/// <https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema>.
fn task_content(event: &mut Event, content: &str) {
    let from = content.find("<Task").unwrap_or(0);
    let Ok(tree) = xml::parse(content.get(from..).unwrap_or_default()) else { return };
    let text = |path: &str| tree.pointer(path).and_then(serde_json::Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    if let Some(program) = text("/Task/Actions/Exec/Command") {
        let arguments = text("/Task/Actions/Exec/Arguments");
        event.text(Col::JobCmdLine, arguments.map_or_else(|| program.to_owned(), |arguments| format!("{program} {arguments}")));
        file(event, Col::JobFilePath, Col::JobFileName, Some(Cow::Borrowed(program.trim_matches('"'))));
    }
    event.text_opt(Col::JobDesc, text("/Task/RegistrationInfo/Description"));
    match text("/Task/Principals/Principal/UserId") {
        Some(uid) if uid.starts_with("S-1-") => event.text(Col::JobUserUid, uid),
        Some(name) => event.text(Col::JobUserName, name),
        None => {}
    }
}

fn scheduler(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = split_user(record.text_of(&["UserContext", "UserName"]));
    user(event, &ACTOR_USER, name, domain, None);
    place(event, record, &[(Col::JobName, "TaskName"), (Col::ActorProcessPid, "EnginePID")]);
    let program = record.text_of(&["ActionName", "Path"]);
    file(event, Col::JobFilePath, Col::JobFileName, program);
    if let Some(code) = record.text("ResultCode") {
        event.outcome(if parse_long(&code) == Some(0) { Outcome::Success } else { Outcome::Failure });
        event.text(Col::StatusCode, code);
    }
    anything(event, record);
}

fn completed(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Complete");
    scheduler(event, record);
}

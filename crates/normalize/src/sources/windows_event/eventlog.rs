//! What the event log service says of the logs:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-1102>.

use coldtrail_model::{Class, Col, Event, Outcome};

use super::place::{place, subject};
use super::record::Record;
use super::route::{Route, to};

/// A log was cleared, or the service began or ended.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        1102 | 104 => to(Class::EventLogActivity, 1, cleared),
        1105 => to(Class::EventLogActivity, 4, lifecycle),
        6005 => to(Class::EventLogActivity, 6, lifecycle),
        1100 | 6006 => to(Class::EventLogActivity, 7, lifecycle),
        _ => return None,
    })
}

fn cleared(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    place(event, record, &[(Col::LogName, "Channel"), (Col::FilePath, "BackupPath"), (Col::ActorProcessPid, "ClientProcessId")]);
    event.severity(4);
    event.outcome(Outcome::Success);
}

fn lifecycle(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    place(event, record, &[(Col::LogName, "Channel"), (Col::FilePath, "BackupPath")]);
}

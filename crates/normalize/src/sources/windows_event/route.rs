use coldtrail_model::{Class, Event};

use super::record::Record;
use super::{accounts, defender, eventlog, jobs, logons, network, objects, powershell, processes, sysmon};

/// What an event becomes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) class: Class,
    pub(super) activity_id: i32,
    /// Places the event's own data.
    pub(super) map: fn(&mut Event, &mut Record<'_>),
}

/// A route in one line, for the tables.
pub(super) fn to(class: Class, activity_id: i32, map: fn(&mut Event, &mut Record<'_>)) -> Route {
    Route { class, activity_id, map }
}

/// Chooses by provider and number; without a provider, the log tells. What nobody knows stays an event of its log.
pub(super) fn route(record: &Record<'_>) -> Route {
    let id = record.event_id;
    let known = match family(record) {
        Family::Security => security(record),
        Family::Sysmon => sysmon::route(record),
        Family::PowerShell => powershell::route(id),
        Family::EventLog => eventlog::route(id),
        Family::Jobs => jobs::route_scheduler(id),
        Family::Services => jobs::route_services(id),
        Family::Defender => defender::route(id),
        Family::Crash => processes::route_crash(id),
        Family::RemoteDesktop => logons::route_remote_desktop(record),
        Family::Other => None,
    };
    known.unwrap_or_else(|| to(Class::EventLogActivity, 0, objects::anything))
}

enum Family {
    Security,
    Sysmon,
    PowerShell,
    EventLog,
    Jobs,
    Services,
    Defender,
    Crash,
    RemoteDesktop,
    Other,
}

fn family(record: &Record<'_>) -> Family {
    match &*record.provider {
        "Microsoft-Windows-Security-Auditing" | "Microsoft Windows security auditing." => Family::Security,
        "Microsoft-Windows-Sysmon" => Family::Sysmon,
        "Microsoft-Windows-PowerShell" | "PowerShell" | "PowerShellCore" => Family::PowerShell,
        "Microsoft-Windows-Eventlog" | "EventLog" | "Eventlog" => Family::EventLog,
        "Microsoft-Windows-TaskScheduler" => Family::Jobs,
        "Service Control Manager" => Family::Services,
        "Microsoft-Windows-Windows Defender" => Family::Defender,
        "Application Error" | "Application Hang" => Family::Crash,
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager" | "Microsoft-Windows-TerminalServices-LocalSessionManager" => {
            Family::RemoteDesktop
        }
        "" => family_of_log(record),
        _ => Family::Other,
    }
}

fn family_of_log(record: &Record<'_>) -> Family {
    let channel = record.channel.to_ascii_lowercase();
    match channel.as_str() {
        "security" | "" if (4600..6500).contains(&record.event_id) => Family::Security,
        "security" => Family::EventLog,
        "microsoft-windows-powershell/operational" | "windows powershell" => Family::PowerShell,
        "microsoft-windows-taskscheduler/operational" => Family::Jobs,
        "microsoft-windows-windows defender/operational" => Family::Defender,
        "system" if record.event_id == 104 => Family::EventLog,
        "system" => Family::Services,
        log if log.contains("sysmon") => Family::Sysmon,
        _ => Family::Other,
    }
}

fn security(record: &Record<'_>) -> Option<Route> {
    let id = record.event_id;
    logons::route(id)
        .or_else(|| accounts::route(id))
        .or_else(|| processes::route(id))
        .or_else(|| jobs::route_security(id))
        .or_else(|| network::route(id))
        .or_else(|| objects::route(record))
}

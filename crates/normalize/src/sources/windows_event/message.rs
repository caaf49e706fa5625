//! What an event says in its message and nowhere else. Some collectors keep only the text that Windows shows to people:
//!
//! ```text
//! An account failed to log on.
//!
//! Subject:
//!     Account Name:        DC1$
//! Logon Type:              3
//! Network Information:
//!     Source Network Address:  192.0.2.7
//! ```
//!
//! The English texts are read, as Microsoft's pages of the events show them:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/advanced-security-audit-policy-settings>.
//! The message itself stays whole.

use std::borrow::Cow;

use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::parse::is_ip;

/// The name of a member of an event's data.
type Name = &'static str;

/// Whom the sections of a message are about, as the prefix of the members of the data.
const PEOPLE: &[(&str, &str)] = &[
    ("Subject", "Subject"),
    ("New Logon", "Target"),
    ("Account For Which Logon Failed", "Target"),
    ("Account Whose Credentials Were Used", "Target"),
    ("Account Information", "Target"),
    ("Target Account", "Target"),
    ("New Account", "Target"),
    ("Account That Was Locked Out", "Target"),
    ("Target Subject", "Target"),
    ("Group", "Target"),
    ("New Group", "Target"),
    ("Deleted Group", "Target"),
];

/// Parts of a person: what the message calls them, and the members of subject and target.
const PARTS: &[(&str, Name, Name)] = &[
    ("Security ID", "SubjectUserSid", "TargetUserSid"),
    ("User ID", "SubjectUserSid", "TargetUserSid"),
    ("Account Name", "SubjectUserName", "TargetUserName"),
    ("Group Name", "SubjectUserName", "TargetUserName"),
    ("Account Domain", "SubjectDomainName", "TargetDomainName"),
    ("Group Domain", "SubjectDomainName", "TargetDomainName"),
    ("Supplied Realm Name", "SubjectDomainName", "TargetDomainName"),
    ("Logon ID", "SubjectLogonId", "TargetLogonId"),
    ("Logon GUID", "LogonGuid", "LogonGuid"),
];

/// What messages call the other members, in any section.
const NAMES: &[(&str, Name)] = &[
    ("Logon Type", "LogonType"),
    ("Source Network Address", "IpAddress"),
    ("Client Address", "IpAddress"),
    ("Client IP", "IpAddress"),
    ("Caller IP", "IpAddress"),
    ("Client Port", "IpPort"),
    ("Workstation Name", "WorkstationName"),
    ("Source Workstation", "Workstation"),
    ("Logon Process", "LogonProcessName"),
    ("Authentication Package", "AuthenticationPackageName"),
    ("Failure Reason", "FailureReason"),
    ("Sub Status", "SubStatus"),
    ("Error Code", "Status"),
    ("Result Code", "Status"),
    ("Failure Code", "Status"),
    ("Service Name", "ServiceName"),
    ("Process ID", "ProcessId"),
    ("Caller Process ID", "ProcessId"),
    ("Creator Process ID", "ProcessId"),
    ("Process Name", "ProcessName"),
    ("Caller Process Name", "ProcessName"),
    ("Creator Process Name", "ParentProcessName"),
    ("New Process ID", "NewProcessId"),
    ("New Process Name", "NewProcessName"),
    ("Process Command Line", "CommandLine"),
    ("Mandatory Label", "MandatoryLabel"),
    ("Object Server", "ObjectServer"),
    ("Object Type", "ObjectType"),
    ("Object Name", "ObjectName"),
    ("Handle ID", "HandleId"),
    ("Access Mask", "AccessMask"),
    ("Share Name", "ShareName"),
    ("Relative Target Name", "RelativeTargetName"),
    ("Privileges", "PrivilegeList"),
    ("Task Name", "TaskName"),
    ("Application Name", "Application"),
    ("Destination Address", "DestAddress"),
    ("Destination Port", "DestPort"),
];

/// Adds to the data what it does not have and the message says.
pub(super) fn fill(data: &mut Fields<'_>, event_id: i64) {
    let Some(message) = ["Message", "message"].iter().find_map(|key| data.peek_text(key)).map(str::to_owned) else { return };
    let mut section = "";
    let mut heading = None;
    for line in message.lines() {
        let text = line.trim();
        let is_indented = line.starts_with(['\t', ' ']);
        let Some((key, value)) = pair(text) else {
            // `Caller IP:` with its value on the line below.
            if let Some(key) = heading.take().filter(|_| !is_indented && !text.is_empty()) {
                add(data, event_id, key, key, text);
            }
            continue;
        };
        if !is_indented {
            (section, heading) = (key, value.is_empty().then_some(key));
        }
        add(data, event_id, section, key, value);
    }
}

/// `Account Name:    DC1$`. A colon within a value, as in `192.0.2.7:445` or `C:\Windows`, ends no key.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let is_key = key.starts_with(|first: char| first.is_ascii_uppercase()) && (value.is_empty() || value.starts_with(['\t', ' ']));
    is_key.then(|| (key.trim_end(), value.trim()))
}

fn add(data: &mut Fields<'_>, event_id: i64, section: &str, key: &str, value: &str) {
    if matches!(value, "" | "-") {
        return;
    }
    let Some(name) = name_of(event_id, section, key) else { return };
    let (value, port) = match value.rsplit_once(':').filter(|(address, port)| is_ip(address) && port.parse::<u16>().is_ok()) {
        Some((address, port)) if name == "IpAddress" => (address, Some(port)),
        _ => (value, None),
    };
    // Where a SID belongs, Windows shows the name of its account.
    if name.ends_with("Sid") && !value.starts_with("S-1-") {
        return;
    }
    put(data, name, value);
    if let Some(port) = port {
        put(data, "IpPort", port);
    }
}

fn name_of(event_id: i64, section: &str, key: &str) -> Option<Name> {
    let is_of_filter = (5150..5160).contains(&event_id);
    let of_event = match (event_id, section, key) {
        (_, "Member", "Security ID") => Some("MemberSid"),
        (_, "Member", "Account Name") => Some("MemberName"),
        (4625, "Failure Information", "Status") => Some("Status"),
        (4689, _, "Exit Status") => Some("Status"),
        (_, _, "Source Address") => Some(if is_of_filter { "SourceAddress" } else { "IpAddress" }),
        (_, _, "Source Port") => Some(if is_of_filter { "SourcePort" } else { "IpPort" }),
        (_, "Network Information", "Protocol") if is_of_filter => Some("Protocol"),
        // `Service Name` of a service account has a section of its own, beside the one of who asked.
        (4768..=4771, "Service Information", "Service ID") => Some("ServiceSid"),
        _ => None,
    };
    let of_person = || {
        let (_, prefix) = PEOPLE.iter().find(|(title, _)| *title == section)?;
        let (_, subject, target) = PARTS.iter().find(|(part, ..)| *part == key)?;
        Some(if *prefix == "Subject" { *subject } else { *target })
    };
    of_event.or_else(of_person).or_else(|| NAMES.iter().find(|(title, _)| *title == key).map(|(_, name)| *name))
}

fn put(data: &mut Fields<'_>, name: Name, value: &str) {
    if !data.has(name) {
        data.put(name, Value::Str(Cow::Owned(value.to_owned())));
    }
}

#[cfg(test)]
mod tests;

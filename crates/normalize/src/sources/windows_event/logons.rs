//! Logons, logoffs and Kerberos, as the Security log has them:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/basic-audit-logon-events>.

use coldtrail_model::{Class, Col, Event, Outcome};

use super::codes::{auth_protocol, kerberos_status, logon_status, logon_type, parameter};
use super::place::{ACTOR_PROCESS, USER, address, guid, lower, place, process, source, split_user, subject, target, user};
use super::record::Record;
use super::route::{Route, to};
use crate::parse::parse_long;

/// The logon events; 4672 gives privileges to a session that began.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        4624 => to(Class::Authentication, 1, logon),
        4625 => to(Class::Authentication, 1, failed_logon),
        4634 | 4647 => to(Class::Authentication, 2, logoff),
        4648 => to(Class::Authentication, 1, explicit_logon),
        4768 | 4771 => to(Class::Authentication, 3, kerberos),
        4769 => to(Class::Authentication, 4, kerberos),
        4770 => to(Class::Authentication, 5, kerberos),
        4776 => to(Class::Authentication, 1, validation),
        4778 => to(Class::Authentication, 99, reconnection),
        4779 => to(Class::Authentication, 99, disconnection),
        4672 => to(Class::UserAccess, 1, special_privileges),
        4964 => to(Class::UserAccess, 1, special_groups),
        6272 | 6278 => to(Class::Authentication, 1, network_access),
        6273 | 6274 | 6276 => to(Class::Authentication, 1, no_network_access),
        _ => return None,
    })
}

/// Remote desktop: who was let in (1149), and the sessions that began, ended, were left and taken up again:
/// <https://learn.microsoft.com/en-us/windows-server/remote/remote-desktop-services/troubleshoot-remote-desktop-connections>.
pub(super) fn route_remote_desktop(record: &Record<'_>) -> Option<Route> {
    let is_manager_of_connections = record.provider.ends_with("RemoteConnectionManager");
    Some(match (is_manager_of_connections, record.event_id) {
        (true, 1149) => to(Class::Authentication, 1, remote_connection),
        (false, 21) => to(Class::Authentication, 1, remote_session),
        (false, 23) => to(Class::Authentication, 2, remote_session),
        (false, 24) => to(Class::Authentication, 99, left_session),
        (false, 25) => to(Class::Authentication, 99, resumed_session),
        _ => return None,
    })
}

fn remote_connection(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = (record.text("Param1"), record.text("Param2"));
    user(event, &USER, name, domain, None);
    address(event, record, Col::SrcEndpointIp, &["Param3"]);
    remote_interactive(event);
}

fn remote_session(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = split_user(record.text("User"));
    user(event, &USER, name, domain, None);
    address(event, record, Col::SrcEndpointIp, &["Address"]);
    place(event, record, &[(Col::ActorSessionTerminal, "SessionID")]);
    if event.get(Col::SrcEndpointIp).is_some() {
        remote_interactive(event);
    }
}

fn left_session(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Session Disconnect");
    remote_session(event, record);
}

fn resumed_session(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Session Reconnect");
    remote_session(event, record);
}

fn remote_interactive(event: &mut Event) {
    event.long(Col::LogonTypeId, 10);
    event.text(Col::LogonType, "Remote Interactive");
    event.flag(Col::IsRemote, true);
    event.outcome(Outcome::Success);
}

fn logon(event: &mut Event, record: &mut Record<'_>) {
    event.flag(Col::IsNewLogon, true);
    common(event, record);
    session(event, record);
    place(event, record, &[(Col::ActorSessionIssuer, "LmPackageName")]);
    event.outcome(Outcome::Success);
}

fn failed_logon(event: &mut Event, record: &mut Record<'_>) {
    common(event, record);
    let code = record.text("Status");
    let sub_code = record.text("SubStatus");
    let reason = record.text("FailureReason");
    // The sub-status tells why where it is set; the status alone says "bad user name or password".
    let meaning = [&sub_code, &code].into_iter().flatten().find_map(|code| logon_status(parse_long(code)?));
    let words = reason.as_deref().and_then(|reason| parameter(reason).or(meaning).map(str::to_owned).or_else(|| Some(reason.to_owned())));
    event.text_opt(Col::StatusDetail, words.or_else(|| meaning.map(str::to_owned)));
    event.text_opt(Col::StatusCode, code.as_deref().map(lower_hex));
    event.outcome(Outcome::Failure);
    event.severity(2);
    for (name, value) in [("Status", code), ("SubStatus", sub_code), ("FailureReason", reason)] {
        if let Some(value) = value {
            super::place::keep(record, name, value);
        }
    }
}

/// `0xC000006D` and `0xc000006d` are one code.
fn lower_hex(code: &str) -> String {
    code.to_ascii_lowercase()
}

fn logoff(event: &mut Event, record: &mut Record<'_>) {
    target(event, record);
    logon_kind(event, record);
    session(event, record);
    event.outcome(Outcome::Success);
}

/// 4648: a process of the subject used other credentials.
fn explicit_logon(event: &mut Event, record: &mut Record<'_>) {
    common(event, record);
    place(event, record, &[(Col::DstEndpointHostname, "TargetServerName"), (Col::ServiceName, "TargetInfo")]);
    event.text_opt(Col::SessionUidAlt, record.text("TargetLogonGuid").map(guid));
}

fn common(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    target(event, record);
    logon_kind(event, record);
    package(event, record);
    source(event, record);
    place(event, record, &[(Col::LogonProcessName, "LogonProcessName")]);
    let image = record.text("ProcessName");
    // A logon over the network has no process: its number is 0.
    let pid = image.as_ref().and_then(|_| record.long("ProcessId"));
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
}

fn logon_kind(event: &mut Event, record: &mut Record<'_>) {
    let Some(number) = record.long("LogonType") else { return };
    match logon_type(number) {
        Some(words) => {
            event.long(Col::LogonTypeId, number);
            event.text(Col::LogonType, words);
        }
        None => {
            event.long(Col::LogonTypeId, 99);
            event.text(Col::LogonType, number.to_string());
        }
    }
    event.flag(Col::IsRemote, matches!(number, 3 | 8 | 10 | 12));
    if number == 8 {
        event.flag(Col::IsCleartext, true);
    }
}

fn package(event: &mut Event, record: &mut Record<'_>) {
    if let Some(package) = record.text_of(&["AuthenticationPackageName", "PackageName"]) {
        let (id, words) = auth_protocol(&package);
        event.long(Col::AuthProtocolId, id);
        event.text(Col::AuthProtocol, words);
    }
}

fn session(event: &mut Event, record: &mut Record<'_>) {
    event.text_opt(Col::SessionUid, record.text_of(&["TargetLogonId", "LogonID"]).map(lower));
    event.text_opt(Col::SessionUidAlt, record.text("LogonGuid").map(guid));
}

fn kerberos(event: &mut Event, record: &mut Record<'_>) {
    target(event, record);
    source(event, record);
    event.long(Col::AuthProtocolId, 2);
    event.text(Col::AuthProtocol, "Kerberos");
    place(
        event,
        record,
        &[
            (Col::ServiceName, "ServiceName"),
            (Col::ServiceUid, "ServiceSid"),
            (Col::CertificateIssuer, "CertIssuerName"),
            (Col::CertificateSerialNumber, "CertSerialNumber"),
        ],
    );
    event.text_opt(Col::SessionUid, record.text("LogonGuid").map(guid));
    result(event, record, kerberos_status);
}

/// 4776: a domain controller or the machine itself checked an NTLM password.
fn validation(event: &mut Event, record: &mut Record<'_>) {
    target(event, record);
    source(event, record);
    package(event, record);
    result(event, record, logon_status);
}

/// Places `Status`, where 0 is success.
fn result(event: &mut Event, record: &mut Record<'_>, words: fn(i64) -> Option<&'static str>) {
    let Some(code) = record.text("Status") else { return };
    if let Some(number) = parse_long(&code) {
        let is_success = number == 0;
        event.outcome(if is_success { Outcome::Success } else { Outcome::Failure });
        event.severity(if is_success { 1 } else { 2 });
        if !is_success {
            event.text_opt(Col::StatusDetail, words(number));
        }
    }
    event.text(Col::StatusCode, lower_hex(&code));
}

fn reconnection(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Session Reconnect");
    window_station(event, record);
}

fn disconnection(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Session Disconnect");
    window_station(event, record);
}

fn window_station(event: &mut Event, record: &mut Record<'_>) {
    user(event, &USER, record.text("AccountName"), record.text("AccountDomain"), None);
    source(event, record);
    event.text_opt(Col::SessionUid, record.text("LogonID").map(lower));
    place(event, record, &[(Col::ActorSessionTerminal, "SessionName")]);
}

/// 4672: the subject is who the privileges went to.
fn special_privileges(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = (record.text("SubjectUserName"), record.text("SubjectDomainName"));
    let uid = record.text("SubjectUserSid");
    user(event, &USER, name, domain, uid);
    event.text_opt(Col::ActorSessionUid, record.text("SubjectLogonId").map(lower));
    if let Some(privileges) = record.text("PrivilegeList") {
        event.list(Col::Privileges, privileges.split_ascii_whitespace());
    }
    event.outcome(Outcome::Success);
}

/// 4964: the target belongs to groups that an administrator wants to hear of.
fn special_groups(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    target(event, record);
    if let Some(groups) = record.text("SidList") {
        event.list(Col::Privileges, groups.split_ascii_whitespace().map(|group| group.trim_start_matches("%{").trim_end_matches('}')));
    }
    event.outcome(Outcome::Success);
}

/// 6272: a network policy server let a user in:
/// <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/audit-network-policy-server>.
fn network_access(event: &mut Event, record: &mut Record<'_>) {
    policy_server(event, record);
    event.outcome(Outcome::Success);
}

/// 6273, 6274, 6276: it denied a user, discarded the request, or put the user in quarantine.
fn no_network_access(event: &mut Event, record: &mut Record<'_>) {
    policy_server(event, record);
    event.outcome(Outcome::Failure);
    event.severity(2);
}

/// The subject is who wants in from the calling station, over the network access server.
fn policy_server(event: &mut Event, record: &mut Record<'_>) {
    let (name, domain) = (record.text("SubjectUserName"), record.text("SubjectDomainName"));
    let uid = record.text("SubjectUserSid");
    user(event, &USER, name, domain, uid);
    address(event, record, Col::SrcEndpointIp, &["CallingStationID"]);
    address(event, record, Col::DstEndpointIp, &["NASIPv4Address", "NASIPv6Address"]);
    place(
        event,
        record,
        &[
            (Col::DstEndpointHostname, "NASIdentifier"),
            (Col::ServiceName, "NetworkPolicyName"),
            (Col::StatusCode, "ReasonCode"),
            (Col::StatusDetail, "Reason"),
            (Col::SessionUid, "AccountSessionIdentifier"),
        ],
    );
    if let Some(kind) = record.text_of(&["AuthenticationType", "EAPType"]) {
        event.long(Col::AuthProtocolId, 99);
        event.text(Col::AuthProtocol, kind);
    }
    event.flag(Col::IsRemote, true);
}

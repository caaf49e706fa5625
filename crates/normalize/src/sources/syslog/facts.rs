//! Where what a template found is placed, by class.

use coldtrail_model::{Class, Col, Event};

use super::template::Captures;
use crate::parse::{base_name, is_ip};

/// Places what was found.
pub(super) fn place(event: &mut Event, program: &str, captures: &Captures<'_, '_>) {
    let class = event.class();
    for (name, value) in captures {
        fact(event, class, name, value);
    }
    if class == Class::Authentication {
        let stage = captures.iter().find(|(name, _)| *name == "stage").and_then(|(_, stage)| stage.split(':').next());
        event.text(Col::ServiceName, stage.unwrap_or(program));
        event.flag_opt(Col::IsRemote, event.get(Col::SrcEndpointIp).is_some().then_some(true));
    }
    if class == Class::NetworkActivity {
        event.text(Col::AppProtocolName, "ssh");
        event.text(Col::ConnectionInfoProtocolName, "tcp");
        event.long(Col::ConnectionInfoProtocolNum, 6);
    }
}

/// The columns of a name that depend on nothing but the name.
const COLUMNS: &[(&str, Col)] = &[
    ("stage", Col::MetadataEventCode),
    ("reason", Col::StatusDetail),
    ("code", Col::StatusCode),
    ("by", Col::ActorUserName),
    ("byuid", Col::ActorUserUid),
    ("tty", Col::ActorSessionTerminal),
];

/// The columns of a name in a class.
const COLUMNS_OF_CLASS: &[(&str, Class, Col)] = &[
    ("user", Class::NetworkActivity, Col::ActorUserName),
    ("user", Class::Authentication, Col::UserName),
    ("uid", Class::Authentication, Col::UserUid),
    ("session", Class::Authentication, Col::SessionUid),
    ("user", Class::AccountChange, Col::UserName),
    ("uid", Class::AccountChange, Col::UserUid),
    ("user", Class::GroupManagement, Col::UserName),
    ("group", Class::GroupManagement, Col::GroupName),
    ("gid", Class::GroupManagement, Col::GroupUid),
    ("dstip", Class::NetworkActivity, Col::DstEndpointIp),
    ("command", Class::ProcessActivity, Col::ProcessCmdLine),
    ("cwd", Class::ProcessActivity, Col::ProcessWorkingDirectory),
    ("target", Class::ProcessActivity, Col::ProcessUserName),
    ("command", Class::ScheduledJobActivity, Col::JobCmdLine),
    ("by", Class::ScheduledJobActivity, Col::JobUserName),
    ("path", Class::ModuleActivity, Col::ModuleFilePath),
    ("module", Class::ModuleActivity, Col::ModuleFileName),
];

fn fact(event: &mut Event, class: Class, name: &str, value: &str) {
    let value = value.trim();
    for col in COLUMNS.iter().filter(|(known, _)| *known == name).map(|(_, col)| *col) {
        event.text(col, value);
    }
    for col in COLUMNS_OF_CLASS.iter().filter(|(known, of, _)| *known == name && *of == class).map(|(.., col)| *col) {
        event.text(col, value);
    }
    match (name, class) {
        ("ip", Class::Authentication | Class::NetworkActivity | Class::EventLogActivity) => {
            event.text(if is_ip(value) { Col::SrcEndpointIp } else { Col::SrcEndpointHostname }, value);
        }
        ("port", Class::Authentication | Class::NetworkActivity | Class::EventLogActivity) => {
            event.long_opt(Col::SrcEndpointPort, value.parse().ok())
        }
        ("dstport", Class::NetworkActivity) => event.long_opt(Col::DstEndpointPort, value.parse().ok()),
        ("pid", Class::Authentication) => event.long_opt(Col::LogonProcessPid, value.parse().ok()),
        ("method", Class::Authentication) => auth_method(event, value),
        ("fingerprint", Class::Authentication) => event.text(Col::UserCredentialUid, value),
        ("pairs", Class::Authentication) => pairs(event, value),
        ("command", Class::ProcessActivity) => {
            let path = value.split_whitespace().next().unwrap_or_default();
            event.text(Col::ProcessFilePath, path);
            event.text(Col::ProcessName, base_name(path));
        }
        ("command", Class::ScheduledJobActivity) => event.text(Col::JobName, value),
        ("user", Class::Authentication) => {
            // A domain account of SSSD or Winbind.
            if let Some((_, domain)) = value.split_once('@') {
                event.text(Col::UserDomain, domain);
            }
        }
        _ => {}
    }
}

/// OCSF's number of a method of SSH (RFC 4252), where it has one.
fn auth_method(event: &mut Event, method: &str) {
    let id = if method.starts_with("gssapi") { 2 } else { 99 };
    event.long(Col::AuthProtocolId, id);
    event.text(Col::AuthProtocol, if id == 2 { "Kerberos" } else { method });
}

/// `logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root`: `user` is whom the failure is about, `uid` who asked.
fn pairs(event: &mut Event, text: &str) {
    for (key, value) in text.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        match key {
            "user" => event.text(Col::UserName, value),
            "uid" => event.text(Col::ActorUserUid, value),
            "ruser" => event.text(Col::ActorUserName, value),
            "tty" => event.text(Col::ActorSessionTerminal, value),
            "rhost" if is_ip(value) => event.text(Col::SrcEndpointIp, value),
            "rhost" => event.text(Col::SrcEndpointHostname, value),
            _ => {}
        }
    }
}

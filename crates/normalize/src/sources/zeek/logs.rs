use coldtrail_model::{Class, Event};

use super::{auth, dns, files, http, network};
use crate::fields::Fields;

/// What a log's records become.
pub(super) struct Route {
    pub(super) class: Class,
    pub(super) activity_id: i32,
    /// Places what the log has of its own.
    pub(super) map: fn(&mut Event, &mut Fields<'_>),
}

fn to(class: Class, activity_id: i32, map: fn(&mut Event, &mut Fields<'_>)) -> Route {
    Route { class, activity_id, map }
}

/// Chooses by the name of the log.
pub(super) fn route(path: &str, fields: &Fields<'_>) -> Route {
    match path {
        "conn" | "conn_long" | "conn_red" => to(Class::NetworkActivity, network::activity(fields), network::connection),
        "dns" | "dns_red" => to(Class::DnsActivity, dns::activity(fields), dns::exchange),
        "http" | "http_red" => to(Class::HttpActivity, http::activity(fields), http::exchange),
        "ssl" | "tls" | "ssl_red" => to(Class::NetworkActivity, 6, network::tls),
        "x509" | "x509_red" => to(Class::NetworkActivity, 6, network::certificate),
        "kerberos" => to(Class::Authentication, auth::kerberos_activity(fields), auth::kerberos),
        "ntlm" => to(Class::Authentication, 1, auth::ntlm),
        "ssh" => to(Class::NetworkActivity, 6, network::ssh),
        "rdp" => to(Class::NetworkActivity, 6, network::rdp),
        "ftp" => to(Class::NetworkActivity, 6, network::ftp),
        "smtp" => to(Class::NetworkActivity, 6, network::smtp),
        "dhcp" => to(Class::NetworkActivity, 6, network::dhcp),
        "weird" | "weird_red" => to(Class::NetworkActivity, 6, network::weird),
        "dce_rpc" => to(Class::NetworkActivity, 6, network::rpc),
        "files" | "files_red" => to(Class::FileActivity, 99, files::transfer),
        "smb_files" => to(Class::FileActivity, files::smb_activity(fields), files::smb),
        "notice" => to(Class::DetectionFinding, 1, network::notice),
        name if fields.has("id.orig_h") || fields.has("id.resp_h") => to(Class::NetworkActivity, 6, protocol_of(name)),
        _ => to(Class::EventLogActivity, 0, |_, _| {}),
    }
}

/// Logs whose name is, or begins with, the protocol that they are about.
fn protocol_of(path: &str) -> fn(&mut Event, &mut Fields<'_>) {
    macro_rules! protocols {
        ($($name:literal)*) => {
            match path {
                $(path if path == $name || path.starts_with(concat!($name, "_")) => |event, _| network::protocol(event, $name),)*
                _ => |_, _| {},
            }
        };
    }
    protocols! {
        "smb" "ldap" "mysql" "postgresql" "snmp" "sip" "socks" "syslog" "rfb" "radius" "ntp" "irc" "mqtt" "modbus" "dnp3" "tunnel" "ocsp"
        "quic" "wireguard" "ipsec" "stun" "bacnet" "enip" "s7comm" "profinet" "tftp" "redis"
    }
}

/// Logs by fields that only they have, for JSON that does not name its log; the first that fits counts.
const SIGNS: &[(&str, &[&str])] = &[
    ("conn", &["conn_state"]),
    ("dns", &["trans_id", "proto"]),
    ("dns", &["query", "rcode"]),
    ("http", &["trans_depth", "uri"]),
    ("http", &["trans_depth", "method"]),
    ("http", &["trans_depth", "status_code"]),
    ("smtp", &["trans_depth", "helo"]),
    ("ssl", &["version", "cipher"]),
    ("ssl", &["established"]),
    ("x509", &["certificate.serial"]),
    ("notice", &["note", "msg"]),
    ("kerberos", &["request_type"]),
    ("ntlm", &["ntlm"]),
    ("ntlm", &["server_nb_computer_name"]),
    ("ntlm", &["domainname", "username"]),
    ("rdp", &["security_protocol"]),
    ("rdp", &["cookie", "result"]),
    ("ssh", &["host_key_alg"]),
    ("ssh", &["client", "server", "version"]),
    ("ssh", &["auth_attempts"]),
    ("ftp", &["command", "user"]),
    ("dhcp", &["msg_types"]),
    ("smb_files", &["action", "name", "id.orig_h"]),
    ("smb_mapping", &["share_type"]),
    ("dce_rpc", &["endpoint", "operation"]),
    ("pe", &["machine", "compile_ts"]),
    ("software", &["software_type"]),
    ("weird", &["name", "notice"]),
    ("files", &["fuid", "source"]),
    ("known_certs", &["port_num", "serial"]),
    ("known_services", &["port_num", "service"]),
    ("stats", &["pkts_proc"]),
    ("capture_loss", &["percent_lost"]),
];

/// The log that these fields are of, or `zeek` if none fits.
pub(super) fn infer(fields: &Fields<'_>) -> String {
    let found = SIGNS.iter().find(|(_, signs)| signs.iter().all(|sign| fields.has(sign)));
    found.map_or("zeek", |(path, _)| *path).to_owned()
}

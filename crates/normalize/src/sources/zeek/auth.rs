//! kerberos.log and ntlm.log: <https://docs.zeek.org/en/master/scripts/base/protocols/krb/main.zeek.html#type-KRB::Info>.

use coldtrail_model::{Col, Event, Outcome};

use super::common::place;
use crate::fields::Fields;

/// AS gives tickets to get tickets with, TGS those of services.
pub(super) fn kerberos_activity(fields: &Fields<'_>) -> i32 {
    match fields.peek_text("request_type").unwrap_or_default() {
        "AS" => 3,
        "TGS" => 4,
        _ => 0,
    }
}

/// kerberos.log
pub(super) fn kerberos(event: &mut Event, fields: &mut Fields<'_>) {
    event.long(Col::AuthProtocolId, 2);
    event.text(Col::AuthProtocol, "Kerberos");
    if let Some(client) = fields.text("client") {
        let (name, domain) = client.split_once('/').unwrap_or((&client, ""));
        event.text(Col::UserName, name);
        event.text(Col::UserDomain, domain);
    }
    place(
        event,
        fields,
        &[(Col::ServiceName, "service"), (Col::StatusDetail, "error_msg"), (Col::CertificateSubject, "client_cert_subject")],
    );
    success(event, fields);
}

/// ntlm.log
pub(super) fn ntlm(event: &mut Event, fields: &mut Fields<'_>) {
    event.long(Col::AuthProtocolId, 1);
    event.text(Col::AuthProtocol, "NTLM");
    place(
        event,
        fields,
        &[
            (Col::UserName, "username"),
            (Col::UserDomain, "domainname"),
            (Col::SrcEndpointHostname, "hostname"),
            (Col::DstEndpointHostname, "server_dns_computer_name"),
            (Col::DstEndpointName, "server_nb_computer_name"),
            (Col::StatusDetail, "status"),
        ],
    );
    success(event, fields);
}

fn success(event: &mut Event, fields: &mut Fields<'_>) {
    if let Some(is_success) = fields.flag("success") {
        event.outcome(if is_success { Outcome::Success } else { Outcome::Failure });
    }
}

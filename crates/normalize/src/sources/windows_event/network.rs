//! The Windows filtering platform, as the Security log has it:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-5156>.

use coldtrail_model::{Class, Col, Event};

use super::place::{ACTOR_PROCESS, address, place, process};
use super::record::Record;
use super::route::{Route, to};

/// A connection, a bind or a listen was let through or blocked.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        5156 => to(Class::NetworkActivity, 1, permitted),
        5157 => to(Class::NetworkActivity, 5, blocked),
        5152 | 5153 => to(Class::NetworkActivity, 5, blocked),
        5154 => to(Class::NetworkActivity, 7, permitted),
        5155 => to(Class::NetworkActivity, 5, blocked),
        5158 => to(Class::NetworkActivity, 99, bound),
        5159 => to(Class::NetworkActivity, 5, blocked),
        _ => return None,
    })
}

fn permitted(event: &mut Event, record: &mut Record<'_>) {
    control(event, 1, "Allowed", 1);
    connection(event, record);
}

fn blocked(event: &mut Event, record: &mut Record<'_>) {
    control(event, 2, "Denied", 2);
    event.text(Col::Disposition, "Blocked");
    connection(event, record);
}

fn bound(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Bind");
    permitted(event, record);
}

fn control(event: &mut Event, action_id: i64, action: &str, disposition_id: i64) {
    event.long(Col::ActionId, action_id);
    event.text(Col::Action, action);
    event.long(Col::DispositionId, disposition_id);
    event.text(Col::Disposition, action);
}

fn connection(event: &mut Event, record: &mut Record<'_>) {
    let image = record.text("Application");
    let pid = record.long("ProcessId").or_else(|| record.long("ProcessID"));
    process(event, &ACTOR_PROCESS, image.as_deref(), pid);
    address(event, record, Col::SrcEndpointIp, &["SourceAddress"]);
    address(event, record, Col::DstEndpointIp, &["DestAddress"]);
    place(
        event,
        record,
        &[(Col::SrcEndpointPort, "SourcePort"), (Col::DstEndpointPort, "DestPort"), (Col::ConnectionInfoProtocolNum, "Protocol")],
    );
    protocol_name(event);
    match record.text("Direction").as_deref() {
        Some("%%14592") => direction(event, 1, "Inbound"),
        Some("%%14593") => direction(event, 2, "Outbound"),
        Some(other) => event.text(Col::ConnectionInfoDirection, other),
        None => {}
    }
}

fn protocol_name(event: &mut Event) {
    let name = match event.get(Col::ConnectionInfoProtocolNum) {
        Some(coldtrail_model::Value::Long(1)) => "icmp",
        Some(coldtrail_model::Value::Long(6)) => "tcp",
        Some(coldtrail_model::Value::Long(17)) => "udp",
        Some(coldtrail_model::Value::Long(58)) => "ipv6-icmp",
        _ => return,
    };
    event.text(Col::ConnectionInfoProtocolName, name);
}

/// Says which way a connection went.
pub(super) fn direction(event: &mut Event, id: i64, words: &str) {
    event.long(Col::ConnectionInfoDirectionId, id);
    event.text(Col::ConnectionInfoDirection, words);
}

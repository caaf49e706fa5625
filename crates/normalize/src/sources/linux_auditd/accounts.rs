//! Records about users, as PAM and the tools for accounts write them.

use coldtrail_model::{Class, Col, Event};

use super::act::{ACTOR, map_process};
use super::audit::Audit;
use crate::parse::{base_name, is_ip};

/// Whom it is about, from where, and through what.
pub(super) fn map(event: &mut Event, audit: &Audit) {
    map_process(event, audit, &ACTOR);
    let name = audit.first(&["acct", "ID"]).map(|name| name.trim_matches('"'));
    event.text_opt(Col::UserName, name);
    event.text_opt(Col::UserUid, audit.id("id"));
    if event.class() == Class::GroupManagement {
        event.text_opt(Col::GroupName, audit.first(&["grp", "new_group", "acct"]));
    }
    let (address, host) = (audit.get("addr"), audit.get("hostname"));
    let address = address.filter(|address| is_ip(address)).or_else(|| host.filter(|host| is_ip(host)));
    event.text_opt(Col::SrcEndpointIp, address);
    event.text_opt(Col::SrcEndpointHostname, host.filter(|host| !is_ip(host)));
    if event.class() != Class::Authentication {
        return;
    }
    // The record LOGIN names the login user that is set.
    if event.get(Col::UserName).is_none() && event.get(Col::UserUid).is_none() {
        event.text_opt(Col::UserUid, audit.id("new-auid").or_else(|| audit.id("auid")));
    }
    event.text_opt(Col::ServiceName, audit.get("exe").map(base_name));
    event.flag_opt(Col::IsRemote, address.map(|_| true));
    event.text_opt(Col::SessionUid, audit.id("ses"));
    if audit.main().is_some_and(|main| main.kind == "USER_START") {
        event.flag(Col::IsNewLogon, true);
    }
}

//! What the logs of Azure and of Entra share: the envelope of diagnostic logs, people, addresses, times and levels.
//!
//! <https://learn.microsoft.com/en-us/azure/azure-monitor/platform/resource-logs-schema>

use chrono::NaiveDateTime;
use coldtrail_model::{Col, Event};
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::parse::{is_email_address, is_ip};

/// The members of a diagnostic log's record, which collectors spell in several ways.
pub(crate) const ENVELOPE: [&str; 15] = [
    "time",
    "category",
    "operationName",
    "resultType",
    "resultSignature",
    "resultDescription",
    "callerIpAddress",
    "correlationId",
    "tenantId",
    "resourceId",
    "identity",
    "level",
    "location",
    "durationMs",
    "properties",
];

/// The columns of one user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserCols {
    name: Col,
    domain: Col,
    full_name: Col,
    email_addr: Col,
    uid: Col,
    kind: Col,
    kind_id: Col,
}

/// Who acted.
pub(crate) const ACTOR: UserCols = UserCols {
    name: Col::ActorUserName,
    domain: Col::ActorUserDomain,
    full_name: Col::ActorUserFullName,
    email_addr: Col::ActorUserEmailAddr,
    uid: Col::ActorUserUid,
    kind: Col::ActorUserType,
    kind_id: Col::ActorUserTypeId,
};

/// Who was acted on or signed in.
pub(crate) const USER: UserCols = UserCols {
    name: Col::UserName,
    domain: Col::UserDomain,
    full_name: Col::UserFullName,
    email_addr: Col::UserEmailAddr,
    uid: Col::UserUid,
    kind: Col::UserType,
    kind_id: Col::UserTypeId,
};

/// One identity, as a log names it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identity<'t> {
    /// The user principal name of a person, any name of a service.
    pub(crate) name: Option<&'t str>,
    /// The display name.
    pub(crate) full_name: Option<&'t str>,
    /// The object id.
    pub(crate) uid: Option<&'t str>,
    /// The vendor's type.
    pub(crate) kind: Option<&'t str>,
    /// OCSF's type: 1 user, 4 service, 0 if it is not known.
    pub(crate) kind_id: i64,
}

impl Identity<'_> {
    /// Sets the columns. A principal name `mara@corp.example` is the name `mara` in the domain `corp.example`, as in a Windows domain.
    pub(crate) fn put(self, event: &mut Event, cols: UserCols) {
        if let Some(name) = self.name {
            let (local, domain) = split_principal_name(name);
            event.text(cols.name, local);
            event.text_opt(cols.domain, domain);
            if is_email_address(name) {
                event.text(cols.email_addr, name);
            }
        }
        event.text_opt(cols.full_name, self.full_name);
        event.text_opt(cols.uid, self.uid);
        event.text_opt(cols.kind, self.kind);
        if self.kind_id != 0 {
            event.long(cols.kind_id, self.kind_id);
        }
    }
}

/// `mara@corp.example` is `mara` and `corp.example`; guests are `mara_partner.example#EXT#@corp.example`.
pub(crate) fn split_principal_name(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => (local, Some(domain)),
        _ => (name, None),
    }
}

/// Sets the address that a request came from; Azure writes `<null>` for none, and ports after some addresses. What is no address is a
/// name.
pub(crate) fn put_address(event: &mut Event, text: &str) {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("<null>") || text.eq_ignore_ascii_case("null") {
        return;
    }
    let (address, port) = match text.rsplit_once(':') {
        _ if is_ip(text) => (text, None),
        Some((address, port)) => (address.trim_matches(['[', ']']), port.parse::<u16>().ok()),
        None => (text.trim_matches(['[', ']']), None),
    };
    if is_ip(address) {
        event.text(Col::SrcEndpointIp, address);
        event.long_opt(Col::SrcEndpointPort, port.map(i64::from));
    } else {
        event.text(Col::SrcEndpointName, text);
    }
}

/// Takes the HTTP method under `path`, if it is one that OCSF knows; anything else is left.
pub(crate) fn take_method(fields: &mut Fields<'_>, path: &str) -> Option<&'static str> {
    const METHODS: [&str; 9] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    let text = fields.peek_text(path)?;
    let method = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(text))?;
    fields.take(path);
    Some(method)
}

/// Takes the instant under `path`: RFC 3339, or `3/24/2022 2:42:35 PM`, which some diagnostic logs write in UTC.
pub(crate) fn time_of(fields: &mut Fields<'_>, path: &str) -> Option<i64> {
    if let Some(time_ms) = fields.time(path) {
        return Some(time_ms);
    }
    let time = fields.peek_text(path).and_then(|text| NaiveDateTime::parse_from_str(text, "%m/%d/%Y %I:%M:%S %p").ok())?;
    fields.take(path);
    Some(time.and_utc().timestamp_millis())
}

/// Sets the level that the source gave: a word, or a number of Windows' event levels.
pub(crate) fn put_level(event: &mut Event, level: &str) {
    let (words, severity) = match level.to_ascii_lowercase().as_str() {
        "4" | "information" | "informational" => ("Informational", 1),
        "5" | "verbose" => ("Verbose", 1),
        "3" | "warning" => ("Warning", 2),
        "2" | "error" => ("Error", 3),
        "1" | "critical" => ("Critical", 5),
        _ => (level, 0),
    };
    event.text(Col::MetadataLogLevel, words);
    event.severity(severity);
}

/// Sets the tenant, which is the account of what happens outside of subscriptions.
pub(crate) fn put_tenant(event: &mut Event, tenant: &str) {
    event.text(Col::MetadataTenantUid, tenant);
    event.text(Col::CloudOrgUid, tenant);
    event.text(Col::CloudAccountUid, tenant);
}

/// What follows a name in the id of a resource, `/subscriptions/{subscription}/resourceGroups/{group}/providers/…`, in any case.
pub(crate) fn part_of_id<'t>(id: &'t str, name: &str) -> Option<&'t str> {
    let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case(name));
    parts.nth(1).filter(|part| !part.is_empty())
}

/// The text of a member of an object, without regard to the case of its first letter: `type`, `Type`.
pub(crate) fn member<'v>(value: &'v Value<'_>, key: &str) -> Option<&'v str> {
    let Value::Object(members) = value else { return None };
    let found = members.get(key).or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, found)| found));
    match found? {
        Value::Str(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The elements of an array, none of anything else.
pub(crate) fn elements<'v, 'a>(value: Option<&'v Value<'a>>) -> &'v [Value<'a>] {
    match value {
        Some(Value::Array(elements)) => elements,
        _ => &[],
    }
}

//! Who asked: the caller, the claims of the token, and the role that allowed it.

use std::borrow::Cow;

use coldtrail_model::{Col, Event};

use crate::fields::Fields;
use crate::parse::{is_email_address, is_ip};
use crate::sources::azure::{ACTOR, Identity, put_address};

const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TENANT_ID: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const METHODS: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";

/// The claims of the caller's token, wherever the form of the record has them.
struct Claims {
    path: &'static str,
}

impl Claims {
    fn of(record: &Fields<'_>) -> Self {
        let path = ["identity.claims", "claims", "claims.Content"].into_iter().rfind(|path| record.has(path));
        Self { path: path.unwrap_or("claims") }
    }

    /// Takes a claim by the first of its names.
    fn take<'a>(&self, record: &mut Fields<'a>, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| record.text_of_key(self.path, name))
    }
}

/// Maps who asked and from where.
pub(super) fn map_caller(event: &mut Event, record: &mut Fields<'_>) {
    let claims = Claims::of(record);
    let caller = record.text("caller");
    let upn = claims.take(record, &[UPN, "upn", "unique_name"]);
    let email = claims.take(record, &[EMAIL, "email"]);
    let full_name = claims.take(record, &["name"]);
    let uid = claims.take(record, &[OBJECT_ID, "oid"]);
    let (principal, principal_kind) = principal(record);
    let app = claims.take(record, &["appid", "azp"]);
    let of_caller = caller.as_deref().filter(|caller| !is_guid(caller));
    let named = upn.as_deref().or(email.as_deref()).or(of_caller).or(full_name.as_deref().filter(|name| name.contains('@')));
    let uid = uid.as_deref().or(principal.as_deref()).or(caller.as_deref().filter(|caller| is_guid(caller)));
    let kind = principal_kind.or_else(|| claims.take(record, &["idtyp"]));
    let is_app = app.is_some() || of_caller.is_some();
    let (kind, kind_id) = type_of(kind.as_deref(), named, is_app);
    Identity { name: named, full_name: full_name.as_deref(), uid, kind, kind_id }.put(event, ACTOR);
    if let Some(email) = email.as_deref().filter(|email| is_email_address(email)) {
        event.text(Col::ActorUserEmailAddr, email);
    }
    let known = [named, uid];
    event.text_opt(Col::ActorUserUidAlt, caller.as_deref().filter(|caller| !known.contains(&Some(caller))));
    event.text_opt(Col::ActorAppUid, app);
    map_session(event, record, &claims);
    map_source(event, record, &claims);
    map_role(event, record);
}

/// The type by what the token says, or by the name.
fn type_of<'t>(told: Option<&'t str>, name: Option<&str>, is_app: bool) -> (Option<&'t str>, i64) {
    match told.map(str::to_ascii_lowercase).as_deref() {
        Some("user") => (told, 1),
        Some("serviceprincipal" | "app" | "managedidentity") => (told, 4),
        Some(_) => (told, 99),
        None if name.is_some_and(|name| name.contains('@')) => (Some("User"), 1),
        None if is_app => (Some("Service"), 4),
        None => (None, 0),
    }
}

/// Who holds the role that allowed it, with the type; that is the caller unless it is a group of theirs, which stays in `unmapped`.
fn principal<'a>(record: &mut Fields<'a>) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    match record.peek_text("identity.authorization.evidence.principalType") {
        Some(kind) if kind.eq_ignore_ascii_case("Group") => (None, None),
        _ => (record.text("identity.authorization.evidence.principalId"), record.text("identity.authorization.evidence.principalType")),
    }
}

/// The token: its session and id, by which the sign-in log names it too, and whether a second factor went into it.
fn map_session(event: &mut Event, record: &mut Fields<'_>, claims: &Claims) {
    event.text_opt(Col::ActorSessionUid, claims.take(record, &["sid"]));
    event.text_opt(Col::ActorSessionUidAlt, claims.take(record, &["uti"]));
    event.text_opt(Col::ActorSessionIssuer, claims.take(record, &["iss"]));
    let issued = claims.take(record, &["iat"]).and_then(|seconds| seconds.parse::<i64>().ok()?.checked_mul(1000));
    event.time_opt(Col::ActorSessionCreatedTime, issued);
    let methods = claims.take(record, &[METHODS, "amr"]);
    let is_mfa = methods.as_deref().map(|methods| methods.split([',', ' ']).any(|method| method.trim().eq_ignore_ascii_case("mfa")));
    event.flag_opt(Col::ActorSessionIsMfa, is_mfa);
    if let Some(tenant) = claims.take(record, &[TENANT_ID, "tid"])
        && event.get(Col::MetadataTenantUid).is_none()
    {
        event.text(Col::MetadataTenantUid, &tenant);
        event.text(Col::CloudOrgUid, tenant);
    }
}

fn map_source(event: &mut Event, record: &mut Fields<'_>, claims: &Claims) {
    let of_request = record.text("httpRequest.clientIpAddress").or_else(|| record.text("httpRequest.ClientIpAddress"));
    let addresses = [record.text("callerIpAddress"), of_request, claims.take(record, &["ipaddr"])];
    let mut known = addresses.into_iter().flatten();
    if let Some(address) = known.next() {
        put_address(event, &address);
    }
    let others: Vec<_> = known.filter(|other| is_ip(other) && event.get_text(Col::SrcEndpointIp) != Some(other)).collect();
    event.list(Col::SrcEndpointIntermediateIps, others);
}

/// The role that allowed it; where the role was given stays in `unmapped`.
fn map_role(event: &mut Event, record: &mut Fields<'_>) {
    const ROLES: [&str; 3] = ["identity.authorization.evidence.role", "authorization.role", "authorization.Role"];
    event.text_opt(Col::ActorAuthorizationsPolicyDesc, ROLES.into_iter().find_map(|path| record.text(path)));
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

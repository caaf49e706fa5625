//! Which class and activity a method is, and what the parameters of Google Workspace events say.

use coldtrail_model::Class;
use serde_json_borrow::Value;

use crate::fields::Fields;

/// Methods of Google accounts and Google Workspace: (service, last part of the method, class, activity).
/// <https://cloud.google.com/logging/docs/audit/gsuite-audit-logging>.
const METHODS: &[(&str, &str, Class, i32)] = &[
    ("login", "loginSuccess", Class::Authentication, 1),
    ("login", "loginFailure", Class::Authentication, 1),
    ("login", "suspiciousLogin", Class::Authentication, 1),
    ("login", "suspiciousLoginLessSecureApp", Class::Authentication, 1),
    ("login", "suspiciousProgrammaticLogin", Class::Authentication, 1),
    ("login", "logout", Class::Authentication, 2),
    ("login", "loginChallenge", Class::Authentication, 99),
    ("login", "loginVerification", Class::Authentication, 99),
    ("login", "passwordEdit", Class::AccountChange, 3),
    ("login", "2svEnroll", Class::AccountChange, 10),
    ("login", "2svDisable", Class::AccountChange, 11),
    ("login", "recoveryEmailEdit", Class::AccountChange, 99),
    ("login", "recoveryPhoneEdit", Class::AccountChange, 99),
    ("login", "recoverySecretQaEdit", Class::AccountChange, 99),
    ("login", "emailForwardingOutOfDomain", Class::AccountChange, 99),
    ("login", "accountDisabledGeneric", Class::AccountChange, 5),
    ("login", "accountDisabledHijacked", Class::AccountChange, 5),
    ("login", "accountDisabledPasswordLeak", Class::AccountChange, 5),
    ("login", "accountDisabledSpamming", Class::AccountChange, 5),
    ("login", "accountDisabledSpammingThroughRelay", Class::AccountChange, 5),
    ("admin", "createUser", Class::AccountChange, 1),
    ("admin", "unsuspendUser", Class::AccountChange, 2),
    ("admin", "changePassword", Class::AccountChange, 4),
    ("admin", "suspendUser", Class::AccountChange, 5),
    ("admin", "deleteUser", Class::AccountChange, 6),
    ("admin", "addGroupMember", Class::GroupManagement, 3),
    ("admin", "removeGroupMember", Class::GroupManagement, 4),
    ("admin", "deleteGroup", Class::GroupManagement, 5),
    ("admin", "createGroup", Class::GroupManagement, 6),
];

/// The verbs that the last part of a method begins or, as `inboundSsoProfileDeleted`, ends with, in small letters.
const VERBS: &[(&str, i32)] = &[
    ("insert", 1),
    ("create", 1),
    ("add", 3),
    ("generate", 1),
    ("get", 2),
    ("list", 2),
    ("watch", 2),
    ("search", 2),
    ("query", 2),
    ("read", 2),
    ("aggregatedlist", 2),
    ("batchget", 2),
    ("testiampermissions", 2),
    ("update", 3),
    ("patch", 3),
    ("set", 3),
    ("enable", 3),
    ("disable", 3),
    ("activate", 3),
    ("attach", 3),
    ("detach", 3),
    ("start", 3),
    ("stop", 3),
    ("undelete", 3),
    ("delete", 4),
    ("remove", 4),
    ("destroy", 4),
];

/// The class and activity of an audit log.
pub(super) fn classify(audit: &Fields<'_>) -> (Class, i32) {
    let method = audit.peek_text("methodName").unwrap_or_default();
    let service = audit.peek_text("serviceName").and_then(|service| service.strip_suffix(".googleapis.com")).unwrap_or_default();
    let last = method.rsplit('.').next().unwrap_or(method);
    if let Some((.., class, activity)) = METHODS.iter().find(|(of, name, ..)| *of == service && *name == last) {
        return (*class, *activity);
    }
    (Class::ApiActivity, activity_of(last))
}

fn activity_of(last: &str) -> i32 {
    let last = last.to_ascii_lowercase();
    let begins = VERBS.iter().find(|(verb, _)| last.starts_with(verb));
    let ends = || {
        VERBS
            .iter()
            .find(|(verb, _)| last.strip_suffix('d').is_some_and(|last| last.trim_end_matches('e').ends_with(verb.trim_end_matches('e'))))
    };
    begins.or_else(ends).map_or(99, |(_, activity)| *activity)
}

/// The name of a gRPC code: <https://grpc.io/docs/guides/status-codes/>.
pub(super) fn grpc_code_name(code: i64) -> Option<&'static str> {
    const NAMES: &[&str] = &[
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    usize::try_from(code).ok().and_then(|code| NAMES.get(code).copied())
}

/// The text of a parameter of the first event that Google Workspace reports.
pub(super) fn parameter_text(audit: &Fields<'_>, name: &str) -> Option<String> {
    parameter(audit, name, "value")?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The truth of a parameter of the first event that Google Workspace reports.
pub(super) fn parameter_flag(audit: &Fields<'_>, name: &str) -> Option<bool> {
    parameter(audit, name, "boolValue")?.as_bool()
}

fn parameter<'f>(audit: &'f Fields<'_>, name: &str, kind: &str) -> Option<&'f Value<'f>> {
    let Value::Array(parameters) = audit.peek("metadata.event.0.parameter")? else { return None };
    let named = parameters.iter().filter_map(Value::as_object);
    let mut named = named.filter(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name));
    named.next()?.get(kind)
}

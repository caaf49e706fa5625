//! What older versions of OCSF call otherwise, and what 1.8.0 deprecates in favour of what is in a column.

use serde_json_borrow::Value;

/// In every object that stands under this key (nothing: at the top): the old name, and where the value is now.
const RENAMES: &[(&str, &str, &str)] = &[
    // Since 1.0.0.
    ("", "identity", "actor"),
    ("", "mfa", "is_mfa"),
    ("", "http_status", "http_response.code"),
    ("cloud", "account_uid", "account.uid"),
    ("cloud", "account_name", "account.name"),
    ("cloud", "org_uid", "org.uid"),
    ("user", "account_uid", "account.uid"),
    ("user", "account_name", "account.name"),
    ("user", "account_type", "account.type"),
    ("user", "org_uid", "org.uid"),
    ("user", "email", "email_addr"),
    ("session", "mfa", "is_mfa"),
    ("url", "text", "url_string"),
    ("file", "fingerprints", "hashes"),
    ("script", "fingerprints", "hashes"),
    ("finding_info", "remediation", "advice"),
    ("resources", "account_uid", "owner.account.uid"),
    ("resources", "group_name", "group.name"),
    // Since 1.1.0: Security Finding became Detection Finding.
    ("", "finding", "finding_info"),
    ("", "evidence", "evidences.0"),
    ("", "confidence", "confidence_score"),
    // Deprecated since.
    ("attacks", "tactics.0", "tactic"),
    ("process", "ptid", "tid"),
    ("user", "programmatic_credentials.0.uid", "credential_uid"),
    ("src_endpoint", "isp", "location.isp"),
    ("dst_endpoint", "isp", "location.isp"),
    ("", "policies.0", "policy"),
];

/// Gives an event the names of 1.8.0.
pub(super) fn modernise(root: &mut Value<'_>) {
    rename(root, "");
    let is_user_access = root.as_object().and_then(|root| root.get("class_uid")).and_then(Value::as_i64) == Some(3005);
    if is_user_access {
        move_value(root, "resources.0", "resource");
    }
    move_value(root, "finding_info.advice", "remediation");
}

fn rename(value: &mut Value<'_>, key: &str) {
    match value {
        Value::Object(_) => {
            arn_first(value, key);
            RENAMES.iter().filter(|(owner, ..)| *owner == key).for_each(|(_, from, to)| rename_one(value, from, to));
            split_coordinates(value, key);
            let Value::Object(members) = value else { return };
            // What a product did not map has names of its own.
            let is_ours = |key: &str| !matches!(key, "unmapped" | "raw_data" | "data" | "observables" | "enrichments");
            let inner = members.iter().filter(|(key, member)| is_ours(key) && (member.is_object() || member.is_array()));
            for key in inner.map(|(key, _)| key.to_owned()).collect::<Vec<_>>() {
                if let Some(member) = members.get_mut(&key) {
                    rename(member, &key);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| rename(element, key)),
        _ => {}
    }
}

/// A word that moves to where a number stands is no value of it.
fn rename_one(value: &mut Value<'_>, from: &str, to: &'static str) {
    let is_word = value.as_object().and_then(|members| members.get(from)).is_some_and(Value::is_string);
    if !(to == "confidence_score" && is_word) {
        move_value(value, from, to);
    }
}

/// 1.0.0-rc.2 has the ARN of a user in `uuid` and the principal in `uid`; since 1.1.0 the ARN is `uid` and the principal `uid_alt`.
fn arn_first(value: &mut Value<'_>, key: &str) {
    let is_user = matches!(key, "user" | "owner" | "user_result");
    if is_user && value.as_object().is_some_and(|user| user.get("uuid").is_some_and(Value::is_string)) {
        move_value(value, "uid", "uid_alt");
        move_value(value, "uuid", "uid");
    }
}

/// `[longitude, latitude]`, which 1.2.0 deprecated.
fn split_coordinates(value: &mut Value<'_>, key: &str) {
    if key == "location" && value.as_object().is_some_and(|location| location.get("coordinates").is_some_and(Value::is_array)) {
        move_value(value, "coordinates.0", "long");
        move_value(value, "coordinates.1", "lat");
    }
}

/// Moves a value to a path where there is nothing yet; objects on the way are made.
pub(super) fn move_value(root: &mut Value<'_>, from: &str, to: &'static str) {
    if peek(root, from).is_none_or(Value::is_null) || peek(root, to).is_some_and(|value| !value.is_null()) {
        return;
    }
    if let Some(place) = find_mut(root, from) {
        let value = std::mem::replace(place, Value::Null);
        put(root, to, value);
    }
}

fn peek<'v, 'a>(root: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    path.split('.').try_fold(root, |value, key| match value {
        Value::Object(members) => members.get(key),
        Value::Array(elements) => elements.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn find_mut<'v, 'a>(root: &'v mut Value<'a>, path: &str) -> Option<&'v mut Value<'a>> {
    path.split('.').try_fold(root, |value, key| match value {
        Value::Object(members) => members.get_mut(key),
        Value::Array(elements) => elements.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A number on the way makes an array, of which it is the first element.
fn put<'a>(root: &mut Value<'a>, path: &'static str, value: Value<'a>) {
    let Some((key, rest)) = path.split_once('.') else {
        match root {
            Value::Object(members) => drop(members.insert(path, value)),
            Value::Array(elements) => elements.push(value),
            other => *other = value,
        }
        return;
    };
    if let Value::Object(members) = root {
        let is_list = rest.starts_with('0');
        let empty = if is_list { Value::Array(Vec::new()) } else { Value::Object(Vec::<(&str, Value<'_>)>::new().into()) };
        if members.get(key).is_none_or(Value::is_null) {
            members.insert(key, empty);
        }
        if let Some(inner) = members.get_mut(key) {
            put(inner, rest, value);
        }
    }
}

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::required::fill_required;
use crate::{Class, Col, Event, Kind, ObservableType, Value, activity_name};

/// An event as OCSF's nested JSON, valid against the 1.8.0 schema of its class.
///
/// Paths become objects; JSON columns stand where they belong and win over the columns that were taken out of them; OCSF's
/// observables are derived; `metadata.profiles` follows from the attributes that are set. Where OCSF requires what the source does
/// not say, the number 0 (Unknown) or the word `Unknown` stands.
///
/// ```text
/// src_endpoint_ip = 192.0.2.7, src_endpoint_port = 443   →   {"src_endpoint": {"ip": "192.0.2.7", "port": 443}, …}
/// ```
pub fn ocsf_json(event: &Event) -> Map<String, Json> {
    let mut root = Map::new();
    root.insert("class_name".to_owned(), json!(event.class().caption()));
    root.insert("category_name".to_owned(), json!(event.class().category_name()));
    for json_first in [true, false] {
        for (col, value) in event.fields() {
            let kind = col.column().kind;
            if (kind == Kind::Json) == json_first && !is_ours(*col) {
                place(&mut root, steps(*col), to_json(value, kind));
            }
        }
    }
    name_the_type(&mut root, event);
    fill_required(&mut root, event.class());
    let observables = observables(event);
    if !observables.is_empty() {
        root.insert("observables".to_owned(), Json::Array(observables));
    }
    name_profiles(&mut root, event.class());
    root
}

/// One part of a path.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A member of an object.
    Key(&'static str),
    /// The first element of an array.
    First,
    /// Every element of an array, one for each value.
    Each,
    /// The fingerprint of one algorithm in an array of fingerprints.
    Fingerprint(&'static str),
}

fn is_ours(col: Col) -> bool {
    matches!(col, Col::Source | Col::SourceObject | Col::SourceOffset)
}

fn steps(col: Col) -> &'static [Step] {
    static STEPS: LazyLock<Vec<Vec<Step>>> = LazyLock::new(|| Col::ALL.iter().map(|col| parse_path(col.column().path)).collect());
    &STEPS[col as usize]
}

fn parse_path(path: &'static str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, index) = part.split_once('[').unwrap_or((part, ""));
        steps.push(Step::Key(key));
        match index.trim_end_matches(']') {
            "" if index.is_empty() => {}
            "" => steps.push(Step::Each),
            "0" => steps.push(Step::First),
            algorithm => steps.push(Step::Fingerprint(algorithm)),
        }
    }
    steps
}

fn to_json(value: &Value, kind: Kind) -> Json {
    match value {
        Value::Text(text) if kind == Kind::Json => serde_json::from_str(text).unwrap_or_else(|_| json!(text.as_str())),
        Value::Text(text) => json!(text.as_str()),
        Value::Long(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        Value::TextList(texts) => texts.iter().map(|text| text.as_str()).collect(),
    }
}

fn place(object: &mut Map<String, Json>, steps: &[Step], value: Json) {
    let [Step::Key(key), rest @ ..] = steps else { return };
    match rest {
        [] => drop(object.entry(*key).or_insert(value)),
        [Step::Each] => drop(object.entry(*key).or_insert(value)),
        [Step::Key(_), ..] => {
            if let Json::Object(inner) = object.entry(*key).or_insert_with(|| json!({})) {
                place(inner, rest, value);
            }
        }
        [Step::First, rest @ ..] => place_in_first(object, key, rest, value),
        [Step::Each, rest @ ..] => place_in_each(object, key, rest, value),
        [Step::Fingerprint(algorithm), ..] => place_fingerprint(object, key, algorithm, value),
    }
}

/// A JSON column that holds the whole array is longer than one element or has more members; it was placed first and wins.
fn place_in_first(object: &mut Map<String, Json>, key: &str, rest: &[Step], value: Json) {
    if let Json::Array(elements) = object.entry(key).or_insert_with(|| json!([{}]))
        && let Some(Json::Object(first)) = elements.first_mut()
    {
        place(first, rest, value);
    }
}

fn place_in_each(object: &mut Map<String, Json>, key: &str, rest: &[Step], values: Json) {
    let Json::Array(values) = values else { return };
    if object.contains_key(key) {
        return;
    }
    let elements = values.into_iter().map(|value| {
        let mut element = Map::new();
        place(&mut element, rest, value);
        Json::Object(element)
    });
    object.insert(key.to_owned(), elements.collect());
}

fn place_fingerprint(object: &mut Map<String, Json>, key: &str, algorithm: &str, value: Json) {
    let (algorithm_id, algorithm) = match algorithm {
        "md5" => (1, "MD5"),
        "sha1" => (2, "SHA-1"),
        "sha256" => (3, "SHA-256"),
        other => (99, other),
    };
    if let Json::Array(hashes) = object.entry(key).or_insert_with(|| json!([])) {
        hashes.push(json!({"algorithm_id": algorithm_id, "algorithm": algorithm, "value": value}));
    }
}

fn name_the_type(root: &mut Map<String, Json>, event: &Event) {
    let activity_id = match event.get(Col::ActivityId) {
        Some(Value::Long(id)) => i32::try_from(*id).unwrap_or(99),
        _ => 0,
    };
    let type_name = format!("{}: {}", event.class().caption(), activity_name(event.class(), activity_id));
    root.insert("type_name".to_owned(), json!(type_name));
}

/// What the event shows that can be looked for: (path, OCSF type, value), as OCSF's `observable` objects.
fn observables(event: &Event) -> Vec<Json> {
    let mut found = Vec::new();
    for (col, value) in event.fields() {
        let column = col.column();
        let Some(kind) = column.observable else { continue };
        let name = column.path.replace("[0]", "").replace("[]", "");
        match value {
            Value::Text(text) => found.extend(kind.of(text).map(|text| observable(&name, kind, text))),
            Value::TextList(texts) => found.extend(texts.iter().filter_map(|text| kind.of(text)).map(|text| observable(&name, kind, text))),
            _ => {}
        }
    }
    found
}

fn observable(name: &str, kind: ObservableType, value: &str) -> Json {
    let (type_id, type_name) = kind.ocsf(value);
    json!({"name": name, "type_id": type_id, "type": type_name, "value": value})
}

/// OCSF lets some attributes into an event only with a profile: <https://schema.ocsf.io/1.8.0/profiles>.
fn name_profiles(root: &mut Map<String, Json>, class: Class) {
    const CONTROL: &[&str] = &[
        "action_id",
        "action",
        "disposition_id",
        "disposition",
        "is_alert",
        "attacks",
        "policy",
        "risk_level",
        "risk_score",
        "risk_details",
    ];
    let has_host_by_itself = class.uid() < 2000 || class.uid() > 200_000;
    let mut profiles = Vec::new();
    if root.contains_key("cloud") || (root.contains_key("api") && !matches!(class, Class::ApiActivity)) {
        profiles.push("cloud");
    }
    if !has_host_by_itself && (root.contains_key("device") || root.contains_key("actor")) {
        profiles.push("host");
    }
    if CONTROL.iter().any(|key| root.contains_key(*key)) {
        profiles.push("security_control");
    }
    if let (false, Some(Json::Object(metadata))) = (profiles.is_empty(), root.get_mut("metadata")) {
        metadata.insert("profiles".to_owned(), json!(profiles));
    }
}

#[cfg(test)]
mod tests;

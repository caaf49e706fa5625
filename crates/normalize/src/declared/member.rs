//! Members of the objects that a mapping makes: `name`, `process.file.path`, `file.hashes[sha256].value`.

use serde_json::{Map, Value as Json, json};

use super::expression::whole_number;

/// Members that OCSF has as numbers; what is none is left out.
const NUMBERS: &[&str] = &["pid", "port", "size", "type_id", "algorithm_id", "score"];

/// Puts a value under a name. Dots lead into objects; a word in brackets is the algorithm of a fingerprint.
pub(super) fn put(object: &mut Map<String, Json>, name: &str, text: &str) {
    let Some((step, rest)) = name.split_once('.') else {
        let value = match NUMBERS.contains(&name) {
            true => whole_number(text).map(Json::from),
            false => Some(text.into()),
        };
        if let Some(value) = value {
            object.entry(name).or_insert(value);
        }
        return;
    };
    match step.split_once('[') {
        Some((key, algorithm)) => put_fingerprint(object, key, algorithm.trim_end_matches(']'), text),
        None => {
            if let Json::Object(inner) = object.entry(step).or_insert_with(|| json!({})) {
                put(inner, rest, text);
            }
        }
    }
}

fn put_fingerprint(object: &mut Map<String, Json>, key: &str, algorithm: &str, text: &str) {
    let (algorithm_id, algorithm) = match algorithm {
        "md5" => (1, "MD5"),
        "sha1" => (2, "SHA-1"),
        "sha256" => (3, "SHA-256"),
        other => (99, other),
    };
    if let Json::Array(hashes) = object.entry(key).or_insert_with(|| json!([])) {
        hashes.push(json!({"algorithm": algorithm, "algorithm_id": algorithm_id, "value": text}));
    }
}

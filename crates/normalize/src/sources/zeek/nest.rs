use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use crate::fields::Fields;

/// Brings JSON with dotted keys, as Zeek writes it, into the nested form: `{"id.orig_h": …}` is `{"id": {"orig_h": …}}`.
pub(super) fn straighten(fields: &mut Fields<'_>) {
    let is_dotted = matches!(fields.root(), Value::Object(members) if members.keys().any(|key| key.contains('.')));
    if !is_dotted {
        return;
    }
    let root = std::mem::replace(fields, Fields::from_value(Value::Null)).into_root();
    *fields = Fields::from_value(nested(root));
}

fn nested(root: Value<'_>) -> Value<'_> {
    let Value::Object(members) = root else { return root };
    let members = members.into_vec();
    if members.iter().all(|(key, _)| matches!(key, Cow::Borrowed(_))) {
        let borrowed = members.into_iter().filter_map(|(key, value)| match key {
            Cow::Borrowed(key) => Some((key, value)),
            Cow::Owned(_) => None,
        });
        return nest(borrowed.collect());
    }
    // A key with an escape in it cannot be borrowed from the record; the tree is then made of its own texts.
    let mut owned = Map::new();
    for (key, value) in members {
        insert_at(&mut owned, &key, Json::from(value));
    }
    Value::<'static>::deserialize(Json::Object(owned)).unwrap_or_default()
}

fn insert_at(object: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        Some((key, rest)) if object.get(key).is_none_or(Json::is_object) => {
            if let Some(inner) = object.entry(key).or_insert_with(|| Json::Object(Map::new())).as_object_mut() {
                insert_at(inner, rest, value);
            }
        }
        _ => drop(object.insert(path.to_owned(), value)),
    }
}

/// The tree of members whose keys are paths. Where a path leads through a value, its key keeps its dots.
pub(super) fn nest<'a>(members: Vec<(&'a str, Value<'a>)>) -> Value<'a> {
    let mut placed: Vec<(&'a str, Value<'a>)> = Vec::with_capacity(members.len());
    let mut groups: Vec<(&'a str, Vec<(&'a str, Value<'a>)>)> = Vec::new();
    let leaves: Vec<&'a str> = members.iter().map(|(key, _)| *key).filter(|key| !key.contains('.')).collect();
    for (path, value) in members {
        match path.split_once('.') {
            Some((key, rest)) if !leaves.contains(&key) && !key.is_empty() && !rest.is_empty() => {
                match groups.iter_mut().find(|(name, _)| *name == key) {
                    Some((_, group)) => group.push((rest, value)),
                    None => groups.push((key, vec![(rest, value)])),
                }
            }
            _ => placed.push((path, value)),
        }
    }
    placed.extend(groups.into_iter().map(|(key, group)| (key, nest(group))));
    Value::Object(placed.into())
}

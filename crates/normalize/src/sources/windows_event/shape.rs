//! Brings the forms of JSON that hide the event's parts into one of those that [`super::record`] reads.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use super::xml;
use crate::fields::Fields;

/// Members that carry an event, or its data, as XML text.
const XML_EVENTS: &[&str] = &["properties.RawXml", "RawXml", "xml", "event.original"];
const XML_DATA: &[&str] = &["EventData", "EventData_string", "ParameterXml"];

/// A tree that owns its texts.
pub(super) fn fields_of(tree: Json) -> Option<Fields<'static>> {
    Value::<'static>::deserialize(tree).ok().map(Fields::from_value)
}

/// Dotted keys become objects, XML texts become trees, Azure's `properties` step up.
pub(super) fn straighten(fields: &mut Fields<'_>) {
    let is_dotted = is_dotted(fields);
    let has_properties = !fields.has("winlog") && (fields.has("properties.EventId") || fields.has("properties.EventID"));
    if !is_dotted && !has_properties && !has_xml(fields) {
        return;
    }
    let Json::Object(mut root) = Json::from(fields.root()) else { return };
    if is_dotted {
        root = undotted(root);
    }
    open_xml(&mut root);
    if has_properties && let Some(Json::Object(properties)) = root.remove("properties") {
        for (key, value) in properties {
            root.entry(key).or_insert(value);
        }
    }
    if let Some(straight) = fields_of(Json::Object(root)) {
        *fields = straight;
    }
}

/// True if the keys of winlogbeat are not nested: `winlog.channel`.
pub(super) fn is_dotted(fields: &Fields<'_>) -> bool {
    matches!(fields.root(), Value::Object(members) if members.keys().any(|key| key.starts_with("winlog.")))
}

fn has_xml(fields: &Fields<'_>) -> bool {
    XML_EVENTS.iter().chain(XML_DATA).any(|path| fields.peek_text(path).is_some_and(is_xml))
}

fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// `{"winlog.channel": "Security"}` is `{"winlog": {"channel": "Security"}}`. Where two keys clash, the later keeps its dots.
fn undotted(root: Map<String, Json>) -> Map<String, Json> {
    let mut nested = Map::new();
    for (key, value) in root {
        if let Some(value) = insert_at(&mut nested, &key, value) {
            nested.insert(key, value);
        }
    }
    nested
}

/// Gives the value back if something else stands in its way.
fn insert_at(object: &mut Map<String, Json>, path: &str, value: Json) -> Option<Json> {
    let Some((key, rest)) = path.split_once('.') else {
        return match (object.get_mut(path), value) {
            (Some(Json::Object(members)), Json::Object(more)) => {
                members.extend(more);
                None
            }
            (Some(_), value) => Some(value),
            (None, value) => {
                object.insert(path.to_owned(), value);
                None
            }
        };
    };
    match object.entry(key).or_insert_with(|| Json::Object(Map::new())) {
        Json::Object(inner) => insert_at(inner, rest, value),
        _ => Some(value),
    }
}

fn open_xml(root: &mut Map<String, Json>) {
    for path in XML_EVENTS {
        let Some(Json::String(text)) = pointer_mut(root, path) else { continue };
        if let Ok(Json::Object(mut tree)) = xml::parse(text)
            && let Some(event @ Json::Object(_)) = tree.remove("Event")
        {
            remove(root, path);
            root.insert("Event".to_owned(), event);
            return;
        }
    }
    for key in XML_DATA {
        let Some(Json::String(text)) = root.get(*key) else { continue };
        let Ok(Json::Object(tree)) = xml::parse(text) else { continue };
        let data = tree.into_iter().next().map(|(_, data)| data).unwrap_or_default();
        let data = match data.pointer("/EventData").cloned() {
            Some(inner @ Json::Object(_)) => inner,
            _ => data,
        };
        if data.is_object() {
            root.remove(*key);
            root.insert("EventData".to_owned(), data);
            return;
        }
    }
}

fn pointer_mut<'m>(root: &'m mut Map<String, Json>, path: &str) -> Option<&'m mut Json> {
    match path.split_once('.') {
        None => root.get_mut(path),
        Some((key, rest)) => root.get_mut(key)?.as_object_mut().and_then(|inner| pointer_mut(inner, rest)),
    }
}

fn remove(root: &mut Map<String, Json>, path: &str) {
    match path.split_once('.') {
        None => drop(root.remove(path)),
        Some((key, rest)) => {
            if let Some(inner) = root.get_mut(key).and_then(Json::as_object_mut) {
                remove(inner, rest);
            }
        }
    }
}

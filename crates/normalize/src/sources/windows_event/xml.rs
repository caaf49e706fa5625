//! Event XML as the tree that `evtx` makes of it, so that one reader does for both.
//!
//! ```text
//! <Event><System><EventID>4624</EventID><TimeCreated SystemTime="…"/></System><EventData><Data Name="IpAddress">…</Data></EventData></Event>
//! {"Event": {"System": {"EventID": "4624", "TimeCreated": {"#attributes": {"SystemTime": "…"}}}, "EventData": {"IpAddress": "…"}}}
//! ```

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event as Xml};
use serde_json::{Map, Value as Json};

/// Elements deeper than this are refused; Windows nests no deeper than six.
const DEPTH_MAX: usize = 64;

/// An element under way.
#[derive(Default)]
struct Element {
    name: String,
    /// The attribute `Name` of a `Data` element: its key.
    data_name: Option<String>,
    attributes: Map<String, Json>,
    members: Map<String, Json>,
    text: String,
}

/// Reads one XML document, as a tree under the name of its root element.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Xml::Start(tag) if open.len() > DEPTH_MAX => return Err(format!("<{}> is nested too deep", name_of(&tag))),
            Xml::Start(tag) => open.push(element(&tag)?),
            Xml::Empty(tag) => close(&mut open, element(&tag)?),
            Xml::End(_) => match open.pop() {
                Some(ended) if !open.is_empty() => close(&mut open, ended),
                _ => return Err("an element ends that did not begin".to_owned()),
            },
            Xml::Text(piece) => append(&mut open, &piece),
            Xml::CData(piece) => append(&mut open, &piece),
            Xml::GeneralRef(reference) => append(&mut open, &resolve(&reference)?),
            Xml::Eof => break,
            Xml::Comment(_) | Xml::Decl(_) | Xml::PI(_) | Xml::DocType(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if !root.members.is_empty() => Ok(Json::Object(root.members)),
        (Some(_), true) => Err("there is no element".to_owned()),
        (unclosed, _) => Err(format!("<{}> does not end", unclosed.unwrap_or_default().name)),
    }
}

fn name_of(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_owned()
}

fn element(tag: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: name_of(tag), ..Element::default() };
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let key = attribute.key.as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?.into_owned();
        match key.as_str() {
            "xmlns" => {}
            key if key.starts_with("xmlns:") => {}
            "Name" if matches!(element.name.as_str(), "Data" | "ComplexData") => element.data_name = Some(value),
            _ => drop(element.attributes.insert(key, Json::String(value))),
        }
    }
    Ok(element)
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(|| format!("&{}; is not known", &**reference))
}

/// Hands an element that ended to the one around it.
fn close(open: &mut [Element], ended: Element) {
    let Some(parent) = open.last_mut() else { return };
    let key = ended.data_name.clone().unwrap_or_else(|| ended.name.clone());
    let value = value_of(ended);
    match parent.members.get_mut(&key) {
        None => drop(parent.members.insert(key, value)),
        Some(Json::Array(values)) => values.push(value),
        Some(first) => {
            let first_value = first.take();
            *first = Json::Array(vec![first_value, value]);
        }
    }
}

fn value_of(element: Element) -> Json {
    let Element { attributes, mut members, text, .. } = element;
    let has_members = !members.is_empty() || !attributes.is_empty();
    if !has_members {
        return Json::String(text);
    }
    if !text.trim().is_empty() {
        members.insert("#text".to_owned(), Json::String(text));
    }
    if !attributes.is_empty() {
        members.insert("#attributes".to_owned(), Json::Object(attributes));
    }
    Json::Object(members)
}

#[cfg(test)]
mod tests;

//! Event XML as a tree in the shape that EVTX records have as JSON.
//!
//! ```text
//! <Event><System><EventID>4624</EventID></System><EventData><Data Name="IpAddress">…</Data></EventData></Event>
//! {"Event": {"System": {"EventID": "4624"}, "EventData": {"IpAddress": "…"}}}
//! ```

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event as Xml};
use serde_json::{Map, Value as Json};

/// Elements deeper than this are refused; Windows nests no deeper than six.
const DEPTH_MAX: usize = 64;

#[derive(Default)]
struct Element {
    key: String,
    attributes: Map<String, Json>,
    members: Map<String, Json>,
    text: String,
}

/// Reads one XML document; `None` if it is none.
pub(crate) fn read(text: &str) -> Option<Json> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Xml::Start(tag) if open.len() <= DEPTH_MAX => open.push(element(&tag)?),
            Xml::Start(_) => return None,
            Xml::Empty(tag) => close(&mut open, element(&tag)?),
            Xml::End(_) => {
                let ended = open.pop()?;
                close(&mut open, ended);
            }
            Xml::Text(piece) => open.last_mut()?.text.push_str(&piece),
            Xml::CData(piece) => open.last_mut()?.text.push_str(&piece),
            Xml::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok()?;
                let named = || resolve_predefined_entity(&reference).map(str::to_owned);
                let resolved = character.map(|character| character.to_string()).or_else(named)?;
                open.last_mut()?.text.push_str(&resolved);
            }
            Xml::Eof => break,
            Xml::Comment(_) | Xml::Decl(_) | Xml::PI(_) | Xml::DocType(_) => {}
        }
    }
    let root = open.pop().filter(|root| open.is_empty() && !root.members.is_empty())?;
    Some(Json::Object(root.members))
}

fn element(tag: &BytesStart<'_>) -> Option<Element> {
    let mut element = Element { key: tag.local_name().as_ref().to_owned(), ..Element::default() };
    let is_data = matches!(element.key.as_str(), "Data" | "ComplexData");
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let key = attribute.key.as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).ok()?.into_owned();
        match key.as_str() {
            "Name" if is_data => element.key = value,
            key if key == "xmlns" || key.starts_with("xmlns:") => {}
            _ => drop(element.attributes.insert(key, Json::String(value))),
        }
    }
    Some(element)
}

/// Hands an element that ended to the one around it; elements of one name become a list.
fn close(open: &mut [Element], ended: Element) {
    let Some(parent) = open.last_mut() else { return };
    let Element { key, attributes, mut members, text } = ended;
    let value = if members.is_empty() && attributes.is_empty() {
        Json::String(text)
    } else {
        if !text.trim().is_empty() {
            members.insert("#text".to_owned(), Json::String(text));
        }
        if !attributes.is_empty() {
            members.insert("#attributes".to_owned(), Json::Object(attributes));
        }
        Json::Object(members)
    };
    match parent.members.get_mut(&key) {
        None => drop(parent.members.insert(key, value)),
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

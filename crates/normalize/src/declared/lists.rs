//! Records that hold a list of records.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The pieces of one record may be as long together, in bytes; one that would become more is left whole.
const PIECES_BYTES_MAX: usize = 64 << 20;

/// A list in a record whose elements are records, each with what stands around the list.
#[derive(Debug)]
pub(super) struct List {
    /// The keys that lead to it, one or two.
    pub(super) path: (String, Option<String>),
    /// The key that an element gets.
    pub(super) place: String,
    /// Further keys and texts that an element gets.
    pub(super) set: Vec<(String, String)>,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl List {
    /// The elements of the list in a record; nothing if it has none.
    fn elements<'a>(&self, members: &Members<'a>) -> Option<Vec<&'a RawValue>> {
        let (first, second) = &self.path;
        let outer = members.get(first)?.get();
        match second {
            None => serde_json::from_str(outer).ok(),
            Some(second) => serde_json::from_str(serde_json::from_str::<Members<'a>>(outer).ok()?.get(second)?.get()).ok(),
        }
    }

    fn piece(&self, context: &str, element: &RawValue) -> String {
        let mut piece = format!("{{{}", member(&self.place, element.get()));
        for (key, text) in &self.set {
            piece += &format!(",{}", member(key, &Json::from(text.as_str()).to_string()));
        }
        piece + context + "}"
    }
}

/// The records that a record with such lists stands for, each with its place in it; nothing if it has none, or only empty ones.
pub(super) fn split(lists: &[List], text: &str) -> Option<Vec<(usize, String)>> {
    if !lists.iter().any(|list| text.contains(list.path.0.as_str())) {
        return None;
    }
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    let elements: Vec<(&List, &RawValue)> =
        lists.iter().flat_map(|list| list.elements(&members).unwrap_or_default().into_iter().map(move |element| (list, element))).collect();
    let context = context_of(lists, &members);
    let bytes = elements.len().saturating_mul(context.len() + 64).saturating_add(text.len());
    if elements.is_empty() || bytes > PIECES_BYTES_MAX {
        return None;
    }
    let offset = |element: &RawValue| (element.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    Some(elements.into_iter().map(|(list, element)| (offset(element), list.piece(&context, element))).collect())
}

/// What stands around the lists, each member behind a comma.
fn context_of(lists: &[List], members: &Members<'_>) -> String {
    let is_set = |key: &str| lists.iter().any(|list| list.place == key || list.set.iter().any(|(set, _)| set == key));
    let mut context = String::new();
    for (key, value) in members.iter().filter(|(key, _)| !is_set(key)) {
        let of_key: Vec<&List> = lists.iter().filter(|list| list.path.0 == *key).collect();
        let left = if of_key.is_empty() { Some(value.get().to_owned()) } else { beside(&of_key, value) };
        if let Some(left) = left {
            context += &format!(",{}", member(key, &left));
        }
    }
    context
}

/// What an object holds beside these lists.
fn beside(lists: &[&List], object: &RawValue) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(object.get()).ok()?;
    let is_list = |key: &String| lists.iter().any(|list| list.path.1.as_ref() == Some(key));
    let left: Vec<String> = members.iter().filter(|(key, _)| !is_list(key)).map(|(key, value)| member(key, value.get())).collect();
    (!left.is_empty()).then(|| format!("{{{}}}", left.join(",")))
}

fn member(key: &str, value: &str) -> String {
    format!("{}:{value}", Json::from(key))
}

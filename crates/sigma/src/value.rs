use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json_borrow::Value as Json;

use crate::pattern::fold;
use crate::scalar::Numeric;

/// What a field of an event holds.
#[derive(Debug, Clone, Default)]
pub(crate) enum FieldValue<'r> {
    /// The event has no such field.
    #[default]
    Absent,
    /// The field is there, and null.
    Null,
    /// One value, or the elements of a list.
    Values(Vec<Leaf<'r>>),
}

/// One value of a field.
#[derive(Debug, Clone)]
pub(crate) struct Leaf<'r> {
    pub(crate) text: Text<'r>,
    /// Set where the event has a number, not a text of one.
    pub(crate) number: Option<Numeric>,
    /// Set where the event has true or false.
    pub(crate) flag: Option<bool>,
}

/// A text, and the same in small letters once somebody asked.
#[derive(Debug, Clone)]
pub(crate) struct Text<'r> {
    text: Cow<'r, str>,
    folded: OnceCell<String>,
}

impl<'r> Text<'r> {
    pub(crate) fn new(text: impl Into<Cow<'r, str>>) -> Self {
        Self { text: text.into(), folded: OnceCell::new() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn folded(&self) -> &str {
        self.folded.get_or_init(|| fold(&self.text))
    }
}

impl<'r> Leaf<'r> {
    pub(crate) fn text(text: impl Into<Cow<'r, str>>) -> Self {
        Self { text: Text::new(text), number: None, flag: None }
    }

    /// The number that it is, or that its text is.
    pub(crate) fn as_number(&self) -> Option<Numeric> {
        self.number.or_else(|| Numeric::from_text(self.text.as_str()))
    }
}

impl<'r> FieldValue<'r> {
    /// The first value as text.
    pub(crate) fn first_text(&self) -> Option<String> {
        match self {
            Self::Values(leaves) => leaves.first().map(|leaf| leaf.text.as_str().to_owned()),
            Self::Absent | Self::Null => None,
        }
    }

    /// What was found under one path: nothing, one value, or one from each element of a list.
    pub(crate) fn from_json(found: &[&'r Json<'r>]) -> Self {
        if found.is_empty() {
            return Self::Absent;
        }
        let mut leaves = Vec::new();
        found.iter().for_each(|value| add_leaves(value, &mut leaves));
        let is_null = leaves.is_empty() && found.iter().any(|value| value.is_null());
        if is_null { Self::Null } else { Self::Values(leaves) }
    }
}

/// The elements of lists one by one; an object is the text that it carries beside its attributes, or its JSON.
fn add_leaves<'r>(value: &'r Json<'r>, leaves: &mut Vec<Leaf<'r>>) {
    match value {
        Json::Null => {}
        Json::Bool(flag) => {
            leaves.push(Leaf { text: Text::new(if *flag { "true" } else { "false" }), number: None, flag: Some(*flag) });
        }
        Json::Number(_) => {
            let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
            let number = whole.map(Numeric::Whole).or_else(|| value.as_f64().map(Numeric::Real));
            leaves.push(Leaf { text: Text::new(value.to_string()), number, flag: None });
        }
        Json::Str(text) => leaves.push(Leaf::text(&**text)),
        Json::Array(elements) => elements.iter().for_each(|element| add_leaves(element, leaves)),
        Json::Object(members) => match members.get("#text") {
            Some(text) => add_leaves(text, leaves),
            None => leaves.push(Leaf::text(value.to_string())),
        },
    }
}

/// Every key and every value of a tree as text, until `is_found` is true of one.
pub(crate) fn any_text(value: &Json<'_>, is_found: &mut dyn FnMut(&Text<'_>) -> bool) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(flag) => is_found(&Text::new(if *flag { "true" } else { "false" })),
        Json::Number(_) => is_found(&Text::new(value.to_string())),
        Json::Str(text) => is_found(&Text::new(&**text)),
        Json::Array(elements) => elements.iter().any(|element| any_text(element, is_found)),
        Json::Object(members) => members.iter().any(|(key, value)| is_found(&Text::new(key)) || any_text(value, is_found)),
    }
}

//! Values out of a mapping, with every problem noted and none of them in the way of the next.

use std::cell::RefCell;

use crate::keys::{Form, Shape};
use crate::problem::{Place, Problem, did_you_mean};
use crate::yaml::{Entry, Kind, Node, Scalar};

/// Where problems are noted.
#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) RefCell<Vec<Problem>>);

impl Notes {
    pub(crate) fn add(&self, place: Place, path: &str, message: impl Into<String>) {
        self.0.borrow_mut().push(Problem { place: Some(place), path: path.to_owned(), message: message.into() });
    }
}

/// A text of the file, with where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
    pub(crate) path: String,
}

/// A mapping that is read as one of the forms.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    entries: &'a [Entry],
    form: &'static Form,
    place: Place,
    path: String,
    notes: &'a Notes,
}

impl<'a> Fields<'a> {
    /// Notes what has no place in the form and what is missing. None if the node is no mapping at all.
    pub(crate) fn read(node: &'a Node, form: &'static Form, path: &str, notes: &'a Notes) -> Option<Self> {
        let Kind::Mapping(entries) = &node.kind else {
            notes.add(node.place, path, format!("this must be a mapping with keys, but it is {}", node.what()));
            return None;
        };
        let fields = Self { entries, form, place: node.place, path: path.to_owned(), notes };
        for entry in entries.iter().filter(|entry| !form.keys.iter().any(|key| key.name == entry.key)) {
            let near = did_you_mean(&entry.key, form.keys.iter().map(|key| key.name));
            notes.add(entry.place, path, format!("there is no key {:?} here{near}", entry.key));
        }
        for key in form.keys.iter().filter(|key| key.is_required && !entries.iter().any(|entry| entry.key == key.name)) {
            notes.add(node.place, path, format!("the key {:?} is missing: {}", key.name, key.doc));
        }
        Some(fields)
    }

    pub(crate) fn note(&self, message: impl Into<String>) {
        self.notes.add(self.place, &self.path, message);
    }

    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, if the key is there.
    pub(crate) fn node(&self, key: &str) -> Option<&'a Node> {
        debug_assert!(self.form.keys.iter().any(|declared| declared.name == key), "{key} is not declared in {}", self.form.name);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    fn shape(&self, key: &str) -> Option<&'static Shape> {
        self.form.keys.iter().find(|declared| declared.name == key).map(|declared| &declared.shape)
    }

    /// A text, not empty.
    pub(crate) fn text(&self, key: &str) -> Option<Placed<String>> {
        let node = self.node(key)?;
        text_of(node, &self.path_of(key), self.notes)
    }

    /// The scalar of a key, as written.
    pub(crate) fn scalar(&self, key: &str) -> Option<&'a Scalar> {
        match &self.node(key)?.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Lower-case letters, digits and dashes, beginning with a letter or digit; at most 64.
    pub(crate) fn id(&self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let is_id = text.value.len() <= 64
            && text.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !text.value.starts_with('-');
        if !is_id {
            self.notes.add(text.place, &text.path, format!("{:?} must be 1 to 64 lower-case letters, digits and dashes", text.value));
        }
        is_id.then_some(text.value)
    }

    /// One of the names that the key allows.
    pub(crate) fn choice(&self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let Some(Shape::Choice(names)) = self.shape(key) else { return None };
        if names.contains(&text.value.as_str()) {
            return Some(text.value);
        }
        let near = did_you_mean(&text.value, names.iter().copied());
        let message = format!("{:?} is none of {}{near}", text.value, names.join(", "));
        self.notes.add(text.place, &text.path, message);
        None
    }

    /// A whole number from `min` on.
    pub(crate) fn count(&self, key: &str, min: u64) -> Option<u64> {
        let text = self.text(key)?;
        match text.value.parse::<u64>() {
            Ok(number) if number >= min => Some(number),
            _ => {
                self.notes.add(text.place, &text.path, format!("{:?} must be a whole number, at least {min}", text.value));
                None
            }
        }
    }

    /// The nodes of a list, with their paths.
    pub(crate) fn nodes(&self, key: &str) -> Option<Vec<(&'a Node, String)>> {
        let node = self.node(key)?;
        let path = self.path_of(key);
        let Kind::List(nodes) = &node.kind else {
            self.notes.add(node.place, &path, format!("this must be a list, but it is {}", node.what()));
            return None;
        };
        Some(nodes.iter().enumerate().map(|(index, node)| (node, format!("{path}[{index}]"))).collect())
    }

    /// A list of texts without duplicates, each checked; what is wrong with one is said, and the others are kept.
    pub(crate) fn texts(&self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> Vec<Placed<String>> {
        let mut texts: Vec<Placed<String>> = Vec::new();
        for (node, path) in self.nodes(key).unwrap_or_default() {
            let Some(text) = text_of(node, &path, self.notes) else { continue };
            if texts.iter().any(|other| other.value == text.value) {
                self.notes.add(text.place, &text.path, format!("{:?} is in the list twice", text.value));
            } else if let Err(message) = check(&text.value) {
                self.notes.add(text.place, &text.path, message);
            } else {
                texts.push(text);
            }
        }
        texts
    }

    /// The names and values of a mapping of one's own names.
    pub(crate) fn named(&self, key: &str) -> Vec<(&'a Entry, String)> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let path = self.path_of(key);
        let Kind::Mapping(entries) = &node.kind else {
            self.notes.add(node.place, &path, format!("this must be a mapping of names, but it is {}", node.what()));
            return Vec::new();
        };
        entries.iter().map(|entry| (entry, format!("{path}.{}", entry.key))).collect()
    }

    /// The mapping under a key.
    pub(crate) fn fields(&self, key: &str) -> Option<Fields<'a>> {
        let (Shape::Mapping(form) | Shape::TextOr(form)) = self.shape(key)? else { return None };
        Fields::read(self.node(key)?, form, &self.path_of(key), self.notes)
    }

    /// The mappings of a list, or of names.
    pub(crate) fn form_of(&self, key: &str) -> Option<&'static Form> {
        match self.shape(key)? {
            Shape::Mappings(form) | Shape::Named(form) => Some(form),
            _ => None,
        }
    }

    pub(crate) fn notes(&self) -> &'a Notes {
        self.notes
    }
}

fn text_of(node: &Node, path: &str, notes: &Notes) -> Option<Placed<String>> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.is_null() || scalar.text.trim().is_empty() => {
            notes.add(node.place, path, "the value is missing");
            None
        }
        Kind::Scalar(scalar) => Some(Placed { value: scalar.text.clone(), place: node.place, path: path.to_owned() }),
        _ => {
            notes.add(node.place, path, format!("this must be a text, but it is {}", node.what()));
            None
        }
    }
}

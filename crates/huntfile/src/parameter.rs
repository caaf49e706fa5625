use std::cmp::Ordering;

use crate::keys::Form;
use crate::problem::Place;
use crate::reader::{Fields, Notes};
use crate::value::{ItemType, Value};
use crate::yaml::{Entry, Kind, Node, Scalar};

/// More items than this must be allowed by `max_items`.
const ITEMS_MAX: usize = 10_000;
/// Names that stand for the run's own range of time.
pub(crate) const RESERVED: &[&str] = &["from", "until"];

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// One value.
    One(ItemType),
    /// Any number of values, also none.
    List(ItemType),
}

impl ParameterType {
    /// The type of the value, or of each item.
    pub fn item(self) -> ItemType {
        match self {
            Self::One(item) | Self::List(item) => item,
        }
    }
}

/// A value that whoever runs the hunt can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name: `${name}` in SQL.
    pub name: String,
    /// What it takes.
    pub kind: ParameterType,
    /// What it means.
    pub description: Option<String>,
    /// The value when none is given; without it one must be given.
    pub default: Option<Value>,
    /// The least value, also of each item.
    pub min: Option<Value>,
    /// The greatest value, also of each item.
    pub max: Option<Value>,
    /// The only values, also of each item; empty if there is no such limit.
    pub choices: Vec<Value>,
    /// The least number of items of a list.
    pub items_min: usize,
    /// The greatest number of items of a list.
    pub items_max: usize,
    /// Where it is declared.
    pub place: Place,
}

impl Parameter {
    pub(crate) fn parse(entry: &Entry, form: &'static Form, path: &str, notes: &Notes) -> Option<Self> {
        check_name(&entry.key, entry.place, path, notes);
        let fields = Fields::read(&entry.value, form, path, notes)?;
        let kind = type_of(&fields)?;
        let value = |key: &str| fields.node(key).and_then(|node| value_of(kind.item(), node, &fields.path_of(key), notes));
        let mut parameter = Self {
            name: entry.key.clone(),
            kind,
            description: fields.text("description").map(|text| text.value),
            default: None,
            min: value("min"),
            max: value("max"),
            choices: values_of(kind.item(), &fields, "choices"),
            items_min: fields.count("min_items", 0).map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX)),
            items_max: fields.count("max_items", 0).map_or(ITEMS_MAX, |count| usize::try_from(count).unwrap_or(usize::MAX)),
            place: entry.place,
        };
        parameter.check_bounds(&fields);
        parameter.default = parameter.default_of(&fields);
        Some(parameter)
    }

    /// Reads texts as this parameter's value: one text for a single value, any number for a list.
    ///
    /// # Errors
    ///
    /// What is wrong with them, in words.
    pub fn read(&self, texts: &[String]) -> Result<Value, String> {
        let item = self.kind.item();
        let value = match (self.kind, texts) {
            (ParameterType::One(_), [text]) => Value::read(item, text)?,
            (ParameterType::One(_), _) => return Err(format!("one value is wanted, but {} were given", texts.len())),
            (ParameterType::List(_), _) => Value::List(texts.iter().map(|text| Value::read(item, text)).collect::<Result<_, _>>()?),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Whether a value keeps the bounds.
    fn check(&self, value: &Value) -> Result<(), String> {
        let Value::List(items) = value else { return self.check_item(value) };
        if !(self.items_min..=self.items_max).contains(&items.len()) {
            return Err(format!("{} items were given; {} to {} are allowed", items.len(), self.items_min, self.items_max));
        }
        items.iter().try_for_each(|item| self.check_item(item))
    }

    fn check_item(&self, item: &Value) -> Result<(), String> {
        if let Some(min) = self.min.as_ref().filter(|min| item.compare(min) == Some(Ordering::Less)) {
            return Err(format!("{item} is less than the least value, {min}"));
        }
        if let Some(max) = self.max.as_ref().filter(|max| item.compare(max) == Some(Ordering::Greater)) {
            return Err(format!("{item} is more than the greatest value, {max}"));
        }
        if !self.choices.is_empty() && !self.choices.contains(item) {
            let choices: Vec<String> = self.choices.iter().map(Value::to_string).collect();
            return Err(format!("{item} is none of {}", choices.join(", ")));
        }
        Ok(())
    }

    fn check_bounds(&self, fields: &Fields<'_>) {
        let item = self.kind.item();
        if (self.min.is_some() || self.max.is_some()) && !item.is_ordered() {
            fields.note(format!("\"min\" and \"max\" mean nothing for the type {}", item.name()));
        }
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && min.compare(max) == Some(Ordering::Greater)
        {
            fields.note(format!("no value is allowed: the least one, {min}, is more than the greatest, {max}"));
        }
        let is_list = matches!(self.kind, ParameterType::List(_));
        for key in ["min_items", "max_items"].into_iter().filter(|key| !is_list && fields.node(key).is_some()) {
            fields.note(format!("{key:?} is for lists only"));
        }
        if self.items_min > self.items_max {
            fields.note("no list is allowed: \"min_items\" is more than \"max_items\"");
        }
    }

    fn default_of(&self, fields: &Fields<'_>) -> Option<Value> {
        let node = fields.node("default")?;
        let path = fields.path_of("default");
        let value = match self.kind {
            ParameterType::One(item) => value_of(item, node, &path, fields.notes())?,
            ParameterType::List(item) => Value::List(values_of(item, fields, "default")),
        };
        match self.check(&value) {
            Ok(()) => Some(value),
            Err(message) => {
                fields.notes().add(node.place, &path, message);
                None
            }
        }
    }
}

fn check_name(name: &str, place: Place, path: &str, notes: &Notes) {
    let is_name = !name.is_empty() && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase());
    if !is_name || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        notes.add(place, path, "a parameter's name is 1 to 64 lower-case letters, digits and underscores, and begins with a letter");
    }
    if RESERVED.contains(&name) {
        notes.add(place, path, format!("${{{name}}} is the run's own range of time; choose another name"));
    }
}

fn type_of(fields: &Fields<'_>) -> Option<ParameterType> {
    let name = fields.choice("type")?;
    match (ItemType::by_name(&name), fields.node("of").is_some()) {
        (Some(item), false) => Some(ParameterType::One(item)),
        (Some(_), true) => {
            fields.note("\"of\" is for lists only");
            None
        }
        (None, true) => fields.choice("of").and_then(|of| ItemType::by_name(&of)).map(ParameterType::List),
        (None, false) => {
            fields.note("a list must say what it is a list of: the key \"of\" is missing");
            None
        }
    }
}

/// The value of a scalar; the type is declared, so `no` is a text where texts are wanted.
fn value_of(item: ItemType, node: &Node, path: &str, notes: &Notes) -> Option<Value> {
    let read = match &node.kind {
        Kind::Scalar(scalar) if scalar.is_null() => Err("the value is missing; an empty text is written ''".to_owned()),
        Kind::Scalar(Scalar { text, .. }) => Value::read(item, text),
        _ => Err(format!("this must be a single value, but it is {}", node.what())),
    };
    read.map_err(|message| notes.add(node.place, path, message)).ok()
}

fn values_of(item: ItemType, fields: &Fields<'_>, key: &str) -> Vec<Value> {
    if fields.node(key).is_none() {
        return Vec::new();
    }
    let nodes = fields.nodes(key).unwrap_or_default();
    nodes.iter().filter_map(|(node, path)| value_of(item, node, path, fields.notes())).collect()
}

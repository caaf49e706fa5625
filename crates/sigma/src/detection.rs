use yaml_serde::{Mapping, Value};

use crate::compile::network;
use crate::condition::{Condition, read_condition};
use crate::fault::{Fault, Step, kind_of};
use crate::modifier::{Modifier, read_key};
use crate::regex_test::RegexTest;
use crate::scalar::Scalar;

/// What a rule looks for: named searches, and how they are put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detection {
    /// The searches in the order they stand.
    pub(crate) searches: Vec<(String, Search)>,
    /// Over the positions of the searches.
    pub(crate) condition: Condition,
}

/// One search.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Search {
    /// The members of a map: all must be true.
    All(Vec<Search>),
    /// The elements of a list: one must be true.
    Any(Vec<Search>),
    /// One field, or the whole event, and what it is compared with.
    Item(Item),
}

/// A field and what it is compared with; without a field the whole event is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) field: Option<String>,
    pub(crate) modifiers: Vec<Modifier>,
    /// At least one.
    pub(crate) values: Vec<Scalar>,
}

impl Item {
    pub(crate) fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }
}

impl Detection {
    /// Reads `detection`, or `filter` without its `rules`.
    pub(crate) fn read(value: &Value, not_a_search: &[&str]) -> Result<Self, Fault> {
        let Value::Mapping(members) = value else {
            return Err(Fault::new(format!("this is {}, where searches and a condition should be", kind_of(value))));
        };
        let mut searches = Vec::new();
        for (key, value) in members {
            let Value::String(name) = key else {
                return Err(Fault::new(format!("the name of a search is {}, not a text", kind_of(key))));
            };
            if name == "condition" || not_a_search.contains(&name.as_str()) {
                continue;
            }
            searches.push((name.clone(), read_search(value).map_err(|fault| fault.member(name))?));
        }
        let condition = conditions(members, &searches).map_err(|fault| fault.member("condition"))?;
        Ok(Self { searches, condition })
    }
}

/// A list of conditions means that one of them is true.
fn conditions(members: &Mapping, searches: &[(String, Search)]) -> Result<Condition, Fault> {
    let names: Vec<&str> = searches.iter().map(|(name, _)| name.as_str()).collect();
    match members.get("condition") {
        Some(Value::String(text)) => read_condition(text, &names),
        Some(Value::Sequence(texts)) if !texts.is_empty() => {
            let read = |(position, text): (usize, &Value)| match text {
                Value::String(text) => read_condition(text, &names).map_err(|fault| fault.under(Step::Element(position))),
                other => Err(Fault::new(format!("a condition is {}, not a text", kind_of(other))).under(Step::Element(position))),
            };
            texts.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>().map(Condition::Any)
        }
        Some(other) => Err(Fault::new(format!("the condition is {}, not a text", kind_of(other)))),
        None => Err(Fault::new("there is no condition")),
    }
}

fn read_search(value: &Value) -> Result<Search, Fault> {
    match value {
        Value::Mapping(members) if members.is_empty() => Err(Fault::new("this search is empty")),
        Value::Mapping(members) => members.iter().map(|(key, value)| read_member(key, value)).collect::<Result<_, _>>().map(Search::All),
        Value::Sequence(elements) if elements.is_empty() => Err(Fault::new("this search is empty")),
        Value::Sequence(elements) => read_elements(elements),
        Value::Tagged(_) => Err(Fault::new("tags have no meaning in a rule")),
        keyword => read_keywords(std::slice::from_ref(keyword)),
    }
}

/// Texts of a list are keywords; they stay together, so that they are looked for at once.
fn read_elements(elements: &[Value]) -> Result<Search, Fault> {
    let is_nested = |value: &Value| matches!(value, Value::Mapping(_) | Value::Sequence(_));
    if !elements.iter().any(is_nested) {
        return read_keywords(elements);
    }
    let read = |(position, element): (usize, &Value)| read_search(element).map_err(|fault| fault.under(Step::Element(position)));
    elements.iter().enumerate().map(read).collect::<Result<_, _>>().map(Search::Any)
}

fn read_keywords(elements: &[Value]) -> Result<Search, Fault> {
    let values = read_values(elements)?;
    match values.iter().position(|value| matches!(value, Scalar::Null)) {
        Some(_) => Err(Fault::new("null needs a field")),
        None => Ok(Search::Item(Item { field: None, modifiers: Vec::new(), values })),
    }
}

fn read_member(key: &Value, value: &Value) -> Result<Search, Fault> {
    let key = match key {
        Value::String(key) => key.clone(),
        Value::Number(number) => number.to_string(),
        other => return Err(Fault::new(format!("the name of a field is {}, not a text", kind_of(other)))),
    };
    let (field, modifiers) = read_key(&key).map_err(|fault| fault.under(Step::Key(key.clone())))?;
    let values = match value {
        Value::Sequence(elements) if elements.is_empty() => Err(Fault::new("there is no value")),
        Value::Sequence(elements) => read_values(elements),
        single => Scalar::read(single).map(|value| vec![value]),
    };
    let item = Item { field, modifiers, values: values.map_err(|fault| fault.member(&key))? };
    check_values(&item).and_then(|()| check_texts(&item)).map_err(|(position, message)| {
        let fault = Fault::new(message);
        let is_list = matches!(value, Value::Sequence(_));
        if is_list { fault.under(Step::Element(position)).member(&key) } else { fault.member(&key) }
    })?;
    Ok(Search::Item(item))
}

fn read_values(elements: &[Value]) -> Result<Vec<Scalar>, Fault> {
    let read = |(position, value): (usize, &Value)| Scalar::read(value).map_err(|fault| fault.under(Step::Element(position)));
    elements.iter().enumerate().map(read).collect()
}

/// Says which value does not fit the modifiers.
fn check_values(item: &Item) -> Result<(), (usize, String)> {
    use Modifier as M;
    let wants_number = item.modifiers.iter().any(|m| matches!(m, M::Compare(_) | M::Time(_)));
    let wants_text = item.modifiers.iter().any(|m| !matches!(m, M::Compare(_) | M::Time(_) | M::All | M::Neq | M::Exists));
    for (position, value) in item.values.iter().enumerate() {
        let expected = match value {
            Scalar::Flag(_) if item.has(M::Exists) => continue,
            _ if item.has(M::Exists) => "true or false",
            Scalar::Number(_) if wants_number => continue,
            _ if wants_number => "a number",
            Scalar::Text(_) => continue,
            _ if wants_text => "a text (put it in quotes)",
            Scalar::Null if item.field.is_none() => "a keyword",
            _ => continue,
        };
        return Err((position, format!("this value is {}; the modifiers need {expected}", value.kind())));
    }
    if item.has(M::Exists) && item.values.len() > 1 {
        return Err((1, "exists takes one value".to_owned()));
    }
    Ok(())
}

/// Says which text is not what its modifiers take it for.
fn check_texts(item: &Item) -> Result<(), (usize, String)> {
    let broken = |text: &str| match item {
        _ if item.has(Modifier::Cidr) => network(text).err(),
        _ if item.has(Modifier::Re) => RegexTest::broken(text, &item.modifiers),
        _ => None,
    };
    let found = item.values.iter().enumerate().find_map(|(position, value)| match value {
        Scalar::Text(text) => broken(text).map(|why| (position, why)),
        _ => None,
    });
    found.map_or(Ok(()), Err)
}

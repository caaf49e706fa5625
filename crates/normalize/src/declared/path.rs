//! Where a value stands in a record: `actor.alternateId`, `events.0.name`, `target[type=User|AppUser].id`, `actors[*].email`.
//!
//! Keys are joined by dots; a number is an index; `[key=value]` is the first element of an array whose `key` is one of the values,
//! which also reads lists of names and values (`ExtendedProperties[Name=UserAgent].Value`); `[*]` is every element. A key that holds
//! dots or brackets is written in single quotes.

use serde_json_borrow::Value;

use super::pattern::Pattern;
use super::text::text_of;
use crate::fields::address;

/// A path, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// As it was written.
    pub(super) text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// A member of an object, or the element of an array if it is a number.
    Key(String, Option<usize>),
    /// The first element of an array whose member is so.
    Select(String, Vec<Pattern>),
    /// Every element of an array.
    All,
}

/// The addresses of values of a record that were placed.
pub(crate) type Used = Vec<usize>;

impl Path {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (step, after) = next_step(rest)?;
            steps.push(step);
            rest = after.strip_prefix('.').unwrap_or(after);
            if rest.is_empty() && after.starts_with('.') {
                return Err(format!("the path {text:?} ends in a dot"));
            }
        }
        if steps.is_empty() {
            return Err("a path is missing".to_owned());
        }
        Ok(Self { text: text.trim().to_owned(), steps })
    }

    /// The key at the top of the record that the path begins with.
    pub(super) fn top_key(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key, _)) => Some(key),
            _ => None,
        }
    }

    /// The first value under the path that is not null. What chose an element is noted as used with it.
    pub(super) fn find<'v, 'a>(&self, root: &'v Value<'a>, used: &mut Used) -> Option<&'v Value<'a>> {
        find(&self.steps, root, used)
    }

    /// Every value under the path that is not null.
    pub(super) fn find_all<'v, 'a>(&self, root: &'v Value<'a>, used: &mut Used) -> Vec<&'v Value<'a>> {
        let mut found = Vec::new();
        find_all(&self.steps, root, used, &mut found);
        found
    }

    /// The place of the value, to change it.
    pub(super) fn find_mut<'v, 'a>(&self, root: &'v mut Value<'a>) -> Option<&'v mut Value<'a>> {
        self.steps.iter().try_fold(root, |value, step| match (step, value) {
            (Step::Key(key, _), Value::Object(object)) => object.get_mut(key),
            (Step::Key(_, Some(index)), Value::Array(elements)) => elements.get_mut(*index),
            (Step::Select(key, wanted), Value::Array(elements)) => {
                elements.iter_mut().find(|element| selects(element, key, wanted).is_some())
            }
            _ => None,
        })
    }
}

fn find<'v, 'a>(steps: &[Step], mut value: &'v Value<'a>, used: &mut Used) -> Option<&'v Value<'a>> {
    for (place, step) in steps.iter().enumerate() {
        value = match (step, value) {
            (Step::Key(key, _), Value::Object(object)) => object.get(key)?,
            (Step::Key(_, Some(index)), Value::Array(elements)) => elements.get(*index)?,
            (Step::Select(key, wanted), Value::Array(elements)) => {
                let (element, by) = elements.iter().find_map(|element| Some((element, selects(element, key, wanted)?)))?;
                used.push(by);
                element
            }
            (Step::Select(key, wanted), element @ Value::Object(_)) => {
                used.push(selects(element, key, wanted)?);
                element
            }
            (Step::All, Value::Array(elements)) => {
                return elements.iter().find_map(|element| find(&steps[place + 1..], element, used));
            }
            (Step::All, element) => element,
            _ => return None,
        };
    }
    (!value.is_null()).then_some(value)
}

fn find_all<'v, 'a>(steps: &[Step], value: &'v Value<'a>, used: &mut Used, found: &mut Vec<&'v Value<'a>>) {
    let all = steps.iter().position(|step| matches!(step, Step::All));
    let Some(place) = all else {
        found.extend(find(steps, value, used));
        return;
    };
    let Some(list) = find(&steps[..place], value, used) else { return };
    match list {
        Value::Array(elements) => elements.iter().for_each(|element| find_all(&steps[place + 1..], element, used, found)),
        single => find_all(&steps[place + 1..], single, used, found),
    }
}

/// The address of the member by which an element is chosen, if it is.
fn selects(element: &Value<'_>, key: &str, wanted: &[Pattern]) -> Option<usize> {
    let Value::Object(object) = element else { return None };
    let member = object.get(key)?;
    let text = text_of(member)?;
    wanted.iter().any(|pattern| pattern.matches(&text)).then(|| address(member))
}

fn next_step(rest: &str) -> Result<(Step, &str), String> {
    if let Some(inside) = rest.strip_prefix('[') {
        let (inside, after) = inside.split_once(']').ok_or_else(|| format!("the bracket in {rest:?} is not closed"))?;
        return Ok((bracket(inside)?, after));
    }
    if let Some(quoted) = rest.strip_prefix('\'') {
        let (key, after) = quoted.split_once('\'').ok_or_else(|| format!("the quote in {rest:?} is not closed"))?;
        return Ok((Step::Key(key.to_owned(), None), after));
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    match &rest[..end] {
        "" => Err(format!("a key is missing before {rest:?}")),
        key => Ok((Step::Key(key.to_owned(), key.parse().ok()), &rest[end..])),
    }
}

fn bracket(inside: &str) -> Result<Step, String> {
    if inside == "*" {
        return Ok(Step::All);
    }
    if let Ok(index) = inside.parse() {
        return Ok(Step::Key(inside.to_owned(), Some(index)));
    }
    let (key, values) = inside.split_once('=').ok_or_else(|| format!("[{inside}] is neither a number, nor [*], nor [key=value]"))?;
    Ok(Step::Select(key.trim().to_owned(), Pattern::parse_list(values)))
}

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json_borrow::Value;

use crate::parse::{parse_long, time_ms};

/// A record as a tree from which a mapping takes what it places; what is left at the end is the unmapped rest.
///
/// A path is keys joined by dots, `userIdentity.sessionContext.attributes.mfaAuthenticated`; a number is an index into an array,
/// `Resources.0.ARN`. Taking leaves nothing behind; looking (`peek…`) leaves everything.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    root: Value<'a>,
    /// The addresses of values that were placed without being taken, in order.
    placed: Vec<usize>,
}

impl<'a> Fields<'a> {
    /// Parses one JSON document.
    pub(crate) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self::from_value)
    }

    /// A tree that was made in another way.
    pub(crate) fn from_value(root: Value<'a>) -> Self {
        Self { root, placed: Vec::new() }
    }

    /// The whole tree.
    pub(crate) fn root(&self) -> &Value<'a> {
        &self.root
    }

    /// The whole tree, to change it.
    pub(crate) fn root_mut(&mut self) -> &mut Value<'a> {
        &mut self.root
    }

    /// The whole tree, no longer as a record.
    pub(crate) fn into_root(self) -> Value<'a> {
        self.root
    }

    /// Puts a value at the top under a key that has none; for what a mapping took off to look at and did not place.
    pub(crate) fn put(&mut self, key: &'static str, value: Value<'a>) {
        if let Value::Object(members) = &mut self.root {
            members.insert(key, value);
        }
    }

    /// Gives the members at the top the spelling of `names` where they differ in case: some collectors write every key in lower case,
    /// some APIs begin it with a capital.
    pub(crate) fn spell(&mut self, names: &[&'static str]) {
        let Value::Object(members) = &mut self.root else { return };
        for name in names.iter().copied() {
            if members.contains_key(name) {
                continue;
            }
            // A name that differs from another one only in case is that other one.
            let is_other = |key: &&str| key.eq_ignore_ascii_case(name) && !names.contains(key);
            let Some(other) = members.keys().find(is_other).map(str::to_owned) else { continue };
            let taken = members.get_mut(&other).map(|value| std::mem::replace(value, Value::Null));
            members.insert(name, taken.unwrap_or(Value::Null));
        }
    }

    /// Takes the text under `path` if it only repeats what is known, in any case, so that it is not kept twice.
    pub(crate) fn forget(&mut self, path: &str, known: Option<&str>) {
        if self.peek_text(path).is_some_and(|text| known.is_some_and(|known| text.eq_ignore_ascii_case(known))) {
            self.take(path);
        }
    }

    /// Leaves these values out of the rest, by their addresses. Nothing of the tree may change afterwards.
    pub(crate) fn mark_placed(&mut self, mut addresses: Vec<usize>) {
        addresses.sort_unstable();
        self.placed = addresses;
    }

    /// Looks at the value under `path`; null is nothing.
    pub(crate) fn peek(&self, path: &str) -> Option<&Value<'a>> {
        let mut value = &self.root;
        for key in steps(path) {
            value = match value {
                Value::Object(object) => object.get(key)?,
                Value::Array(elements) => elements.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        (!value.is_null()).then_some(value)
    }

    /// Looks at the text under `path`.
    pub(crate) fn peek_text(&self, path: &str) -> Option<&str> {
        match self.peek(path)? {
            Value::Str(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// True if there is something under `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.peek(path).is_some()
    }

    /// Takes the value under `path`; null is nothing.
    pub(crate) fn take(&mut self, path: &str) -> Option<Value<'a>> {
        let mut value = &mut self.root;
        for key in steps(path) {
            value = match value {
                Value::Object(object) => object.get_mut(key)?,
                Value::Array(elements) => elements.get_mut(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        match std::mem::replace(value, Value::Null) {
            Value::Null => None,
            taken => Some(taken),
        }
    }

    /// Takes the text under `path`; numbers and booleans become text, objects and arrays are left. Empty text is nothing.
    pub(crate) fn text(&mut self, path: &str) -> Option<Cow<'a, str>> {
        self.peek(path).filter(|value| !matches!(value, Value::Object(_) | Value::Array(_)))?;
        let text = scalar_text(self.take(path)?)?;
        (!text.is_empty()).then_some(text)
    }

    /// Takes the text under a key that holds dots, `authorization.k8s.io/decision`, of the object under `path`.
    pub(crate) fn text_of_key(&mut self, path: &str, key: &str) -> Option<Cow<'a, str>> {
        let mut value = &mut self.root;
        for step in path.split('.').chain([key]) {
            let Value::Object(object) = value else { return None };
            value = object.get_mut(step)?;
        }
        if matches!(value, Value::Object(_) | Value::Array(_)) {
            return None;
        }
        scalar_text(std::mem::replace(value, Value::Null)).filter(|text| !text.is_empty())
    }

    /// Takes the whole number under `path`, also when it is written as text, decimal or `0x` hexadecimal; anything else is left.
    pub(crate) fn long(&mut self, path: &str) -> Option<i64> {
        let number = match self.peek(path)? {
            Value::Number(number) => {
                number.as_i64().or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
            }
            Value::Str(text) => parse_long(text),
            _ => None,
        }?;
        self.take(path);
        Some(number)
    }

    /// Takes the number under `path`, also when it is written as text; anything else is left.
    pub(crate) fn double(&mut self, path: &str) -> Option<f64> {
        let number = match self.peek(path)? {
            Value::Number(number) => number.as_f64(),
            Value::Str(text) => text.trim().parse().ok(),
            _ => None,
        }?;
        self.take(path);
        Some(number)
    }

    /// Takes true or false under `path`, also when it is written as text in any case; anything else is left.
    pub(crate) fn flag(&mut self, path: &str) -> Option<bool> {
        let flag = match self.peek(path)? {
            Value::Bool(flag) => Some(*flag),
            Value::Str(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Str(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }?;
        self.take(path);
        Some(flag)
    }

    /// Takes the instant under `path` in milliseconds since 1970: RFC 3339 text; anything else is left.
    pub(crate) fn time(&mut self, path: &str) -> Option<i64> {
        let time_ms = self.peek_text(path).and_then(time_ms)?;
        self.take(path);
        Some(time_ms)
    }

    /// Takes the value under `path` as JSON text; empty objects and arrays are nothing.
    pub(crate) fn json(&mut self, path: &str) -> Option<String> {
        to_json(&self.take(path)?)
    }

    /// Takes the texts of the array under `path`; a single text is a list of one. An array of anything else is left.
    pub(crate) fn texts(&mut self, path: &str) -> Vec<Cow<'a, str>> {
        let is_texts = match self.peek(path) {
            Some(Value::Array(elements)) => {
                elements.iter().all(|element| matches!(element, Value::Str(_) | Value::Number(_) | Value::Bool(_)))
            }
            Some(Value::Str(_)) => true,
            _ => false,
        };
        match is_texts.then(|| self.take(path)).flatten() {
            Some(Value::Array(elements)) => elements.into_iter().filter_map(scalar_text).collect(),
            Some(Value::Str(text)) => vec![text],
            _ => Vec::new(),
        }
    }

    /// What was not taken, as the text of a JSON object; nulls and what is empty are left out.
    pub(crate) fn rest(&self) -> Option<String> {
        json_without(&self.root, &self.placed)
    }
}

/// The keys of a path. Most paths are one or two words, for which a search that is made for long texts takes too long to begin.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let path = rest?;
        let Some(dot) = path.bytes().position(|byte| byte == b'.') else { return rest.take() };
        rest = Some(&path[dot + 1..]);
        Some(&path[..dot])
    })
}

/// Where a value is in memory, which tells it from every other as long as its tree is not changed.
pub(crate) fn address(value: &Value<'_>) -> usize {
    std::ptr::from_ref(value).addr()
}

/// A value as JSON text without nulls and without what is empty, or nothing if nothing is left.
pub(crate) fn to_json(value: &Value<'_>) -> Option<String> {
    json_without(value, &[])
}

/// The same without the values at these addresses.
fn json_without(value: &Value<'_>, placed: &[usize]) -> Option<String> {
    if !is_something(value, placed) {
        return None;
    }
    serde_json::to_string(&Kept { value, placed }).ok()
}

/// A scalar as text.
pub(crate) fn scalar_text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text) => Some(text),
        Value::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Some(Cow::Owned(number.to_string())),
            (None, Some(number), _) => Some(Cow::Owned(number.to_string())),
            (None, None, Some(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_something(value: &Value<'_>, placed: &[usize]) -> bool {
    if placed.binary_search(&address(value)).is_ok() {
        return false;
    }
    match value {
        Value::Null => false,
        Value::Str(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Array(elements) => elements.iter().any(|element| is_something(element, placed)),
        Value::Object(object) => object.values().any(|member| is_something(member, placed)),
    }
}

/// Writes what [`is_something`] and leaves the rest out.
struct Kept<'v, 'a> {
    value: &'v Value<'a>,
    placed: &'v [usize],
}

impl Serialize for Kept<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let placed = self.placed;
        let kept = |value| Kept { value, placed };
        match self.value {
            Value::Array(elements) => serializer.collect_seq(elements.iter().filter(|element| is_something(element, placed)).map(kept)),
            Value::Object(object) => serializer
                .collect_map(object.iter().filter(|(_, value)| is_something(value, placed)).map(|(key, value)| (key, kept(value)))),
            scalar => scalar.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;

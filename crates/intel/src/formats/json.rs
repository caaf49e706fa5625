use serde_json::Value;
use serde_json::value::RawValue;

use crate::normal::Wanted;
use crate::{Error, Place};

use super::collect::{About, Claim, Collector};
use super::encoding::{Lines, line_and_column};
use super::rows::{Role, role_of, take_row};

/// Keys under which answers of services keep their list.
const LISTS: &[&str] = &["data", "urls", "iocs", "indicators", "results", "items", "payloads", "blacklists"];

/// Reads objects with one or several indicators each: a list of them, a list under a well-known key, or lists by number (as abuse.ch
/// exports them). A list of texts is read as lines are.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    check_depth(text, collector)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| malformed(collector.name(), "JSON", &error))?;
    let mut lines = Lines::new(text);
    if whole.get().starts_with('[') {
        return read_list(whole, "", &mut lines, collector);
    }
    let members = members_of(whole);
    if let Some((key, list)) = members.iter().find(|(key, value)| LISTS.contains(&key.as_str()) && value.get().starts_with('[')) {
        members.iter().filter(|(other, _)| other != key).for_each(|(other, _)| collector.pass_over(format!("key {other}")));
        return read_list(list, key, &mut lines, collector);
    }
    if members.iter().any(|(_, value)| value.get().contains("\"Orgc\"")) {
        let reason = "it is the manifest of a MISP feed, which lists events; read the events that it names".to_owned();
        return Err(Error::NotAFeed { feed: collector.name().to_owned(), reason });
    }
    if members.iter().any(|(key, _)| role_of(key).is_some_and(Role::is_indicator)) {
        return read_item(whole, "", &mut lines, collector);
    }
    let lists = members.iter().filter(|(_, value)| value.get().starts_with(['[', '{']));
    let mut found = 0;
    for (key, value) in lists {
        found += 1;
        match value.get().starts_with('[') {
            true => read_list(value, key, &mut lines, collector)?,
            false => read_item(value, key, &mut lines, collector)?,
        }
    }
    match found > 0 || members.is_empty() {
        true => Ok(()),
        false => {
            let reason = "it holds no list of objects; known are STIX bundles, MISP events and the JSON of abuse.ch".to_owned();
            Err(Error::NotAFeed { feed: collector.name().to_owned(), reason })
        }
    }
}

fn read_list(list: &RawValue, path: &str, lines: &mut Lines<'_>, collector: &mut Collector<'_>) -> Result<(), Error> {
    let items: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
    for (index, item) in items.into_iter().enumerate() {
        read_item(item, &format!("{path}[{index}]"), lines, collector)?;
    }
    Ok(())
}

fn read_item(item: &RawValue, path: &str, lines: &mut Lines<'_>, collector: &mut Collector<'_>) -> Result<(), Error> {
    let place = Place { line: lines.of(item.get()), path: (!path.is_empty()).then(|| path.into()) };
    match serde_json::from_str::<Value>(item.get()) {
        Ok(Value::Object(object)) => {
            // The order of keys follows from what else is built with `serde_json`: it must not show.
            let mut texts: Vec<(&String, String)> = object.iter().map(|(key, value)| (key, text_of(value))).collect();
            texts.sort();
            let cells: Vec<_> = texts.iter().map(|(key, text)| (key.as_str(), role_of(key), text.as_str())).collect();
            take_row(collector, &place, &cells)
        }
        Ok(Value::String(text)) => collector.take(place, &text, Claim::Value(Wanted::Anything), &About::default()),
        _ => {
            let reason = "it is neither an object nor a text".to_owned();
            collector.take(place, item.get(), Claim::Rejected(reason), &About::default())
        }
    }
}

/// A value as a cell of a table has it: lists joined with commas, nothing for null and objects.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Array(items) => items.iter().map(text_of).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(","),
        Value::Null | Value::Object(_) => String::new(),
    }
}

/// The members of an object, in their order.
pub(super) fn members_of(object: &RawValue) -> Vec<(String, &RawValue)> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(object.get());
    serde::Deserializer::deserialize_map(&mut deserializer, Members).unwrap_or_default()
}

/// What a parser said, with the name of the feed.
pub(super) fn malformed(feed: &str, format: &'static str, error: &serde_json::Error) -> Error {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or(&reason).to_owned();
    Error::Malformed { feed: feed.to_owned(), format, line: error.line(), column: error.column(), reason }
}

/// Fails where JSON is nested deeper than the limit.
pub(super) fn check_depth(text: &str, collector: &Collector<'_>) -> Result<(), Error> {
    let depth_max = collector.options().limits.depth_max;
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            let (line, column) = line_and_column(text, at);
            return Err(Error::TooDeep { feed: collector.name().to_owned(), line, column, depth_max });
        }
    }
    Ok(())
}

//! From the paths of an event's attributes to the columns of the same paths.

use std::borrow::Cow;
use std::sync::LazyLock;

use coldtrail_model::{Class, Col, Event, Kind, ObservableType};
use serde_json_borrow::Value;

use super::{numbers, shapes};
use crate::declared::{OWN_COLUMNS, TimeFormat, Used, flag, text_of, whole_number};
use crate::fields::{address, to_json};
use crate::parse::{is_email_address, is_ip};

/// One part of a path.
#[derive(Debug, Clone, Copy)]
enum Step {
    Key(&'static str),
    /// The first element of an array.
    First,
    /// Every element of an array.
    Each,
    /// The fingerprint of one algorithm: OCSF's number of it, and its name without a dash.
    Fingerprint(i64, &'static str),
}

fn steps_of(col: Col) -> &'static [Step] {
    static STEPS: LazyLock<Vec<Vec<Step>>> = LazyLock::new(|| Col::ALL.iter().map(|col| parse(col.column().path)).collect());
    &STEPS[col as usize]
}

fn parse(path: &'static str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, index) = part.split_once('[').unwrap_or((part, ""));
        steps.push(Step::Key(key));
        match index {
            "" => {}
            "0]" => steps.push(Step::First),
            "]" => steps.push(Step::Each),
            "md5]" => steps.push(Step::Fingerprint(1, "md5")),
            "sha1]" => steps.push(Step::Fingerprint(2, "sha1")),
            _ => steps.push(Step::Fingerprint(3, "sha256")),
        }
    }
    steps
}

/// Sets every column of the class that the event has a fitting attribute for.
pub(super) fn place(event: &mut Event, root: &Value<'_>, used: &mut Used) {
    let class = event.class();
    for col in columns_of(class) {
        if event.get(*col).is_none() {
            place_one(event, *col, root, used);
        }
    }
}

fn columns_of(class: Class) -> impl Iterator<Item = &'static Col> {
    class.columns().iter().filter(|col| !OWN_COLUMNS.contains(col))
}

fn place_one(event: &mut Event, col: Col, root: &Value<'_>, used: &mut Used) {
    let steps = steps_of(col);
    match col.column().kind {
        Kind::TextList => place_list(event, col, steps, root, used),
        Kind::Json => place_json(event, col, steps, root, used),
        Kind::Time => {
            let found = find(root, steps, "").filter(|value| !value.is_null()).or_else(|| find(root, steps, "_dt"));
            if let Some((value, time_ms)) = found.and_then(|value| Some((value, instant(value)?))) {
                used.push(address(value));
                event.time(col, time_ms);
            }
        }
        kind => {
            let Some(value) = find(root, steps, "") else { return };
            let Some(text) = text_of(value) else { return };
            if place_scalar(event, col, kind, text) {
                used.push(address(value));
                note_fingerprint(root, steps, used);
            }
        }
    }
}

/// Sets a column of one value; false if the value does not fit it.
fn place_scalar(event: &mut Event, col: Col, kind: Kind, text: Cow<'_, str>) -> bool {
    match kind {
        Kind::Integer | Kind::Long => match whole_number(&text).filter(|number| fits_number(col, kind, *number)) {
            Some(number) => event.long(col, numbers::known(col, number)),
            None => return false,
        },
        Kind::Double => match text.trim().parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => event.double(col, number),
            None => return false,
        },
        Kind::Boolean => match flag(&text) {
            Some(value) => event.flag(col, value),
            None => return false,
        },
        _ if text == "-" || !fits_text(col, &text) => return false,
        _ => event.text(col, text),
    }
    true
}

fn fits_number(col: Col, kind: Kind, number: i64) -> bool {
    let is_port = col.column().path.ends_with(".port");
    (kind != Kind::Integer || i32::try_from(number).is_ok()) && (!is_port || (0..=65_535).contains(&number))
}

/// Addresses are addresses, also those of e-mail.
fn fits_text(col: Col, text: &str) -> bool {
    match col.column().observable {
        Some(ObservableType::Ip) => is_ip(text),
        Some(ObservableType::EmailAddress) => is_email_address(text),
        _ => true,
    }
}

/// Several texts. Where each is a part of an object, the objects are left: they have more to say.
fn place_list(event: &mut Event, col: Col, steps: &[Step], root: &Value<'_>, used: &mut Used) {
    let each = steps.iter().position(|step| matches!(step, Step::Each)).unwrap_or(steps.len());
    let rest = &steps[(each + 1).min(steps.len())..];
    let Some(list) = find(root, &steps[..each], "") else { return };
    let elements = list.as_array().unwrap_or(std::slice::from_ref(list));
    let found: Vec<(usize, Cow<'_, str>)> = elements
        .iter()
        .filter_map(|element| {
            // Candidates of 1.0.0 have names of groups where there are groups now.
            let value = if element.is_string() { element } else { find(element, rest, "")? };
            Some((address(value), text_of(value)?))
        })
        .collect();
    used.extend(found.iter().map(|(address, _)| *address));
    event.list(col, found.into_iter().map(|(_, text)| text));
}

/// An object or array of free form, or of a shape that is valid; what is not is left beside it.
fn place_json(event: &mut Event, col: Col, steps: &[Step], root: &Value<'_>, used: &mut Used) {
    let Some(value) = find(root, steps, "") else { return };
    match shapes::of(col) {
        None => {
            if let Some(json) = json_of(value) {
                used.push(address(value));
                event.owned_text(col, json);
            }
        }
        Some(shape) => {
            let Some(shaped) = shape.valid(value) else { return };
            if shaped.is_whole {
                used.push(address(value));
            }
            event.owned_text(col, shaped.json.to_string());
        }
    }
}

/// Free JSON; some products write it as text.
fn json_of(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Str(text) if text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Some(text.to_string())
        }
        Value::Str(text) => Some(serde_json::Value::from(text.as_ref()).to_string()),
        value => to_json(value),
    }
}

fn find<'v, 'a>(root: &'v Value<'a>, steps: &[Step], suffix: &str) -> Option<&'v Value<'a>> {
    let mut value = root;
    for (place, step) in steps.iter().enumerate() {
        value = match (step, value) {
            (Step::Key(key), Value::Object(members)) if place + 1 == steps.len() && !suffix.is_empty() => {
                members.get(&format!("{key}{suffix}"))?
            }
            (Step::Key(key), Value::Object(members)) => members.get(key)?,
            (Step::First, Value::Array(elements)) => elements.first()?,
            (Step::Fingerprint(id, name), Value::Array(elements)) => elements.iter().find(|element| is_fingerprint(element, *id, name))?,
            _ => return None,
        };
    }
    (!value.is_null()).then_some(value)
}

fn is_fingerprint(element: &Value<'_>, id: i64, name: &str) -> bool {
    let Some(members) = element.as_object() else { return false };
    match members.get("algorithm_id").and_then(Value::as_i64) {
        Some(found) => found == id,
        None => members.get("algorithm").and_then(Value::as_str).is_some_and(|found| found.replace('-', "").eq_ignore_ascii_case(name)),
    }
}

/// The algorithm of a fingerprint is in the column's name.
fn note_fingerprint(root: &Value<'_>, steps: &[Step], used: &mut Used) {
    if let Some(place) = steps.iter().position(|step| matches!(step, Step::Fingerprint(..)))
        && let Some(Value::Object(members)) = find(root, &steps[..=place], "")
    {
        used.extend(["algorithm", "algorithm_id"].iter().filter_map(|key| members.get(key)).map(address));
    }
}

/// An instant as a number whose size tells its unit, or as text, in which some write slashes.
pub(super) fn instant(value: &Value<'_>) -> Option<i64> {
    text_of(value).and_then(|text| TimeFormat::Any.read(&text)).or_else(|| {
        let text = value.as_str()?;
        let date = text.get(..10).filter(|date| date.contains('/'))?;
        TimeFormat::Any.read(&(date.replace('/', "-") + &text[10..]))
    })
}

//! How a column gets its value: alternatives of which the first that gives something is taken.

use std::borrow::Cow;

use coldtrail_model::{Col, Event, Kind, ObservableType};
use serde_json_borrow::Value;

use super::condition::Condition;
use super::instant::TimeFormat;
use super::member;
use super::path::{Path, Used};
use super::pattern::Pattern;
use super::text::{Form, part_between, text_of};
use crate::fields::{address, to_json};
use crate::parse::{is_email_address, parse_long};

/// A value, declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Expression {
    pub(super) alternatives: Vec<Alternative>,
}

/// One way to a value.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    /// All of this must be so.
    pub(super) when: Vec<Condition>,
    pub(super) from: From,
    /// What each text becomes; a text that is not here gives nothing.
    pub(super) map: Option<Vec<(Vec<Pattern>, String)>>,
    /// Of a text only what stands after the first of these and before the second, or to the end.
    pub(super) between: Option<(String, String)>,
    /// What stands between the parts of a text that is a list.
    pub(super) split: Option<String>,
    pub(super) form: Option<Form>,
    pub(super) time: TimeFormat,
}

/// Where a value is taken from.
#[derive(Debug, Clone)]
pub(super) enum From {
    /// The record.
    Path(Path),
    /// The mapping itself.
    Text(String),
    /// The name of the event.
    Event,
    /// Several places of the record, with a text between them; what is not there is left out.
    Join(Vec<Path>, String),
    /// Objects made of the elements of an array, or one of the whole record: `resources`, `evidences`.
    Each(Option<Path>, Vec<(String, Path)>),
}

/// What values are taken out of.
#[derive(Clone, Copy)]
pub(super) struct Context<'v, 'a> {
    pub(super) root: &'v Value<'a>,
    /// The name of the event; empty if it has none.
    pub(super) event: &'v str,
    /// Texts that the source writes for nothing.
    pub(super) nothing: &'v [String],
}

impl Expression {
    /// The value as text.
    pub(super) fn text<'v>(&'v self, context: Context<'v, '_>, used: &mut Used) -> Option<Cow<'v, str>> {
        self.alternatives.iter().find_map(|alternative| tried(used, |used| alternative.text(context, used)))
    }

    /// The value as milliseconds since 1970.
    pub(super) fn time(&self, context: Context<'_, '_>, used: &mut Used) -> Option<i64> {
        self.alternatives.iter().find_map(|alternative| tried(used, |used| alternative.time(context, used)))
    }

    /// Sets a column; false if there is nothing for it, or nothing that fits.
    pub(super) fn place(&self, event: &mut Event, col: Col, context: Context<'_, '_>, used: &mut Used) -> bool {
        self.alternatives.iter().any(|alternative| tried(used, |used| alternative.place(event, col, context, used)).is_some())
    }

    /// The paths of values, those first that are taken under no condition.
    pub(super) fn value_paths(&self) -> Vec<&Path> {
        let (always, sometimes): (Vec<&Alternative>, Vec<&Alternative>) =
            self.alternatives.iter().partition(|alternative| alternative.when.is_empty());
        let all = always.into_iter().chain(sometimes);
        all.flat_map(|alternative| match &alternative.from {
            From::Path(path) => vec![path],
            From::Join(paths, _) => paths.iter().collect(),
            _ => Vec::new(),
        })
        .collect()
    }

    /// The paths that are looked at.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.alternatives.iter().flat_map(|alternative| {
            let from: Vec<&Path> = match &alternative.from {
                From::Path(path) | From::Each(Some(path), _) => vec![path],
                From::Each(None, members) => members.iter().map(|(_, path)| path).collect(),
                From::Join(paths, _) => paths.iter().collect(),
                From::Text(_) | From::Event => Vec::new(),
            };
            from.into_iter().chain(alternative.when.iter().filter_map(Condition::path))
        })
    }
}

/// Notes what was used only if it led to something.
fn tried<T>(used: &mut Used, attempt: impl FnOnce(&mut Used) -> Option<T>) -> Option<T> {
    let before = used.len();
    let found = attempt(used);
    if found.is_none() {
        used.truncate(before);
    }
    found
}

impl Alternative {
    /// The name of the event as it is.
    pub(super) fn blank() -> Self {
        Self { when: Vec::new(), from: From::Event, map: None, between: None, split: None, form: None, time: TimeFormat::Any }
    }

    /// A value that stands under a path as it is.
    pub(super) fn of_path(path: Path) -> Self {
        Self { when: Vec::new(), from: From::Path(path), ..Self::blank() }
    }

    fn applies(&self, context: Context<'_, '_>) -> bool {
        self.when.iter().all(|condition| condition.holds(context.root, context.event))
    }

    fn text<'v>(&'v self, context: Context<'v, '_>, used: &mut Used) -> Option<Cow<'v, str>> {
        if !self.applies(context) {
            return None;
        }
        let text = match &self.from {
            From::Path(path) => {
                let value = path.find(context.root, used)?;
                used.push(address(value));
                text_of(value)?
            }
            From::Text(text) => Cow::Borrowed(text.as_str()),
            From::Event => Cow::Borrowed(Some(context.event).filter(|event| !event.is_empty())?),
            From::Join(paths, between) => joined(paths, between, context, used)?,
            From::Each(..) => return None,
        };
        self.shape(text, context)
    }

    /// The text as the mapping wants it. A table may say what a text for nothing means.
    fn shape<'v>(&'v self, text: Cow<'v, str>, context: Context<'v, '_>) -> Option<Cow<'v, str>> {
        let text = match &self.between {
            Some((after, before)) => part_between(text, after, before)?,
            None => text,
        };
        let text = match &self.map {
            Some(map) => Cow::Borrowed(map.iter().find(|(patterns, _)| patterns.iter().any(|one| one.matches(&text)))?.1.as_str()),
            None if context.nothing.iter().any(|nothing| nothing.eq_ignore_ascii_case(&text)) => return None,
            None => text,
        };
        match self.form {
            Some(form) => form.of(text).filter(|text| !text.is_empty()),
            None => Some(text).filter(|text| !text.is_empty() && text != "-"),
        }
    }

    fn time(&self, context: Context<'_, '_>, used: &mut Used) -> Option<i64> {
        if !self.applies(context) {
            return None;
        }
        match &self.from {
            From::Path(path) => {
                let value = path.find(context.root, used)?;
                used.push(address(value));
                let text = text_of(value)?;
                match &self.between {
                    Some((after, before)) => self.time.read(&part_between(text, after, before)?),
                    None => self.time.read(&text),
                }
            }
            From::Join(paths, between) => self.time.read(&joined(paths, between, context, used)?),
            From::Text(_) | From::Event | From::Each(..) => None,
        }
    }

    fn place(&self, event: &mut Event, col: Col, context: Context<'_, '_>, used: &mut Used) -> Option<()> {
        match col.column().kind {
            Kind::Text => {
                let text = self.text(context, used)?;
                event.text(col, fitting(text, col)?);
            }
            Kind::Integer | Kind::Long => event.long(col, self.whole_number(&self.text(context, used)?)?),
            Kind::Double => event.double(col, self.text(context, used)?.trim().parse().ok().filter(|number: &f64| number.is_finite())?),
            Kind::Boolean => event.flag(col, flag(&self.text(context, used)?)?),
            Kind::Time => event.time(col, self.time(context, used)?),
            Kind::TextList => event.list(col, self.texts(context, col, used)?),
            Kind::Json => event.owned_text(col, self.json(context, used)?),
        }
        Some(())
    }

    /// A number; a length of time in the unit that the mapping names becomes milliseconds.
    fn whole_number(&self, text: &str) -> Option<i64> {
        match self.time {
            TimeFormat::Any | TimeFormat::Rfc3339 => whole_number(text),
            unit => unit.number(text),
        }
    }

    fn texts<'v>(&'v self, context: Context<'v, '_>, col: Col, used: &mut Used) -> Option<Vec<Cow<'v, str>>> {
        let From::Path(path) = &self.from else { return self.text(context, used).map(|text| vec![text]) };
        if !self.applies(context) {
            return None;
        }
        let mut texts = Vec::new();
        for value in path.find_all(context.root, used) {
            let elements = match value {
                Value::Array(elements) => elements.iter().collect(),
                single => vec![single],
            };
            for element in elements {
                let Some(text) = text_of(element) else { continue };
                let before = texts.len();
                let shaped = self.parts(text).into_iter().filter_map(|part| self.shape(part, context).and_then(|text| fitting(text, col)));
                texts.extend(shaped);
                if texts.len() > before {
                    used.push(address(element));
                }
            }
        }
        Some(texts).filter(|texts| !texts.is_empty())
    }

    /// The parts of a text that is a list.
    fn parts<'v>(&self, text: Cow<'v, str>) -> Vec<Cow<'v, str>> {
        match (&self.split, text) {
            (Some(separator), Cow::Borrowed(text)) => text.split(separator.as_str()).map(|part| part.trim().into()).collect(),
            (Some(separator), Cow::Owned(text)) => text.split(separator.as_str()).map(|part| part.trim().to_owned().into()).collect(),
            (None, text) => vec![text],
        }
    }

    fn json(&self, context: Context<'_, '_>, used: &mut Used) -> Option<String> {
        if !self.applies(context) {
            return None;
        }
        match &self.from {
            From::Path(path) => {
                let value = path.find(context.root, used)?;
                used.push(address(value));
                to_json(value)
            }
            From::Each(path, members) => objects(path.as_ref(), members, context, used),
            From::Text(_) | From::Event | From::Join(..) => self.text(context, used).map(Cow::into_owned),
        }
    }
}

fn joined<'v>(paths: &[Path], between: &str, context: Context<'v, '_>, used: &mut Used) -> Option<Cow<'v, str>> {
    let mut joined = String::new();
    for path in paths {
        let Some(value) = path.find(context.root, used) else { continue };
        let Some(text) = text_of(value) else { continue };
        used.push(address(value));
        if !joined.is_empty() {
            joined.push_str(between);
        }
        joined.push_str(&text);
    }
    (!joined.is_empty()).then_some(Cow::Owned(joined))
}

fn objects(path: Option<&Path>, members: &[(String, Path)], context: Context<'_, '_>, used: &mut Used) -> Option<String> {
    let mut objects = Vec::new();
    let found = path.map_or_else(|| vec![context.root], |path| path.find_all(context.root, used));
    for element in found {
        let elements = match element {
            Value::Array(elements) => elements.iter().collect(),
            single => vec![single],
        };
        for element in elements {
            let mut object = serde_json::Map::new();
            for (name, path) in members {
                let Some(value) = path.find(element, used) else { continue };
                let Some(text) = text_of(value).filter(|text| !context.nothing.iter().any(|nothing| nothing.eq_ignore_ascii_case(text)))
                else {
                    continue;
                };
                used.push(address(value));
                member::put(&mut object, name, &text);
            }
            if !object.is_empty() {
                objects.push(serde_json::Value::Object(object));
            }
        }
    }
    (!objects.is_empty()).then(|| serde_json::Value::Array(objects).to_string())
}

/// A text that the column can hold: addresses are addresses (a port is taken off), and so are those of e-mail.
fn fitting(text: Cow<'_, str>, col: Col) -> Option<Cow<'_, str>> {
    match col.column().observable {
        Some(ObservableType::Ip) => Form::Ip.of(text),
        Some(ObservableType::EmailAddress) => Some(text).filter(|text| is_email_address(text)),
        _ => Some(text),
    }
}

/// A whole number, also if it is written with decimals that are zero.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    parse_long(text)
        .or_else(|| text.trim().parse::<f64>().ok().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|float| float as i64))
}

pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

//! What must be so: `path` (there is something), `!path` (nothing), `path = a|b*`, `path != a`, `path = {other path}`. `$event` stands
//! for the event's name.

use serde_json_borrow::Value;

use super::path::Path;
use super::pattern::Pattern;
use super::text::text_of;

/// One condition.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    subject: Subject,
    test: Test,
}

#[derive(Debug, Clone)]
enum Subject {
    Path(Path),
    Event,
}

#[derive(Debug, Clone)]
enum Test {
    There,
    NotThere,
    Is(Vec<Pattern>),
    IsNot(Vec<Pattern>),
    /// Both paths have the same text.
    SameAs(Path),
    NotSameAs(Path),
}

impl Condition {
    /// Reads a condition. An `=` inside brackets belongs to the path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let end_of_brackets = text.rfind(']').map_or(0, |end| end + 1);
        let (before, values) = match text[end_of_brackets..].find('=') {
            Some(place) => (&text[..end_of_brackets + place], Some(&text[end_of_brackets + place + 1..])),
            None => (text, None),
        };
        let other = values.and_then(|values| values.trim().strip_prefix('{')?.strip_suffix('}'));
        let other = other.map(Path::parse).transpose()?;
        let (path, test) = match (values, before.trim().strip_suffix('!'), before.trim().strip_prefix('!')) {
            (Some(values), Some(path), _) => (path, Test::IsNot(Pattern::parse_list(values))),
            (Some(values), None, _) => (before, Test::Is(Pattern::parse_list(values))),
            (None, _, Some(path)) => (path, Test::NotThere),
            (None, _, None) => (before, Test::There),
        };
        let test = match (other, test) {
            (Some(other), Test::Is(_)) => Test::SameAs(other),
            (Some(other), _) => Test::NotSameAs(other),
            (None, test) => test,
        };
        let subject = if path.trim() == "$event" { Subject::Event } else { Subject::Path(Path::parse(path)?) };
        Ok(Self { subject, test })
    }

    /// The path that is looked at.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.subject {
            Subject::Path(path) => Some(path),
            Subject::Event => None,
        }
    }

    /// True if it is so in a record whose event has this name.
    pub(super) fn holds(&self, root: &Value<'_>, event: &str) -> bool {
        let mut used = Vec::new();
        let found = match &self.subject {
            Subject::Path(path) => path.find(root, &mut used),
            Subject::Event => return self.test.of_text(Some(event).filter(|event| !event.is_empty()), root),
        };
        match &self.test {
            Test::There => found.is_some_and(is_something),
            Test::NotThere => !found.is_some_and(is_something),
            _ => self.test.of_text(found.and_then(text_of).as_deref(), root),
        }
    }
}

impl Test {
    fn of_text(&self, text: Option<&str>, root: &Value<'_>) -> bool {
        let is_one = |patterns: &[Pattern]| text.is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text)));
        let is_same = |other: &Path| other.find(root, &mut Vec::new()).and_then(text_of).as_deref() == text;
        match self {
            Self::There => text.is_some(),
            Self::NotThere => text.is_none(),
            Self::Is(patterns) => is_one(patterns),
            Self::IsNot(patterns) => !is_one(patterns),
            Self::SameAs(other) => is_same(other),
            Self::NotSameAs(other) => !is_same(other),
        }
    }
}

fn is_something(value: &Value<'_>) -> bool {
    !matches!(value, Value::Null) && !matches!(value, Value::Str(text) if text.is_empty())
}

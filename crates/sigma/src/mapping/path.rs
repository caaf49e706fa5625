use coldtrail_model::Col;
use serde_json_borrow::{ObjectAsVec, Value as Json};

/// Keys that lead from a JSON value to others inside it: `requestParameters.policyArn`, `Event.UserData.*`, `resources.0.ARN`.
///
/// Lists on the way are gone through element by element, unless a number says which; `[name=NEW_VALUE]` means those elements of a list
/// that have this value under this key. A key is found as it is written, or else in other
/// letters (`eventname`) or with blanks (`Threat Name` for `ThreatName`); keys that hold dots themselves are found too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path {
    keys: Vec<String>,
}

/// Where a field may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// In the record.
    Path(Path),
    /// One part of a list such as `SHA256=…,IMPHASH=…` in the record: `Hashes#IMPHASH`.
    Part(Path, String),
    /// The name of a file behind its folder, unless the folder's path has it already: `FolderPath \\ FileName`.
    File(Path, Path),
    /// In a column: `@metadata_event_code`.
    Column(Col),
    /// In two columns with a text between them, which is left out with the second where that is empty: `@http_request_url_path ? @…`.
    Joined(Col, String, Col),
}

/// A part of the record, or a document inside it: `message as json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) path: Path,
    pub(crate) form: ScopeForm,
}

/// What a scope is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeForm {
    /// An object.
    Object,
    /// Text that holds JSON.
    JsonText,
    /// Text that holds XML.
    XmlText,
}

impl Place {
    /// The place that a field's own name says.
    pub(crate) fn at(field: &str) -> Self {
        Self::Path(Path::read(field))
    }

    /// The columns that are read.
    pub(crate) fn columns(&self) -> Vec<Col> {
        match self {
            Self::Path(_) | Self::Part(..) | Self::File(..) => Vec::new(),
            Self::Column(column) => vec![*column],
            Self::Joined(first, _, second) => vec![*first, *second],
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let column = |name: &str| Col::from_name(name).ok_or_else(|| format!("there is no column {name}"));
        if let Some(names) = text.strip_prefix('@') {
            return match names.split_once(" @").map(|(left, second)| (left.split_once(' '), second)) {
                Some((Some((first, between)), second)) => Ok(Self::Joined(column(first)?, between.to_owned(), column(second)?)),
                _ => column(names).map(Self::Column),
            };
        }
        if let Some((folder, name)) = text.split_once(" \\ ") {
            return Ok(Self::File(Path::read(folder), Path::read(name)));
        }
        Ok(match text.rsplit_once('#') {
            Some((path, part)) if !path.ends_with('.') => Self::Part(Path::read(path), part.to_owned()),
            _ => Self::at(text),
        })
    }
}

impl Scope {
    pub(crate) fn read(text: &str) -> Self {
        let (path, form) = match (text.strip_suffix(" as json"), text.strip_suffix(" as xml")) {
            (Some(path), _) => (path, ScopeForm::JsonText),
            (_, Some(path)) => (path, ScopeForm::XmlText),
            (None, None) => (text, ScopeForm::Object),
        };
        Self { path: Path::read(path), form }
    }
}

impl Path {
    /// Reads keys joined by dots; `.` alone is the value itself.
    pub(crate) fn read(text: &str) -> Self {
        if text == "." {
            return Self { keys: Vec::new() };
        }
        Self { keys: text.split('.').map(str::to_owned).collect() }
    }

    /// Adds what is found under the path.
    pub(crate) fn find<'v, 'r>(&self, value: &'v Json<'r>, found: &mut Vec<&'v Json<'r>>) {
        find(value, &self.keys, found);
    }
}

fn find<'v, 'r>(value: &'v Json<'r>, keys: &[String], found: &mut Vec<&'v Json<'r>>) {
    let Some((key, rest)) = keys.split_first() else { return found.push(value) };
    match value {
        Json::Object(members) if key == "*" => members.iter().for_each(|(_, member)| find(member, rest, found)),
        Json::Object(members) => find_member(members, keys, found),
        Json::Array(elements) if key.starts_with('[') => {
            elements.iter().filter(|element| is_named(element, key)).for_each(|element| find(element, rest, found));
        }
        Json::Array(elements) => match key.parse::<usize>() {
            Ok(position) => {
                if let Some(element) = elements.get(position) {
                    find(element, rest, found);
                }
            }
            Err(_) => elements.iter().for_each(|element| find(element, keys, found)),
        },
        _ => {}
    }
}

/// True for `{"name": "NEW_VALUE", …}` and `[name=NEW_VALUE]`.
fn is_named(element: &Json<'_>, key: &str) -> bool {
    let wanted = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).and_then(|key| key.split_once('='));
    match (element, wanted) {
        (Json::Object(members), Some((name, value))) => member(members, name).and_then(Json::as_str) == Some(value),
        _ => false,
    }
}

/// Looks for the first key, and then for keys that hold dots: `authorization.k8s.io/decision`.
fn find_member<'v, 'r>(members: &'v ObjectAsVec<'r>, keys: &[String], found: &mut Vec<&'v Json<'r>>) {
    let already = found.len();
    if let Some(member) = member(members, &keys[0]) {
        find(member, &keys[1..], found);
    }
    if found.len() > already || keys.len() == 1 || !members.keys().any(|key| key.contains('.')) {
        return;
    }
    for length in (2..=keys.len()).rev() {
        if let Some(member) = member(members, &keys[..length].join(".")) {
            find(member, &keys[length..], found);
        }
        if found.len() > already {
            return;
        }
    }
}

/// The member of a key, as it is written, or else in other letters, or with the blanks that Sigma's names leave out.
fn member<'v, 'r>(members: &'v ObjectAsVec<'r>, key: &str) -> Option<&'v Json<'r>> {
    members.get(key).or_else(|| members.iter().find(|(name, _)| is_same_name(name, key)).map(|(_, value)| value))
}

fn is_same_name(name: &str, wanted: &str) -> bool {
    if name.len() < wanted.len()
        || !name.bytes().next().is_some_and(|first| wanted.as_bytes().first().is_some_and(|it| it.eq_ignore_ascii_case(&first)))
    {
        return false;
    }
    let mut wanted = wanted.bytes();
    name.bytes().filter(|byte| *byte != b' ').all(|byte| wanted.next().is_some_and(|it| it.eq_ignore_ascii_case(&byte)))
        && wanted.next().is_none()
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yaml_serde::Value;

use crate::compile::Placeholders;
use crate::error::Error;

/// Everything that a set of rules is made of: files with rules, correlations and filters, and the values of placeholders.
///
/// Kept and sent as JSON, so that whoever goes on with a run, or repeats it, has all of it:
///
/// ```json
/// [{"path": "rules/logon.yml", "text": "title: …"}, {"path": "values.yml", "placeholders": {"Servers": ["srv1", "srv2"]}}]
/// ```
///
/// This form is frozen: what a member does not have today comes as another kind of member. One file of YAML alone is a set, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles {
    /// The files: their names, for messages, and their texts.
    pub files: Vec<(String, String)>,
    /// The values of placeholders such as `%Servers%`.
    pub placeholders: Placeholders,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Member {
    File(File),
    Values(Values),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    text: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    path: String,
    placeholders: Placeholders,
}

impl RuleFiles {
    /// Reads a set as it was kept. `name` is what one file of YAML is called.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let not_a_set = |reason: String| Error::NotARuleSet { reason };
        let text = std::str::from_utf8(bytes).map_err(|error| not_a_set(format!("{name} is not text: {error}")))?;
        if !text.trim_start().starts_with('[') {
            return Ok(Self { files: vec![(name.to_owned(), text.to_owned())], placeholders: Placeholders::new() });
        }
        let members: Vec<Member> = serde_json::from_str(text).map_err(|error| not_a_set(format!("{name}: {error}")))?;
        let mut all = Self::default();
        for member in members {
            match member {
                Member::File(File { path, text }) => all.files.push((path, text)),
                Member::Values(Values { path, placeholders }) => all.add_placeholders(&path, placeholders)?,
            }
        }
        Ok(all)
    }

    /// The set as it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let files = self.files.iter().map(|(path, text)| Member::File(File { path: path.clone(), text: text.clone() }));
        let values = (!self.placeholders.is_empty())
            .then(|| Member::Values(Values { path: "placeholders".to_owned(), placeholders: self.placeholders.clone() }));
        serde_json::to_vec(&files.chain(values).collect::<Vec<_>>()).unwrap_or_default()
    }

    /// Adds the values of placeholders. A name that has values already is an error: which of them were meant is not known.
    pub fn add_placeholders(&mut self, file: &str, placeholders: Placeholders) -> Result<(), Error> {
        for (name, values) in placeholders {
            if self.placeholders.contains_key(&name) {
                return Err(bad_values(file, format!("the placeholder {name} has values already")));
            }
            self.placeholders.insert(name, values);
        }
        Ok(())
    }
}

/// Reads the values of placeholders from YAML or JSON: for each name a value, or a list of them. `file` is the file's name, for messages.
///
/// ```yaml
/// Servers: [srv1, 'srv2*']
/// Domain: example.com
/// ```
pub fn read_placeholders(file: &str, text: &str) -> Result<Placeholders, Error> {
    let members: BTreeMap<String, Value> = yaml_serde::from_str(text).map_err(|error| bad_values(file, error.to_string()))?;
    let mut placeholders = Placeholders::new();
    for (name, value) in members {
        let values = match value {
            Value::Sequence(values) => values.iter().map(value_of).collect::<Option<Vec<String>>>(),
            single => value_of(&single).map(|value| vec![value]),
        };
        let values = values.filter(|values| !values.is_empty());
        let values = values.ok_or_else(|| bad_values(file, format!("the placeholder {name} needs a text, a number, or a list of them")))?;
        placeholders.insert(name.trim_matches('%').to_owned(), values);
    }
    Ok(placeholders)
}

fn value_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn bad_values(file: &str, reason: String) -> Error {
    Error::Placeholders { file: file.to_owned(), reason }
}

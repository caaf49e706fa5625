use yaml_serde::{Mapping, Value};

use crate::detection::Detection;
use crate::fault::{Fault, kind_of};
use crate::filter::Filter;
use crate::logsource::Logsource;

/// A Sigma rule: <https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-rules-specification.md>.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it says of itself.
    pub about: About,
    /// Which logs it is about.
    pub logsource: Logsource,
    /// The fields that its author would show with a match.
    pub fields: Vec<String>,
    pub(crate) detection: Detection,
    pub(crate) filters: Vec<Filter>,
    pub(crate) document: Value,
}

/// What rules, correlations and filters say of themselves.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The name of the file.
    pub file: String,
    /// The line of the file that the document begins at, from 1.
    pub line: usize,
    /// What it is called.
    pub title: String,
    /// A globally unique id, if it has one.
    pub id: Option<String>,
    /// The name by which correlations refer to it.
    pub name: Option<String>,
    /// How mature it is: `stable`, `test`, `experimental`, `deprecated`, `unsupported`.
    pub status: Option<String>,
    /// How severe a match is: `informational`, `low`, `medium`, `high`, `critical`.
    pub level: Option<String>,
    /// What it finds.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Tags such as `attack.t1059.001`.
    pub tags: Vec<String>,
    /// What it was derived from.
    pub references: Vec<String>,
    /// What else may look like this.
    pub false_positives: Vec<String>,
}

impl About {
    /// The id, or the title where there is none.
    pub fn key(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.title)
    }

    /// True if a reference, by id or by name, means this document.
    pub fn is_called(&self, reference: &str) -> bool {
        self.id.as_deref() == Some(reference) || self.name.as_deref() == Some(reference)
    }

    pub(crate) fn read(members: &Mapping) -> Result<Self, Fault> {
        let title = text(members, "title")?.filter(|title| !title.trim().is_empty());
        Ok(Self {
            title: title.ok_or_else(|| Fault::new("there is no title"))?,
            id: text(members, "id")?,
            name: text(members, "name")?,
            status: text(members, "status")?,
            level: level(members)?,
            description: text(members, "description")?,
            author: text(members, "author")?,
            tags: texts(members, "tags")?,
            references: texts(members, "references")?,
            false_positives: texts(members, "falsepositives")?,
            ..Self::default()
        })
    }
}

impl Rule {
    pub(crate) fn read(document: &Value) -> Result<Self, Fault> {
        let members = document.as_mapping().ok_or_else(|| Fault::new(format!("a rule is {}, not a map", kind_of(document))))?;
        let about = About::read(members)?;
        let logsource = members.get("logsource").ok_or_else(|| Fault::new("there is no logsource"))?;
        let detection = members.get("detection").ok_or_else(|| Fault::new("there is no detection"))?;
        if let Some(taxonomy) = text(members, "taxonomy")?.filter(|taxonomy| taxonomy != "sigma") {
            return Err(Fault::new(format!("the taxonomy {taxonomy:?} is not known")).member("taxonomy"));
        }
        Ok(Self {
            about,
            logsource: Logsource::read(logsource).map_err(|fault| fault.member("logsource"))?,
            fields: texts(members, "fields")?,
            detection: Detection::read(detection, &["timeframe"]).map_err(|fault| fault.member("detection"))?,
            filters: Vec::new(),
            document: document.clone(),
        })
    }

    /// The rule as one YAML document, with what `action: global` and `action: repeat` brought to it; without its filters.
    pub fn yaml(&self) -> String {
        yaml_serde::to_string(&self.document).unwrap_or_default()
    }

    /// The filters that were applied to it, in order.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }
}

/// A member that is a text; dates and numbers are texts too.
pub(crate) fn text(members: &Mapping, key: &str) -> Result<Option<String>, Fault> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(Fault::new(format!("the {key} is {}, not a text", kind_of(other))).member(key)),
    }
}

/// A member that is a list of texts, or one.
pub(crate) fn texts(members: &Mapping, key: &str) -> Result<Vec<String>, Fault> {
    let wrong = |other: &Value| Fault::new(format!("{key} holds {}, where texts should be", kind_of(other))).member(key);
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(wrong(other)),
    };
    match members.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Sequence(values)) => values.iter().map(one).collect(),
        Some(value) => one(value).map(|text| vec![text]),
    }
}

const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

fn level(members: &Mapping) -> Result<Option<String>, Fault> {
    let level = text(members, "level")?.map(|level| level.to_lowercase());
    match level.as_deref() {
        Some(other) if !LEVELS.contains(&other) => {
            Err(Fault::new(format!("the level {other:?} is none of {}", LEVELS.join(", "))).member("level"))
        }
        _ => Ok(level),
    }
}

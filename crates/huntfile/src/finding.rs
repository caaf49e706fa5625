use crate::reader::{Fields, Notes, Placed};
use crate::title::Title;

/// How rows become findings. A row's time is in its columns `first_seen` and `last_seen`, or `time`.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRule {
    /// The title of a finding.
    pub title: Title,
    /// Columns: rows that agree in all of them are one finding. If empty, each row is one.
    pub dedupe: Vec<String>,
    /// Columns that name who or what it happened to.
    pub entities: Vec<String>,
    /// Columns whose values can be looked for elsewhere.
    pub observables: Vec<String>,
    /// How many rows make a finding.
    pub threshold: u64,
}

impl FindingRule {
    /// `title` is the query's; `fields` are those of the query.
    pub(crate) fn parse(fields: &Fields<'_>, title: &str) -> Self {
        let plain = Self { title: Title::plain(title), dedupe: vec![], entities: vec![], observables: vec![], threshold: 1 };
        let Some(finding) = fields.node("finding").and_then(|_| fields.fields("finding")) else { return plain };
        let columns = |key: &str| finding.texts(key, is_column).into_iter().map(|text| text.value).collect();
        Self {
            title: finding.text("title").and_then(|text| title_of(&text, fields.notes())).unwrap_or(plain.title),
            dedupe: columns("dedupe"),
            entities: columns("entities"),
            observables: columns("observables"),
            threshold: finding.count("threshold", 1).unwrap_or(1),
        }
    }

    /// Every column that a row must have.
    pub fn columns(&self) -> Vec<&str> {
        let named = self.title.columns().into_iter();
        let listed = [&self.dedupe, &self.entities, &self.observables].into_iter().flatten().map(String::as_str);
        let mut columns: Vec<&str> = named.chain(listed).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

fn title_of(text: &Placed<String>, notes: &Notes) -> Option<Title> {
    Title::read(&text.value).map_err(|message| notes.add(text.place, &text.path, message)).ok()
}

fn is_column(name: &str) -> Result<(), String> {
    let is_column = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_column { Ok(()) } else { Err(format!("{name:?} is not the name of a column of the result")) }
}

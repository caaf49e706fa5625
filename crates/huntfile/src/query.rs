use std::fmt;

use crate::finding::FindingRule;
use crate::keys::Form;
use crate::problem::Place;
use crate::reader::{Fields, Notes, Placed};
use crate::template::Template;
use crate::yaml::{Kind, Node};

/// How severe a finding is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Informational,
    /// Of little consequence.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
    /// Somebody is at work.
    Critical,
}

impl Severity {
    const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in hunt files.
    pub fn name(self) -> &'static str {
        crate::keys::SEVERITIES[self as usize]
    }

    /// OCSF's `severity_id`: 1 to 5.
    pub fn id(self) -> i32 {
        self as i32 + 1
    }

    /// The severity of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the rows of a query are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// No rows are expected: rows become findings.
    None,
    /// Rows are for a person to look at; none becomes a finding by itself.
    Review,
    /// What counts is how many there are: all rows together are one finding if there are as many as its threshold.
    Count,
}

impl Expect {
    /// The name in hunt files.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Review => "review",
            Self::Count => "count",
        }
    }
}

/// What is asked, before parameters have values.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A statement of SQL, as it stands in the file.
    Sql(String),
    /// A Sigma rule.
    Sigma(SigmaRule),
    /// Every observable against indicators.
    Sweep(Indicators),
}

/// Where a Sigma rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigmaRule {
    /// The YAML of the rule.
    Text(String),
    /// A file, relative to the hunt file.
    File(String),
}

/// Where indicators are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indicators {
    /// A feed that the server keeps.
    Feed(String),
    /// A file, relative to the hunt file.
    File(String),
}

/// A query of a hunt.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its name for machines.
    pub id: String,
    /// Its name for people; the hunt's title unless it has one of its own.
    pub title: String,
    /// What is asked.
    pub question: Question,
    /// How rows are judged.
    pub expect: Expect,
    /// How severe a finding is.
    pub severity: Severity,
    /// How rows become findings.
    pub finding: FindingRule,
    /// Where it stands.
    pub place: Place,
    pub(crate) template: Option<Template>,
    /// The uses of parameters, with places.
    pub(crate) uses: Vec<Use>,
}

/// A use of a parameter in the SQL of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) path: String,
    pub(crate) is_in_parentheses: bool,
}

impl Query {
    /// `title` and `severity` are the hunt's; `text` is the whole file.
    pub(crate) fn parse(node: &Node, form: &'static Form, path: &str, notes: &Notes, hunt: &Defaults<'_>) -> Option<Self> {
        let fields = Fields::read(node, form, path, notes)?;
        let (question, template, uses) = question_of(&fields, hunt.text)?;
        let title = fields.text("title").map_or_else(|| hunt.title.to_owned(), |title| one_line(title, notes));
        let expect = match fields.choice("expect").as_deref() {
            Some("review") => Expect::Review,
            Some("count") => Expect::Count,
            _ => Expect::None,
        };
        let severity = fields.choice("severity").and_then(|name| Severity::by_name(&name)).unwrap_or(hunt.severity);
        let finding = FindingRule::parse(&fields, &title);
        Some(Self { id: fields.id("id")?, title, question, expect, severity, finding, place: node.place, template, uses })
    }
}

/// What a query has from its hunt.
pub(crate) struct Defaults<'a> {
    pub(crate) title: &'a str,
    pub(crate) severity: Severity,
    pub(crate) text: &'a str,
}

type Asked = (Question, Option<Template>, Vec<Use>);

fn question_of(fields: &Fields<'_>, text: &str) -> Option<Asked> {
    let there: Vec<&str> = ["sql", "sigma", "sweep"].into_iter().filter(|key| fields.node(key).is_some()).collect();
    match there.as_slice() {
        ["sql"] => sql_of(fields, text),
        ["sigma"] => Some((Question::Sigma(sigma_of(fields, text)?), None, Vec::new())),
        ["sweep"] => Some((Question::Sweep(indicators_of(fields)?), None, Vec::new())),
        [] => {
            fields.note("a query must have one of \"sql\", \"sigma\" and \"sweep\"");
            None
        }
        several => {
            fields.note(format!("a query is one thing only, but this one has {}", several.join(" and ")));
            None
        }
    }
}

fn sql_of(fields: &Fields<'_>, text: &str) -> Option<Asked> {
    let sql = fields.text("sql")?;
    let (template, faults) = Template::read(&sql.value);
    let place = |offset: usize| place_in(fields, &sql, offset, text);
    for (offset, message) in faults {
        fields.notes().add(place(offset), &sql.path, message);
    }
    let uses = template.parameters().map(|(name, offset)| Use {
        name: name.to_owned(),
        place: place(offset),
        path: sql.path.clone(),
        is_in_parentheses: Template::stands_in_parentheses(&sql.value, offset),
    });
    let uses = uses.collect();
    Some((Question::Sql(sql.value), Some(template), uses))
}

/// Where an offset of a text stands in the file.
fn place_in(fields: &Fields<'_>, text: &Placed<String>, offset: usize, file: &str) -> Place {
    let before = &text.value[..offset];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    place_of_line(fields, "sql", text, (before.matches('\n').count(), column), file)
}

/// Where a line and column of a text, both counted from 0, stand in the file. Only a block (`|`) keeps its lines; elsewhere it is the
/// beginning of the text.
fn place_of_line(fields: &Fields<'_>, key: &str, text: &Placed<String>, (line_index, column): (usize, usize), file: &str) -> Place {
    if !fields.scalar(key).is_some_and(|scalar| scalar.is_literal) {
        return text.place;
    }
    // The place of a block is its first line that is not empty.
    let empty_lines = text.value.chars().take_while(|c| *c == '\n').count();
    let line = (text.place.line + line_index).saturating_sub(empty_lines).max(1);
    let length = |text: Option<&str>| text.unwrap_or_default().trim_end().chars().count();
    let indent = length(file.lines().nth(line - 1)).saturating_sub(length(text.value.lines().nth(line_index)));
    Place { line, column: indent + column + 1 }
}

fn sigma_of(fields: &Fields<'_>, file: &str) -> Option<SigmaRule> {
    match &fields.node("sigma")?.kind {
        Kind::Scalar(_) => {
            let text = fields.text("sigma")?;
            check_rule(fields, &text, file);
            Some(SigmaRule::Text(text.value))
        }
        _ => file_of(&fields.fields("sigma")?).map(SigmaRule::File),
    }
}

/// Whether a rule can be read. Whether it can be evaluated depends on the mappings, and is said when it is compiled.
fn check_rule(fields: &Fields<'_>, text: &Placed<String>, file: &str) {
    let parsed = coldtrail_sigma::parse("sigma", &text.value);
    for problem in &parsed.problems {
        let at = (problem.line.saturating_sub(1), problem.column.saturating_sub(1));
        fields.notes().add(place_of_line(fields, "sigma", text, at, file), &text.path, problem.message.clone());
    }
    if parsed.problems.is_empty() && parsed.rules().next().is_none() {
        fields.notes().add(text.place, &text.path, "there is no Sigma rule here");
    }
}

fn indicators_of(fields: &Fields<'_>) -> Option<Indicators> {
    let sweep = fields.fields("sweep")?;
    match (sweep.node("feed").is_some(), sweep.node("file").is_some()) {
        (true, false) => sweep.id("feed").map(Indicators::Feed),
        (false, true) => file_of(&sweep).map(Indicators::File),
        _ => {
            sweep.note("a sweep has exactly one of \"feed\" and \"file\"");
            None
        }
    }
}

/// A path below the folder of the hunt file.
fn file_of(fields: &Fields<'_>) -> Option<String> {
    let path = fields.text("file")?;
    let is_below = path.value.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.value.contains(['\\', ':']);
    if !is_below {
        let message = format!("{:?} must be a path below the folder of the hunt file, such as rules/logon.yml", path.value);
        fields.notes().add(path.place, &path.path, message);
    }
    is_below.then_some(path.value)
}

/// A title, which must be one line.
pub(crate) fn one_line(text: Placed<String>, notes: &Notes) -> String {
    let title = text.value.trim().to_owned();
    if title.contains('\n') || title.chars().count() > 200 {
        notes.add(text.place, &text.path, "a title is one line of at most 200 characters");
    }
    title
}

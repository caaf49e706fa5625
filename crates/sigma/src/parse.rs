use yaml_serde::{Mapping, Value};

use crate::correlation::Correlation;
use crate::error::Problem;
use crate::fault::{Fault, kind_of};
use crate::filter::Filter;
use crate::locate::locate;
use crate::rule::{About, Rule, text};

/// A document of a file of rules.
#[derive(Debug, Clone)]
pub enum Document {
    /// A rule.
    Rule(Box<Rule>),
    /// A correlation of what rules match.
    Correlation(Box<Correlation>),
    /// A filter for rules.
    Filter(Box<Filter>),
}

/// What a file of rules holds, and what of it cannot be used.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The documents that can be used, in order.
    pub documents: Vec<Document>,
    /// One for each document that cannot.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// The rules.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.documents.iter().filter_map(|document| if let Document::Rule(rule) = document { Some(&**rule) } else { None })
    }

    /// The correlations.
    pub fn correlations(&self) -> impl Iterator<Item = &Correlation> {
        self.documents.iter().filter_map(|document| if let Document::Correlation(one) = document { Some(&**one) } else { None })
    }

    /// The filters.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.documents.iter().filter_map(|document| if let Document::Filter(filter) = document { Some(&**filter) } else { None })
    }
}

/// Reads the documents of one file: rules, correlations and filters, separated by `---`. `action: global`, `reset` and `repeat` work as
/// in Sigma's collections. What cannot be used is a [`Problem`] and does not affect the rest. `name` is the file's, for messages.
pub fn parse(name: &str, yaml: &str) -> Parsed {
    let mut reader = Reader { name, global: None, previous: None, parsed: Parsed::default() };
    for chunk in chunks_of(yaml.trim_start_matches('\u{feff}')) {
        reader.read(chunk);
    }
    reader.parsed
}

/// One document's text and the line (from 0) that it begins at.
#[derive(Debug, Clone, Copy)]
struct Chunk<'y> {
    text: &'y str,
    first_line: usize,
}

/// Cuts at `---` at the beginning of a line, which YAML has no other meaning for.
fn chunks_of(yaml: &str) -> Vec<Chunk<'_>> {
    let (mut chunks, mut start, mut first_line) = (Vec::new(), 0, 0);
    let mut offset = 0;
    for (number, line) in yaml.split_inclusive('\n').enumerate() {
        let is_marker = line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_marker {
            chunks.push(Chunk { text: &yaml[start..offset], first_line });
            (start, first_line) = (offset + "---".len(), number);
        }
        offset += line.len();
    }
    chunks.push(Chunk { text: &yaml[start..], first_line });
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%');
    chunks.retain(|chunk| !chunk.text.lines().all(is_blank));
    chunks
}

impl Chunk<'_> {
    /// The line of the file, from 1, that the document's content begins at.
    fn line(&self) -> usize {
        let is_blank = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
        self.first_line + 1 + self.text.lines().take_while(is_blank).count()
    }
}

struct Reader<'n, 'y> {
    name: &'n str,
    global: Option<(Value, Chunk<'y>)>,
    previous: Option<Value>,
    parsed: Parsed,
}

impl<'y> Reader<'_, 'y> {
    fn read(&mut self, chunk: Chunk<'y>) {
        let document = match yaml_serde::from_str::<Value>(chunk.text) {
            Ok(Value::Null) => return,
            Ok(document) => document,
            Err(error) => {
                let place = error.location().map_or((1, 1), |place| (place.line(), place.column()));
                let message = format!("not YAML: {error}");
                return self.parsed.problems.push(self.problem(None, chunk, place, message));
            }
        };
        let rule = document.as_mapping().and_then(rule_key);
        if let Err(fault) = self.place(document, chunk) {
            let place = locate(chunk.text, &fault.path);
            let (chunk, place) = match (&self.global, place) {
                (Some((_, global)), Some((1, 1)) | None) if !fault.path.is_empty() => {
                    locate(global.text, &fault.path).map_or((chunk, (1, 1)), |place| (*global, place))
                }
                (_, place) => (chunk, place.unwrap_or((1, 1))),
            };
            let problem = self.problem(rule, chunk, place, fault.message);
            self.parsed.problems.push(problem);
        }
    }

    fn problem(&self, rule: Option<String>, chunk: Chunk<'_>, (line, column): (usize, usize), message: String) -> Problem {
        let line = if line == 1 { chunk.line() } else { chunk.first_line + line };
        Problem { file: self.name.to_owned(), line, column, rule, message }
    }

    fn place(&mut self, document: Value, chunk: Chunk<'y>) -> Result<(), Fault> {
        let Value::Mapping(members) = &document else {
            return Err(Fault::new(format!("the document is {}, not a map", kind_of(&document))));
        };
        let action = match members.get("action") {
            None => None,
            Some(Value::String(action)) => Some(action.clone()),
            Some(other) => return Err(Fault::new(format!("the action is {}, not a text", kind_of(other))).member("action")),
        };
        let read = match action.as_deref() {
            Some("global") => {
                let template = without_action(document);
                self.previous = Some(template.clone());
                self.global = Some((template, chunk));
                return Ok(());
            }
            Some("reset") => {
                self.global = None;
                return Ok(());
            }
            Some("repeat") => {
                let previous = self.previous.take().ok_or_else(|| Fault::new("there is nothing to repeat").member("action"))?;
                let merged = merged(previous, without_action(document));
                self.previous = Some(merged.clone());
                Rule::read(&merged).map(|rule| Document::Rule(Box::new(rule)))
            }
            Some(other) => return Err(Fault::new(format!("there is no action {other:?}")).member("action")),
            None if members.contains_key("correlation") => Correlation::read(&document).map(|it| Document::Correlation(Box::new(it))),
            None if members.contains_key("filter") => Filter::read(&document).map(|it| Document::Filter(Box::new(it))),
            None => {
                let merged = match &self.global {
                    Some((global, _)) => merged(document, global.clone()),
                    None => document,
                };
                self.previous = Some(merged.clone());
                Rule::read(&merged).map(|rule| Document::Rule(Box::new(rule)))
            }
        };
        let mut document = read?;
        let about = about_of(&mut document);
        about.file = self.name.to_owned();
        about.line = chunk.line();
        self.parsed.documents.push(document);
        Ok(())
    }
}

fn about_of(document: &mut Document) -> &mut About {
    match document {
        Document::Rule(rule) => &mut rule.about,
        Document::Correlation(correlation) => &mut correlation.about,
        Document::Filter(filter) => &mut filter.about,
    }
}

fn rule_key(members: &Mapping) -> Option<String> {
    let text = |key: &str| text(members, key).ok().flatten();
    text("id").or_else(|| text("title"))
}

fn without_action(document: Value) -> Value {
    match document {
        Value::Mapping(mut members) => {
            members.remove("action");
            Value::Mapping(members)
        }
        other => other,
    }
}

/// Members of `over` win, and maps are merged member by member.
fn merged(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Mapping(mut under), Value::Mapping(over)) => {
            for (key, value) in over {
                let value = match under.remove(&key) {
                    Some(existing) => merged(existing, value),
                    None => value,
                };
                under.insert(key, value);
            }
            Value::Mapping(under)
        }
        (_, over) => over,
    }
}

use std::collections::BTreeMap;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::duration::Duration;
use crate::keys::HUNT;
use crate::parameter::{Parameter, ParameterType, RESERVED};
use crate::problem::{Problem, Problems, did_you_mean};
use crate::query::{Defaults, Query, Severity, one_line};
use crate::reader::{Fields, Notes, Placed};
use crate::schedule::Schedule;
use crate::yaml::{self, Kind, Node};

/// How far back a hunt looks that does not say.
const LOOKBACK: Duration = Duration::from_days(90);

/// How far a hunt can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// An idea; it may have no queries yet.
    Draft,
    /// It runs; what it finds is not yet known.
    Experimental,
    /// It is being tried on real data.
    Test,
    /// It finds what it should, and little else.
    Stable,
    /// It is kept for the record.
    Deprecated,
}

impl Status {
    const ALL: [Self; 5] = [Self::Draft, Self::Experimental, Self::Test, Self::Stable, Self::Deprecated];

    /// The name in hunt files.
    pub fn name(self) -> &'static str {
        crate::keys::STATUSES[self as usize]
    }
}

/// A hunt file that was read and checked.
///
/// What the file says that a machine needs, and the text itself: [`Hunt::sha256`] is what `sha256sum` says of the file, so that a run
/// can name the very hunt it ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunt {
    /// Its name for machines; it never changes.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What an adversary would have done, and why the queries would show it.
    pub hypothesis: String,
    /// How far it can be relied on.
    pub status: Status,
    /// How severe a finding is, unless its query says otherwise.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: Option<String>,
    /// ATT&CK tactics: `initial-access` or `TA0001`.
    pub tactics: Vec<String>,
    /// ATT&CK techniques: `T1110.003`.
    pub techniques: Vec<String>,
    /// Log sources that must be in the lake.
    pub sources: Vec<String>,
    /// Tables that the queries read.
    pub tables: Vec<String>,
    /// How far back it looks.
    pub lookback: Duration,
    /// What can be set for each run, in the order of the file.
    pub parameters: Vec<Parameter>,
    /// The queries; only a draft may have none.
    pub queries: Vec<Query>,
    /// What looks the same and is harmless.
    pub false_positive_notes: Option<String>,
    /// When it runs by itself.
    pub schedule: Option<Schedule>,
    /// Where one can read more.
    pub references: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    name: String,
    text: String,
}

impl Hunt {
    /// Reads a hunt file. `name` is what problems call it, such as its path.
    ///
    /// # Errors
    ///
    /// Every problem of the file with its line and column, not only the first; where the text is no YAML, the first only.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let notes = Notes::default();
        let read = yaml::read(text, &mut notes.0.borrow_mut());
        let root = match read {
            Ok(root) => root,
            Err(problem) => {
                notes.0.borrow_mut().push(problem);
                return Err(Problems::new(name, notes.0.into_inner()));
            }
        };
        let hunt = Fields::read(&root, &HUNT, "", &notes).and_then(|fields| Self::of_fields(&fields, name, text));
        let problems = notes.0.into_inner();
        match hunt {
            Some(hunt) if problems.is_empty() => Ok(hunt),
            _ if problems.is_empty() => Err(Problems::one(name, None, "", "the file could not be read")),
            _ => Err(Problems::new(name, problems)),
        }
    }

    /// The name it was read under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the file's bytes, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }

    /// The name under which the rules or the feed of a query are kept that come with the hunt.
    pub fn attachment(&self, query: &str) -> String {
        format!("{}.{query}", self.id)
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// What is noted does not end the reading, so that one pass finds everything.
    fn of_fields(fields: &Fields<'_>, name: &str, text: &str) -> Option<Self> {
        check_version(fields);
        let notes = fields.notes();
        let title = fields.text("title").map(|title| one_line(title, notes));
        let severity = fields.choice("severity").and_then(|name| Severity::by_name(&name)).unwrap_or(Severity::Medium);
        let parameters = parameters_of(fields);
        let queries = queries_of(fields, &Defaults { title: title.as_deref().unwrap_or_default(), severity, text });
        check_uses(fields, &parameters, &queries);
        let status = status_of(fields);
        let (tactics, techniques) = attack_of(fields);
        let (sources, tables) = data_of(fields);
        if status != Status::Draft {
            check_whole(fields);
        }
        let id = fields.id("id");
        let hypothesis = fields.text("hypothesis").map(|text| text.value);
        let hunt = Self {
            id: id.unwrap_or_default(),
            title: title.unwrap_or_default(),
            hypothesis: hypothesis.unwrap_or_default(),
            status,
            severity,
            owner: fields.text("owner").map(|text| text.value),
            tactics,
            techniques,
            sources,
            tables,
            lookback: lookback_of(fields),
            parameters,
            queries,
            false_positive_notes: fields.text("false_positive_notes").map(|text| text.value),
            schedule: fields.node("schedule").and_then(|_| fields.fields("schedule")).and_then(|fields| Schedule::parse(&fields)),
            references: values(fields.texts("references", |_| Ok(()))),
            tags: values(fields.texts("tags", is_tag)),
            name: name.to_owned(),
            text: text.to_owned(),
        };
        Some(hunt)
    }
}

fn values(texts: Vec<Placed<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn check_version(fields: &Fields<'_>) {
    if let Some(version) = fields.text("version").filter(|version| version.value != "1") {
        let message = format!("version {} of the format is not known; this reader knows version 1", version.value);
        fields.notes().add(version.place, &version.path, message);
    }
}

fn status_of(fields: &Fields<'_>) -> Status {
    let name = fields.choice("status");
    Status::ALL.into_iter().find(|status| Some(status.name()) == name.as_deref()).unwrap_or(Status::Experimental)
}

/// What only a draft may leave open.
fn check_whole(fields: &Fields<'_>) {
    let is_empty = |node: Option<&Node>| matches!(node.map(|node| &node.kind), Some(Kind::List(nodes)) if nodes.is_empty());
    if is_empty(fields.node("queries")) {
        fields.note("a hunt without queries must have the status \"draft\"");
    }
    if fields.node("data").and_then(|_| fields.fields("data")).is_some_and(|data| is_empty(data.node("tables"))) {
        fields.note("only a hunt with the status \"draft\" may name no table in data.tables");
    }
}

fn lookback_of(fields: &Fields<'_>) -> Duration {
    let Some(text) = fields.node("window").and_then(|_| fields.fields("window")).and_then(|window| window.text("lookback")) else {
        return LOOKBACK;
    };
    match Duration::from_str(&text.value) {
        Ok(lookback) if lookback.as_ms() > 0 => return lookback,
        Ok(_) => fields.notes().add(text.place, &text.path, "a hunt must look back some time"),
        Err(error) => fields.notes().add(text.place, &text.path, error.to_string()),
    }
    LOOKBACK
}

fn attack_of(fields: &Fields<'_>) -> (Vec<String>, Vec<String>) {
    let Some(attack) = fields.node("attack").and_then(|_| fields.fields("attack")) else { return Default::default() };
    (values(attack.texts("tactics", is_tactic)), values(attack.texts("techniques", is_technique)))
}

fn data_of(fields: &Fields<'_>) -> (Vec<String>, Vec<String>) {
    let Some(data) = fields.node("data").and_then(|_| fields.fields("data")) else { return Default::default() };
    (values(data.texts("sources", is_source)), values(data.texts("tables", is_table)))
}

fn parameters_of(fields: &Fields<'_>) -> Vec<Parameter> {
    let Some(form) = fields.form_of("parameters") else { return Vec::new() };
    let named = fields.named("parameters");
    named.iter().filter_map(|(entry, path)| Parameter::parse(entry, form, path, fields.notes())).collect()
}

fn queries_of(fields: &Fields<'_>, defaults: &Defaults<'_>) -> Vec<Query> {
    let Some(form) = fields.form_of("queries") else { return Vec::new() };
    let nodes = fields.node("queries").and_then(|_| fields.nodes("queries")).unwrap_or_default();
    let queries: Vec<Query> = nodes.iter().filter_map(|(node, path)| Query::parse(node, form, path, fields.notes(), defaults)).collect();
    for (index, query) in queries.iter().enumerate() {
        if queries[..index].iter().any(|other| other.id == query.id) {
            fields.notes().add(query.place, "queries", format!("there is another query with the id {:?}", query.id));
        }
    }
    queries
}

/// Parameters that are used but not declared, declared but not used, and lists where a list cannot stand.
fn check_uses(fields: &Fields<'_>, parameters: &[Parameter], queries: &[Query]) {
    let declared: BTreeMap<&str, ParameterType> = parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.kind)).collect();
    // A parameter whose declaration could not be read is declared all the same.
    let mentioned: Vec<&str> = fields
        .node("parameters")
        .map_or_else(Vec::new, |_| fields.named("parameters").iter().map(|(entry, _)| entry.key.as_str()).collect());
    let uses = || queries.iter().flat_map(|query| &query.uses);
    for used in uses().filter(|used| !RESERVED.contains(&used.name.as_str())) {
        if !mentioned.contains(&used.name.as_str()) {
            let near = did_you_mean(&used.name, mentioned.iter().copied());
            fields.notes().add(used.place, &used.path, format!("there is no parameter {:?}{near}", used.name));
        } else if matches!(declared.get(used.name.as_str()), Some(ParameterType::List(_))) && !used.is_in_parentheses {
            let message = format!("the list ${{{}}} must stand alone in parentheses: IN (${{{}}})", used.name, used.name);
            fields.notes().add(used.place, &used.path, message);
        }
    }
    for parameter in parameters.iter().filter(|parameter| !uses().any(|used| used.name == parameter.name)) {
        let message = "no query uses this parameter".to_owned();
        fields.notes().0.borrow_mut().push(Problem {
            place: Some(parameter.place),
            path: format!("parameters.{}", parameter.name),
            message,
        });
    }
}

pub(crate) fn is_tactic(text: &str) -> Result<(), String> {
    let number = text.strip_prefix("TA").is_some_and(|digits| digits.len() == 4 && digits.chars().all(|c| c.is_ascii_digit()));
    let name = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    if number || name { Ok(()) } else { Err(format!("{text:?} is not a tactic such as credential-access or TA0006")) }
}

pub(crate) fn is_technique(text: &str) -> Result<(), String> {
    let (technique, sub) = text.split_once('.').unwrap_or((text, "000"));
    let digits = |text: &str, count: usize| text.len() == count && text.chars().all(|c| c.is_ascii_digit());
    let is_technique = technique.strip_prefix('T').is_some_and(|number| digits(number, 4)) && digits(sub, 3);
    if is_technique { Ok(()) } else { Err(format!("{text:?} is not a technique such as T1110 or T1110.003")) }
}

/// Which sources there are is known where logs are read; a source that is not in the lake is said when the hunt runs.
fn is_source(text: &str) -> Result<(), String> {
    let is_source = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_source { Ok(()) } else { Err(format!("{text:?} is not a source such as aws_cloudtrail")) }
}

fn is_table(text: &str) -> Result<(), String> {
    let classes = || coldtrail_model::Class::ALL.iter().map(|class| class.name());
    if classes().chain(["events", "observables"]).any(|name| name == text) {
        return Ok(());
    }
    Err(format!("there is no table {text:?}{}", did_you_mean(text, classes())))
}

fn is_tag(text: &str) -> Result<(), String> {
    let is_tag =
        text.len() <= 64 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | ':'));
    if is_tag { Ok(()) } else { Err(format!("{text:?} is not a tag: at most 64 lower-case letters, digits and - _ . :")) }
}

//! From the text of a mapping to what records are mapped with.

use coldtrail_model::{Class, Col, Kind};

use super::classes::{Activity, Classes, Rule, Verb, activities_of, activity_of};
use super::condition::Condition;
use super::error::Problem;
use super::expression::{Alternative, Expression, From, flag, whole_number};
use super::instant::TimeFormat;
use super::lines::Lines;
use super::lists::List;
use super::path::Path;
use super::pattern::Pattern;
use super::reader::Table;
use super::route::Route;
use super::text::Form;
use super::yaml::{self, Node};
use super::{Declared, RecordKind, Rows};

const KEYS: &[&str] = &[
    "source",
    "documentation",
    "records",
    "recognised_by",
    "routes",
    "json_text",
    "nothing",
    "time",
    "event",
    "classes",
    "verbs",
    "outcome",
    "finding_status",
    "severity",
    "fields",
    "only",
    "kinds",
];
const RECORDS_KEYS: &[&str] = &["envelopes", "inside", "lift", "lines", "lists", "table"];
const LIST_KEYS: &[&str] = &["from", "to", "set"];
const ROUTE_KEYS: &[&str] = &["when", "to", "names", "camel_case"];
const KIND_KEYS: &[&str] = &["when", "time", "event", "classes", "outcome", "finding_status", "severity", "fields", "only"];
const EXPRESSION_KEYS: &[&str] = &["from", "is", "join", "with", "each", "members", "map", "between", "split", "as", "when"];

/// Columns that follow from others or that Coldtrail sets itself.
pub(crate) const OWN_COLUMNS: &[Col] = &[
    Col::Time,
    Col::ClassUid,
    Col::CategoryUid,
    Col::ActivityId,
    Col::ActivityName,
    Col::TypeUid,
    Col::SeverityId,
    Col::Severity,
    Col::StatusId,
    Col::Status,
    Col::MetadataVersion,
    Col::Source,
    Col::SourceObject,
    Col::SourceOffset,
    Col::Unmapped,
    Col::RawData,
];

const OUTCOMES: &[&str] = &["success", "failure", "unknown", "other"];
const FINDING_STATUSES: &[(&str, &str)] = &[
    ("unknown", "0"),
    ("new", "1"),
    ("in_progress", "2"),
    ("suppressed", "3"),
    ("resolved", "4"),
    ("archived", "5"),
    ("deleted", "6"),
    ("other", "99"),
];
const SEVERITIES: &[(&str, &str)] = &[
    ("unknown", "0"),
    ("informational", "1"),
    ("low", "2"),
    ("medium", "3"),
    ("high", "4"),
    ("critical", "5"),
    ("fatal", "6"),
    ("other", "99"),
];

/// Columns with their values, and the line of each for problems that show later.
type Fields = Vec<(Col, usize, Expression)>;

/// Fields that only some classes have.
type Only = Vec<(Vec<Class>, Fields)>;

/// Reads a mapping.
pub(super) fn read(text: &str) -> Result<Declared, Problem> {
    let root = yaml::read(text)?;
    let table = root.table(KEYS)?;
    let name = table.need("source", source_name)?;
    table.need("documentation", |node| node.text().map(drop))?;
    let records = table.read("records", read_records)?;
    let kinds = read_kinds(&table)?;
    let recognised_by = table.need("recognised_by", |node| node.list().into_iter().map(conditions).collect::<Result<Vec<_>, _>>())?;
    Ok(Declared {
        envelope_keys: leak_all(records.envelopes),
        inside: leak_all(records.inside),
        lines: records.lines,
        lists: records.lists,
        lift: leak_all(records.lift),
        is_table: records.is_table,
        routes: table.read("routes", |node| node.list().into_iter().map(|node| read_route(node, &name)).collect())?,
        spelling: leak_all(top_keys(&kinds)),
        recognised_by,
        json_text: table.read("json_text", |node| node.list().into_iter().map(path).collect())?,
        nothing: table.read("nothing", |node| Ok(node.texts()?.into_iter().map(str::to_owned).collect()))?,
        kinds,
        name,
    })
}

fn source_name(node: &Node) -> Result<String, Problem> {
    let name = node.text()?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match is_name && name != "auto" {
        true => Ok(name.to_owned()),
        false => Err(node.problem(format!("{name:?} is no name of a source; it has small letters, digits and underscores"))),
    }
}

/// How records lie in files.
#[derive(Default)]
struct Records {
    envelopes: Vec<String>,
    inside: Vec<String>,
    lines: Option<Lines>,
    lists: Vec<List>,
    lift: Vec<String>,
    is_table: bool,
}

fn read_records(node: &Node) -> Result<Records, Problem> {
    let table = node.table(RECORDS_KEYS)?;
    let texts = |node: &Node| Ok(node.texts()?.into_iter().map(str::to_owned).collect());
    Ok(Records {
        envelopes: table.read("envelopes", texts)?,
        inside: table.read("inside", texts)?,
        lift: table.read("lift", texts)?,
        is_table: table.read("table", yes_or_no)?,
        lines: table.read("lines", |node| Lines::read(node).map(Some))?,
        lists: table.read("lists", |node| node.list().into_iter().map(read_list).collect())?,
    })
}

fn read_list(node: &Node) -> Result<List, Problem> {
    let table = node.table(LIST_KEYS)?;
    let key = |node: &Node| Ok(node.text()?.to_owned());
    let from = table.need("from", key)?;
    let path = match from.split_once('.') {
        Some((_, second)) if second.contains('.') => return Err(node.problem("a list lies at most one object deep").under("from")),
        Some((first, second)) => (first.to_owned(), Some(second.to_owned())),
        None => (from, None),
    };
    let set = |node: &Node| node.entries()?.iter().map(|(key, text)| Ok((key.clone(), text.text()?.to_owned()))).collect();
    Ok(List { path, place: table.need("to", key)?, set: table.read("set", set)? })
}

fn yes_or_no(node: &Node) -> Result<bool, Problem> {
    flag(node.text()?).ok_or_else(|| node.problem("this is neither true nor false"))
}

/// A source that there is not yet, or this one, cannot be gone to.
fn read_route(node: &Node, own: &str) -> Result<Route, Problem> {
    let table = node.table(ROUTE_KEYS)?;
    let to = table.need("to", source_name)?;
    if to == own {
        return Err(node.problem("a route leads to another source").under("to"));
    }
    let names = |node: &Node| node.entries()?.iter().map(|(old, new)| Ok((old.clone(), new.text()?.to_owned()))).collect();
    Ok(Route {
        when: table.need("when", conditions)?,
        to,
        names: table.read("names", names)?,
        is_camel_case: table.read("camel_case", yes_or_no)?,
    })
}

/// What all kinds of records have in common.
struct Common<'n> {
    table: Table<'n>,
    verbs: Vec<(String, Verb)>,
    fields: Fields,
    only: Only,
}

/// The kinds that are listed, each with what all have in common, and then the common kind if it stands for itself.
fn read_kinds(table: &Table<'_>) -> Result<Vec<RecordKind>, Problem> {
    let verbs = table.read("verbs", read_verbs)?;
    let common = Common { table: *table, verbs, fields: table.read("fields", read_fields)?, only: table.read("only", read_only)? };
    let mut kinds = Vec::new();
    for node in table.get("kinds").map(Node::list).unwrap_or_default() {
        let read = node.table(KIND_KEYS).and_then(|own| read_kind(Some(&own), &common));
        kinds.push(read.map_err(|problem| problem.under("kinds"))?);
    }
    if kinds.last().is_none_or(|kind| !kind.when.is_empty()) {
        kinds.push(read_kind(None, &common)?);
    }
    let classes: Vec<Class> = kinds.iter().flat_map(|kind| &kind.rows).map(|(class, _)| *class).collect();
    check_columns(&common.fields, &classes)?;
    Ok(kinds)
}

fn read_kind(own: Option<&Table<'_>>, common: &Common<'_>) -> Result<RecordKind, Problem> {
    let of = |key: &str| own.filter(|own| own.get(key).is_some()).unwrap_or(&common.table);
    let mut classes = of("classes").need("classes", read_classes)?;
    classes.verbs.clone_from(&common.verbs);
    let time = of("time").need("time", expression)?;
    let time_fields = leak_all(time.value_paths().into_iter().map(|path| path.text.clone()).collect());
    Ok(RecordKind {
        when: own.map_or(Ok(Vec::new()), |own| own.read("when", conditions))?,
        time_fields,
        time,
        event: of("event").need("event", expression)?,
        outcome: of("outcome").read("outcome", |node| words(node, |word| OUTCOMES.contains(&word).then(|| word.to_owned())))?,
        finding_status: of("finding_status").read("finding_status", |node| words(node, |word| number_of(word, FINDING_STATUSES)))?,
        severity: of("severity").read("severity", |node| words(node, |word| number_of(word, SEVERITIES)))?,
        rows: read_rows(own, common, &classes)?,
        classes,
    })
}

/// The rows of each class that an event can be of: those of the class before those of all classes, the kind's own before the common.
fn read_rows(own: Option<&Table<'_>>, common: &Common<'_>, classes: &Classes) -> Result<Vec<(Class, Rows)>, Problem> {
    let fields = own.map_or(Ok(Fields::new()), |own| own.read("fields", read_fields))?;
    let only = own.map_or(Ok(Only::new()), |own| own.read("only", read_only))?;
    let mut used: Vec<Class> = classes.classes().collect();
    used.sort_unstable();
    used.dedup();
    check_columns(&fields, &used)?;
    let rows_of = |class: Class| {
        let of_class =
            |only: &'_ Only| only.iter().filter(|(classes, _)| classes.contains(&class)).flat_map(|(_, fields)| fields.clone()).collect();
        let all: [Fields; 4] = [of_class(&only), fields.clone(), of_class(&common.only), common.fields.clone()];
        all.into_iter().flatten().filter(|(col, ..)| class.has(*col)).map(|(col, _, value)| (col, value)).collect()
    };
    Ok(used.into_iter().map(|class| (class, rows_of(class))).collect())
}

/// A column that no class has is a mistake.
fn check_columns(fields: &Fields, classes: &[Class]) -> Result<(), Problem> {
    match fields.iter().find(|(col, ..)| !classes.iter().any(|class| class.has(*col))) {
        Some((col, line, _)) => {
            let key = format!("fields.{}", col.column().name);
            Err(Problem::new(*line, &key, "none of the classes of these records has this column"))
        }
        None => Ok(()),
    }
}

fn read_classes(node: &Node) -> Result<Classes, Problem> {
    let mut classes = Classes::default();
    for (names, value) in node.entries()? {
        let rule = value.text().and_then(|text| read_rule(value, text)).map_err(|problem| problem.under(names))?;
        Pattern::parse_list(names).into_iter().for_each(|pattern| classes.add(pattern, rule));
    }
    match classes.is_total() {
        true => Ok(classes),
        false => Err(node.problem("a rule for \"*\" is missing: what an event is whose name is not here")),
    }
}

/// Reads `authentication logon`, `api_activity by verb`.
fn read_rule(node: &Node, text: &str) -> Result<Rule, Problem> {
    let (class, activity) = text.split_once(' ').ok_or_else(|| node.problem("a rule is a class and an activity: authentication logon"))?;
    let class: Class = class.parse().map_err(|_| no_class(node, class))?;
    let activity = match activity.trim() {
        "by verb" => Activity::ByVerb,
        name => Activity::Is(activity_of(class, name).ok_or_else(|| {
            node.problem(format!(
                "{class} has no activity {name:?}; it has {}, other, unknown, or by verb",
                activities_of(class).join(", ")
            ))
        })?),
    };
    Ok(Rule { class, activity })
}

fn no_class(node: &Node, name: &str) -> Problem {
    let known: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
    node.problem(format!("there is no class {name:?}; the classes are {}", known.join(", ")))
}

fn read_verbs(node: &Node) -> Result<Vec<(String, Verb)>, Problem> {
    let entries = node.entries()?.iter();
    entries.map(|(word, value)| Ok((word.clone(), value.word(Verb::NAMES).map_err(|problem| problem.under(word))?))).collect()
}

fn read_only(node: &Node) -> Result<Only, Problem> {
    let read = |(names, value): &(String, Node)| {
        let classes =
            names.split('|').map(|name| name.trim().parse().map_err(|_| no_class(value, name))).collect::<Result<Vec<Class>, _>>()?;
        let fields = read_fields(value).map_err(|problem| problem.under(names))?;
        match fields.iter().find(|(col, ..)| !classes.iter().all(|class| class.has(*col))) {
            Some((col, line, _)) => Err(Problem::new(*line, &format!("{names}.{}", col.column().name), "a class has no such column")),
            None => Ok((classes, fields)),
        }
    };
    node.entries()?.iter().map(read).collect()
}

fn read_fields(node: &Node) -> Result<Fields, Problem> {
    let read = |(name, value): &(String, Node)| {
        let col =
            Col::from_name(name).ok_or_else(|| value.problem("there is no column of this name; docs/reference/tables.md lists them"))?;
        if OWN_COLUMNS.contains(&col) {
            return Err(value.problem("this column follows from time, classes, outcome and severity, or is set by Coldtrail"));
        }
        let expression = expression(value)?;
        check_kind(value, &expression, col)?;
        Ok((col, value.line, expression))
    };
    node.entries()?.iter().map(|entry| read(entry).map_err(|problem| problem.under(&entry.0))).collect()
}

/// Texts that the mapping itself gives must fit the column.
fn check_kind(node: &Node, expression: &Expression, col: Col) -> Result<(), Problem> {
    let kind = col.column().kind;
    let fits = |text: &str| match kind {
        Kind::Integer | Kind::Long => whole_number(text).is_some(),
        Kind::Boolean => flag(text).is_some(),
        Kind::Double => text.parse::<f64>().is_ok(),
        Kind::Text | Kind::TextList | Kind::Json => true,
        Kind::Time => false,
    };
    match own_texts(expression).find(|text| !fits(text)) {
        Some(text) => Err(node.problem(format!("{text:?} does not fit a column of type {kind:?}"))),
        None => Ok(()),
    }
}

fn own_texts(expression: &Expression) -> impl Iterator<Item = &str> {
    expression.alternatives.iter().flat_map(|alternative| match (&alternative.map, &alternative.from) {
        (Some(map), _) => map.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
        (None, From::Text(text)) => vec![text.as_str()],
        _ => Vec::new(),
    })
}

fn number_of(word: &str, numbers: &[(&str, &str)]) -> Option<String> {
    numbers.iter().find(|(name, _)| *name == word).map(|(_, number)| (*number).to_owned())
}

/// An expression that gives one of some words; each is replaced by what it stands for.
fn words(node: &Node, meaning: impl Fn(&str) -> Option<String>) -> Result<Expression, Problem> {
    let mut expression = expression(node)?;
    for alternative in &mut expression.alternatives {
        let texts: Vec<&mut String> = match (&mut alternative.map, &mut alternative.from) {
            (Some(map), _) => map.iter_mut().map(|(_, text)| text).collect(),
            (None, From::Text(text)) => vec![text],
            _ => return Err(node.problem("this needs a `map` from the source's words to ours, or `is`")),
        };
        for text in texts {
            *text = meaning(text).ok_or_else(|| node.problem(format!("{text:?} is none of our words for this")))?;
        }
    }
    Ok(expression)
}

/// Reads a path, a table that says more, or a list of such, of which the first that gives something is taken.
fn expression(node: &Node) -> Result<Expression, Problem> {
    let mut alternatives = Vec::new();
    for part in node.list() {
        match part.text() {
            Ok("$event") => alternatives.push(Alternative::blank()),
            Ok(_) => alternatives.push(Alternative::of_path(path(part)?)),
            Err(_) => alternatives.extend(read_alternatives(part)?),
        }
    }
    Ok(Expression { alternatives })
}

fn read_alternatives(node: &Node) -> Result<Vec<Alternative>, Problem> {
    let table = node.table(EXPRESSION_KEYS)?;
    let mut shape = Alternative::blank();
    shape.when = table.read("when", conditions)?;
    shape.between = table.read("between", read_between)?;
    shape.map = table.read("map", |node| read_map(node).map(Some))?;
    shape.split = table.read("split", |node| Ok(Some(node.text()?.to_owned())))?;
    if let Some(node) = table.get("as") {
        match node.word(Form::NAMES) {
            Ok(form) => shape.form = Some(form),
            Err(problem) => match node.word(TimeFormat::NAMES) {
                Ok(time) => shape.time = time,
                Err(other) => return Err(node.problem(format!("{}; nor {}", problem.reason, other.reason)).under("as")),
            },
        }
    }
    let from = table.read("from", |node| node.list().into_iter().map(from_path).collect::<Result<Vec<_>, _>>())?;
    let mut sources = from;
    sources.extend(table.read("is", |node| Ok(Some(From::Text(node.text()?.to_owned()))))?);
    sources.extend(table.read("join", |node| {
        let paths = node.list().into_iter().map(path).collect::<Result<_, _>>()?;
        Ok(Some(From::Join(paths, table.read("with", |node| Ok(node.text()?.to_owned()))?)))
    })?);
    sources.extend(table.read("each", |node| Ok(Some(From::Each(each(node)?, table.need("members", read_members)?))))?);
    match sources.is_empty() {
        true => Err(node.problem("where does the value come from? one of from, is, join and each is needed")),
        false => Ok(sources.into_iter().map(|from| Alternative { from, ..shape.clone() }).collect()),
    }
}

fn from_path(node: &Node) -> Result<From, Problem> {
    if node.text()? == "$event" { Ok(From::Event) } else { path(node).map(From::Path) }
}

/// `[/subscriptions/, /]`.
fn read_between(node: &Node) -> Result<Option<(String, String)>, Problem> {
    match node.texts()?[..] {
        [after, before] => Ok(Some((after.to_owned(), before.to_owned()))),
        _ => Err(node.problem("two texts are needed: the one before the part and the one after it")),
    }
}

fn read_map(node: &Node) -> Result<Vec<(Vec<Pattern>, String)>, Problem> {
    let entries = node.entries()?.iter();
    entries.map(|(key, value)| Ok((Pattern::parse_list(key), value.text().map_err(|problem| problem.under(key))?.to_owned()))).collect()
}

fn read_members(node: &Node) -> Result<Vec<(String, Path)>, Problem> {
    node.entries()?.iter().map(|(key, value)| Ok((key.clone(), path(value).map_err(|problem| problem.under(key))?))).collect()
}

fn path(node: &Node) -> Result<Path, Problem> {
    Path::parse(node.text()?).map_err(|reason| node.problem(reason))
}

/// `$record` is the record itself.
fn each(node: &Node) -> Result<Option<Path>, Problem> {
    if node.text()? == "$record" { Ok(None) } else { path(node).map(Some) }
}

fn conditions(node: &Node) -> Result<Vec<Condition>, Problem> {
    let read = |node: &&Node| Condition::parse(node.text()?).map_err(|reason| node.problem(reason));
    node.list().iter().map(read).collect()
}

/// The keys at the top of a record that anything looks at.
fn top_keys(kinds: &[RecordKind]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for kind in kinds {
        let fields = kind.rows.iter().flat_map(|(_, rows)| rows).map(|(_, expression)| expression);
        let expressions = [&kind.time, &kind.event, &kind.outcome, &kind.finding_status, &kind.severity].into_iter().chain(fields);
        let paths = expressions.flat_map(Expression::paths).chain(kind.when.iter().filter_map(Condition::path));
        keys.extend(paths.filter_map(Path::top_key).map(str::to_owned));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The texts for as long as the program runs; see [`Declared::read`].
fn leak_all(texts: Vec<String>) -> &'static [&'static str] {
    let texts: Vec<&'static str> = texts.into_iter().map(|text| &*Box::leak(text.into_boxed_str())).collect();
    Box::leak(texts.into_boxed_slice())
}

/// Every key that a mapping can have.
#[cfg(test)]
pub(super) fn all_keys() -> impl Iterator<Item = &'static str> {
    [KEYS, KIND_KEYS, EXPRESSION_KEYS, RECORDS_KEYS, super::lines::LINES_KEYS, super::lines::CEF_KEYS, super::lines::COLUMNS_KEYS]
        .into_iter()
        .flatten()
        .copied()
}

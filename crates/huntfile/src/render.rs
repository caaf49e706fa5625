use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::FindingRule;
use crate::hunt::{Hunt, Status};
use crate::parameter::{Parameter, RESERVED};
use crate::problem::{Problem, Problems, did_you_mean};
use crate::query::{Expect, Indicators, Query, Question, Severity, SigmaRule};
use crate::value::{Value, time_sql};

/// The range of time that a run looks at: from the first instant on, up to but without the second. Milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first instant.
    pub from_ms: i64,
    /// The first instant that is no longer in it.
    pub until_ms: i64,
}

/// What a run gives to a hunt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bindings {
    /// Values for parameters as texts, by name; several for a list. A parameter that is not here has its default.
    pub values: BTreeMap<String, Vec<String>>,
    /// The range of time, which `${from}` and `${until}` stand for.
    pub range: Range,
}

/// A query that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The query's name for machines.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What is run.
    pub action: Action,
    /// True if the statement itself says where its time ends (`${until}`).
    pub names_end: bool,
    /// How rows are judged.
    pub expect: Expect,
    /// How severe a finding is.
    pub severity: Severity,
    /// How rows become findings.
    pub finding: FindingRule,
}

/// What is run for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A statement with every parameter in its place.
    Sql(String),
    /// A Sigma rule.
    Sigma(SigmaRule),
    /// Indicators against every observable.
    Sweep(Indicators),
}

/// The queries of a hunt, and the values they were made with.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedHunt {
    /// The queries in their order.
    pub queries: Vec<Rendered>,
    /// The value of each parameter, given or by default: what a record of the run must keep.
    pub values: BTreeMap<String, Value>,
    /// The range of time.
    pub range: Range,
}

impl Hunt {
    /// The range of a run that is made now: as far back as the hunt looks.
    pub fn range_at(&self, now_ms: i64) -> Range {
        let lookback_ms = i64::try_from(self.lookback.as_ms()).unwrap_or(i64::MAX);
        Range { from_ms: now_ms.saturating_sub(lookback_ms).max(0), until_ms: now_ms }
    }

    /// Puts values into the queries.
    ///
    /// # Errors
    ///
    /// Every value that is missing, unknown or not allowed; that a draft has no queries.
    pub fn render(&self, bindings: &Bindings) -> Result<RenderedHunt, Problems> {
        let mut problems = Vec::new();
        if self.queries.is_empty() && self.status == Status::Draft {
            problems.push(about("queries", "this hunt is a draft without queries"));
        }
        if bindings.range.from_ms >= bindings.range.until_ms {
            problems.push(about("", "the range of time is empty: it ends before it begins"));
        }
        let values = self.values_of(bindings, &mut problems);
        if !problems.is_empty() {
            return Err(Problems::new(self.name(), problems));
        }
        let queries = self.queries.iter().map(|query| render(query, &values, bindings.range));
        let queries = queries.collect::<Result<_, _>>().map_err(|problem| Problems::new(self.name(), vec![problem]))?;
        Ok(RenderedHunt { queries, values, range: bindings.range })
    }

    fn values_of(&self, bindings: &Bindings, problems: &mut Vec<Problem>) -> BTreeMap<String, Value> {
        for name in bindings.values.keys().filter(|name| self.parameter(name).is_none()) {
            let near = did_you_mean(name, self.parameters.iter().map(|parameter| parameter.name.as_str()));
            problems.push(about(name, format!("the hunt has no parameter {name:?}{near}")));
        }
        let mut values = BTreeMap::new();
        for parameter in &self.parameters {
            match value_of(parameter, bindings.values.get(&parameter.name)) {
                Ok(value) => {
                    values.insert(parameter.name.clone(), value);
                }
                Err(message) => problems.push(about(&parameter.name, message)),
            }
        }
        values
    }
}

fn value_of(parameter: &Parameter, given: Option<&Vec<String>>) -> Result<Value, String> {
    match (given, &parameter.default) {
        (Some(texts), _) => parameter.read(texts),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(match &parameter.description {
            Some(description) => format!("a value must be given: {description}"),
            None => "a value must be given".to_owned(),
        }),
    }
}

fn render(query: &Query, values: &BTreeMap<String, Value>, range: Range) -> Result<Rendered, Problem> {
    let names_end = Cell::new(false);
    let literal = |name: &str| match RESERVED.iter().position(|reserved| *reserved == name) {
        Some(0) => Some(time_sql(range.from_ms)),
        Some(_) => {
            names_end.set(true);
            Some(time_sql(range.until_ms))
        }
        None => values.get(name).map(Value::sql),
    };
    let missing = |names: BTreeSet<String>| {
        let names: Vec<String> = names.into_iter().collect();
        Problem { place: Some(query.place), path: query.id.clone(), message: format!("there is no value for {}", names.join(", ")) }
    };
    let action = match (&query.question, &query.template) {
        (Question::Sql(_), Some(template)) => Action::Sql(template.render(literal).map_err(missing)?),
        (Question::Sql(sql), None) => Action::Sql(sql.clone()),
        (Question::Sigma(rule), _) => Action::Sigma(rule.clone()),
        (Question::Sweep(indicators), _) => Action::Sweep(indicators.clone()),
    };
    Ok(Rendered {
        id: query.id.clone(),
        title: query.title.clone(),
        action,
        names_end: names_end.get(),
        expect: query.expect,
        severity: query.severity,
        finding: query.finding.clone(),
    })
}

fn about(path: &str, message: impl Into<String>) -> Problem {
    Problem { place: None, path: path.to_owned(), message: message.into() }
}

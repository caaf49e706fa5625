use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coldtrail_hunt::{Content, HuntQueryRun, HuntRequest, RunKind, RunRequest, StartedHunt, sigma_statement, sweep_statement};
use coldtrail_huntfile::{Action, Bindings, Hunt, Indicators, ParameterType, Problems, Range, Rendered, RenderedHunt};
use coldtrail_model::{Day, RunId, Snapshot, Table, TimeRange};
use coldtrail_query::{Error, Principal};

use super::Hunting;
use crate::runs::now_ms;

/// Days without data that are named one by one.
const DAYS_NAMED: usize = 5;

/// A hunt whose parameters have values.
pub(super) struct ReadyHunt {
    pub(super) hunt: Arc<Hunt>,
    pub(super) content: Content,
    pub(super) rendered: RenderedHunt,
    pub(super) window: TimeRange,
}

impl Hunting {
    pub(super) async fn start_or_check(&self, by: &Principal, request: HuntRequest) -> Result<StartedHunt, Error> {
        let ready = self.ready(&request.hunt, &request.parameters, request.window, now_ms()).await?;
        let snapshot = self.router.planner().snapshot().await?;
        let mut started = StartedHunt { missing: missing_data(&ready.hunt, &snapshot, ready.window), ..StartedHunt::default() };
        for query in &ready.rendered.queries {
            let asked = run_request(&ready, query);
            let sql = asked.sql.clone();
            let run = match request.only_check {
                true => None,
                false => Some(self.runs.submit_as(&by.name, asked, RunId::generate(), now_ms()).await?.id),
            };
            started.queries.push(HuntQueryRun { id: query.id.clone(), sql, run });
        }
        Ok(started)
    }

    /// A hunt by its name, with the values that were given.
    pub(super) async fn ready(
        &self,
        name: &str,
        parameters: &BTreeMap<String, String>,
        window: Option<TimeRange>,
        now_ms: i64,
    ) -> Result<ReadyHunt, Error> {
        let (content, hunt) = self.content.hunt_of(name).await?;
        let range = match window {
            Some(window) => Range { from_ms: window.start_ms, until_ms: window.end_ms.saturating_add(1) },
            None => hunt.range_at(now_ms),
        };
        let values = parameters.iter().map(|(name, text)| (name.clone(), texts_of(&hunt, name, text))).collect();
        let rendered = hunt.render(&Bindings { values, range }).map_err(|problems| bad(&problems))?;
        let window = TimeRange { start_ms: range.from_ms, end_ms: range.until_ms - 1 };
        Ok(ReadyHunt { hunt, content, rendered, window })
    }
}

/// A list is written with commas; anything else as it is.
fn texts_of(hunt: &Hunt, name: &str, text: &str) -> Vec<String> {
    match hunt.parameter(name).map(|parameter| parameter.kind) {
        Some(ParameterType::List(_)) => text.split(',').map(|item| item.trim().to_owned()).collect(),
        _ => vec![text.to_owned()],
    }
}

fn bad(problems: &Problems) -> Error {
    Error::BadStatement { message: problems.to_string() }
}

/// What is asked of runs for a query of a hunt. Rules and feeds that lie in files beside the hunt are brought under the names of the hunt
/// and the query.
pub(super) fn run_request(ready: &ReadyHunt, query: &Rendered) -> RunRequest {
    let attached = || ready.hunt.attachment(&query.id);
    let (kind, sql) = match &query.action {
        Action::Sql(sql) => (RunKind::Hunt, sql.clone()),
        Action::Sigma(_) => (RunKind::Sigma, sigma_statement(&attached(), ready.window)),
        Action::Sweep(Indicators::Feed(feed)) => (RunKind::Sweep, sweep_statement(feed, ready.window)),
        Action::Sweep(Indicators::File(_)) => (RunKind::Sweep, sweep_statement(&attached(), ready.window)),
    };
    let mut labels = kind.labels(ready.window);
    labels.insert("hunt".to_owned(), ready.content.versioned_name());
    labels.insert("query".to_owned(), query.id.clone());
    if !ready.hunt.techniques.is_empty() {
        labels.insert("techniques".to_owned(), ready.hunt.techniques.join(" "));
    }
    labels.extend(ready.rendered.values.iter().map(|(name, value)| (format!("parameter.{name}"), value.sql())));
    RunRequest { sql, title: Some(format!("{}: {}", ready.hunt.title, query.title)), labels, ..RunRequest::default() }
}

/// The data that a hunt needs and that are not there for all of its window, in words.
fn missing_data(hunt: &Hunt, snapshot: &Snapshot, window: TimeRange) -> Vec<String> {
    let days: BTreeSet<Day> = days_of(window).collect();
    let mut by_source: BTreeMap<&str, BTreeSet<Day>> = BTreeMap::new();
    let mut by_table: BTreeMap<&str, BTreeSet<Day>> = BTreeMap::new();
    for segment in snapshot.segments.values().flatten() {
        if let Table::Events(class) = segment.table {
            by_source.entry(segment.source.as_str()).or_default().insert(segment.day);
            by_table.entry(class.name()).or_default().insert(segment.day);
        }
    }
    let sources = hunt.sources.iter().map(|source| ("source", source, by_source.get(source.as_str())));
    let tables = hunt.tables.iter().filter(|table| !matches!(table.as_str(), "events" | "observables"));
    let tables = tables.map(|table| ("table", table, by_table.get(table.as_str())));
    let gaps = sources.chain(tables).filter_map(|(what, name, present)| {
        let absent: Vec<Day> = days.iter().filter(|day| present.is_none_or(|present| !present.contains(day))).copied().collect();
        let named = absent.iter().take(DAYS_NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = if absent.len() > DAYS_NAMED { ", …" } else { "" };
        match absent.len() {
            0 => None,
            all if all == days.len() => Some(format!("NO_COVERAGE: {what} {name} has no data in the window")),
            some => Some(format!("{what} {name} has no data on {some} of {} days: {named}{more}", days.len())),
        }
    });
    gaps.collect()
}

/// The days that a window touches.
fn days_of(window: TimeRange) -> impl Iterator<Item = Day> {
    let last = Day::of_ms(window.end_ms).epoch_days();
    let first = Day::of_ms(window.start_ms).epoch_days().max(last.saturating_sub(3_650));
    (first..=last).map(Day::from_epoch_days)
}

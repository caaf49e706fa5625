//! Which events there were for a run to search, by source, account and day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMillisecondType};
use coldtrail_evidence::{Coverage, Searched, UnreadableSegment, Window};
use coldtrail_hunt::{ALL_TIME, RunKind, instants, now_of, window_of};
use coldtrail_model::{Day, Run, SegmentMeta, Snapshot, Table, TimeRange};
use coldtrail_query::Error;
use coldtrail_sigma::RuleSet;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use futures::TryStreamExt;

use super::expected::{Expectation, Series, cells};
use crate::hunting::findings::rules_name;
use crate::hunting::{Hunting, failed};
use crate::runs::{Reading, SINCE_SNAPSHOT};

/// The most accounts of a source that are told apart; the events of one with more are counted by day alone.
const ACCOUNTS_MAX: usize = 2_000;
/// The view over all events, and the table that is made of all of them.
const OF_ALL_EVENTS: [&str; 2] = ["events", "observables"];

/// Events by table, source, account and day.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(Table, String, Option<String>, Day), u64>);

impl Counts {
    fn add(&mut self, table: Table, source: &str, account: Option<&str>, day: Day, events: u64) {
        *self.0.entry((table, source.to_owned(), account.map(str::to_owned), day)).or_insert(0) += events;
    }

    fn searched(&self) -> Vec<Searched> {
        let mut searched: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for ((table, source, ..), events) in &self.0 {
            *searched.entry((table.name(), source)).or_insert(0) += events;
        }
        let named = searched.into_iter();
        named.map(|((table, source), events)| Searched { table: table.to_owned(), source: source.to_owned(), events }).collect()
    }

    /// The same without tables, and without accounts where they are too many.
    fn series(&self) -> Series {
        let mut accounts: BTreeMap<&str, BTreeSet<&Option<String>>> = BTreeMap::new();
        for (_, source, account, _) in self.0.keys() {
            accounts.entry(source).or_default().insert(account);
        }
        let mut series = Series::new();
        for ((_, source, account, day), events) in &self.0 {
            let is_told = accounts.get(source.as_str()).is_some_and(|accounts| accounts.len() <= ACCOUNTS_MAX);
            let key = (source.clone(), account.clone().filter(|_| is_told));
            *series.entry(key).or_default().entry(*day).or_insert(0) += events;
        }
        series
    }
}

impl Hunting {
    /// What should have been there and what was, and which events the answer is about.
    pub(super) async fn coverage_and_searched(
        &self,
        run: &Run,
        reading: &Reading,
        unreadable: Vec<UnreadableSegment>,
    ) -> Result<(Coverage, Vec<Searched>), Error> {
        let labels = &run.definition.labels;
        let window = window_of(labels);
        let mut counts = Counts::default();
        match self.rules_read(run).await? {
            Some(rules) => {
                for class in rules.tables() {
                    let (table, sources) = (Table::Events(class), rules.prefilter(class, None).sources);
                    let of_rules = of_sources(&reading.snapshot, table, &sources);
                    self.count(table, window, &of_rules, &mut counts).await?;
                }
            }
            None => {
                for table in tables_read(run, &reading.whole)? {
                    self.count(table, window, &reading.snapshot, &mut counts).await?;
                }
            }
        }
        let hunt = match labels.get("hunt") {
            Some(name) => Some(self.content.hunt_of(name).await?.1),
            None => None,
        };
        let expectation = Expectation {
            sources: hunt.as_ref().map(|hunt| hunt.sources.as_slice()).unwrap_or_default(),
            window,
            // A repetition expects what the first run expected.
            today: Day::of_ms(now_of(labels, run.definition.submitted_ms)),
            // What a run left out because an earlier one read it is no gap.
            is_known: !labels.contains_key(SINCE_SNAPSHOT),
        };
        let rejects = rejects(&reading.snapshot, window.unwrap_or(ALL_TIME));
        let coverage = Coverage { window: window.map(Window::from), cells: cells(&counts.series(), &rejects, &expectation), unreadable };
        Ok((coverage, counts.searched()))
    }

    /// The rules that a run runs: they look at some sources only.
    pub(super) async fn rules_read(&self, run: &Run) -> Result<Option<Arc<RuleSet>>, Error> {
        match RunKind::of(&run.definition.labels) {
            Some(RunKind::Sigma) => Ok(Some(self.content.rules_of(&rules_name(run)?).await?.0)),
            _ => Ok(None),
        }
    }

    /// Counts the events of a table: from the catalog where it knows, from the columns of the other segments.
    async fn count(&self, table: Table, window: Option<TimeRange>, snapshot: &Arc<Snapshot>, counts: &mut Counts) -> Result<(), Error> {
        let mut to_read = Snapshot { id: snapshot.id, ..Snapshot::default() };
        let is_within = |time: TimeRange| window.is_none_or(|window| window.start_ms <= time.start_ms && time.end_ms <= window.end_ms);
        let overlaps = |time: TimeRange| window.is_none_or(|window| time.overlaps(&window));
        for segment in snapshot.segments_of(table).iter().filter(|segment| overlaps(segment.time)) {
            match only_account(segment).filter(|_| is_within(segment.time)) {
                Some(account) => counts.add(table, &segment.source, account, segment.day, segment.rows),
                None => to_read.segments.entry(table).or_default().push(Arc::clone(segment)),
            }
        }
        if to_read.segments.is_empty() {
            return Ok(());
        }
        let within = window.map(instants).map(|(start, end)| format!("WHERE time >= {start} AND time <= {end}")).unwrap_or_default();
        let sql = format!(
            "SELECT source, cloud_account_uid, arrow_cast(date_trunc('day', time), 'Timestamp(ms, \"UTC\")') AS day, count(*) AS events \
             FROM {} {within} GROUP BY 1, 2, 3",
            table.name()
        );
        let mut rows = self.rows_at(&sql, Arc::new(to_read)).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            let text = |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(|error| Error::Failed(error.into()));
            let (sources, accounts) = (text(0)?, text(1)?);
            let (sources, accounts) = (sources.as_string::<i32>(), accounts.as_string::<i32>());
            let days = batch.column(2).as_primitive::<TimestampMillisecondType>();
            let events = batch.column(3).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let account = accounts.is_valid(row).then(|| accounts.value(row));
                let events = u64::try_from(events.value(row)).unwrap_or(0);
                counts.add(table, sources.value(row), account, Day::of_ms(days.value(row)), events);
            }
        }
        Ok(())
    }
}

/// What a snapshot has of a table and of some sources.
fn of_sources(snapshot: &Snapshot, table: Table, sources: &BTreeSet<String>) -> Arc<Snapshot> {
    let segments = snapshot.segments_of(table).iter().filter(|segment| sources.contains(&segment.source)).cloned().collect();
    Arc::new(Snapshot { id: snapshot.id, segments: BTreeMap::from([(table, segments)]) })
}

/// The account of all rows of a segment, or that they have none; none if that cannot be told.
fn only_account(segment: &SegmentMeta) -> Option<Option<&str>> {
    match (segment.accounts.as_deref(), segment.has_rows_without_account) {
        (Some([account]), false) => Some(Some(account)),
        (Some([]), true) => Some(None),
        _ => None,
    }
}

/// The tables of events that an answer is about.
fn tables_read(run: &Run, plan: &LogicalPlan) -> Result<BTreeSet<Table>, Error> {
    let is_event = |table: &Table| matches!(table, Table::Events(_));
    let mut tables = BTreeSet::new();
    let mut of_all = RunKind::of(&run.definition.labels) == Some(RunKind::Sweep);
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let name = scan.table_name.table();
            of_all |= OF_ALL_EVENTS.contains(&name)
                || [coldtrail_query::SWEEP, coldtrail_query::SIGMA].map(Some).contains(&scan.table_name.schema());
            tables.extend(name.parse::<Table>().ok().filter(is_event));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_err(failed)?;
    if of_all {
        tables.extend(Table::all().filter(is_event));
    }
    Ok(tables)
}

/// Records that could not be read as events, by source and day.
fn rejects(snapshot: &Snapshot, window: TimeRange) -> BTreeMap<(String, Day), u64> {
    let mut rejects = BTreeMap::new();
    for segment in snapshot.segments_of(Table::Rejects).iter().filter(|segment| segment.time.overlaps(&window)) {
        *rejects.entry((segment.source.clone(), segment.day)).or_insert(0) += segment.rows;
    }
    rejects
}

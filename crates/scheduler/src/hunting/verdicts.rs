use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMillisecondType};
use coldtrail_hunt::{ALL_TIME, RunKind, RunService, instants, window_of};
use coldtrail_intel::{Coverage, Sighting, Verdict, Verdicts};
use coldtrail_model::{Run, RunId, RunState, Snapshot, Table, format_ms};
use coldtrail_query::{Error, SWEEP};
use datafusion::common::DataFusionError;
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::confirm::Seen;
use super::samples::{Shown, VALUES_NAMED};
use super::{Hunting, failed};

impl Hunting {
    /// One verdict for each entry of the feed that a run swept for, with what is to be seen of the events behind it.
    pub(super) async fn verdicts_of(&self, id: RunId) -> Result<Vec<String>, Error> {
        let found = self.verdicts_with(id, |verdict, incomplete| (verdict.clone(), incomplete.map(str::to_owned))).await?;
        let (verdicts, incomplete): (Vec<Verdict>, Vec<Option<String>>) = found.into_iter().unzip();
        let (run, _) = self.runs.get(id).await?;
        let shown = self.shown(&verdicts, &self.runs.snapshot_of(&run).await?).await?;
        let text = |(place, (verdict, incomplete)): (usize, (&Verdict, &Option<String>))| {
            to_json(verdict, incomplete.as_deref(), shown.get(&place)).to_string()
        };
        Ok(verdicts.iter().zip(&incomplete).enumerate().map(text).collect())
    }

    /// The same, each made into something; the second is why the run did not read everything, if it did not.
    pub(super) async fn verdicts_with<T>(&self, id: RunId, make: impl Fn(&Verdict, Option<&str>) -> T) -> Result<Vec<T>, Error> {
        let (run, _) = self.runs.get(id).await?;
        if !run.state.has_ended() {
            return Err(Error::NotAllowed { message: format!("run {id} is {}; verdicts are given once it has ended", run.state) });
        }
        // The statement names the version of the feed whose indicators its rows are numbered by.
        let names = coldtrail_query::content_names(&run.definition.sql)?;
        let feed = names.into_iter().find(|(schema, _)| RunKind::of(&run.definition.labels) == Some(RunKind::Sweep) && *schema == SWEEP);
        let (_, name) = feed.ok_or_else(|| Error::BadStatement { message: format!("run {id} is not a sweep") })?;
        let indicators = self.content.indicators_of(&name).await?;
        let snapshot = self.runs.snapshot_of(&run).await?;
        let coverage = self.coverage(&run, &snapshot).await?;
        let sql = format!(
            "SELECT indicator_number, type_id, value, class, source, account, count, first_time, last_time, confirm FROM results.\"{id}\""
        );
        let mut verdicts = Verdicts::new(&indicators.feed);
        let mut to_confirm = Vec::new();
        let mut rows = self.rows(&sql).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            add(&mut verdicts, &mut to_confirm, &batch).map_err(Error::Failed)?;
        }
        let window = window_of(&run.definition.labels).unwrap_or(ALL_TIME);
        for answer in self.confirm(merged(to_confirm), window, &snapshot).await? {
            verdicts.add(&sighting(&answer.seen, answer.is_confirmed));
        }
        // A run that did not read everything cannot say that something was not seen.
        let incomplete = run.message.clone().filter(|_| run.state != RunState::Done);
        Ok(verdicts.finish(&coverage).iter().map(|verdict| make(verdict, incomplete.as_deref())).collect())
    }

    /// Which data there were in the window of a sweep.
    async fn coverage(&self, run: &Run, snapshot: &Arc<Snapshot>) -> Result<Coverage, Error> {
        let window = window_of(&run.definition.labels).unwrap_or(ALL_TIME);
        let mut coverage = Coverage::new();
        for segment in snapshot.segments.values().flatten().filter(|segment| segment.time.overlaps(&window)) {
            if let Table::Events(class) = segment.table {
                coverage.add(class, &segment.source);
            }
        }
        let (start, end) = instants(window);
        let sql = format!("SELECT DISTINCT type_id FROM observables WHERE last_time >= {start} AND first_time <= {end}");
        let mut types = self.rows_at(&sql, Arc::clone(snapshot)).await?;
        while let Some(batch) = types.try_next().await.map_err(failed)? {
            batch.column(0).as_primitive::<Int32Type>().iter().flatten().for_each(|type_id| coverage.add_observed(type_id));
        }
        Ok(coverage)
    }
}

/// The same observable on several days is asked about once.
fn merged(to_confirm: Vec<Seen>) -> Vec<Seen> {
    let mut merged: BTreeMap<Seen, (u64, i64, i64)> = BTreeMap::new();
    for seen in to_confirm {
        let (count, first_ms, last_ms) = (seen.count, seen.first_ms, seen.last_ms);
        let all = merged.entry(Seen { count: 0, first_ms: 0, last_ms: 0, ..seen }).or_insert((0, i64::MAX, i64::MIN));
        *all = (all.0 + count, all.1.min(first_ms), all.2.max(last_ms));
    }
    merged.into_iter().map(|(seen, (count, first_ms, last_ms))| Seen { count, first_ms, last_ms, ..seen }).collect()
}

fn sighting(seen: &Seen, confirmed: bool) -> Sighting<'_> {
    Sighting {
        indicator: seen.indicator,
        type_id: seen.type_id,
        value: &seen.value,
        class: &seen.class,
        source: &seen.source,
        account: seen.account.as_deref(),
        count: seen.count,
        first_ms: seen.first_ms,
        last_ms: seen.last_ms,
        confirmed,
    }
}

/// Counts what needs no confirmation, and what cannot be confirmed; the others are put aside.
fn add(verdicts: &mut Verdicts<'_>, to_confirm: &mut Vec<Seen>, batch: &RecordBatch) -> datafusion::common::Result<()> {
    let text = |at: usize| cast(batch.column(at), &DataType::Utf8);
    let (values, classes, sources, accounts, confirm) = (text(2)?, text(3)?, text(4)?, text(5)?, text(9)?);
    let (values, classes) = (values.as_string::<i32>(), classes.as_string::<i32>());
    let (sources, accounts) = (sources.as_string::<i32>(), accounts.as_string::<i32>());
    let missing = |what: &str| DataFusionError::Internal(format!("the rows of a sweep have no {what}"));
    let numbers = batch.column(0).as_primitive_opt::<Int32Type>().ok_or_else(|| missing("number"))?;
    let types = batch.column(1).as_primitive_opt::<Int32Type>().ok_or_else(|| missing("type"))?;
    let counts = batch.column(6).as_primitive_opt::<Int64Type>().ok_or_else(|| missing("count"))?;
    let first = batch.column(7).as_primitive_opt::<TimestampMillisecondType>().ok_or_else(|| missing("first time"))?;
    let last = batch.column(8).as_primitive_opt::<TimestampMillisecondType>().ok_or_else(|| missing("last time"))?;
    let confirm = confirm.as_string::<i32>();
    for row in 0..batch.num_rows() {
        let port = confirm.is_valid(row).then(|| confirm.value(row).strip_prefix("port=")?.parse().ok()).flatten();
        let seen = Seen {
            indicator: u32::try_from(numbers.value(row)).unwrap_or(u32::MAX),
            type_id: types.value(row),
            value: values.value(row).to_owned(),
            class: classes.value(row).to_owned(),
            source: sources.value(row).to_owned(),
            account: accounts.is_valid(row).then(|| accounts.value(row).to_owned()),
            port: port.unwrap_or_default(),
            count: u64::try_from(counts.value(row)).unwrap_or(0),
            first_ms: first.value(row),
            last_ms: last.value(row),
        };
        match port {
            Some(_) => to_confirm.push(seen),
            None => verdicts.add(&sighting(&seen, confirm.is_null(row))),
        }
    }
    Ok(())
}

/// What a verdict says, and why; what was not seen by a run that did not read everything is not known.
pub(super) fn status_and_reason(verdict: &Verdict, incomplete: Option<&str>) -> (&'static str, Option<String>) {
    match (verdict.status.name(), incomplete) {
        ("NOT_SEEN", Some(incomplete)) => ("NO_COVERAGE", Some(format!("not everything could be read: {incomplete}"))),
        (status, _) => (status, verdict.reason.clone()),
    }
}

fn to_json(verdict: &Verdict, incomplete: Option<&str>, shown: Option<&Shown>) -> Value {
    let seen = &verdict.seen;
    let (status, reason) = status_and_reason(verdict, incomplete);
    let top = seen.top_values(VALUES_NAMED).into_iter().map(|(value, count)| json!({"value": value, "count": count}));
    json!({
        "verdict": status, "original": verdict.original, "place": verdict.place, "feed": verdict.feed, "kind": verdict.kind,
        "value": verdict.value, "indicator_id": verdict.indicator_id, "reason": reason,
        "count": seen.inside + seen.outside + seen.partly, "inside": seen.inside, "outside": seen.outside, "partly": seen.partly,
        "unconfirmed": seen.unconfirmed, "first_seen": seen.first_ms.map(format_ms), "last_seen": seen.last_ms.map(format_ms),
        "classes": seen.classes, "sources": seen.sources, "accounts": seen.accounts, "top_values": top.collect::<Vec<_>>(),
        "top_entities": shown.map(Shown::entities), "samples": shown.map(Shown::samples).unwrap_or_default(),
        "samples_omitted": shown.and_then(Shown::omitted),
        "searched": verdict.searched, "valid_from": verdict.valid_from.map(format_ms), "valid_until": verdict.valid_until.map(format_ms),
        "confidence": verdict.confidence, "tlp": verdict.tlp, "attack": verdict.attack, "labels": verdict.labels,
    })
}

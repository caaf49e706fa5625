//! All that is known of a run that has ended, for its evidence and its report.

mod coverage;
mod expected;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type, TimestampMillisecondType};
use coldtrail_evidence::{
    Entity, Facts, Finding, HuntRecord, IndicatorStatus, IndicatorVerdict, Judgement, PinnedSnapshot, RunRecord, SegmentRead, Severity,
    Sha256Digest, SliceOutcome, SliceRecord, SliceRows, Technique, TimelineBin, UnreadableSegment, Versions,
};
use coldtrail_hunt::{Finding as Found, RunKind, RunService, window_of};
use coldtrail_huntfile::Expect;
use coldtrail_intel::Verdict;
use coldtrail_model::{OCSF_VERSION, Run, RunId, RunState, SegmentMeta, Slice, SliceState, TimeRange};
use coldtrail_query::Error;
use datafusion::common::DataFusionError;
use futures::TryStreamExt;

use super::conclude::CONCLUDED;
use super::verdicts::status_and_reason;
use super::{Hunting, failed};
use crate::runs::{Reading, catalog_error, now_ms};

/// The labels that hold the values of a hunt's parameters begin so.
const PARAMETER: &str = "parameter.";
/// How long is waited for the findings of a run that has just ended.
const FINDINGS_WAIT: Duration = Duration::from_secs(30);
/// How often it is looked whether they are there.
const LOOK: Duration = Duration::from_millis(100);
const DAY_MS: i64 = 86_400_000;

impl Hunting {
    /// What is known of a run, but the rows of its result.
    pub(super) async fn facts_of(&self, id: RunId, made_by: &str) -> Result<Facts, Error> {
        let (run, slices) = self.runs.get(id).await?;
        if !run.state.has_ended() {
            return Err(Error::NotAllowed { message: format!("run {id} is {}; evidence is made once it has ended", run.state) });
        }
        self.wait_for_findings(&run).await?;
        let reading = self.runs.reading_of(&run).await?;
        let hunt = self.hunt_record(&run).await?;
        let (coverage, searched) = self.coverage_and_searched(&run, &reading, unreadable(&slices, &reading)).await?;
        Ok(Facts {
            hunt: hunt.as_ref().map(|(record, _)| record.clone()),
            rows_are_judged: hunt.map_or(RunKind::of(&run.definition.labels).is_some(), |(_, is_judged)| is_judged),
            parameters: parameters(&run),
            sql: run.definition.sql.clone(),
            plan: reading.plan.clone(),
            versions: versions(&run)?,
            snapshot: PinnedSnapshot { id: run.definition.snapshot_id, committed_ms: None },
            segments: reading.segments.iter().map(|segment| segment_read(segment)).collect(),
            skipped: skipped(&run, &reading),
            slices: slices.iter().map(slice_record).collect(),
            searched,
            coverage,
            verdicts: self.verdict_records(&run).await?,
            findings: self.finding_records(&run).await?,
            timeline: self.timeline(&run, &reading).await?,
            run: self.run_record(&run).await?,
            made_by: made_by.to_owned(),
            made_ms: now_ms(),
            previous: None,
        })
    }

    /// The leader makes findings of a run a moment after it has ended.
    async fn wait_for_findings(&self, run: &Run) -> Result<(), Error> {
        if RunKind::of(&run.definition.labels).is_none() || !matches!(run.state, RunState::Done | RunState::Partial) {
            return Ok(());
        }
        let there = async {
            loop {
                if self.catalog.document(CONCLUDED, &run.id.to_string()).await.map_err(catalog_error)?.is_some() {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let late = || Error::Unavailable { message: format!("the findings of run {} are not noted yet; try again", run.id) };
        tokio::time::timeout(FINDINGS_WAIT, there).await.map_err(|_| late())?
    }

    /// The hunt that a run belongs to, and whether a rule makes findings of its rows.
    async fn hunt_record(&self, run: &Run) -> Result<Option<(HuntRecord, bool)>, Error> {
        let labels = &run.definition.labels;
        let Some(name) = labels.get("hunt") else { return Ok(None) };
        let (_, hunt) = self.content.hunt_of(name).await?;
        let query = hunt.queries.iter().find(|query| labels.get("query") == Some(&query.id));
        let is_judged = query.is_none_or(|query| query.expect != Expect::Review);
        let technique = |id: &String| Technique { id: id.clone(), name: None, tactic: None };
        let record = HuntRecord {
            id: hunt.id.clone(),
            title: hunt.title.clone(),
            hypothesis: hunt.hypothesis.clone(),
            techniques: hunt.techniques.iter().map(technique).collect(),
            text: hunt.text().to_owned(),
        };
        Ok(Some((record, is_judged)))
    }

    async fn verdict_records(&self, run: &Run) -> Result<Vec<IndicatorVerdict>, Error> {
        let is_sweep = RunKind::of(&run.definition.labels) == Some(RunKind::Sweep);
        match is_sweep && matches!(run.state, RunState::Done | RunState::Partial) {
            true => self.verdicts_with(run.id, verdict_record).await,
            false => Ok(Vec::new()),
        }
    }

    async fn finding_records(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let id = run.id.to_string();
        let findings = self.findings().await?;
        Ok(findings.iter().filter(|finding| finding.runs.contains(&id)).map(finding_record).collect())
    }

    /// How many rows there are of each day, if rows have a time.
    async fn timeline(&self, run: &Run, reading: &Reading) -> Result<Vec<TimelineBin>, Error> {
        let time = reading.whole.schema().field_with_unqualified_name("time");
        if !time.is_ok_and(|field| matches!(field.data_type(), DataType::Timestamp(..))) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT arrow_cast(date_trunc('day', \"time\"), 'Timestamp(ms, \"UTC\")') AS day, count(*) AS hits \
             FROM results.\"{}\" WHERE \"time\" IS NOT NULL GROUP BY 1 ORDER BY 1",
            run.id
        );
        let mut rows = self.rows(&sql).await?;
        let mut bins = Vec::new();
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            let days = batch.column(0).as_primitive::<TimestampMillisecondType>();
            let hits = batch.column(1).as_primitive::<Int64Type>();
            bins.extend(days.values().iter().zip(hits.values()).map(|(day_ms, hits)| TimelineBin {
                from_ms: *day_ms,
                to_ms: day_ms.saturating_add(DAY_MS - 1),
                hits: u64::try_from(*hits).unwrap_or(0),
            }));
        }
        Ok(bins)
    }

    /// What rules were run with beside themselves, by name: the values of placeholders, and filters.
    async fn beside_rules(&self, run: &Run) -> Result<Vec<(String, String)>, Error> {
        let Some(rules) = self.rules_read(run).await? else { return Ok(Vec::new()) };
        let json = |error: serde_json::Error| Error::Failed(DataFusionError::External(Box::new(error)));
        let mut beside = Vec::new();
        if !rules.placeholders().is_empty() {
            beside.push(("sigma.placeholders".to_owned(), serde_json::to_string(rules.placeholders()).map_err(json)?));
        }
        let filters: BTreeSet<String> = rules.rules().iter().flat_map(|rule| rule.filters()).map(|filter| filter.yaml()).collect();
        if !filters.is_empty() {
            beside.push(("sigma.filters".to_owned(), serde_json::to_string(&filters).map_err(json)?));
        }
        Ok(beside)
    }

    async fn run_record(&self, run: &Run) -> Result<RunRecord, Error> {
        let definition = &run.definition;
        let mut asked: BTreeMap<String, String> =
            definition.labels.iter().map(|(name, value)| (format!("label.{name}"), value.clone())).collect();
        asked.insert("priority".to_owned(), definition.priority.to_string());
        asked.extend(definition.bytes_max.map(|bytes| ("bytes_max".to_owned(), bytes.to_string())));
        asked.extend(definition.deadline_ms.map(|ms| ("deadline_ms".to_owned(), ms.to_string())));
        asked.extend(self.beside_rules(run).await?);
        if let Some(conclusion) = self.conclusion_of(run.id).await? {
            let said = [
                ("concluded.outcome", Some(conclusion.outcome)),
                ("concluded.by", Some(conclusion.by)),
                ("concluded.ms", Some(conclusion.at_ms.to_string())),
                ("concluded.note", conclusion.note),
                ("concluded.detections", (!conclusion.detections.is_empty()).then(|| conclusion.detections.join(", "))),
            ];
            asked.extend(said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        Ok(RunRecord {
            id: run.id.to_string(),
            title: definition.title.clone(),
            owner: definition.principal.clone(),
            submitted_ms: definition.submitted_ms,
            started_ms: run.started_ms,
            finished_ms: run.ended_ms,
            state: run.state,
            message: run.message.clone(),
            definition: asked,
        })
    }
}

fn parameters(run: &Run) -> BTreeMap<String, String> {
    let labels = run.definition.labels.iter();
    labels.filter_map(|(name, value)| Some((name.strip_prefix(PARAMETER)?.to_owned(), value.clone()))).collect()
}

/// The engine, and the versions of the content that the run names.
fn versions(run: &Run) -> Result<Versions, Error> {
    let mut others = BTreeMap::new();
    let hunt = run.definition.labels.get("hunt").map(|name| ("hunt", name.clone()));
    for (kind, name) in coldtrail_query::content_names(&run.definition.sql)?.into_iter().chain(hunt) {
        let (name, version) = name.rsplit_once('@').unwrap_or((&name, "unknown"));
        others.insert(format!("{kind} {name}"), version.to_owned());
    }
    Ok(Versions {
        coldtrail: env!("CARGO_PKG_VERSION").to_owned(),
        ocsf: OCSF_VERSION.to_owned(),
        datafusion: datafusion::DATAFUSION_VERSION.to_owned(),
        others,
    })
}

fn segment_read(segment: &SegmentMeta) -> SegmentRead {
    SegmentRead {
        path: segment.path.clone(),
        table: segment.table.name().to_owned(),
        rows: segment.rows,
        bytes: segment.bytes,
        sha256: Sha256Digest::from(segment.sha256),
    }
}

/// How many segments are not read, by why.
fn skipped(run: &Run, reading: &Reading) -> BTreeMap<String, u64> {
    let read: std::collections::HashSet<_> = reading.segments.iter().map(|segment| segment.id).collect();
    let tables: std::collections::HashSet<_> = reading.segments.iter().map(|segment| segment.table).collect();
    let window = window_of(&run.definition.labels);
    let mut skipped = BTreeMap::new();
    for segment in reading.snapshot.segments.values().flatten().filter(|segment| !read.contains(&segment.id)) {
        let why = match window {
            Some(window) if !segment.time.overlaps(&window) => "time",
            _ if !tables.contains(&segment.table) => "table",
            _ => "values",
        };
        *skipped.entry(why.to_owned()).or_insert(0) += 1;
    }
    skipped
}

fn slice_record(slice: &Slice) -> SliceRecord {
    let TimeRange { start_ms, end_ms } = slice.time;
    let (outcome, result, message) = match &slice.state {
        SliceState::Planned => (SliceOutcome::Planned, None, None),
        SliceState::Skipped => (SliceOutcome::Skipped, None, None),
        SliceState::Failed { message, .. } => (SliceOutcome::Failed, None, Some(message.clone())),
        SliceState::Done(kept) => {
            let sha256 = kept.path.as_ref().map(|_| Sha256Digest::from(kept.sha256));
            let rows = SliceRows { path: kept.path.clone(), rows: kept.rows, bytes: kept.bytes, sha256 };
            (SliceOutcome::Done, Some(rows), None)
        }
    };
    SliceRecord { number: slice.number, from_ms: start_ms, to_ms: end_ms, attempts: slice.attempts, outcome, result, message }
}

/// The segments that slices were given up for.
fn unreadable(slices: &[Slice], reading: &Reading) -> Vec<UnreadableSegment> {
    let failed = slices.iter().filter_map(|slice| match &slice.state {
        SliceState::Failed { message, segment: Some(path) } => Some((path, message)),
        _ => None,
    });
    let known = |path: &str| reading.segments.iter().find(|segment| segment.path == path);
    let mut segments: Vec<UnreadableSegment> = failed
        .map(|(path, message)| UnreadableSegment {
            path: path.clone(),
            table: known(path).map_or_else(|| "unknown".to_owned(), |segment| segment.table.name().to_owned()),
            rows: known(path).map_or(0, |segment| segment.rows),
            reason: message.clone(),
        })
        .collect();
    segments.sort_unstable();
    segments.dedup_by(|a, b| a.path == b.path);
    segments
}

fn verdict_record(verdict: &Verdict, incomplete: Option<&str>) -> IndicatorVerdict {
    let (status, reason) = status_and_reason(verdict, incomplete);
    let seen = &verdict.seen;
    IndicatorVerdict {
        status: IndicatorStatus::ALL.into_iter().find(|known| known.name() == status).unwrap_or(IndicatorStatus::Unsupported),
        feed: verdict.feed.to_string(),
        place: verdict.place.to_string(),
        original: verdict.original.to_string(),
        value: verdict.value.clone().map(Into::into),
        reason,
        events: seen.inside + seen.outside + seen.partly,
        first_ms: seen.first_ms,
        last_ms: seen.last_ms,
        sources: seen.sources.iter().map(ToString::to_string).collect(),
    }
}

fn finding_record(found: &Found) -> Finding {
    let entities = found.entities.iter().flat_map(|(kind, values)| values.iter().map(|value| (kind.clone(), value.clone())));
    Finding {
        id: found.key.clone(),
        title: found.title.clone(),
        severity: Severity::by_name(&found.severity).unwrap_or(Severity::Medium),
        query: Some(found.query.clone()),
        techniques: found.techniques.clone(),
        entities: entities.map(|(kind, value)| Entity { kind, value }).collect(),
        events: found.rows,
        first_ms: found.first_seen_ms,
        last_ms: found.last_seen_ms,
        judgement: found.verdict.as_deref().and_then(Judgement::by_name).unwrap_or_default(),
        judged_by: found.judged_by.clone(),
        judged_ms: found.judged_ms,
        note: found.note.clone(),
    }
}

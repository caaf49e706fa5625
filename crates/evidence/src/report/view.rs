//! What a report shows, in its order.

use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::format_ms;
use serde::Serialize;

use super::charts::{HeatMap, Timeline};
use super::words::{counted, headline};
use crate::{Answer, Evidence, Facts, Finding, Gap, IndicatorStatus, IndicatorVerdict, ResultHash, Searched, UnreadableSegment};

/// The most entities, and the most verdicts, that a report lists; the bundle has all.
const LISTED_MAX: usize = 500;

#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    title: &'a str,
    hypothesis: Option<&'a str>,
    answer: &'static str,
    headline: String,
    reservations: &'a [String],
    run: Vec<(&'static str, String)>,
    parameters: &'a BTreeMap<String, String>,
    timeline: Option<Timeline>,
    techniques: Vec<TechniqueRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    entities: Vec<EntityRow<'a>>,
    entities_left_out: usize,
    verdict_counts: Vec<(&'static str, usize)>,
    verdicts: Vec<VerdictRow<'a>>,
    verdicts_left_out: usize,
    searched: &'a [Searched],
    searched_events: u64,
    heat_map: Option<HeatMap>,
    sources: Vec<SourceRow<'a>>,
    gaps: Vec<Gap>,
    unreadable: &'a [UnreadableSegment],
    skipped: &'a BTreeMap<String, u64>,
    sql: &'a str,
    hashes: Vec<(&'static str, String)>,
    results: &'a [ResultHash],
}

#[derive(Debug, Serialize)]
struct TechniqueRow<'a> {
    id: &'a str,
    name: &'a str,
    tactic: &'a str,
    /// None if the technique was looked for and nothing can be said.
    findings: String,
}

#[derive(Debug, Serialize)]
struct FindingRow<'a> {
    title: &'a str,
    severity: &'static str,
    entities: String,
    events: u64,
    first: String,
    last: String,
    judgement: String,
    judged: String,
    note: &'a str,
}

#[derive(Debug, Serialize)]
struct EntityRow<'a> {
    kind: &'a str,
    value: &'a str,
    findings: u64,
    events: u64,
}

#[derive(Debug, Serialize)]
struct VerdictRow<'a> {
    status: &'static str,
    original: &'a str,
    feed: &'a str,
    place: &'a str,
    events: u64,
    first: String,
    last: String,
    sources: String,
    reason: &'a str,
}

/// The coverage of a source, in figures: what the map shows in colours.
#[derive(Debug, Default, Serialize)]
struct SourceRow<'a> {
    source: &'a str,
    expected_cells: u64,
    gap_cells: u64,
    events: u64,
    rejects: u64,
}

impl<'a> View<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let facts = &evidence.facts;
        let (entities, entities_left_out) = entities(&facts.findings);
        let (verdicts, verdicts_left_out) = verdicts(&facts.verdicts);
        Self {
            title: title(facts),
            hypothesis: facts.hunt.as_ref().map(|hunt| hunt.hypothesis.as_str()),
            answer: evidence.conclusion.answer.name(),
            headline: headline(evidence),
            reservations: &evidence.conclusion.reservations,
            run: run(evidence),
            parameters: &facts.parameters,
            timeline: Timeline::of(facts),
            techniques: techniques(evidence),
            findings: facts.findings.iter().map(FindingRow::of).collect(),
            entities,
            entities_left_out,
            verdict_counts: verdict_counts(&facts.verdicts),
            verdicts,
            verdicts_left_out,
            searched: &facts.searched,
            searched_events: facts.searched_events(),
            heat_map: HeatMap::of(&facts.coverage),
            sources: sources(facts),
            gaps: facts.coverage.gaps(),
            unreadable: &facts.coverage.unreadable,
            skipped: &facts.skipped,
            sql: &facts.sql,
            hashes: hashes(evidence),
            results: &evidence.results,
        }
    }
}

fn title(facts: &Facts) -> &str {
    let hunt = facts.hunt.as_ref().map(|hunt| hunt.title.as_str());
    hunt.or(facts.run.title.as_deref()).filter(|title| !title.trim().is_empty()).unwrap_or("Hunt report")
}

/// An instant with a space where a line may end.
fn time(time_ms: Option<i64>) -> String {
    time_ms.map_or_else(|| "–".to_owned(), |ms| format_ms(ms).replace('T', " "))
}

fn run(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let facts = &evidence.facts;
    let snapshot = match facts.snapshot.committed_ms {
        Some(committed_ms) => format!("{}, committed {}", facts.snapshot.id, time(Some(committed_ms))),
        None => facts.snapshot.id.to_string(),
    };
    let attempts: u64 = facts.slices.iter().map(|slice| u64::from(slice.attempts)).sum();
    let mut rows = vec![
        ("Run", facts.run.id.clone()),
        ("Asked by", facts.run.owner.clone()),
        ("Submitted", time(Some(facts.run.submitted_ms))),
        ("Started", time(facts.run.started_ms)),
        ("Ended", time(facts.run.finished_ms)),
        ("State", facts.run.state.name().to_owned()),
        ("Slices", format!("{} in {attempts} attempts", facts.slices.len())),
        ("Snapshot", snapshot),
        (
            "Versions",
            format!("Coldtrail {}, OCSF {}, DataFusion {}", facts.versions.coldtrail, facts.versions.ocsf, facts.versions.datafusion),
        ),
        ("Report made", format!("{} by {}", time(Some(facts.made_ms)), facts.made_by)),
    ];
    if let Some(hunt) = &facts.hunt {
        rows.insert(0, ("Hunt", hunt.id.clone()));
    }
    rows
}

/// The techniques that the hunt or a finding names, with how many findings name each.
fn techniques(evidence: &Evidence) -> Vec<TechniqueRow<'_>> {
    let facts = &evidence.facts;
    let named = facts.hunt.iter().flat_map(|hunt| &hunt.techniques);
    let mut rows: BTreeMap<&str, (&str, &str)> =
        named.map(|technique| (technique.id.as_str(), (text(&technique.name), text(&technique.tactic)))).collect();
    for id in facts.findings.iter().flat_map(|finding| &finding.techniques) {
        rows.entry(id).or_insert(("–", "–"));
    }
    let is_known = !matches!(evidence.conclusion.answer, Answer::NoCoverage | Answer::NoAnswer);
    rows.into_iter()
        .map(|(id, (name, tactic))| {
            let count = facts.findings.iter().filter(|finding| finding.techniques.iter().any(|of| of == id)).count();
            let findings = if is_known || count > 0 { count.to_string() } else { "not known".to_owned() };
            TechniqueRow { id, name, tactic, findings }
        })
        .collect()
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("–")
}

impl<'a> FindingRow<'a> {
    fn of(finding: &'a Finding) -> Self {
        let entities = finding.entities.iter().map(|entity| format!("{} {}", entity.kind, entity.value));
        let judged = match (&finding.judged_by, finding.judged_ms) {
            (Some(by), Some(ms)) => format!("by {by}, {}", time(Some(ms))),
            (Some(by), None) => format!("by {by}"),
            (None, _) => String::new(),
        };
        Self {
            title: &finding.title,
            severity: finding.severity.name(),
            entities: entities.collect::<Vec<_>>().join(", "),
            events: finding.events,
            first: time(finding.first_ms),
            last: time(finding.last_ms),
            judgement: finding.judgement.name().replace('_', " "),
            judged,
            note: finding.note.as_deref().unwrap_or_default(),
        }
    }
}

/// Whom and what findings are about, those in most findings first; and how many are not listed.
fn entities(findings: &[Finding]) -> (Vec<EntityRow<'_>>, usize) {
    let mut counts: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for finding in findings {
        let entities: BTreeSet<_> = finding.entities.iter().map(|entity| (entity.kind.as_str(), entity.value.as_str())).collect();
        for entity in entities {
            let count = counts.entry(entity).or_default();
            *count = (count.0 + 1, count.1.saturating_add(finding.events));
        }
    }
    let mut rows: Vec<EntityRow<'_>> =
        counts.into_iter().map(|((kind, value), (findings, events))| EntityRow { kind, value, findings, events }).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.findings), std::cmp::Reverse(row.events)));
    let left_out = rows.len().saturating_sub(LISTED_MAX);
    rows.truncate(LISTED_MAX);
    (rows, left_out)
}

fn verdict_counts(verdicts: &[IndicatorVerdict]) -> Vec<(&'static str, usize)> {
    let count = |status| verdicts.iter().filter(|verdict| verdict.status == status).count();
    let counts = IndicatorStatus::ALL.into_iter().map(|status| (status.name(), count(status)));
    if verdicts.is_empty() { Vec::new() } else { counts.collect() }
}

/// The verdicts that a reader looks for first, without those that were not seen; and how many are not listed.
fn verdicts(verdicts: &[IndicatorVerdict]) -> (Vec<VerdictRow<'_>>, usize) {
    let mut listed: Vec<&IndicatorVerdict> = verdicts.iter().filter(|verdict| verdict.status != IndicatorStatus::NotSeen).collect();
    listed.sort_by_key(|verdict| verdict.status);
    let rows = listed.iter().take(LISTED_MAX).map(|verdict| VerdictRow {
        status: verdict.status.name(),
        original: &verdict.original,
        feed: &verdict.feed,
        place: &verdict.place,
        events: verdict.events,
        first: time(verdict.first_ms),
        last: time(verdict.last_ms),
        sources: verdict.sources.join(", "),
        reason: verdict.reason.as_deref().unwrap_or_default(),
    });
    (rows.collect(), listed.len().saturating_sub(LISTED_MAX))
}

fn sources(facts: &Facts) -> Vec<SourceRow<'_>> {
    let mut rows: BTreeMap<&str, SourceRow<'_>> = BTreeMap::new();
    for cell in &facts.coverage.cells {
        let row = rows.entry(&cell.source).or_default();
        row.source = &cell.source;
        row.expected_cells += u64::from(cell.expected);
        row.gap_cells += u64::from(cell.is_gap());
        row.events = row.events.saturating_add(cell.events);
        row.rejects = row.rejects.saturating_add(cell.rejects);
    }
    rows.into_values().collect()
}

fn hashes(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let facts = &evidence.facts;
    let segments = &facts.segments;
    let mut rows = vec![
        ("Evidence digest", evidence.evidence_digest.to_string()),
        ("Rows of the result", format!("{}, SHA-256 {}", counted(evidence.rows.rows, "row"), evidence.rows.sha256)),
        (
            "Segments read",
            format!(
                "{} of {} bytes; each with its SHA-256 in segments.jsonl",
                segments.len(),
                segments.iter().map(|segment| segment.bytes).fold(0, u64::saturating_add)
            ),
        ),
    ];
    if let Some(hunt) = &facts.hunt {
        rows.push(("Hunt file", format!("SHA-256 {}", crate::Sha256Digest::of(hunt.text.as_bytes()))));
    }
    if let Some(previous) = facts.previous {
        rows.push(("Repeats the bundle", previous.to_string()));
    }
    rows
}

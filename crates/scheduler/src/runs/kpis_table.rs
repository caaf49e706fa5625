use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use coldtrail_evidence::{DetectionMade, FindingFact, Judgement, Kpis, RunFact, Window, hunt_kpis};
use coldtrail_hunt::{Finding, HuntConclusion, REPEATS, RunKind, subject_of};
use coldtrail_model::{Run, RunState};
use datafusion::error::Result;

use super::now_ms;
use super::tables::{batch, commented, counts, texts};

/// What the figures are made of.
pub(super) struct HuntingFacts<'a> {
    pub(super) runs: &'a [Arc<Run>],
    pub(super) findings: &'a [Finding],
    pub(super) conclusions: &'a [HuntConclusion],
}

/// The figures of hunting as a table: one row each calendar month, UTC, from the first run to now.
pub(super) fn kpis_batch(facts: &HuntingFacts<'_>) -> Result<RecordBatch> {
    let months = months_of(facts);
    let text = |of: &dyn Fn(&Kpis) -> Option<String>| -> Vec<Option<String>> { months.iter().map(|(_, kpis)| of(kpis)).collect() };
    let count = |of: &dyn Fn(&Kpis) -> Option<u64>| counts(months.iter().map(|(_, kpis)| of(kpis)));
    let this = |kpis: &Kpis| kpis.months.values().next().cloned().unwrap_or_default();
    let seconds = |ms: Option<u64>| ms.map(|ms| ms / 1000);
    let rate = months.iter().map(|(_, kpis)| kpis.true_positives.value()).collect::<Float64Array>();
    let techniques = text(&|kpis| serde_json::to_string(&kpis.techniques_missing).ok());
    let whole = |name: &str, nullable: bool, comment: &str| commented(name, DataType::Int64, nullable, comment);
    let columns: Vec<(Field, ArrayRef)> = vec![
        (commented("month", DataType::Utf8, false, "The month, UTC"), texts(months.iter().map(|(month, _)| Some(month.as_str())))),
        (whole("runs", false, "Runs of hunts, rules and feeds that answered"), count(&|kpis| Some(this(kpis).runs))),
        (whole("hunts", false, "Different hunts among them"), count(&|kpis| Some(this(kpis).hunts))),
        (whole("unanswered", false, "Runs that were asked for and have no answer"), count(&|kpis| Some(kpis.unanswered))),
        (whole("judged", false, "Findings of the month that were judged"), count(&|kpis| Some(kpis.true_positives.of))),
        (whole("true_positives", false, "Those that are true"), count(&|kpis| Some(kpis.true_positives.part))),
        (commented("true_positive_rate", DataType::Float64, true, "Their share; null of none"), Arc::new(rate)),
        (whole("unjudged", false, "Findings that nobody has judged"), count(&|kpis| Some(kpis.unjudged))),
        (whole("mean_seconds_to_hunt", true, "From asking to the answer"), count(&|kpis| seconds(kpis.mean_time_to_hunt_ms))),
        (
            whole("mean_seconds_to_find", true, "From the first event to the finding, of those that are true"),
            count(&|kpis| seconds(kpis.mean_time_to_find_ms)),
        ),
        (whole("detections_made", false, "Detections that were made because of hunts"), count(&|kpis| Some(kpis.detections_made))),
        (whole("techniques_hunted", false, "ATT&CK techniques that were hunted for"), count(&|kpis| Some(kpis.techniques.part))),
        (whole("techniques", false, "ATT&CK techniques of all hunts that ever ran"), count(&|kpis| Some(kpis.techniques.of))),
        (
            commented("techniques_missing", DataType::Utf8, false, "Those that were not hunted for in the month, as JSON"),
            texts(techniques.iter().map(Option::as_deref)),
        ),
    ];
    batch(columns)
}

fn months_of(facts: &HuntingFacts<'_>) -> Vec<(String, Kpis)> {
    let runs: Vec<RunFact> = facts.runs.iter().filter_map(|run| run_fact(run)).collect();
    let findings: Vec<FindingFact> = facts.findings.iter().map(finding_fact).collect();
    let made = |conclusion: &HuntConclusion| {
        let detection = DetectionMade { hunt: conclusion.hunt.clone(), made_ms: conclusion.at_ms };
        conclusion.detections.iter().map(|_| detection.clone()).collect::<Vec<_>>()
    };
    let detections: Vec<DetectionMade> = facts.conclusions.iter().flat_map(made).collect();
    let scope: BTreeSet<String> = runs.iter().flat_map(|run| run.techniques.iter().cloned()).collect();
    let scope: Vec<String> = scope.into_iter().collect();
    let Some(first_ms) = runs.iter().map(|run| run.asked_ms).min() else { return Vec::new() };
    months(first_ms, now_ms())
        .into_iter()
        .filter_map(|period| {
            let kpis = hunt_kpis(period, &runs, &findings, &detections, &scope);
            Some((kpis.months.keys().next()?.clone(), kpis))
        })
        .collect()
}

/// The calendar months from one instant to another.
fn months(first_ms: i64, last_ms: i64) -> Vec<Window> {
    use chrono::{DateTime, Datelike, Months, NaiveTime};
    let day = DateTime::from_timestamp_millis(first_ms).unwrap_or_default().date_naive();
    let mut month = day.with_day(1).unwrap_or(day);
    let mut windows = Vec::new();
    let ms = |day: chrono::NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    while ms(month) <= last_ms {
        let Some(next) = month.checked_add_months(Months::new(1)) else { break };
        windows.push(Window { from_ms: ms(month), to_ms: ms(next) - 1 });
        month = next;
    }
    windows
}

fn run_fact(run: &Run) -> Option<RunFact> {
    let labels = &run.definition.labels;
    // A repetition is no hunt of its own.
    RunKind::of(labels).filter(|_| !labels.contains_key(REPEATS))?;
    let answered = matches!(run.state, RunState::Done | RunState::Partial);
    Some(RunFact {
        hunt: subject_of(labels)?.to_owned(),
        asked_ms: run.definition.submitted_ms,
        answered_ms: run.ended_ms.filter(|_| answered),
        techniques: labels.get("techniques").map(|ids| ids.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
    })
}

fn finding_fact(finding: &Finding) -> FindingFact {
    FindingFact {
        hunt: finding.hunt.clone(),
        found_ms: finding.created_ms,
        first_event_ms: finding.first_seen_ms,
        judgement: finding.verdict.as_deref().and_then(Judgement::by_name).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_one_another_without_a_gap() {
        // 31 January 2026 to 1 April 2026.
        let windows = months(1_769_817_600_000, 1_775_001_600_000);
        assert_eq!(windows.len(), 4);
        assert!(windows.windows(2).all(|pair| pair[0].to_ms + 1 == pair[1].from_ms));
    }
}

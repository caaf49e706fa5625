use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::format_ms;
use serde::{Deserialize, Serialize};

use crate::{Judgement, Window};

/// A run of a hunt, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFact {
    /// The hunt.
    pub hunt: String,
    /// When somebody asked for the hunt: when the report of a threat came in, or else when the run was submitted.
    pub asked_ms: i64,
    /// When it ended with an answer; none if it has not.
    pub answered_ms: Option<i64>,
    /// The ATT&CK techniques that it looked for, by id.
    pub techniques: Vec<String>,
}

/// A finding, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingFact {
    /// The hunt.
    pub hunt: String,
    /// When the hunt found it.
    pub found_ms: i64,
    /// When the first of its events happened.
    pub first_event_ms: Option<i64>,
    /// What a person says of it.
    pub judgement: Judgement,
}

/// A detection that was made because of a hunt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionMade {
    /// The hunt.
    pub hunt: String,
    /// When the detection was put to work.
    pub made_ms: i64,
}

/// So many of so many. Nothing of nothing is no rate, not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub of: u64,
}

impl Ratio {
    /// From 0 to 1; none of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }
}

/// The hunting of one calendar month, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthlyHunts {
    /// Runs that answered.
    pub runs: u64,
    /// Different hunts among them.
    pub hunts: u64,
}

/// What hunting did in a period: the figures that a programme of hunting is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kpis {
    /// By month, such as `2026-03`; every month of the period is there, also those without.
    pub months: BTreeMap<String, MonthlyHunts>,
    /// Runs that were asked for and have no answer yet.
    pub unanswered: u64,
    /// True positives among the findings that were judged true, benign or false.
    pub true_positives: Ratio,
    /// Findings that nobody has judged.
    pub unjudged: u64,
    /// The mean time from asking to answer, in milliseconds; none without an answer.
    pub mean_time_to_hunt_ms: Option<u64>,
    /// The mean time from the first event to the finding, of true positives, in milliseconds.
    pub mean_time_to_find_ms: Option<u64>,
    /// Detections that were made because of hunts.
    pub detections_made: u64,
    /// Techniques that answered runs looked for, among those in scope.
    pub techniques: Ratio,
    /// Techniques in scope that no answered run looked for.
    pub techniques_missing: Vec<String>,
}

/// Counts. A run counts when it was answered, a finding when it was found, a detection when it was made; `scope` are the techniques,
/// by id, that the programme wants to hunt for. A hunt for a sub-technique (`T1110.003`) covers that alone, not its parent.
pub fn hunt_kpis(period: Window, runs: &[RunFact], findings: &[FindingFact], detections: &[DetectionMade], scope: &[String]) -> Kpis {
    let answered: Vec<(&RunFact, i64)> =
        runs.iter().filter_map(|run| run.answered_ms.filter(|ms| period.holds(*ms)).map(|ms| (run, ms))).collect();
    let findings: Vec<&FindingFact> = findings.iter().filter(|finding| period.holds(finding.found_ms)).collect();
    let count = |judgement| findings.iter().filter(|finding| finding.judgement == judgement).count() as u64;
    let true_positives = count(Judgement::TruePositive);
    let true_finds = findings.iter().filter(|finding| finding.judgement == Judgement::TruePositive);
    let hunted: BTreeSet<&str> = answered.iter().flat_map(|(run, _)| run.techniques.iter().map(String::as_str)).collect();
    let scope: BTreeSet<&str> = scope.iter().map(String::as_str).collect();
    let missing: Vec<String> = scope.difference(&hunted).map(|technique| (*technique).to_owned()).collect();
    Kpis {
        months: months(period, &answered),
        unanswered: runs.iter().filter(|run| run.answered_ms.is_none() && period.holds(run.asked_ms)).count() as u64,
        true_positives: Ratio { part: true_positives, of: true_positives + count(Judgement::Benign) + count(Judgement::FalsePositive) },
        unjudged: count(Judgement::Unjudged),
        mean_time_to_hunt_ms: mean(answered.iter().map(|(run, answered_ms)| answered_ms.saturating_sub(run.asked_ms))),
        mean_time_to_find_ms: mean(true_finds.filter_map(|finding| Some(finding.found_ms.saturating_sub(finding.first_event_ms?)))),
        detections_made: detections.iter().filter(|detection| period.holds(detection.made_ms)).count() as u64,
        techniques: Ratio { part: (scope.len() - missing.len()) as u64, of: scope.len() as u64 },
        techniques_missing: missing,
    }
}

fn months(period: Window, answered: &[(&RunFact, i64)]) -> BTreeMap<String, MonthlyHunts> {
    let mut months: BTreeMap<String, (u64, BTreeSet<&str>)> = BTreeMap::new();
    if period.from_ms <= period.to_ms {
        // A month has at least 28 days, so none is stepped over; a hundred years are enough.
        let steps = (0..1_400).map(|step| period.from_ms.saturating_add(step * 28 * 86_400_000));
        for time_ms in steps.take_while(|time_ms| *time_ms < period.to_ms).chain([period.to_ms]) {
            months.entry(month_of(time_ms)).or_default();
        }
    }
    for (run, answered_ms) in answered {
        let month = months.entry(month_of(*answered_ms)).or_default();
        month.0 += 1;
        month.1.insert(&run.hunt);
    }
    months.into_iter().map(|(month, (runs, hunts))| (month, MonthlyHunts { runs, hunts: hunts.len() as u64 })).collect()
}

/// `2026-03` of `2026-03-01T00:00:00.000Z`.
fn month_of(time_ms: i64) -> String {
    format_ms(time_ms).chars().take(7).collect()
}

/// A time that would be negative, from a clock that is wrong, counts as none.
fn mean(times_ms: impl Iterator<Item = i64>) -> Option<u64> {
    let (sum, count) = times_ms.fold((0_u128, 0_u128), |(sum, count), ms| (sum + u128::from(ms.max(0).unsigned_abs()), count + 1));
    (count > 0).then(|| u64::try_from(sum / count).unwrap_or(u64::MAX))
}

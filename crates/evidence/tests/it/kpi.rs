//! The figures of a programme of hunting.

use coldtrail_evidence::{DetectionMade, FindingFact, Judgement, Kpis, Ratio, RunFact, Window, hunt_kpis};

use crate::example::{DAY_MS, MARCH_MS};

const HOUR_MS: i64 = 3_600_000;
/// From 15 February to 10 April 2026.
const PERIOD: Window = Window { from_ms: MARCH_MS - 14 * DAY_MS, to_ms: MARCH_MS + 40 * DAY_MS };

fn run(hunt: &str, day: i64, hours: Option<i64>, techniques: &[&str]) -> RunFact {
    let asked_ms = MARCH_MS + day * DAY_MS;
    let techniques = techniques.iter().map(|id| (*id).to_owned()).collect();
    RunFact { hunt: hunt.to_owned(), asked_ms, answered_ms: hours.map(|hours| asked_ms + hours * HOUR_MS), techniques }
}

fn finding(judgement: Judgement, found_after_hours: i64) -> FindingFact {
    FindingFact { hunt: "a".to_owned(), found_ms: MARCH_MS, first_event_ms: Some(MARCH_MS - found_after_hours * HOUR_MS), judgement }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_figures_of_two_months() {
    let runs = [
        run("spray", 0, Some(2), &["T1110.003"]),
        run("spray", 5, Some(4), &["T1110.003"]),
        run("tunnel", 32, Some(6), &["T1572", "T9999"]),
        run("open", 3, None, &["T1098"]),
        run("before", -30, Some(1), &["T1486"]),
    ];
    let findings = [
        finding(Judgement::TruePositive, 10),
        finding(Judgement::TruePositive, 20),
        finding(Judgement::FalsePositive, 1),
        finding(Judgement::Benign, 1),
        finding(Judgement::Unjudged, 1),
        finding(Judgement::Suspicious, 1),
    ];
    let detections = [DetectionMade { hunt: "spray".to_owned(), made_ms: MARCH_MS }];
    let kpis = hunt_kpis(PERIOD, &runs, &findings, &detections, &texts(&["T1098", "T1110.003", "T1572"]));
    let months: Vec<(&str, u64, u64)> = kpis.months.iter().map(|(month, count)| (month.as_str(), count.runs, count.hunts)).collect();
    assert_eq!(months, [("2026-02", 0, 0), ("2026-03", 2, 1), ("2026-04", 1, 1)]);
    assert_eq!(kpis.unanswered, 1);
    assert_eq!(kpis.true_positives, Ratio { part: 2, of: 4 });
    assert_eq!(kpis.unjudged, 1);
    assert_eq!(kpis.mean_time_to_hunt_ms, Some(4 * HOUR_MS as u64));
    assert_eq!(kpis.mean_time_to_find_ms, Some(15 * HOUR_MS as u64));
    assert_eq!(kpis.detections_made, 1);
    assert_eq!(kpis.techniques, Ratio { part: 2, of: 3 });
    assert_eq!(kpis.techniques_missing, ["T1098"]);
}

#[test]
fn nothing_of_nothing_is_no_rate() {
    let kpis = hunt_kpis(Window { from_ms: 1, to_ms: 0 }, &[], &[], &[], &[]);
    assert_eq!(kpis, Kpis::default());
    assert_eq!(kpis.true_positives.value(), None);
    assert_eq!(Ratio { part: 1, of: 4 }.value(), Some(0.25));
}

#[test]
fn a_clock_that_runs_back_does_not_make_a_time_negative() {
    let run = run("a", 1, Some(-5), &[]);
    assert_eq!(hunt_kpis(PERIOD, &[run], &[], &[], &[]).mean_time_to_hunt_ms, Some(0));
}

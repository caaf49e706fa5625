use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMillisecondArray};
use coldtrail_huntfile::Title;

use super::*;

fn rows(columns: &[(&str, &[&str])]) -> RecordBatch {
    let texts = columns.iter().map(|(name, values)| (*name, Arc::new(StringArray::from(values.to_vec())) as ArrayRef));
    let count = i64::try_from(columns[0].1.len()).expect("few rows");
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(0..count).with_timezone("UTC"));
    RecordBatch::try_from_iter(texts.chain([("time", times)])).expect("a batch")
}

fn rule(dedupe: &[&str]) -> FindingRule {
    let dedupe = dedupe.iter().map(|name| (*name).to_owned()).collect();
    let title = Title::read(if Vec::is_empty(&dedupe) { "a row" } else { "{user} did it" }).expect("a title");
    FindingRule { title, dedupe, entities: vec![], observables: vec![], threshold: 1 }
}

fn context(run_id: &str) -> FindingContext {
    FindingContext {
        hunt: "hunt".to_owned(),
        query: "query".to_owned(),
        run_id: run_id.to_owned(),
        severity: Severity::High,
        techniques: vec!["T1078".to_owned()],
        now_ms: 7,
    }
}

fn found(rule: &FindingRule, run_id: &str, is_count: bool, batches: &[RecordBatch]) -> Vec<Finding> {
    let context = context(run_id);
    let mut maker = FindingMaker::new(rule, &context, is_count);
    batches.iter().for_each(|batch| maker.add(batch).expect("rows"));
    maker.finish()
}

#[test]
fn rows_that_agree_in_what_they_are_told_by_are_one_finding() {
    let batch = rows(&[("user", &["ann", "bob", "ann"]), ("ip", &["1", "2", "3"])]);
    let findings = found(&rule(&["user"]), "run", false, &[batch]);
    let mut seen: Vec<_> = findings.iter().map(|finding| (finding.title.as_str(), finding.rows, finding.last_seen_ms)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("ann did it", 2, Some(2)), ("bob did it", 1, Some(1))]);
}

#[test]
fn without_columns_to_tell_by_a_row_is_told_by_all_of_it_and_not_by_its_place() {
    let (ann, bob) = (rows(&[("user", &["ann"])]), rows(&[("user", &["bob"])]));
    let first = found(&rule(&[]), "run 1", false, &[ann.clone(), bob.clone()]);
    let second = found(&rule(&[]), "run 2", false, &[bob, ann]);
    let keys = |findings: &[Finding]| findings.iter().map(|finding| finding.key.clone()).collect::<BTreeSet<_>>();
    assert_eq!((keys(&first), keys(&first).len()), (keys(&second), 2));
}

#[test]
fn a_finding_is_found_again_without_growing_for_ever() {
    let batch = rows(&[("user", &["ann"])]);
    let mut finding = found(&rule(&["user"]), "run 0000", false, std::slice::from_ref(&batch)).remove(0);
    finding.set_verdict("benign").expect("a verdict");
    for run in 1..500 {
        finding.found_again(found(&rule(&["user"]), &format!("run {run:04}"), false, std::slice::from_ref(&batch)).remove(0));
    }
    assert_eq!((finding.runs_count, finding.runs.len(), finding.run_id.as_str()), (500, RUNS_NAMED, "run 0499"));
    assert_eq!(finding.runs.last().map(String::as_str), Some("run 0499"));
    assert_eq!(finding.verdict.as_deref(), Some("benign"), "what a hunter said stays");
}

#[test]
fn more_findings_than_there_may_be_are_said_as_one() {
    let users: Vec<String> = (0..FINDINGS_OF_A_RUN_MAX + 5).map(|number| format!("user {number}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let findings = found(&rule(&["user"]), "run", false, &[rows(&[("user", &users)])]);
    assert_eq!(findings.len(), FINDINGS_OF_A_RUN_MAX + 1);
    assert!(findings.last().is_some_and(|last| last.title.contains("5 more rows")));
}

#[test]
fn all_rows_of_a_count_are_one_finding_if_they_are_enough() {
    let batch = rows(&[("user", &["ann", "bob"])]);
    let enough = FindingRule { threshold: 2, ..rule(&[]) };
    assert_eq!(found(&enough, "run", true, std::slice::from_ref(&batch)).len(), 1);
    let too_few = FindingRule { threshold: 3, ..rule(&[]) };
    assert!(found(&too_few, "run", true, &[batch]).is_empty());
}

#[test]
fn a_long_text_is_cut_so_that_a_finding_stays_small() {
    let long = "ä".repeat(5_000);
    let rule = FindingRule { entities: vec!["user".to_owned()], ..rule(&["user"]) };
    let finding = found(&rule, "run", false, &[rows(&[("user", &[&long])])]).remove(0);
    assert!(finding.title.len() <= TEXT_BYTES_MAX + '…'.len_utf8() && finding.title.ends_with('…'));
    assert!(serde_json::to_vec(&finding).expect("JSON").len() < 10_000);
}

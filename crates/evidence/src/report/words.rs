//! The sentences of a report.

use std::collections::BTreeSet;

use coldtrail_model::format_ms;

use super::template::thousands;
use crate::{Answer, Evidence, Facts, IndicatorStatus, Judgement};

/// The answer in a sentence or two.
pub(super) fn headline(evidence: &Evidence) -> String {
    let facts = &evidence.facts;
    let searched = searched(facts);
    let answer = match evidence.conclusion.answer {
        Answer::Found => format!("{} in {searched}.", found(facts)),
        Answer::ToReview => format!("{} to review, in {searched}. Nobody has judged them.", to_review(evidence)),
        Answer::NothingFound => format!("Nothing found in {searched}."),
        Answer::NoCoverage => {
            return "Nothing is known: no event that could answer was there to be searched. This is not a clean result.".to_owned();
        }
        Answer::NoAnswer if !facts.run.state.has_ended() => return "No answer yet: the run has not ended.".to_owned(),
        Answer::NoAnswer => return format!("No answer: the run is {}, or could look for nothing that was asked.", facts.run.state.name()),
    };
    let speaks_for = match (evidence.conclusion.answer, evidence.conclusion.is_complete()) {
        (_, false) => " This does not speak for all that was asked: see the reservations.",
        (Answer::NothingFound, true) => " All that was expected was there, and was searched.",
        (_, true) => "",
    };
    answer + speaks_for
}

fn found(facts: &Facts) -> String {
    let seen = facts.verdicts.iter().filter(|verdict| verdict.status == IndicatorStatus::Seen).count() as u64;
    let mut said = Vec::new();
    if !facts.findings.is_empty() {
        said.push(format!("{}{}", counted(facts.findings.len() as u64, "finding"), judgements(facts)));
    }
    if seen > 0 {
        said.push(format!("{} seen", counted(seen, "indicator")));
    }
    said.join(" and ")
}

/// ` (1 true positive, 2 unjudged)`.
fn judgements(facts: &Facts) -> String {
    let all = [
        (Judgement::TruePositive, "true positive"),
        (Judgement::Suspicious, "suspicious"),
        (Judgement::Benign, "benign"),
        (Judgement::FalsePositive, "false positive"),
        (Judgement::InsufficientData, "without enough data"),
        (Judgement::Duplicate, "duplicate"),
        (Judgement::Unjudged, "not judged yet"),
    ];
    let counts = all.into_iter().filter_map(|(judgement, words)| {
        let count = facts.findings.iter().filter(|finding| finding.judgement == judgement).count() as u64;
        (count > 0).then(|| format!("{} {words}", thousands(count)))
    });
    format!(" ({})", counts.collect::<Vec<_>>().join(", "))
}

fn to_review(evidence: &Evidence) -> String {
    let unconfirmed = evidence.facts.verdicts.iter().filter(|verdict| verdict.status == IndicatorStatus::Unconfirmed).count() as u64;
    let mut said = Vec::new();
    if evidence.rows.rows > 0 && !evidence.facts.rows_are_judged {
        said.push(counted(evidence.rows.rows, "row"));
    }
    if unconfirmed > 0 {
        said.push(format!("{} seen in part", counted(unconfirmed, "indicator")));
    }
    said.join(" and ")
}

/// `1,234 events of aws_cloudtrail and okta, from … to …`.
fn searched(facts: &Facts) -> String {
    let sources: BTreeSet<&str> =
        facts.searched.iter().filter(|searched| searched.events > 0).map(|searched| searched.source.as_str()).collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    let of = match sources.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" of {only}"),
        Some((last, others)) => format!(" of {} and {last}", others.join(", ")),
    };
    let window = facts.coverage.window;
    let window = window.map(|window| format!(", from {} to {}", format_ms(window.from_ms), format_ms(window.to_ms))).unwrap_or_default();
    format!("{}{of}{window}", counted(facts.searched_events(), "event"))
}

pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

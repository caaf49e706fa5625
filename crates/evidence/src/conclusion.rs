use coldtrail_model::{RunState, format_ms};
use serde::{Deserialize, Serialize};

use crate::{Facts, IndicatorStatus};

/// What can be concluded of a run, and what stands in the way of concluding more.
///
/// `NothingFound` without reservations is a result: so many events were searched, all that should be there was there, and nothing
/// matched. Where nothing was searched, or the run did not end, nothing is concluded. Example: 90 days of CloudTrail, of which 2 days
/// are missing, without a match: `NothingFound`, with one reservation that names the days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conclusion {
    /// What the run says.
    pub answer: Answer,
    /// What the answer does not speak for, a sentence each; empty if it speaks for all that was asked.
    pub reservations: Vec<String>,
}

/// What a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// There are findings, or indicators were seen.
    Found,
    /// There are rows, or indicators seen in part, that nobody has judged.
    ToReview,
    /// Events were searched, and none matched.
    NothingFound,
    /// No event was there to be searched: nothing is known.
    NoCoverage,
    /// The run did not answer: it failed, was cancelled, or has not ended.
    NoAnswer,
}

impl Answer {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::ToReview => "to_review",
            Self::NothingFound => "nothing_found",
            Self::NoCoverage => "no_coverage",
            Self::NoAnswer => "no_answer",
        }
    }
}

impl Conclusion {
    /// True if the answer speaks for all that was asked.
    pub fn is_complete(&self) -> bool {
        self.reservations.is_empty()
    }
}

/// Concludes from what is known of a run and the number of rows of its result.
pub fn conclude(facts: &Facts, rows: u64) -> Conclusion {
    Conclusion { answer: answer(facts, rows), reservations: reservations(facts) }
}

fn answer(facts: &Facts, rows: u64) -> Answer {
    let has = |status| facts.verdicts.iter().any(|verdict| verdict.status == status);
    let only_uncovered = has(IndicatorStatus::NoCoverage) && !has(IndicatorStatus::NotSeen);
    if !facts.findings.is_empty() || has(IndicatorStatus::Seen) {
        Answer::Found
    } else if has(IndicatorStatus::Unconfirmed) || (rows > 0 && !facts.rows_are_judged) {
        Answer::ToReview
    } else if !matches!(facts.run.state, RunState::Done | RunState::Partial) || is_unread(facts) {
        Answer::NoAnswer
    } else if facts.searched_events() == 0 || only_uncovered {
        Answer::NoCoverage
    } else if !facts.verdicts.is_empty() && !has(IndicatorStatus::NotSeen) {
        // A sweep that could look for none of its indicators has no answer, however many events there are.
        Answer::NoAnswer
    } else {
        Answer::NothingFound
    }
}

/// True if not a single slice was read to its end.
fn is_unread(facts: &Facts) -> bool {
    !facts.slices.is_empty() && facts.slices.iter().all(|slice| slice.outcome.is_unanswered())
}

fn reservations(facts: &Facts) -> Vec<String> {
    let mut said = Vec::new();
    if facts.run.state != RunState::Done {
        let why = facts.run.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        said.push(format!("The run is {}{why}.", facts.run.state.name()));
    }
    if facts.searched_events() == 0 {
        said.push("No event was there to be searched.".to_owned());
    }
    for range in facts.unanswered() {
        said.push(format!("The time from {} to {} was not read to its end.", format_ms(range.from_ms), format_ms(range.to_ms)));
    }
    for segment in &facts.coverage.unreadable {
        said.push(format!("{} rows of {} in {} could not be read: {}.", segment.rows, segment.table, segment.path, segment.reason));
    }
    if !facts.coverage.cells.iter().any(|cell| cell.expected) {
        said.push("It is not known what should have been there to be searched.".to_owned());
    }
    for gap in facts.coverage.gaps() {
        let account = gap.account.as_deref().map(|account| format!(", account {account}")).unwrap_or_default();
        let days = if gap.days == 1 { format!("on {}", gap.from) } else { format!("from {} to {} ({} days)", gap.from, gap.to, gap.days) };
        said.push(format!("There are no events of {}{account} {days}.", gap.source));
    }
    let rejects = facts.coverage.cells.iter().fold(0_u64, |sum, cell| sum.saturating_add(cell.rejects));
    if rejects > 0 {
        said.push(format!("{rejects} records could not be read as events when they were taken in."));
    }
    said.extend(indicator_reservations(facts));
    said
}

fn indicator_reservations(facts: &Facts) -> impl Iterator<Item = String> {
    let statuses = [
        (IndicatorStatus::NoCoverage, "no event was there that could show them"),
        (IndicatorStatus::Rejected, "they were not looked for"),
        (IndicatorStatus::Unsupported, "they could not be looked for"),
    ];
    statuses.into_iter().filter_map(|(status, words)| {
        let count = facts.verdicts.iter().filter(|verdict| verdict.status == status).count();
        (count > 0).then(|| format!("Indicators that are {}: {count}; {words}.", status.name()))
    })
}

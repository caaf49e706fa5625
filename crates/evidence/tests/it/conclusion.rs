//! What is concluded of a run, and what never is.

use coldtrail_evidence::{Answer, Contents, Evidence, IndicatorStatus, IndicatorVerdict, SliceOutcome, UnreadableSegment};
use coldtrail_model::RunState;
use expect_test::{Expect, expect};

use crate::example::{contents, quiet, result, rows};

fn check(contents: &Contents, expected: Expect) {
    let conclusion = Evidence::of(contents).unwrap().conclusion;
    expected.assert_eq(&format!("{}\n{}", conclusion.answer.name(), conclusion.reservations.join("\n")));
}

fn answer(change: impl FnOnce(&mut Contents)) -> Answer {
    let mut contents = quiet();
    change(&mut contents);
    Evidence::of(&contents).unwrap().conclusion.answer
}

fn verdict(status: IndicatorStatus) -> IndicatorVerdict {
    IndicatorVerdict {
        status,
        feed: "feed.csv".to_owned(),
        place: "line 2".to_owned(),
        original: "evil.example".to_owned(),
        value: Some("evil.example".to_owned()),
        reason: None,
        events: 0,
        first_ms: None,
        last_ms: None,
        sources: Vec::new(),
    }
}

#[test]
fn nothing_found_where_all_was_there_is_a_result_without_reservations() {
    check(&quiet(), expect!["nothing_found\n"]);
}

#[test]
fn a_day_without_events_is_a_reservation() {
    check(
        &contents(),
        expect![[r#"
        found
        There are no events of okta on 2026-03-03."#]],
    );
}

#[test]
fn everything_that_was_not_searched_is_a_reservation() {
    let mut contents = contents();
    let facts = &mut contents.facts;
    facts.findings.clear();
    facts.run.state = RunState::Partial;
    facts.run.message = Some("a segment is damaged".to_owned());
    facts.slices[0].outcome = SliceOutcome::Failed;
    facts.slices[1].outcome = SliceOutcome::Failed;
    let (path, table, reason) = ("ocsf/a.parquet".to_owned(), "authentication".to_owned(), "its checksum is wrong".to_owned());
    facts.coverage.unreadable.push(UnreadableSegment { path, table, rows: 100, reason });
    facts.coverage.cells[1].events = 0;
    facts.coverage.cells[2].events = 0;
    facts.coverage.cells[0].rejects = 3;
    facts.verdicts = [IndicatorStatus::NotSeen, IndicatorStatus::NoCoverage, IndicatorStatus::Unsupported, IndicatorStatus::Rejected]
        .map(verdict)
        .into();
    check(
        &contents,
        expect![[r#"
        nothing_found
        The run is partial: a segment is damaged.
        The time from 2026-03-02T00:00:00.000Z to 2026-03-03T23:59:59.999Z was not read to its end.
        100 rows of authentication in ocsf/a.parquet could not be read: its checksum is wrong.
        There are no events of aws_cloudtrail, account 111122223333 from 2026-03-02 to 2026-03-03 (2 days).
        There are no events of okta on 2026-03-03.
        3 records could not be read as events when they were taken in.
        Indicators that are NO_COVERAGE: 1; no event was there that could show them.
        Indicators that are REJECTED: 1; they were not looked for.
        Indicators that are UNSUPPORTED: 1; they could not be looked for."#]],
    );
}

#[test]
fn coverage_that_nobody_measured_is_never_taken_for_completeness() {
    let mut contents = quiet();
    contents.facts.coverage.cells.iter_mut().for_each(|cell| cell.expected = false);
    check(
        &contents,
        expect![[r#"
        nothing_found
        It is not known what should have been there to be searched."#]],
    );
}

#[test]
fn where_nothing_was_searched_nothing_is_concluded() {
    let mut contents = quiet();
    contents.facts.searched.clear();
    check(
        &contents,
        expect![[r#"
        no_coverage
        No event was there to be searched."#]],
    );
    assert_eq!(answer(|contents| contents.facts.searched.iter_mut().for_each(|searched| searched.events = 0)), Answer::NoCoverage);
}

#[test]
fn a_run_that_did_not_end_has_no_answer() {
    for state in [RunState::Queued, RunState::Running, RunState::Paused, RunState::Failed, RunState::Cancelled] {
        assert_eq!(answer(|contents| contents.facts.run.state = state), Answer::NoAnswer, "{state}");
    }
}

#[test]
fn a_run_of_which_no_slice_was_read_has_no_answer() {
    let failed = |contents: &mut Contents, count: usize| {
        contents.facts.run.state = RunState::Partial;
        contents.facts.slices.iter_mut().take(count).for_each(|slice| slice.outcome = SliceOutcome::Failed);
    };
    assert_eq!((answer(|contents| failed(contents, 2)), answer(|contents| failed(contents, 3))), (Answer::NothingFound, Answer::NoAnswer));
}

#[test]
fn rows_that_nobody_judged_are_to_review_and_never_nothing() {
    let one_row = || vec![result("0.parquet", &rows(&[Some("x")], &[0]))];
    let with = |are_judged| answer(move |contents| (contents.results, contents.facts.rows_are_judged) = (one_row(), are_judged));
    assert_eq!((with(false), with(true)), (Answer::ToReview, Answer::NothingFound));
}

#[test]
fn a_sweep_is_as_clean_as_its_verdicts() {
    use IndicatorStatus::{NoCoverage, NotSeen, Rejected, Seen, Unconfirmed, Unsupported};
    let sweep = |statuses: &[IndicatorStatus]| answer(|contents| contents.facts.verdicts = statuses.iter().copied().map(verdict).collect());
    assert_eq!(sweep(&[NotSeen, Seen, NoCoverage]), Answer::Found);
    assert_eq!(sweep(&[NotSeen, Unconfirmed]), Answer::ToReview);
    assert_eq!(sweep(&[NotSeen, Rejected]), Answer::NothingFound);
    assert_eq!(sweep(&[NoCoverage, NoCoverage, Rejected]), Answer::NoCoverage);
    assert_eq!(sweep(&[Rejected, Unsupported]), Answer::NoAnswer);
}

//! A repetition is held against the run that it repeats.

use coldtrail_evidence::{Contents, Difference, Evidence, RunRecord, Sha256Digest, SliceOutcome, compare};
use expect_test::{Expect, expect};

use crate::example::{DAY_MS, MARCH_MS, contents, result, rows, segment, slice};

fn check(change: impl FnOnce(&mut Contents), expected_evidence: Expect, expected_circumstances: Expect) {
    let first = Evidence::of(&contents()).unwrap();
    let mut second = contents();
    change(&mut second);
    let second = Evidence::of(&second).unwrap();
    let differences = compare(&first, &second).unwrap();
    assert_eq!(differences.is_same_evidence(), first.evidence_digest == second.evidence_digest, "the digest says what the comparison says");
    let told = |differences: &[Difference]| differences.iter().map(Difference::to_string).collect::<Vec<_>>().join("\n");
    expected_evidence.assert_eq(&told(&differences.evidence));
    expected_circumstances.assert_eq(&told(&differences.circumstances));
}

#[test]
fn a_run_is_the_same_as_itself() {
    check(|_| {}, expect![""], expect![""]);
}

/// Killed twice, resumed on another machine by another leader: more attempts, later, other result files, rows in another order.
#[test]
fn a_resumed_run_has_the_same_evidence() {
    check(
        |contents| {
            let facts = &mut contents.facts;
            facts.run = RunRecord { started_ms: Some(MARCH_MS + 12 * DAY_MS), ..facts.run.clone() };
            facts.slices[1].attempts = 3;
            facts.slices.reverse();
            facts.segments.reverse();
            facts.searched.reverse();
            facts.coverage.cells.reverse();
            facts.plan = "Aggregate\n  Scan, 16 partitions\n".to_owned();
            contents.results = vec![result("all.parquet", &rows(&[Some("203.0.113.9"), None, Some("203.0.113.7")], &[7, 1, 31]))];
        },
        expect![""],
        expect![[r#"
            started: 2026-03-11T00:00:01.000Z / 2026-03-13T00:00:00.000Z
            attempts: 3 / 5
            plan: f896da4ac620e08ad51af0b295692ff935abb0408a0dbc316b8cb81d9e1d87ab / a21c1458e8edfe93afefafda2565e29007131d3e17651abcf44c9a805ffbe4ac
            result files: 2 / 1"#]],
    );
}

/// A repetition by somebody else, months later, cut into other slices, of which one was not needed.
#[test]
fn a_repetition_has_the_same_evidence_however_it_was_divided() {
    check(
        |contents| {
            let facts = &mut contents.facts;
            facts.run.id = "01999999-0000-7000-8000-000000000002".to_owned();
            facts.run.owner = "grace".to_owned();
            facts.slices.truncate(1);
            facts.slices[0].outcome = SliceOutcome::Skipped;
            facts.previous = Some(Sha256Digest::of(b"first"));
            facts.findings.clear();
        },
        expect![""],
        expect![[r#"
            run: 01981b2e-0000-7000-8000-000000000001 / 01999999-0000-7000-8000-000000000002
            owner: ada / grace
            slices: 3 / 1
            attempts: 3 / 1
            findings: 1 / 0"#]],
    );
}

#[test]
fn another_row_is_other_evidence() {
    check(
        |contents| contents.results[1] = result("00001.parquet", &rows(&[None], &[2])),
        expect![[
            r#"rows: {"rows":3,"sha256":"60f57cc57b07ccdebfcf4581646d65baf2c9ef791f6d741c04b131ed59401996"} / {"rows":3,"sha256":"746ac4d399ffcf7370984e567e29a3a00874f7a00f6ee5c35288ec18ea7ed2ba"}"#
        ]],
        expect![""],
    );
}

#[test]
fn segments_that_were_lost_added_or_changed_are_named() {
    check(
        |contents| {
            contents.facts.segments = vec![segment("b", 50), segment("c", 7)];
            contents.facts.segments[0].sha256 = Sha256Digest::of(b"tampered");
        },
        expect![[r#"
            segments that only one has read: ocsf/authentication/event_day=2026-03-01/a.parquet / ocsf/authentication/event_day=2026-03-01/c.parquet
            segments that were changed: ocsf/authentication/event_day=2026-03-01/b.parquet (50 rows, 5000 bytes, 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d) / ocsf/authentication/event_day=2026-03-01/b.parquet (50 rows, 5000 bytes, d121be3103007b41edf96f8262925f8c7d61894afe9a041843b631f69445bc57)"#]],
        expect![""],
    );
}

#[test]
fn what_was_not_read_is_other_evidence() {
    check(
        |contents| {
            contents.facts.slices = vec![slice(0, 2, 2), slice(1, 1, 0), slice(2, 0, 1)];
            contents.facts.slices[0].outcome = SliceOutcome::Failed;
            contents.facts.slices[1].outcome = SliceOutcome::Planned;
            contents.facts.coverage.cells[0].events -= 1;
            contents.facts.snapshot.id = 18;
        },
        expect![[r#"
            snapshot: {"committed_ms":1773100800000,"id":17} / {"committed_ms":1773100800000,"id":18}
            unanswered: 0 lines / {"from_ms":1772409600000,"to_ms":1772582399999}
            coverage: {"account":"111122223333","day":"2026-03-01","events":400,"expected":true,"rejects":0,"source":"aws_cloudtrail"} / {"account":"111122223333","day":"2026-03-01","events":399,"expected":true,"rejects":0,"source":"aws_cloudtrail"}"#]],
        expect![""],
    );
}

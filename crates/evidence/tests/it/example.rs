//! A run that the tests share: 90 days of CloudTrail and Okta, with one finding and one missing day.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use coldtrail_evidence::{
    Contents, Coverage, CoverageCell, Entity, Facts, Finding, HuntRecord, Judgement, PinnedSnapshot, ResultData, ResultFile, RunRecord,
    Searched, SegmentRead, Severity, Sha256Digest, SliceOutcome, SliceRecord, SliceRows, Technique, Versions,
};
use coldtrail_model::RunState;
use parquet::arrow::ArrowWriter;

/// 2026-03-01T00:00:00Z.
pub(crate) const MARCH_MS: i64 = 1_772_323_200_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A run that ended, over three days, of which Okta lacks one.
pub(crate) fn facts() -> Facts {
    Facts {
        run: RunRecord {
            id: "01981b2e-0000-7000-8000-000000000001".to_owned(),
            title: Some("Password spray".to_owned()),
            owner: "ada".to_owned(),
            submitted_ms: MARCH_MS + 10 * DAY_MS,
            started_ms: Some(MARCH_MS + 10 * DAY_MS + 1_000),
            finished_ms: Some(MARCH_MS + 10 * DAY_MS + 61_000),
            state: RunState::Done,
            message: None,
            definition: BTreeMap::from([("priority".to_owned(), "0".to_owned())]),
        },
        hunt: Some(HuntRecord {
            id: "password-spray".to_owned(),
            title: "Password spray".to_owned(),
            hypothesis: "One address tries few passwords on many accounts.".to_owned(),
            techniques: vec![Technique {
                id: "T1110.003".to_owned(),
                name: Some("Password Spraying".to_owned()),
                tactic: Some("Credential Access".to_owned()),
            }],
            text: "version: 1\nid: password-spray\n".to_owned(),
        }),
        parameters: BTreeMap::from([("accounts".to_owned(), "5".to_owned())]),
        sql: "SELECT src_endpoint_ip, count(*) FROM authentication GROUP BY 1\n".to_owned(),
        plan: "Aggregate\n  Scan\n".to_owned(),
        versions: Versions {
            coldtrail: "0.1.0".to_owned(),
            ocsf: "1.8.0".to_owned(),
            datafusion: "55.0.0".to_owned(),
            others: BTreeMap::new(),
        },
        snapshot: PinnedSnapshot { id: 17, committed_ms: Some(MARCH_MS + 9 * DAY_MS) },
        segments: vec![segment("a", 100), segment("b", 50)],
        skipped: BTreeMap::from([("time".to_owned(), 3)]),
        slices: vec![slice(0, 2, 2), slice(1, 1, 0), slice(2, 0, 1)],
        searched: vec![searched("aws_cloudtrail", 1_234), searched("okta", 66)],
        coverage: Coverage { window: None, cells: cells(), unreadable: Vec::new() },
        verdicts: Vec::new(),
        findings: vec![finding()],
        rows_are_judged: true,
        timeline: Vec::new(),
        made_by: "ada".to_owned(),
        made_ms: MARCH_MS + 11 * DAY_MS,
        previous: None,
    }
}

/// The run with its result of three rows, in two files.
pub(crate) fn contents() -> Contents {
    let results = vec![
        result("00000.parquet", &rows(&[Some("203.0.113.7"), Some("203.0.113.9")], &[31, 7])),
        result("00001.parquet", &rows(&[None], &[1])),
    ];
    Contents { facts: facts(), results }
}

/// The run as it would be if nothing had matched, and nothing had been missing.
pub(crate) fn quiet() -> Contents {
    let mut facts = facts();
    facts.findings.clear();
    facts.coverage.cells.retain(|cell| cell.events > 0);
    Contents { facts, results: Vec::new() }
}

pub(crate) fn segment(name: &str, rows: u64) -> SegmentRead {
    SegmentRead {
        path: format!("ocsf/authentication/event_day=2026-03-01/{name}.parquet"),
        table: "authentication".to_owned(),
        rows,
        bytes: rows * 100,
        sha256: Sha256Digest::of(name.as_bytes()),
    }
}

pub(crate) fn slice(number: u32, day: i64, rows: u64) -> SliceRecord {
    SliceRecord {
        number,
        from_ms: MARCH_MS + day * DAY_MS,
        to_ms: MARCH_MS + (day + 1) * DAY_MS - 1,
        attempts: 1,
        outcome: SliceOutcome::Done,
        result: Some(SliceRows { path: None, rows, bytes: 0, sha256: None }),
        message: None,
    }
}

fn searched(source: &str, events: u64) -> Searched {
    Searched { table: "authentication".to_owned(), source: source.to_owned(), events }
}

fn cells() -> Vec<CoverageCell> {
    let days = ["2026-03-01", "2026-03-02", "2026-03-03"];
    let cloudtrail = days.iter().zip([400, 500, 334]).map(|(day, events)| cell("aws_cloudtrail", Some("111122223333"), day, events));
    let okta = days.iter().zip([40, 26, 0]).map(|(day, events)| cell("okta", None, day, events));
    cloudtrail.chain(okta).collect()
}

pub(crate) fn cell(source: &str, account: Option<&str>, day: &str, events: u64) -> CoverageCell {
    let (source, account) = (source.to_owned(), account.map(str::to_owned));
    CoverageCell { source, account, day: day.parse().unwrap(), expected: true, events, rejects: 0 }
}

pub(crate) fn finding() -> Finding {
    Finding {
        id: "f-1".to_owned(),
        title: "31 failed sign-ins from 203.0.113.7".to_owned(),
        severity: Severity::High,
        query: None,
        techniques: vec!["T1110.003".to_owned()],
        entities: vec![Entity { kind: "ip".to_owned(), value: "203.0.113.7".to_owned() }],
        events: 31,
        first_ms: Some(MARCH_MS),
        last_ms: Some(MARCH_MS + 3_600_000),
        judgement: Judgement::TruePositive,
        judged_by: Some("grace".to_owned()),
        judged_ms: Some(MARCH_MS + 11 * DAY_MS),
        note: None,
    }
}

pub(crate) fn rows(addresses: &[Option<&str>], counts: &[i64]) -> RecordBatch {
    let addresses: ArrayRef = Arc::new(StringArray::from(addresses.to_vec()));
    let counts: ArrayRef = Arc::new(Int64Array::from(counts.to_vec()));
    RecordBatch::try_from_iter_with_nullable([("src_endpoint_ip", addresses, true), ("count", counts, true)]).unwrap()
}

pub(crate) fn result(name: &str, batch: &RecordBatch) -> ResultFile {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    ResultFile { name: name.to_owned(), data: ResultData::Bytes(Bytes::from(bytes)) }
}

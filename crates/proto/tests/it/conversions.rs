use coldtrail_model::{
    Class, Commit, Day, Merge, Run, RunDefinition, RunId, RunPlan, RunState, SegmentId, SegmentMeta, Slice, SliceResult, SliceState,
    SourceObject, Table, TimeRange,
};
use coldtrail_proto::{Error, catalog::v1};
use prost::Message;

#[test]
fn a_commit_comes_back_as_it_was_from_its_bytes() {
    let commit = commit();
    let bytes = v1::Commit::from(&commit).encode_to_vec();
    let back = Commit::try_from(v1::Commit::decode(bytes.as_slice()).expect("our own bytes decode"));
    assert_eq!(back, Ok(commit));
}

#[test]
fn no_accounts_and_too_many_accounts_stay_different() {
    for accounts in [None, Some(Vec::new())] {
        let segment = SegmentMeta { accounts, ..segment(Table::Observables, 1) };
        let back = SegmentMeta::try_from(v1::SegmentMeta::from(&segment));
        assert_eq!(back, Ok(segment));
    }
}

#[test]
fn every_table_can_be_persisted() {
    for table in Table::all() {
        let segment = segment(table, 2);
        assert_eq!(SegmentMeta::try_from(v1::SegmentMeta::from(&segment)), Ok(segment));
    }
}

#[test]
fn a_table_of_a_newer_version_is_named_in_the_error() {
    let message = v1::SegmentMeta { table: "dreams".to_owned(), ..v1::SegmentMeta::from(&segment(Table::Rejects, 3)) };
    let error = SegmentMeta::try_from(message).expect_err("there is no such table");
    assert_eq!(error.to_string(), "SegmentMeta.table is not understood; it may be written by a newer version of Coldtrail");
    assert!(matches!(error, Error::Value { source: coldtrail_model::Error::NotATable { name }, .. } if name == "dreams"));
}

#[test]
fn a_digest_of_the_wrong_length_is_refused() {
    let message = v1::SourceObject { sha256: vec![1; 31], ..v1::SourceObject::default() };
    let error = SourceObject::try_from(message).expect_err("31 bytes are no SHA-256");
    assert_eq!(error.to_string(), "SourceObject.sha256 holds 31 bytes instead of 32");
}

#[test]
fn every_state_and_merge_of_a_run_can_be_persisted() {
    for state in RunState::ALL {
        let run = Run { state, plan: None, message: None, started_ms: None, ended_ms: None, ..run() };
        assert_eq!(Run::try_from(v1::Run::from(&run)), Ok(run));
    }
    for merge in [Merge::Append, Merge::Limit, Merge::Sort, Merge::Aggregate, Merge::Whole] {
        let plan = run().plan.map(|plan| RunPlan { merge, ..plan });
        let run = Run { plan, ..run() };
        assert_eq!(Run::try_from(v1::Run::from(&run)), Ok(run));
    }
}

#[test]
fn a_state_of_a_newer_version_is_refused_with_its_number() {
    for (state, plan) in [(0, None), (99, None), (1, Some(v1::RunPlan { merge: 77, ..v1::RunPlan::default() }))] {
        let error = Run::try_from(v1::Run { state, plan, ..v1::Run::from(&run()) }).expect_err("there is no such number");
        assert!(matches!(error, Error::Number { .. }), "{error}");
        assert!(error.to_string().ends_with("is not understood; it may be written by a newer version of Coldtrail"), "{error}");
    }
    let error = Slice::try_from(v1::Slice { state: None, ..v1::Slice::from(&slices()[0]) }).expect_err("it has no state");
    assert_eq!(error.to_string(), "Slice lacks its state; it may be written by a newer version of Coldtrail");
}

/// The run that the fixtures of version 1 hold.
pub(crate) fn run() -> Run {
    Run {
        id: RunId::from_bytes([8; 16]),
        definition: RunDefinition {
            sql: "SELECT * FROM dns_activity".to_owned(),
            title: Some("beacons".to_owned()),
            principal: "ann".to_owned(),
            submitted_ms: 1_770_000_000_000,
            snapshot_id: 5,
            priority: -2,
            deadline_ms: Some(1_770_000_900_000),
            bytes_max: Some(1 << 40),
            parallelism: 4,
        },
        state: RunState::Partial,
        plan: Some(RunPlan {
            merge: Merge::Append,
            reason: "rows of one day come from one slice".to_owned(),
            slices: 90,
            segments: 900,
            bytes: 1 << 36,
            rows: 36_000_000,
        }),
        epoch: 17,
        version: 3,
        message: Some("slice 3 was given up".to_owned()),
        started_ms: Some(1_770_000_000_100),
        ended_ms: Some(1_770_000_000_200),
    }
}

/// The slices that the fixtures of version 1 hold: one of each state.
pub(crate) fn slices() -> Vec<Slice> {
    let with_rows = SliceResult { path: Some("runs/a/0.arrow".to_owned()), rows: 1, bytes: 2, sha256: [6; 32] };
    let states = [
        SliceState::Planned,
        SliceState::Done(with_rows),
        SliceState::Done(SliceResult { path: None, rows: 0, bytes: 0, sha256: [0; 32] }),
        SliceState::Skipped,
        SliceState::Failed { message: "it is damaged".to_owned(), segment: Some("ocsf/a.parquet".to_owned()) },
        SliceState::Failed { message: "it took too long".to_owned(), segment: None },
    ];
    let slice = |(number, state): (u32, SliceState)| Slice {
        run: run().id,
        number,
        time: TimeRange { start_ms: -5, end_ms: 86_399_999 },
        segments: 10,
        bytes: 1 << 30,
        attempts: number,
        state,
        started_ms: (number > 0).then_some(1_770_000_000_100),
        ended_ms: (number > 1).then_some(1_770_000_000_150),
    };
    (0..).zip(states).map(slice).collect()
}

/// The commit that the fixtures of version 1 hold.
pub(crate) fn commit() -> Commit {
    let accounts = Some(vec!["111122223333".to_owned(), "444455556666".to_owned()]);
    Commit {
        added: vec![
            SegmentMeta { accounts, ..segment(Table::Events(Class::ApiActivity), 1) },
            SegmentMeta { accounts: None, has_rows_without_account: true, ..segment(Table::Observables, 2) },
        ],
        removed: vec![SegmentId::from_bytes([9; 16])],
        source_objects: vec![source_object()],
    }
}

pub(crate) fn segment(table: Table, number: u8) -> SegmentMeta {
    let id = SegmentId::from_bytes([number; 16]);
    SegmentMeta {
        id,
        table,
        day: Day::from_epoch_days(-1 + i32::from(number)),
        path: format!("ocsf/{table}/event_day=1970-01-01/{id}.parquet"),
        rows: 1_000,
        bytes: 123_456,
        created_ms: 1_770_000_000_000,
        time: TimeRange { start_ms: -5, end_ms: 86_399_999 },
        source: "aws_cloudtrail".to_owned(),
        accounts: Some(Vec::new()),
        has_rows_without_account: false,
        sha256: [number; 32],
        schema_version: 1,
    }
}

pub(crate) fn source_object() -> SourceObject {
    SourceObject {
        url: "s3://trail/2026/01/01/a.json.gz".to_owned(),
        source: "aws_cloudtrail".to_owned(),
        bytes: 4_321,
        modified_ms: 1_769_999_999_999,
        etag: Some("\"abc\"".to_owned()),
        sha256: [7; 32],
        records: 1_001,
        events: 1_000,
        rejects: 1,
        ingested_ms: 1_770_000_000_001,
    }
}

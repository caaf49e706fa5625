use std::collections::BTreeMap;

use coldtrail_model::{
    Class, Commit, Day, Document, DocumentAction, DocumentChange, Merge, Run, RunDefinition, RunId, RunPlan, RunState, SegmentId,
    SegmentMeta, Slice, SliceResult, SliceState, SourceObject, Table, TimeRange,
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

#[test]
fn the_labels_of_a_run_come_back_in_their_order_from_its_bytes() {
    let run = labelled_run();
    let bytes = v1::Run::from(&run).encode_to_vec();
    assert_eq!(bytes, v1::Run::from(&run.clone()).encode_to_vec());
    assert_eq!(Run::try_from(v1::Run::decode(bytes.as_slice()).expect("our own bytes decode")), Ok(run));
}

#[test]
fn documents_and_their_changes_come_back_as_they_were_from_their_bytes() {
    for document in documents() {
        let bytes = v1::Document::from(&document).encode_to_vec();
        assert_eq!(Document::try_from(v1::Document::decode(bytes.as_slice()).expect("our own bytes decode")), Ok(document));
    }
    for change in document_changes() {
        let bytes = v1::DocumentChange::from(&change).encode_to_vec();
        assert_eq!(DocumentChange::try_from(v1::DocumentChange::decode(bytes.as_slice()).expect("our own bytes decode")), Ok(change));
    }
}

#[test]
fn what_a_newer_version_does_to_a_document_is_never_taken_for_something_else() {
    let change = v1::DocumentChange { action: None, ..v1::DocumentChange::from(&document_changes()[0]) };
    let error = DocumentChange::try_from(change).expect_err("nothing is known to be done");
    assert_eq!(error.to_string(), "DocumentChange lacks its action; it may be written by a newer version of Coldtrail");
}

#[test]
fn a_document_with_a_name_that_cannot_be_is_refused_by_the_field() {
    let document = v1::Document::from(&documents()[0]);
    for (kind, key, field) in [("Hunt", "a", "kind"), ("hunt_file", "a\nb", "key"), ("hunt_file", "", "key")] {
        let named = v1::Document { kind: kind.to_owned(), key: key.to_owned(), ..document.clone() };
        let error = Document::try_from(named).expect_err("it is no name");
        assert!(matches!(error, Error::Value { message: "Document", field: found, .. } if found == field), "{error}");
    }
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
            labels: BTreeMap::new(),
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

/// The run that the fixtures hold since there are labels.
pub(crate) fn labelled_run() -> Run {
    let labels = [("hunt", "T1110 password spray"), ("parameter.days", "90"), ("empty", "")];
    let mut run = run();
    run.definition.labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    run
}

/// The documents that the fixtures hold.
pub(crate) fn documents() -> Vec<Document> {
    let document = |kind: &str, key: &str, version, body: &[u8]| Document {
        kind: kind.to_owned(),
        key: key.to_owned(),
        version,
        body: body.to_vec(),
        changed_ms: 1_770_000_000_000,
        changed_by: "ann".to_owned(),
    };
    vec![document("hunt_file", "T1110 password spray", 3, b"title: spray\n\xff\x00"), document("signing_key", "node-1", 8, b"")]
}

/// The changes of documents that the fixtures hold.
pub(crate) fn document_changes() -> Vec<DocumentChange> {
    let change = |expected_version, action| DocumentChange {
        kind: "hunt_file".to_owned(),
        key: "T1110 password spray".to_owned(),
        expected_version,
        action,
        changed_ms: -1,
        changed_by: "ben".to_owned(),
    };
    vec![
        change(None, DocumentAction::Put(b"a body".to_vec())),
        change(Some(0), DocumentAction::Put(Vec::new())),
        change(Some(7), DocumentAction::Delete),
        change(None, DocumentAction::Delete),
    ]
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
        unique_content: false,
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

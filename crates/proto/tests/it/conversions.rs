use coldtrail_model::{Class, Commit, Day, SegmentId, SegmentMeta, SourceObject, Table, TimeRange};
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

use std::collections::BTreeMap;

use coldtrail_model::{
    Commit, Day, DocumentAction, DocumentChange, Run, RunDefinition, RunId, RunState, SegmentId, SegmentMeta, Slice, SliceState,
    SourceObject, Table, TimeRange,
};

use super::{ImageError, State, decode, encode};
use crate::CommitId;
use crate::raft::{LogId, Membership, ProposedCommit, StoredMembership};

#[test]
fn a_state_comes_back_from_its_image() {
    let state = state();
    let back = decode(&encode(&state).expect("memory takes it")).expect("our own image decodes");
    assert_eq!(back.last_applied, state.last_applied);
    assert_eq!(back.membership, state.membership);
    assert_eq!(back.leader_since, state.leader_since);
    assert_eq!((back.contents.snapshot_id(), back.contents.last_removal_id()), (21, 21));
    assert!(back.contents.segments().eq(state.contents.segments()));
    assert!(back.contents.runs().eq(state.contents.runs()));
    assert!(back.contents.all_slices().eq(state.contents.all_slices()));
    assert_eq!(back.contents.all_documents().map(|document| document.version).collect::<Vec<_>>(), [1, 3]);
    assert!(back.contents.all_documents().eq(state.contents.all_documents()));
    assert_eq!(back.contents.deleted_version_max(), 2);
    let (pinned, before) = (back.contents.snapshot_at(12), state.contents.snapshot_at(12));
    assert_eq!(pinned.map(|snapshot| snapshot.segments), before.map(|snapshot| snapshot.segments));
    assert_eq!(back.contents.snapshot_at(12).expect("a run reads it").segments_of(Table::Rejects).len(), 12);
    assert!(back.contents.snapshot_at(11).is_none() && back.contents.kept_segments().len() == 20);
    assert!(back.contents.source_objects().eq(state.contents.source_objects()));
    let (retried, snapshot_id) = back.contents.apply(proposed(7)).expect("a retry is answered as the first time");
    assert_eq!((retried.segment_count(), snapshot_id), (19, 8));
}

#[test]
fn an_image_that_is_cut_off_is_never_taken_for_a_smaller_one() {
    let image = encode(&state()).expect("memory takes it");
    for length in 0..image.len() {
        assert!(decode(&image[..length]).is_err(), "{length} of {} bytes were taken", image.len());
    }
}

#[test]
fn an_image_with_a_flipped_byte_is_refused() {
    let image = encode(&state()).expect("memory takes it");
    for position in 0..image.len() {
        let mut flipped = image.clone();
        flipped[position] ^= 0x55;
        assert!(decode(&flipped).is_err(), "byte {position} of {} was not missed", image.len());
    }
}

#[test]
fn an_image_that_lost_a_record_does_not_add_up() {
    let raw = zstd::decode_all(encode(&state()).expect("memory takes it").as_slice()).expect("it unpacks");
    let mut rest = raw.as_slice();
    let mut lengths = Vec::new();
    while !rest.is_empty() {
        let before = rest.len();
        prost::Message::decode_length_delimited(&mut rest).map(|_: coldtrail_proto::catalog::v1::ImageRecord| ()).expect("a record");
        lengths.push(before - rest.len());
    }
    let second = lengths[0]..lengths[0] + lengths[1];
    let without_second: Vec<u8> = raw.iter().enumerate().filter(|(at, _)| !second.contains(at)).map(|(_, byte)| *byte).collect();
    let error = decode(&zstd::encode_all(without_second.as_slice(), 1).expect("it packs")).expect_err("a record is missing");
    assert!(matches!(error, ImageError::Torn("its counts do not add up")), "{error}");
}

fn state() -> State {
    let mut state = State {
        last_applied: Some(LogId::new(openraft::CommittedLeaderId::new(3, 1), 42)),
        membership: StoredMembership::new(None, Membership::new(vec![[1].into()], None)),
        leader_since: Some(LogId::new(openraft::CommittedLeaderId::new(3, 1), 40)),
        ..State::default()
    };
    for number in 0..20 {
        (state.contents, _) = state.contents.apply(proposed(number)).expect("new segments are taken");
    }
    state.contents = state.contents.create_run(run()).expect("a new run is taken");
    state.contents = state.contents.put_slices(run().id, 3, vec![slice(1), slice(0)]).expect("new slices are taken");
    for (kind, action) in [
        ("signing_key", DocumentAction::Put(b"a key".to_vec())),
        ("signing_key", DocumentAction::Put(b"another key".to_vec())),
        ("finding", DocumentAction::Put(Vec::new())),
        ("signing_key", DocumentAction::Delete),
        ("signing_key", DocumentAction::Put(b"the last key".to_vec())),
    ] {
        (state.contents, _) = state.contents.put_documents(vec![document_change(kind, action)]).expect("it is taken");
    }
    let remove = Commit { removed: vec![SegmentId::from_bytes([3; 16])], ..Commit::default() };
    let remove = ProposedCommit { id: CommitId::from_bytes([99; 16]), digest: [99; 32], commit: remove };
    (state.contents, _) = state.contents.apply(remove).expect("it is there");
    state
}

fn run() -> Run {
    Run {
        id: RunId::from_bytes([1; 16]),
        definition: RunDefinition {
            sql: "SELECT 1".to_owned(),
            title: None,
            principal: "ann".to_owned(),
            submitted_ms: 1,
            snapshot_id: 12,
            priority: 0,
            deadline_ms: None,
            bytes_max: None,
            parallelism: 2,
            labels: BTreeMap::new(),
        },
        state: RunState::Running,
        plan: None,
        epoch: 3,
        version: 4,
        message: None,
        started_ms: Some(2),
        ended_ms: None,
    }
}

fn document_change(kind: &str, action: DocumentAction) -> DocumentChange {
    let (kind, key, changed_by) = (kind.to_owned(), "node 1".to_owned(), "ann".to_owned());
    DocumentChange { kind, key, expected_version: None, action, changed_ms: -7, changed_by }
}

fn slice(number: u32) -> Slice {
    Slice {
        run: run().id,
        number,
        time: TimeRange { start_ms: 0, end_ms: 9 },
        segments: 1,
        bytes: 2,
        attempts: 0,
        state: SliceState::Planned,
        started_ms: None,
        ended_ms: None,
    }
}

fn proposed(number: u8) -> ProposedCommit {
    let id = SegmentId::from_bytes([number; 16]);
    let segment = SegmentMeta {
        id,
        table: Table::Rejects,
        day: Day::from_epoch_days(20_000),
        path: format!("rejects/{id}.parquet"),
        rows: 1,
        bytes: 2,
        created_ms: 3,
        time: TimeRange { start_ms: 4, end_ms: 5 },
        source: "zeek".to_owned(),
        accounts: None,
        has_rows_without_account: true,
        sha256: [number; 32],
        schema_version: 1,
    };
    let object = SourceObject {
        url: format!("file:///{number}"),
        source: "zeek".to_owned(),
        bytes: 1,
        modified_ms: 2,
        etag: None,
        sha256: [number; 32],
        records: 3,
        events: 2,
        rejects: 1,
        ingested_ms: 4,
    };
    let commit = Commit { added: vec![segment], removed: Vec::new(), source_objects: vec![object], unique_content: false };
    ProposedCommit { id: CommitId::from_bytes([number; 16]), digest: [number; 32], commit }
}

//! Bytes that a released version wrote. They are never changed: a field that no longer decodes as it did breaks every catalog on disk.

use coldtrail_model::{Commit, Document, DocumentChange, Run, SegmentMeta, Slice};
use coldtrail_proto::catalog::v1::{self, catalog_command, image_record, log_entry};
use prost::Message;

use crate::conversions::{commit, document_changes, documents, labelled_run, run, segment, slices, source_object};

const LOG_ENTRY: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_log_entry.bin");
const IMAGE: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_image.bin");

/// As written since there are runs.
const RUN_LOG: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_run_log.bin");
const RUN_IMAGE: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_run_image.bin");

/// As written since there are documents, and labels of runs.
const DOCUMENT_LOG: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_document_log.bin");
const DOCUMENT_IMAGE: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_document_image.bin");

#[test]
fn changes_of_documents_still_decode() {
    let entries: Vec<v1::LogEntry> = records(DOCUMENT_LOG);
    assert_eq!(entries, document_log());
    let Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(catalog_command::Kind::PutDocuments(put)) })) =
        &entries[0].payload
    else {
        panic!("the first changes documents")
    };
    let changes: Result<Vec<_>, _> = put.changes.iter().cloned().map(DocumentChange::try_from).collect();
    assert_eq!(changes, Ok(document_changes()));
    let Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(catalog_command::Kind::CreateRun(create)) })) =
        &entries[1].payload
    else {
        panic!("the second makes a run")
    };
    assert_eq!(create.run.clone().map(Run::try_from), Some(Ok(labelled_run())));
}

#[test]
fn an_image_with_documents_still_decodes() {
    let records = records::<v1::ImageRecord>(DOCUMENT_IMAGE);
    assert_eq!(records, document_image_records());
    let found = records.into_iter().filter_map(|record| match record.kind {
        Some(image_record::Kind::Document(document)) => Some(Document::try_from(document)),
        _ => None,
    });
    assert_eq!(found.collect::<Result<Vec<_>, _>>(), Ok(documents()));
}

#[test]
fn changes_of_runs_still_decode() {
    let entries: Vec<v1::LogEntry> = records(RUN_LOG);
    assert_eq!(entries, run_log());
    let Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(catalog_command::Kind::CreateRun(create)) })) =
        &entries[0].payload
    else {
        panic!("the first makes a run")
    };
    assert_eq!(create.run.clone().map(Run::try_from), Some(Ok(run())));
    let Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(catalog_command::Kind::PutSlices(put)) })) = &entries[2].payload
    else {
        panic!("the third puts slices")
    };
    assert_eq!(put.slices.iter().cloned().map(Slice::try_from).collect::<Result<Vec<_>, _>>(), Ok(slices()));
}

#[test]
fn an_image_with_runs_still_decodes() {
    assert_eq!(records::<v1::ImageRecord>(RUN_IMAGE), run_image_records());
}

#[test]
fn a_log_entry_of_version_1_still_decodes() {
    let entry = v1::LogEntry::decode(LOG_ENTRY).expect("version 1 decodes");
    assert_eq!(entry, log_entry());
    let Some(log_entry::Payload::Command(command)) = entry.payload else { panic!("the entry holds a command") };
    let Some(catalog_command::Kind::Commit(command)) = command.kind else { panic!("the command is a commit") };
    let commit_of_then = Commit::try_from(command.commit.expect("with its change")).expect("and converts");
    assert_eq!(commit_of_then, commit());
}

#[test]
fn a_snapshot_image_of_version_1_still_decodes() {
    let mut records: Vec<v1::ImageRecord> = records(IMAGE);
    assert_eq!(records, image_records());
    let Some(image_record::Kind::Segment(segment_of_then)) = records.swap_remove(1).kind else { panic!("a segment comes second") };
    assert_eq!(SegmentMeta::try_from(segment_of_then), Ok(segment(coldtrail_model::Table::Rejects, 4)));
}

#[test]
#[ignore = "writes the fixtures of a new version; those of a released one stay as they are"]
fn write_fixtures() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compat");
    let log: Vec<u8> = document_log().iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    std::fs::write(folder.join("catalog_v1_document_log.bin"), log).expect("can be written");
    let image: Vec<u8> = document_image_records().iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    std::fs::write(folder.join("catalog_v1_document_image.bin"), image).expect("can be written");
}

/// Messages with their lengths in front.
fn records<T: Message + Default>(mut rest: &[u8]) -> Vec<T> {
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(T::decode_length_delimited(&mut rest).expect("version 1 decodes"));
    }
    records
}

fn run_log() -> Vec<v1::LogEntry> {
    let kinds = [
        catalog_command::Kind::CreateRun(v1::CreateRunCommand { run: Some((&run()).into()) }),
        catalog_command::Kind::UpdateRun(v1::UpdateRunCommand { expected_version: 2, run: Some((&run()).into()) }),
        catalog_command::Kind::PutSlices(v1::PutSlicesCommand {
            run_id: vec![8; 16],
            epoch: 17,
            slices: slices().iter().map(Into::into).collect(),
        }),
        catalog_command::Kind::DeleteRun(v1::DeleteRunCommand { run_id: vec![8; 16] }),
    ];
    log_of(18, kinds)
}

fn document_log() -> Vec<v1::LogEntry> {
    let changes = document_changes().iter().map(Into::into).collect();
    let kinds = [
        catalog_command::Kind::PutDocuments(v1::PutDocumentsCommand { changes }),
        catalog_command::Kind::CreateRun(v1::CreateRunCommand { run: Some((&labelled_run()).into()) }),
    ];
    log_of(22, kinds)
}

fn log_of(first: u64, kinds: impl IntoIterator<Item = catalog_command::Kind>) -> Vec<v1::LogEntry> {
    let entry = |(index, kind)| v1::LogEntry {
        log_id: Some(v1::LogId { term: 2, node_id: 1, index }),
        payload: Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(kind) })),
    };
    (first..).zip(kinds).map(entry).collect()
}

fn document_image_records() -> Vec<v1::ImageRecord> {
    let log_id = Some(v1::LogId { term: 2, node_id: 1, index: 23 });
    let header = v1::ImageHeader { snapshot_id: 6, last_applied: log_id, deleted_version_max: 7, ..v1::ImageHeader::default() };
    let end = v1::ImageEnd { runs: 1, documents: 2, ..v1::ImageEnd::default() };
    let documents = documents();
    let kinds = [image_record::Kind::Header(header), image_record::Kind::Run((&labelled_run()).into())]
        .into_iter()
        .chain(documents.iter().map(|document| image_record::Kind::Document(document.into())))
        .chain([image_record::Kind::End(end)]);
    kinds.map(|kind| v1::ImageRecord { kind: Some(kind) }).collect()
}

fn run_image_records() -> Vec<v1::ImageRecord> {
    let log_id = |index| Some(v1::LogId { term: 2, node_id: 1, index });
    let segment = v1::SegmentMeta { added_in: 4, ..v1::SegmentMeta::from(&segment(coldtrail_model::Table::Rejects, 4)) };
    let header = v1::ImageHeader {
        snapshot_id: 6,
        last_applied: log_id(21),
        last_removal_id: Some(6),
        leader_since: log_id(16),
        ..v1::ImageHeader::default()
    };
    let end = v1::ImageEnd { segments: 1, runs: 1, slices: 6, removed_segments: 1, ..v1::ImageEnd::default() };
    let slices = slices();
    let kinds =
        [image_record::Kind::Header(header), image_record::Kind::Segment(segment.clone()), image_record::Kind::Run((&run()).into())]
            .into_iter()
            .chain(slices.iter().map(|slice| image_record::Kind::Slice(slice.into())))
            .chain([
                image_record::Kind::RemovedSegment(v1::RemovedSegment { segment: Some(segment), removed_in: 6 }),
                image_record::Kind::End(end),
            ]);
    kinds.map(|kind| v1::ImageRecord { kind: Some(kind) }).collect()
}

fn log_entry() -> v1::LogEntry {
    let command = v1::CommitCommand { id: vec![3; 16], digest: vec![4; 32], commit: Some(v1::Commit::from(&commit())) };
    v1::LogEntry {
        log_id: Some(v1::LogId { term: 2, node_id: 1, index: 17 }),
        payload: Some(log_entry::Payload::Command(v1::CatalogCommand { kind: Some(catalog_command::Kind::Commit(command)) })),
    }
}

fn image_records() -> Vec<v1::ImageRecord> {
    let log_id = Some(v1::LogId { term: 2, node_id: 1, index: 17 });
    let membership = v1::Membership {
        configs: vec![v1::Voters { node_ids: vec![1, 2, 3] }],
        nodes: vec![v1::Node { id: 1, address: "10.0.0.1:9000".to_owned() }],
    };
    let membership = Some(v1::StoredMembership { log_id, membership: Some(membership) });
    [
        image_record::Kind::Header(v1::ImageHeader { snapshot_id: 5, last_applied: log_id, membership, ..v1::ImageHeader::default() }),
        image_record::Kind::Segment(v1::SegmentMeta::from(&segment(coldtrail_model::Table::Rejects, 4))),
        image_record::Kind::SourceObject(v1::SourceObject::from(&source_object())),
        image_record::Kind::RecentCommit(v1::RecentCommit { id: vec![3; 16], digest: vec![4; 32], snapshot_id: 5 }),
        image_record::Kind::End(v1::ImageEnd { segments: 1, source_objects: 1, recent_commits: 1, ..v1::ImageEnd::default() }),
    ]
    .map(|kind| v1::ImageRecord { kind: Some(kind) })
    .into()
}

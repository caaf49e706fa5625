//! Bytes that a released version wrote. They are never changed: a field that no longer decodes as it did breaks every catalog on disk.

use coldtrail_model::{Commit, SegmentMeta};
use coldtrail_proto::catalog::v1::{self, catalog_command, image_record, log_entry};
use prost::Message;

use crate::conversions::{commit, segment, source_object};

const LOG_ENTRY: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_log_entry.bin");
const IMAGE: &[u8] = include_bytes!("../fixtures/compat/catalog_v1_image.bin");

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
    let mut rest = IMAGE;
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(v1::ImageRecord::decode_length_delimited(&mut rest).expect("version 1 decodes"));
    }
    assert_eq!(records, image_records());
    let Some(image_record::Kind::Segment(segment_of_then)) = records.swap_remove(1).kind else { panic!("a segment comes second") };
    assert_eq!(SegmentMeta::try_from(segment_of_then), Ok(segment(coldtrail_model::Table::Rejects, 4)));
}

#[test]
#[ignore = "writes the fixtures of a new version; those of a released one stay as they are"]
fn write_fixtures() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compat");
    std::fs::write(folder.join("catalog_v1_log_entry.bin"), log_entry().encode_to_vec()).expect("can be written");
    let image: Vec<u8> = image_records().iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    std::fs::write(folder.join("catalog_v1_image.bin"), image).expect("can be written");
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
        image_record::Kind::Header(v1::ImageHeader { snapshot_id: 5, last_applied: log_id, membership }),
        image_record::Kind::Segment(v1::SegmentMeta::from(&segment(coldtrail_model::Table::Rejects, 4))),
        image_record::Kind::SourceObject(v1::SourceObject::from(&source_object())),
        image_record::Kind::RecentCommit(v1::RecentCommit { id: vec![3; 16], digest: vec![4; 32], snapshot_id: 5 }),
        image_record::Kind::End(v1::ImageEnd { segments: 1, source_objects: 1, recent_commits: 1 }),
    ]
    .map(|kind| v1::ImageRecord { kind: Some(kind) })
    .into()
}

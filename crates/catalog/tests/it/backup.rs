//! A backup brings everything back, or says what is wrong and changes nothing.

use std::path::Path;

use coldtrail_catalog::{Backup, Catalog, CatalogClient, CommitId, Committed, Config, Error, RemoteCatalog, restore, serve};
use coldtrail_model::{Commit, DocumentAction, DocumentChange, RunState, SegmentIndex, SliceState};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Nodes, address};
use crate::support::{commit, commit_all, open, run, segment_id, slice, try_open, whole_commits};

const RETRIED: CommitId = CommitId::from_bytes([5; 16]);

/// A catalog with something of everything.
async fn filled(folder: &Path) -> Catalog {
    let catalog = open(folder).await;
    commit_all(&catalog, 0..8).await;
    catalog.commit_as(RETRIED, commit(8)).await.expect("it is taken");
    catalog.create_run(run(1, 9)).await.expect("it is taken");
    catalog.commit(Commit { removed: vec![segment_id(16), segment_id(17)], ..Commit::default() }).await.expect("they are there");
    catalog.update_run(0, coldtrail_model::Run { state: RunState::Running, epoch: 3, ..run(1, 9) }).await.expect("it is there");
    catalog.put_slices(run(1, 9).id, 3, vec![slice(&run(1, 9), 0, SliceState::Skipped)]).await.expect("they are taken");
    for action in [DocumentAction::Put(b"one".to_vec()), DocumentAction::Put(b"two".to_vec())] {
        catalog.put_documents(vec![hold("case 7", action)]).await.expect("it is taken");
    }
    catalog
}

fn hold(key: &str, action: DocumentAction) -> DocumentChange {
    let (kind, key, changed_by) = ("hold".to_owned(), key.to_owned(), "ann".to_owned());
    DocumentChange { kind, key, expected_version: None, action, changed_ms: 7, changed_by }
}

async fn backup_of_filled() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = filled(folder.path()).await;
    let backup = catalog.backup().await.expect("a backup");
    catalog.shutdown().await.expect("it stops");
    backup
}

fn restored_into(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let backup = Backup::decode(bytes).expect("it is whole");
    restore(&Config::in_folder(folder.path()), &backup).expect("it is restored");
    folder
}

#[tokio::test]
async fn everything_comes_back_into_a_new_cluster() {
    let before = tempfile::tempdir().expect("a folder");
    let old = filled(before.path()).await;
    let folder = restored_into(&old.backup().await.expect("a backup"));
    let new = open(folder.path()).await;
    assert_ne!(new.cluster_id(), old.cluster_id());
    let (ours, theirs) = (new.snapshot().await.expect("a snapshot"), old.snapshot().await.expect("a snapshot"));
    assert_eq!((ours.id, &ours.segments), (theirs.id, &theirs.segments));
    assert_eq!(new.source_objects().await.expect("a list"), old.source_objects().await.expect("a list"));
    assert_eq!(new.runs().await.expect("a list"), old.runs().await.expect("a list"));
    assert_eq!(new.slices(run(1, 9).id).await.expect("a list"), old.slices(run(1, 9).id).await.expect("a list"));
    assert_eq!(new.documents("hold").await.expect("a list"), old.documents("hold").await.expect("a list"));
    assert_eq!(new.kept_segments().await.expect("a list"), old.kept_segments().await.expect("a list"));
    let (pinned, was) = (new.snapshot_at(9).await.expect("a run reads it"), old.snapshot_at(9).await.expect("a run reads it"));
    assert_eq!(pinned.segments, was.segments);
    assert_eq!(new.commit_as(RETRIED, commit(8)).await.expect("a retry is recognised"), Committed { snapshot_id: 9 });
    let twice = new.commit(Commit { added: Vec::new(), ..commit(3) }).await.expect_err("it was taken in before the backup");
    assert!(matches!(twice, Error::AlreadyIngested { .. }), "{twice}");
}

#[tokio::test]
async fn a_restored_catalog_goes_on_and_is_opened_again() {
    let folder = restored_into(&backup_of_filled().await);
    let catalog = open(folder.path()).await;
    let epoch = catalog.leader_changes().wait_for(|state| state.is_me).await.expect("it leads").epoch;
    assert!(epoch > 3, "a run of before was worked on in epoch 3, and this one is {epoch}");
    commit_all(&catalog, 20..40).await;
    catalog.shutdown().await.expect("it stops");
    let again = open(folder.path()).await;
    let status = again.status().await.expect("a status");
    assert_eq!((status.snapshot_id, status.source_objects), (30, 29));
    let changed = again.put_documents(vec![hold("case 7", DocumentAction::Put(b"three".to_vec()))]).await.expect("it is taken");
    assert_eq!(changed[0].version, 3);
}

#[tokio::test]
async fn an_empty_catalog_can_be_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let restored = restored_into(&catalog.backup().await.expect("a backup"));
    let new = open(restored.path()).await;
    commit_all(&new, 0..3).await;
    assert_eq!(whole_commits(&new).await, [0, 1, 2]);
}

#[tokio::test]
async fn the_other_nodes_of_a_cluster_get_what_was_restored() {
    let backup = Backup::decode(&backup_of_filled().await).expect("it is whole");
    let mut nodes = Nodes::new(3).await;
    let config = Config { folder: nodes.folder(1).to_owned(), address: address(1), ..nodes.config.clone() };
    let restored = restore(&config, &backup).expect("it is restored");
    nodes.start_all().await;
    for node in 0..3 {
        nodes.get(node).linearizable().await.expect("there is a leader");
        let status = nodes.get(node).status().await.expect("a status");
        assert_eq!((status.cluster_id, status.snapshot_id, status.source_objects), (restored.cluster_id, 10, 9), "node {node}");
    }
    nodes.get(0).commit(commit(30)).await.expect("it is taken");
}

#[tokio::test]
async fn another_process_gets_the_same_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = filled(folder.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let here = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, catalog.clone(), "a token".to_owned(), CancellationToken::new()));
    let remote = RemoteCatalog::connect(here, "a token").await.expect("it connects");
    let backup = Backup::decode(&remote.backup().await.expect("a backup")).expect("it is whole");
    assert_eq!((backup.about().cluster_id, backup.about().snapshot_id), (catalog.cluster_id(), 10));
    let counts: Vec<_> = backup.about().counts().filter(|(_, count)| *count > 0).collect();
    let expected = [("segments", 16), ("source_objects", 9), ("recent_commits", 10), ("runs", 1), ("slices", 1), ("removed_segments", 2)];
    assert_eq!(counts, [&expected[..], &[("documents", 1)]].concat());
}

#[tokio::test]
async fn a_flipped_byte_anywhere_is_found() {
    let backup = backup_of_filled().await;
    for position in 0..backup.len() {
        let mut flipped = backup.clone();
        flipped[position] ^= 0x55;
        let error = Backup::decode(&flipped).expect_err("it is not what was written");
        assert!(matches!(error, Error::BackupDamaged { .. }), "byte {position} of {}: {error}", backup.len());
    }
}

#[tokio::test]
async fn a_backup_that_is_cut_off_or_goes_on_is_refused() {
    let backup = backup_of_filled().await;
    for length in 0..backup.len() {
        let error = Backup::decode(&backup[..length]).expect_err("it is cut off");
        assert!(matches!(error, Error::BackupDamaged { .. }), "{length} of {} bytes: {error}", backup.len());
    }
    let error = Backup::decode(&[&backup[..], b"\0"].concat()).expect_err("it goes on");
    assert!(error.to_string().starts_with("the backup is damaged: 1 bytes follow behind its end; nothing was changed"), "{error}");
    let error = Backup::decode(b"PAR1 and so on").expect_err("it is another file");
    assert!(error.to_string().contains("it does not begin as a backup does; it is another file"), "{error}");
}

#[tokio::test]
async fn a_part_with_the_records_of_another_is_refused_although_its_checksums_are_right() {
    let backup = backup_of_filled().await;
    let text = table_of(&backup);
    let renamed = text.replacen(r#""name":"segments","records":16"#, r#""name":"segments","records":15"#, 1);
    assert_ne!(text, renamed);
    let error = Backup::decode(&with_table(&backup, &renamed)).expect_err("a record is left over");
    assert!(error.to_string().contains("its segments cannot be read"), "{error}");
}

#[tokio::test]
async fn a_backup_of_another_format_is_named() {
    let backup = backup_of_filled().await;
    let later = table_of(&backup).replacen(r#""format":1"#, r#""format":2"#, 1);
    let error = Backup::decode(&with_table(&backup, &later)).expect_err("it is of a later version");
    let expected = "the backup has format 2, and this version of Coldtrail knows 1; use the version that wrote it";
    assert_eq!(error.to_string(), expected);
}

fn table_of(backup: &[u8]) -> String {
    let (start, length) = (29, u32::from_le_bytes(backup[25..29].try_into().expect("four bytes")) as usize);
    String::from_utf8(backup[start..start + length].to_vec()).expect("JSON")
}

fn with_table(backup: &[u8], table: &str) -> Vec<u8> {
    let parts = &backup[29 + table_of(backup).len() + 32..];
    let head = [&backup[..25], &(table.len() as u32).to_le_bytes(), table.as_bytes()].concat();
    [&head, Sha256::digest(&head).as_slice(), parts].concat()
}

#[tokio::test]
async fn where_there_is_a_catalog_nothing_is_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let backup = Backup::decode(&backup_of_filled().await).expect("it is whole");
    let catalog = open(folder.path()).await;
    commit_all(&catalog, 0..1).await;
    let error = restore(&Config::in_folder(folder.path()), &backup).expect_err("it is open");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    catalog.shutdown().await.expect("it stops");
    let error = restore(&Config::in_folder(folder.path()), &backup).expect_err("there is one");
    assert!(error.to_string().contains("catalog.redb holds a catalog already"), "{error}");
    assert_eq!(whole_commits(&open(folder.path()).await).await, [0]);
}

#[tokio::test]
async fn a_restore_that_was_broken_off_is_no_catalog_and_can_be_done_again() {
    let bytes = backup_of_filled().await;
    let whole = std::fs::read(restored_into(&bytes).path().join("catalog.redb")).expect("the file");
    let backup = Backup::decode(&bytes).expect("it is whole");
    let half = whole[..whole.len() / 2].to_vec();
    // What a crash after each step of a restore leaves behind.
    let left: [&[(&str, &[u8])]; 3] = [&[], &[("catalog.redb.new", &half)], &[("catalog.redb", &whole)]];
    for files in left {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("catalog.restoring"), "").expect("a file");
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).expect("a file"));
        let error = try_open(folder.path()).await.expect_err("it is not finished");
        let expected = "was begun and not finished; restore the backup again, or empty the folder";
        assert_eq!(error.to_string(), format!("a restore into {} {expected}", folder.path().display()));
        restore(&Config::in_folder(folder.path()), &backup).expect("it is restored");
        assert_eq!(open(folder.path()).await.status().await.expect("a status").snapshot_id, 10);
    }
}

use std::path::Path;
use std::sync::Arc;

use coldtrail_proto::catalog::v1;
use openraft::testing::{StoreBuilder, Suite};
use prost::Message;
use redb::{ReadableTable, WriteTransaction};
use tempfile::TempDir;

use super::disk::{Fault, IMAGES, LOG, PURGED_KEY, put_meta, remove_entries};
use super::{Disk, LogStore, Machine};
use crate::raft::{StorageError, TypeConfig};
use crate::{Catalog, CatalogClient, Config, Error};

struct InTemporaryFolder;

impl StoreBuilder<TypeConfig, LogStore, Machine, TempDir> for InTemporaryFolder {
    async fn build(&self) -> Result<(TempDir, LogStore, Machine), StorageError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let disk = Arc::new(Disk::open(folder.path()).expect("a new file"));
        let machine = Machine::load(Arc::clone(&disk)).expect("an empty state");
        Ok((folder, LogStore::new(disk), machine))
    }
}

#[test]
fn the_store_passes_the_suite_of_openraft() {
    Suite::test_all(InTemporaryFolder).expect("every test of the suite passes");
}

#[tokio::test]
async fn a_log_entry_that_does_not_decode_is_damage() {
    let write = |transaction: &WriteTransaction| {
        transaction.open_table(LOG)?.insert(3, b"\xff\xff\xff".as_slice())?;
        Ok(())
    };
    assert_refused(write, "a record is cut off or garbled").await;
}

#[tokio::test]
async fn a_log_entry_of_an_unknown_kind_is_refused_as_newer() {
    let write = |transaction: &WriteTransaction| {
        let entry = v1::LogEntry { log_id: Some(v1::LogId { term: 1, node_id: 1, index: 3 }), payload: None };
        transaction.open_table(LOG)?.insert(3, entry.encode_to_vec().as_slice())?;
        Ok(())
    };
    assert_refused(write, "LogEntry lacks its payload; it may be written by a newer version of Coldtrail").await;
}

#[tokio::test]
async fn a_log_entry_in_the_place_of_another_is_damage() {
    let write = |transaction: &WriteTransaction| {
        let mut log = transaction.open_table(LOG)?;
        let other = log.get(4)?.map(|entry| entry.value().to_vec()).expect("there are as many");
        log.insert(3, other.as_slice())?;
        Ok(())
    };
    assert_refused(write, "log entry 3 is missing").await;
}

#[tokio::test]
async fn a_hole_in_the_log_is_damage() {
    assert_refused(|transaction| remove_entries(transaction, 3..=3), "log entry 3 is missing").await;
}

#[tokio::test]
async fn a_log_that_starts_behind_the_image_is_damage() {
    let write = |transaction: &WriteTransaction| {
        let purged = v1::LogId { term: 1, node_id: 1, index: 3 };
        put_meta(transaction, PURGED_KEY, &purged.encode_to_vec())?;
        remove_entries(transaction, ..=3)
    };
    assert_refused(write, "log entries are missing that no snapshot image covers").await;
}

#[tokio::test]
async fn what_an_unfinished_image_left_behind_is_removed_and_the_finished_one_is_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = open(folder.path()).await.expect("a new catalog");
    catalog.commit(coldtrail_model::Commit::default()).await.expect("it is taken");
    catalog.write_image().await.expect("an image");
    let image_log_index = catalog.status().await.expect("a status").image_log_index;
    catalog.shutdown().await.expect("it stops");
    let disk = Disk::open(folder.path()).expect("it opens");
    let leave_behind = |transaction: &WriteTransaction| {
        let mut images = transaction.open_table(IMAGES)?;
        images.insert((0, 7), b"older".as_slice())?;
        images.insert((2, 0), b"newer, and not finished".as_slice())?;
        Ok(())
    };
    disk.write(leave_behind).expect("it is written");
    disk.close().expect("it closes");

    let catalog = open(folder.path()).await.expect("it opens");
    assert_eq!(catalog.status().await.expect("a status").image_log_index, image_log_index);
    catalog.shutdown().await.expect("it stops");
    let disk = Disk::open(folder.path()).expect("it opens");
    let generations = disk.read(|transaction| {
        let images = transaction.open_table(IMAGES)?;
        Ok(images.iter()?.map(|piece| piece.map(|(key, _)| key.value().0)).collect::<Result<Vec<_>, _>>()?)
    });
    assert_eq!(generations.expect("they are read"), [1]);
}

/// Spoils a catalog of some commits without an image, and opens it.
async fn assert_refused(spoil: impl FnOnce(&WriteTransaction) -> Result<(), Fault>, reason_part: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = open(folder.path()).await.expect("a new catalog");
    for _ in 0..6 {
        catalog.commit(coldtrail_model::Commit::default()).await.expect("it is taken");
    }
    catalog.shutdown().await.expect("it stops");
    let disk = Disk::open(folder.path()).expect("it opens");
    disk.write(spoil).expect("it is spoilt");
    disk.close().expect("it closes");
    match open(folder.path()).await {
        Err(Error::Corrupt { reason, .. }) => assert!(reason.contains(reason_part), "{reason}"),
        other => panic!("it was opened, or refused otherwise: {other:?}"),
    }
}

async fn open(folder: &Path) -> Result<Catalog, Error> {
    Catalog::open(Config::in_folder(folder)).await
}

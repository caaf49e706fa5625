use std::sync::Arc;

use openraft::testing::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::{Disk, LogStore, Machine};
use crate::raft::{StorageError, TypeConfig};

struct InTemporaryFolder;

impl StoreBuilder<TypeConfig, LogStore, Machine, TempDir> for InTemporaryFolder {
    async fn build(&self) -> Result<(TempDir, LogStore, Machine), StorageError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let disk = Arc::new(Disk::open(folder.path(), 1).expect("a new file"));
        let machine = Machine::load(Arc::clone(&disk)).expect("an empty state");
        Ok((folder, LogStore::new(disk), machine))
    }
}

#[test]
fn the_store_passes_the_suite_of_openraft() {
    Suite::test_all(InTemporaryFolder).expect("every test of the suite passes");
}

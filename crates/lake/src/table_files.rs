use std::io;

use bytes::Bytes;
use coldtrail_model::Table;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::layout::ICEBERG_ROOT;
use crate::{Error, Lake, durable};

/// The folder, in that of a table, where its files lie.
const METADATA: &str = "metadata";

/// A file that tells other engines what a table holds; it never holds events itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// The table.
    pub table: Table,
    /// Its name in the table's `metadata` folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When the store says it was written, in milliseconds since 1970, UTC.
    pub modified_ms: i64,
}

/// What other engines read of the tables lies in `iceberg/<table>/metadata`, apart from the segments: whoever lists, reads, verifies
/// or cleans those never meets it, and nothing here can touch a segment.
impl Lake {
    /// The folder of a table as other engines see it, relative to the lake: its files lie in `metadata` below.
    #[must_use]
    pub fn table_folder(table: Table) -> String {
        format!("{ICEBERG_ROOT}/{table}")
    }

    /// The path of a file of a table, relative to the lake.
    #[must_use]
    pub fn table_file_path(table: Table, name: &str) -> String {
        format!("{ICEBERG_ROOT}/{table}/{METADATA}/{name}")
    }

    /// Writes a file of a table, whole or not at all, in the place of the one that is there, if any.
    pub async fn put_table_file(&self, table: Table, name: &str, bytes: Bytes) -> Result<(), Error> {
        let relative = Self::table_file_path(table, name);
        if let Some((path, staged)) = self.local_paths(&relative) {
            let written = spawn_blocking(move || durable::replace_file(&path, &staged, &bytes)).await;
            let written: io::Result<()> = written.map_err(|source| Error::Interrupted { source })?;
            return written.map_err(|source| Error::from_io("write", self.location(&relative), source));
        }
        self.put(&relative, bytes).await
    }

    /// Writes a new file of a table, whole or not at all; false if there is another one of that name, which stays as it is. One that
    /// is the same was written by an earlier try whose answer was lost.
    ///
    /// In a bucket this is a conditional put, if the store knows it.
    pub async fn create_table_file(&self, table: Table, name: &str, bytes: Bytes) -> Result<bool, Error> {
        self.create(&Self::table_file_path(table, name), bytes).await
    }

    /// A file of a table; none if there is none of that name.
    pub async fn get_table_file(&self, table: Table, name: &str) -> Result<Option<Bytes>, Error> {
        self.get_if_there(&Self::table_file_path(table, name)).await
    }

    /// Every file of every table, in no particular order; what is not ours by its place is left out.
    pub async fn list_table_files(&self) -> Result<Vec<TableFile>, Error> {
        let fail = |error| Error::from_store("list", self.location(ICEBERG_ROOT), error);
        let files = self.store().list(Some(&self.path(ICEBERG_ROOT))).map(|entry| {
            let entry = entry.map_err(fail)?;
            let relative = self.relative(&entry.location).unwrap_or_default();
            let Some((table, name)) = place_of(&relative) else { return Ok(None) };
            let name = name.to_owned();
            Ok(Some(TableFile { table, name, bytes: entry.size, modified_ms: entry.last_modified.timestamp_millis() }))
        });
        let files: Vec<Option<TableFile>> = files.try_collect().await?;
        Ok(files.into_iter().flatten().collect())
    }

    /// Deletes a file of a table; one that is gone already is no error.
    pub async fn delete_table_file(&self, table: Table, name: &str) -> Result<(), Error> {
        self.delete(&Self::table_file_path(table, name)).await
    }
}

/// The table and the name of a file by its path relative to the lake.
fn place_of(relative: &str) -> Option<(Table, &str)> {
    let (table, name) = relative.strip_prefix(ICEBERG_ROOT)?.strip_prefix('/')?.split_once('/')?;
    let name = name.strip_prefix(METADATA)?.strip_prefix('/')?;
    Some((table.parse().ok()?, name))
}

/// True of the name, without its suffix, under which a file of a table is staged: it ends with a dot and an id.
pub(crate) fn is_staged_table_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, id)| Uuid::try_parse(id).is_ok())
}

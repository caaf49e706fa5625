use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStore;

use crate::layout::BACKUPS_ROOT;
use crate::{Error, Lake};

impl Lake {
    /// The path of a backup of the catalog with this name, relative to the lake.
    #[must_use]
    pub fn backup_path(name: &str) -> String {
        format!("{BACKUPS_ROOT}/{name}")
    }

    /// The names of the backups of the catalog that lie in the lake, in order.
    pub async fn list_backups(&self) -> Result<Vec<String>, Error> {
        let fail = |error| Error::from_store("list", self.location(BACKUPS_ROOT), error);
        let files: Vec<_> = self.store().list(Some(&self.path(BACKUPS_ROOT))).try_collect().await.map_err(fail)?;
        let mut names: Vec<String> = files.iter().filter_map(|file| file.location.filename().map(str::to_owned)).collect();
        names.sort();
        Ok(names)
    }

    /// Deletes a backup of the catalog; one that is gone already is no error.
    pub async fn delete_backup(&self, name: &str) -> Result<(), Error> {
        self.delete(&Self::backup_path(name)).await
    }

    /// Writes a whole new file, on the condition that there is none of this name: two that write the same at the same time cannot
    /// both succeed.
    ///
    /// # Errors
    ///
    /// [`Error::FileExists`] if there is another one; it is left as it is.
    pub async fn put_new(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        match self.create(path, bytes).await? {
            true => Ok(()),
            false => Err(Error::FileExists { path: self.location(path) }),
        }
    }
}

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, PutMode, PutPayload};
use tokio::task::spawn_blocking;

use crate::layout::BACKUPS_ROOT;
use crate::{Error, Lake, durable};

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
    /// [`Error::FileExists`] if there is one; it is left as it is.
    pub async fn put_new(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        let exists = || Error::FileExists { path: self.location(path) };
        if let Some(folder) = self.folder() {
            let file = folder.join(path);
            let written = spawn_blocking(move || durable::write_new_file(&file, &bytes)).await;
            return match written.map_err(|source| Error::Interrupted { source })? {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists()),
                written => written.map_err(|source| Error::from_io("write", self.location(path), source)),
            };
        }
        match self.store().put_opts(&self.path(path), PutPayload::from(bytes), PutMode::Create.into()).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Err(exists()),
            Err(error) => Err(Error::from_store("write", self.location(path), error)),
        }
    }
}

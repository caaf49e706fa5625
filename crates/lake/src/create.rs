use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::durable::STAGED_SUFFIX;
use crate::{Error, Lake, durable};

impl Lake {
    /// Writes a new file, whole or not at all; false if there is another one of that name, which stays as it is. One that is the same was
    /// written by an earlier try whose answer was lost.
    ///
    /// In a bucket this is a conditional put. Where the store's settings say that it knows none (`AWS_CONDITIONAL_PUT=disabled`), it
    /// is looked for first: then only one at a time may write.
    pub(crate) async fn create(&self, relative: &str, bytes: Bytes) -> Result<bool, Error> {
        let is_new = match self.local_paths(relative) {
            Some((path, staged)) => {
                let bytes = bytes.clone();
                let written = spawn_blocking(move || durable::create_file(&path, &staged, &bytes)).await;
                match written.map_err(|source| Error::Interrupted { source })? {
                    Ok(()) => true,
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
                    Err(source) => return Err(Error::from_io("write", self.location(relative), source)),
                }
            }
            None => self.create_in_store(relative, &bytes).await?,
        };
        Ok(is_new || self.get_if_there(relative).await? == Some(bytes))
    }

    async fn create_in_store(&self, relative: &str, bytes: &Bytes) -> Result<bool, Error> {
        let fail = |error| Error::from_store("write", self.location(relative), error);
        let (store, path) = (self.store(), self.path(relative));
        match store.put_opts(&path, PutPayload::from(bytes.clone()), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => match store.head(&path).await {
                Ok(_) => Ok(false),
                Err(object_store::Error::NotFound { .. }) => self.put(relative, bytes.clone()).await.map(|()| true),
                Err(error) => Err(fail(error)),
            },
            Err(error) => Err(fail(error)),
        }
    }

    /// A file; none if there is none of that name.
    pub(crate) async fn get_if_there(&self, relative: &str) -> Result<Option<Bytes>, Error> {
        let fail = |error| Error::from_store("read", self.location(relative), error);
        match self.store().get(&self.path(relative)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(fail),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fail(error)),
        }
    }

    /// Where a file of a local lake lies, and where it is staged: under a name of its own, for two may write the same one.
    pub(crate) fn local_paths(&self, relative: &str) -> Option<(PathBuf, PathBuf)> {
        let path = self.folder()?.join(relative);
        let mut staged = path.clone().into_os_string();
        staged.push(format!(".{}{STAGED_SUFFIX}", Uuid::now_v7()));
        Some((path, PathBuf::from(staged)))
    }
}

use bytes::Bytes;
use object_store::ObjectStoreExt;
use sha2::{Digest, Sha256};

use crate::layout::CONTENT_ROOT;
use crate::{Error, Lake};

impl Lake {
    /// The path of content with this SHA-256, relative to the lake.
    #[must_use]
    pub fn content_path(sha256: &[u8; 32]) -> String {
        format!("{CONTENT_ROOT}/{}", hex::encode(sha256))
    }

    /// Keeps what a hunter brought (a feed, rules, a hunt file) under the name of its SHA-256, and gives that. The same again
    /// changes nothing.
    pub async fn put_content(&self, bytes: Bytes) -> Result<[u8; 32], Error> {
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        let path = Self::content_path(&sha256);
        let fail = |error| Error::from_store("look for", self.location(&path), error);
        match self.store().head(&self.path(&path)).await {
            Ok(present) if present.size == bytes.len() as u64 => return Ok(sha256),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(fail(error)),
        }
        self.put(&path, bytes).await?;
        Ok(sha256)
    }

    /// What was kept under this SHA-256; checked, so that it is what was kept.
    pub async fn get_content(&self, sha256: &[u8; 32]) -> Result<Bytes, Error> {
        let path = Self::content_path(sha256);
        let fail = |error| Error::from_store("read", self.location(&path), error);
        let bytes = self.store().get(&self.path(&path)).await.map_err(fail)?.bytes().await.map_err(fail)?;
        if Sha256::digest(&bytes).as_slice() != sha256 {
            return Err(Error::ContentDamaged { path: self.location(&path) });
        }
        Ok(bytes)
    }

    /// A file of the lake as it lies there, such as the rows of a slice.
    pub async fn get_file(&self, path: &str) -> Result<Bytes, Error> {
        let fail = |error| Error::from_store("read", self.location(path), error);
        self.store().get(&self.path(path)).await.map_err(fail)?.bytes().await.map_err(fail)
    }
}

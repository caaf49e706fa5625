use std::io;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::spawn_blocking;

use crate::{Error, Lake, durable};

/// How many parts of one file are on their way at the same time.
const PARTS_IN_FLIGHT: usize = 4;

impl Lake {
    /// Writes a whole new file: afterwards it is there in full and durable, or an error says why not.
    pub(crate) async fn put(&self, relative: &str, bytes: Bytes) -> Result<(), Error> {
        let fail = |error| Error::from_store("write", self.location(relative), error);
        if let Some(folder) = self.folder() {
            let path = folder.join(relative);
            let written = spawn_blocking(move || durable::write_file(&path, &bytes)).await;
            let written: io::Result<()> = written.map_err(|source| Error::Interrupted { source })?;
            return written.map_err(|source| Error::from_io("write", self.location(relative), source));
        }
        let path = self.path(relative);
        if bytes.len() <= self.upload_part_bytes() {
            return self.store().put(&path, PutPayload::from(bytes)).await.map(drop).map_err(fail);
        }
        let mut upload = self.store().put_multipart(&path).await.map_err(fail)?;
        let written = put_in_parts(upload.as_mut(), &bytes, self.upload_part_bytes()).await;
        if written.is_err() {
            // Parts that nobody completes cost money; if even this fails, the bucket's own rule for unfinished uploads removes them.
            drop(upload.abort().await);
        }
        written.map_err(fail)
    }
}

async fn put_in_parts(upload: &mut dyn MultipartUpload, bytes: &Bytes, part_bytes: usize) -> object_store::Result<()> {
    let parts: Vec<_> = (0..bytes.len())
        .step_by(part_bytes)
        .map(|start| upload.put_part(PutPayload::from(bytes.slice(start..bytes.len().min(start + part_bytes)))))
        .collect();
    stream::iter(parts).buffer_unordered(PARTS_IN_FLIGHT).try_collect::<()>().await?;
    upload.complete().await.map(drop)
}

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::store::connect;
use crate::{Error, StoreOptions};

/// S3 refuses smaller parts.
const UPLOAD_PART_BYTES_MIN: usize = 5 << 20;

/// One lake: a folder, or a place in a bucket, that holds segments. A clone is cheap and means the same place.
///
/// ```text
/// <lake>/ocsf/<table>/event_day=YYYY-MM-DD/<segment-id>.parquet        events and observables
/// <lake>/system/rejects/event_day=YYYY-MM-DD/<segment-id>.parquet      records that could not be read
/// <lake>/sources/<commit-id>.json                                      which source objects a commit took in
/// <lake>/backups/catalog/<time>-<snapshot>-<cluster>.backup            copies of the catalog
/// <lake>/iceberg/<table>/metadata/…                                    which of these files a table holds, for other engines
/// ```
///
/// What lies there is visible to nobody until the catalog names it, so a lake can be written by several processes at once.
#[derive(Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

struct Inner {
    url: Url,
    store: Arc<dyn ObjectStore>,
    root: Path,
    folder: Option<PathBuf>,
    upload_part_bytes: usize,
}

impl Lake {
    /// Opens the lake at a folder or URL: `/folder`, `file:///folder`, `s3://bucket/prefix`, `az://container/prefix`,
    /// `abfss://container@account.dfs.core.windows.net/prefix`, `gs://bucket/prefix`, or `memory:///`, which is new and empty each
    /// time. A local folder is made if there is none. Fails if the URL is none of these or holds credentials; a bucket is not
    /// asked before it is used.
    pub fn open(url: &str, options: &StoreOptions) -> Result<Self, Error> {
        let connection = connect(url, options)?;
        let upload_part_bytes = options.upload_part_bytes.max(UPLOAD_PART_BYTES_MIN);
        let (url, store, root, folder) = (connection.url, connection.store, connection.root, connection.folder);
        Ok(Self { inner: Arc::new(Inner { url, store, root, folder, upload_part_bytes }) })
    }

    /// A lake in a store that the caller has opened or wrapped; `root` is its place in it. Unlike a folder that was opened by
    /// [`Lake::open`], files are then only as durable as the store makes them.
    pub fn in_store(url: Url, store: Arc<dyn ObjectStore>, root: Path) -> Self {
        Self { inner: Arc::new(Inner { url, store, root, folder: None, upload_part_bytes: UPLOAD_PART_BYTES_MIN }) }
    }

    /// Where the lake is, without a slash at the end; never holds a secret.
    pub fn url(&self) -> &Url {
        &self.inner.url
    }

    /// The object store that holds the lake: a whole bucket, or the whole file system, so that it can be registered with a query
    /// engine under the URL's scheme and host. [`Lake::path`] says where in it the lake's files are.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.store)
    }

    /// The path, in [`Lake::store`], of a file whose path relative to the lake is given, such as `SegmentMeta::path`.
    pub fn path(&self, relative: &str) -> Path {
        relative.split('/').filter(|part| !part.is_empty()).fold(self.inner.root.clone(), Path::join)
    }

    /// What other programs call a file of the lake, or a folder of it: `s3://bucket/prefix/ocsf/…`, `file:///folder/ocsf/…`. As the
    /// store spells it, without percent-encoding, for that is how they read it.
    pub fn address(&self, relative: &str) -> String {
        match self.folder() {
            Some(folder) => format!("file://{}", folder.join(relative).display()),
            None => format!("{}://{}/{}", self.url().scheme(), self.url().authority(), self.path(relative)),
        }
    }

    /// The lake's folder, if it is local.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        self.inner.folder.as_deref()
    }

    /// The URL of a file, for messages.
    pub(crate) fn location(&self, relative: &str) -> String {
        format!("{}/{relative}", self.inner.url)
    }

    /// The path relative to the lake of a file in the store, if it lies in the lake.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let parts: Vec<String> = path.prefix_match(&self.inner.root)?.map(|part| part.as_ref().to_owned()).collect();
        Some(parts.join("/"))
    }

    pub(crate) fn upload_part_bytes(&self) -> usize {
        self.inner.upload_part_bytes
    }
}

/// Shows where the lake is and nothing of how it is reached.
impl fmt::Debug for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lake").field("url", &self.inner.url.as_str()).finish_non_exhaustive()
    }
}

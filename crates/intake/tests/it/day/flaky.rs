use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A store that refuses some writes with 503. Of some of those it has made the file all the same.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: Arc<dyn ObjectStore>,
    dice: Mutex<ChaCha8Rng>,
    /// How many of a thousand writes fail.
    per_mille: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Flaky {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, seed: u64, per_mille: u64) -> Self {
        let dice = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
        Self { inner, dice, per_mille: AtomicU64::new(per_mille), refused: AtomicU64::new(0) }
    }

    pub(crate) fn heal(&self) {
        self.per_mille.store(0, Ordering::Relaxed);
    }

    /// Whether this write fails, and whether the file is there nevertheless.
    fn fails(&self) -> Option<bool> {
        let (die, half) = {
            let mut dice = self.dice.lock();
            (dice.random_range(0..1000), dice.random_bool(0.5))
        };
        (die < self.per_mille.load(Ordering::Relaxed)).then(|| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            half
        })
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a flaky {}", self.inner)
    }
}

fn unavailable() -> object_store::Error {
    object_store::Error::Generic { store: "flaky", source: "503 Service Unavailable: please reduce your request rate".into() }
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match self.fails() {
            None => self.inner.put_opts(location, payload, opts).await,
            Some(is_there) => {
                if is_there {
                    self.inner.put_opts(location, payload, opts).await?;
                }
                Err(unavailable())
            }
        }
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        match self.fails() {
            None => self.inner.put_multipart_opts(location, opts).await,
            Some(_) => Err(unavailable()),
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

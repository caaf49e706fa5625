//! Blocks of segments on a disk of this machine, so that what is read again is not fetched again.

use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use moka::future::Cache;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::{Error, StoreOptions};

/// How many blocks of one request are fetched or read at the same time.
const BLOCKS_AT_ONCE: usize = 8;
/// How many caches this process has opened.
static CACHES: AtomicU64 = AtomicU64::new(0);
/// Only segments are kept: a segment's bytes never change under its name.
const KEPT: &str = ".parquet";

/// An object store, with the blocks of segments that were read kept in files of a folder.
///
/// Blocks that were not read for longest go when there are too many. The folder is emptied when it is opened, so nothing is believed that
/// another process left; a block that is not what was written (the disk is bad) is fetched again.
pub(crate) struct BlockCache {
    store: Arc<dyn ObjectStore>,
    blocks: Cache<BlockName, Arc<Block>>,
    folder: PathBuf,
    block_bytes: u64,
    files_made: AtomicU64,
    /// True once it was said that blocks cannot be written.
    is_disk_bad: AtomicBool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BlockName {
    location: Path,
    number: u64,
}

/// A block that was fetched. Its file goes with the last who reads it.
struct Block {
    /// The object that it is of.
    meta: ObjectMeta,
    bytes: u32,
    crc32: u32,
    place: Place,
}

enum Place {
    File(PathBuf),
    /// The disk did not take it.
    Memory(Bytes),
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Place::File(path) = &self.place {
            drop(fs::remove_file(path));
        }
    }
}

impl Block {
    /// Its bytes; none if they are not those that were written.
    fn read(&self) -> Option<Bytes> {
        match &self.place {
            Place::Memory(bytes) => Some(bytes.clone()),
            Place::File(path) => fs::read(path).ok().filter(|bytes| crc32fast::hash(bytes) == self.crc32).map(Bytes::from),
        }
    }
}

impl BlockCache {
    /// A cache before a store, as the options say; the store itself, if they name no folder.
    pub(crate) fn before(store: Arc<dyn ObjectStore>, options: &StoreOptions) -> std::result::Result<Arc<dyn ObjectStore>, Error> {
        let Some(folder) = &options.cache_folder else { return Ok(store) };
        let before = CACHES.fetch_add(1, Ordering::Relaxed);
        let own = folder.join(format!("blocks-{}-{before}", std::process::id()));
        let fail = |source: io::Error| Error::Folder { path: own.clone(), source };
        clear(folder, before == 0).map_err(fail)?;
        fs::create_dir_all(&own).map_err(fail)?;
        let weigh = |_: &BlockName, block: &Arc<Block>| block.bytes;
        let blocks = Cache::builder().max_capacity(options.cache_bytes_max).weigher(weigh).build();
        let (files_made, is_disk_bad) = (AtomicU64::new(0), AtomicBool::new(false));
        Ok(Arc::new(Self { store, blocks, folder: own, block_bytes: options.cache_block_bytes, files_made, is_disk_bad }))
    }

    async fn range(&self, location: &Path, range: Range<u64>) -> Result<GetResult> {
        let numbers = range.start / self.block_bytes..(range.end.max(range.start + 1) - 1) / self.block_bytes + 1;
        let first = self.block(location, numbers.start).await?;
        let meta = first.0.meta.clone();
        // As every store does, what lies beyond the end is left out; a range that begins there is refused by the store itself.
        let end = range.end.min(meta.size);
        if range.start >= end {
            return self.store.get_opts(location, GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() }).await;
        }
        let last = (end - 1) / self.block_bytes + 1;
        let others = stream::iter(numbers.start + 1..last).map(|number| self.block(location, number)).buffered(BLOCKS_AT_ONCE);
        let others: Vec<(Arc<Block>, Bytes)> = others.try_collect().await?;
        let mut whole = BytesMut::with_capacity(usize::try_from(end - range.start).unwrap_or_default());
        for (number, (_, bytes)) in (numbers.start..).zip(std::iter::once(first).chain(others)) {
            let at = number * self.block_bytes;
            let from = usize::try_from(range.start.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
            let to = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
            whole.extend_from_slice(&bytes[from..to]);
        }
        let payload = GetResultPayload::Stream(stream::once(std::future::ready(Ok(whole.freeze()))).boxed());
        Ok(GetResult { payload, meta, range: range.start..end, attributes: Attributes::default() })
    }

    /// A block, fetched once however many ask for it at the same time.
    async fn block(&self, location: &Path, number: u64) -> Result<(Arc<Block>, Bytes)> {
        let name = BlockName { location: location.clone(), number };
        loop {
            let fetched = self.blocks.try_get_with_by_ref(&name, self.fetch(location, number)).await;
            // Those that must make room go now, and not when the cache finds the time: the disk is only so large.
            self.blocks.run_pending_tasks().await;
            let block = fetched.map_err(|error| shared(location, &error))?;
            let reading = Arc::clone(&block);
            let bytes = tokio::task::spawn_blocking(move || reading.read()).await.map_err(|source| failed(location, source.into()))?;
            match bytes {
                Some(bytes) => return Ok((block, bytes)),
                None => {
                    tracing::warn!(%location, number, "a block in store.cache_folder is not what was written; it is fetched again");
                    self.blocks.invalidate(&name).await;
                }
            }
        }
    }

    async fn fetch(&self, location: &Path, number: u64) -> Result<Arc<Block>> {
        let range = number * self.block_bytes..(number + 1) * self.block_bytes;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let got = self.store.get_opts(location, options).await?;
        let meta = got.meta.clone();
        let content = got.bytes().await?;
        let (bytes, crc32) = (u32::try_from(content.len()).unwrap_or(u32::MAX), crc32fast::hash(&content));
        let path = self.folder.join(self.files_made.fetch_add(1, Ordering::Relaxed).to_string());
        let writing = (path.clone(), content.clone());
        let written = tokio::task::spawn_blocking(move || fs::write(&writing.0, &writing.1)).await;
        let place = match written.map_err(io::Error::other).and_then(|written| written) {
            Ok(()) => Place::File(path),
            Err(error) => {
                drop(fs::remove_file(&path));
                if !self.is_disk_bad.swap(true, Ordering::Relaxed) {
                    tracing::warn!(folder = %self.folder.display(), %error, "store.cache_folder takes no more; blocks are kept in memory or not at all");
                }
                Place::Memory(content)
            }
        };
        // What the disk does not take must not fill the memory: it counts for the whole of the room.
        let bytes = if matches!(place, Place::Memory(_)) { u32::MAX } else { bytes };
        Ok(Arc::new(Block { meta, bytes, crc32, place }))
    }
}

/// Removes what processes that are gone have left, and what one of this process's number has, if this is the `first` cache of this one.
fn clear(folder: &std::path::Path, first: bool) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let number = |name: &str| name.strip_prefix("blocks-")?.split_once('-')?.0.parse::<u32>().ok();
        let process = path.file_name().and_then(|name| number(name.to_str()?));
        let is_gone = |process: u32| !std::path::Path::new(&format!("/proc/{process}")).exists();
        if process.is_some_and(|process| if process == std::process::id() { first } else { is_gone(process) }) {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// An error that several wait for. What it is about stays: callers tell apart what is gone, what is forbidden and what may be tried again.
fn shared(location: &Path, error: &Arc<object_store::Error>) -> object_store::Error {
    use object_store::Error as Store;
    match error.as_ref() {
        Store::NotFound { path, source } => Store::NotFound { path: path.clone(), source: source.to_string().into() },
        Store::PermissionDenied { path, source } => Store::PermissionDenied { path: path.clone(), source: source.to_string().into() },
        Store::Unauthenticated { path, source } => Store::Unauthenticated { path: path.clone(), source: source.to_string().into() },
        _ => failed(location, Box::new(Arc::clone(error))),
    }
}

fn failed(location: &Path, source: Box<dyn std::error::Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic { store: "block cache", source: format!("{location}: {source}").into() }
}

fn is_plain(options: &GetOptions) -> bool {
    let conditions = [options.if_match.is_some(), options.if_none_match.is_some(), options.version.is_some(), options.head];
    !conditions.contains(&true) && options.if_modified_since.is_none() && options.if_unmodified_since.is_none()
}

impl fmt::Display for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocks of {}", self.store)
    }
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockCache").field("store", &self.store).field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for BlockCache {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match &options.range {
            Some(GetRange::Bounded(range)) if is_plain(&options) && location.as_ref().ends_with(KEPT) => {
                self.range(location, range.clone()).await
            }
            _ => self.store.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let each = ranges.iter().cloned().map(|range| async move {
            let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
            self.get_opts(location, options).await?.bytes().await
        });
        stream::iter(each).buffered(BLOCKS_AT_ONCE).try_collect().await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.store.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    const BLOCK: u64 = 16;

    /// A store with one segment, and a cache of so many bytes before it.
    async fn cached(bytes_max: u64) -> (Arc<InMemory>, Arc<dyn ObjectStore>, tempfile::TempDir, Vec<u8>) {
        let store = Arc::new(InMemory::new());
        let content: Vec<u8> = (0..100).collect();
        store.put(&"a.parquet".into(), content.clone().into()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            cache_folder: Some(folder.path().to_owned()),
            cache_bytes_max: bytes_max,
            cache_block_bytes: BLOCK,
            ..StoreOptions::default()
        };
        let cache = BlockCache::before(Arc::clone(&store) as Arc<dyn ObjectStore>, &options).unwrap();
        (store, cache, folder, content)
    }

    fn own(folder: &tempfile::TempDir) -> PathBuf {
        fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path()
    }

    fn files(folder: &tempfile::TempDir) -> Vec<PathBuf> {
        fs::read_dir(own(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[tokio::test]
    async fn every_range_is_what_the_store_has() {
        let (_, cache, _folder, content) = cached(1 << 20).await;
        for start in 0..100_u64 {
            for end in start + 1..=100 {
                let got = cache.get_range(&"a.parquet".into(), start..end).await.unwrap();
                let wanted = &content[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
                assert_eq!(got, wanted, "{start}..{end}");
            }
        }
        let beyond = GetOptions { range: Some(GetRange::Bounded(90..1000)), ..GetOptions::default() };
        let got = cache.get_opts(&"a.parquet".into(), beyond).await.unwrap();
        assert_eq!((got.range.clone(), got.meta.size, got.bytes().await.unwrap().to_vec()), (90..100, 100, content[90..].to_vec()));
        assert!(cache.get_range(&"a.parquet".into(), 100..110).await.is_err(), "as the store refuses it");
        assert!(matches!(cache.get_range(&"b.parquet".into(), 0..1).await, Err(object_store::Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn what_was_read_is_not_fetched_again() {
        let (store, cache, folder, content) = cached(1 << 20).await;
        cache.get_ranges(&"a.parquet".into(), &[0..20, 90..100]).await.unwrap();
        assert_eq!(files(&folder).len(), 4);
        store.delete(&"a.parquet".into()).await.unwrap();
        assert_eq!(cache.get_range(&"a.parquet".into(), 3..31).await.unwrap(), &content[3..31]);
        assert!(cache.get_range(&"a.parquet".into(), 40..50).await.is_err(), "this was never read");
    }

    #[tokio::test]
    async fn a_block_that_the_disk_spoilt_is_fetched_again() {
        let (_, cache, folder, content) = cached(1 << 20).await;
        cache.get_range(&"a.parquet".into(), 0..16).await.unwrap();
        let [file] = files(&folder).try_into().unwrap();
        let mut spoilt = fs::read(&file).unwrap();
        spoilt[3] ^= 1;
        fs::write(&file, spoilt).unwrap();
        assert_eq!(cache.get_range(&"a.parquet".into(), 0..16).await.unwrap(), &content[..16]);
        fs::remove_file(&files(&folder)[0]).unwrap();
        assert_eq!(cache.get_range(&"a.parquet".into(), 0..16).await.unwrap(), &content[..16]);
    }

    #[tokio::test]
    async fn the_disk_holds_no_more_than_it_may() {
        let (_, cache, folder, content) = cached(3 * BLOCK).await;
        for _ in 0..50 {
            for start in (0..96).step_by(16) {
                let end = usize::try_from(start + 16).unwrap();
                assert_eq!(cache.get_range(&"a.parquet".into(), start..start + 16).await.unwrap(), &content[end - 16..end]);
            }
        }
        // Eviction runs behind reads by at most a handful.
        assert!(files(&folder).len() <= 6, "{} files", files(&folder).len());
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_costs_only_speed() {
        let (_, cache, folder, content) = cached(1 << 20).await;
        fs::remove_dir_all(own(&folder)).unwrap();
        assert_eq!(cache.get_range(&"a.parquet".into(), 0..50).await.unwrap(), &content[..50]);
        assert_eq!(cache.get_range(&"a.parquet".into(), 0..50).await.unwrap(), &content[..50]);
    }

    #[test]
    fn what_an_error_is_about_stays() {
        let denied = object_store::Error::PermissionDenied { path: "a.parquet".to_owned(), source: "no".into() };
        assert!(matches!(shared(&"a.parquet".into(), &Arc::new(denied)), object_store::Error::PermissionDenied { .. }));
        let busy = object_store::Error::Generic { store: "S3", source: "Server returned non-2xx status code: 503".into() };
        assert!(shared(&"a.parquet".into(), &Arc::new(busy)).to_string().contains("status code: 503"), "whether to try again is read from it");
    }

    #[tokio::test]
    async fn only_ranges_of_segments_are_kept() {
        let (store, cache, folder, content) = cached(1 << 20).await;
        store.put(&"_state.json".into(), content.clone().into()).await.unwrap();
        cache.get_range(&"_state.json".into(), 0..50).await.unwrap();
        cache.get(&"a.parquet".into()).await.unwrap().bytes().await.unwrap();
        assert_eq!(files(&folder).len(), 0);
    }
}

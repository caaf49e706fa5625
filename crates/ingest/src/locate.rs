//! What there is to read at the places that were named.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use coldtrail_lake::{Lake, StoreOptions};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncReadExt;
use url::Url;

use crate::{Error, Marks, SourceChoice};

/// How much of a local file is read at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// One object that can be read: a file, or an object in a bucket.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its absolute URL.
    pub url: String,
    /// Its size as stored.
    pub bytes: u64,
    /// When it was last changed, in milliseconds since 1970, UTC.
    pub modified_ms: i64,
    /// The store's entity tag, if it has one.
    pub etag: Option<String>,
    /// Its source, if whoever sent it said so; nothing for an object that was listed.
    received_as: Option<SourceChoice>,
    /// What whoever sent it said of its records; nothing for an object that was listed.
    marks: Option<Arc<Marks>>,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    File(PathBuf),
    Memory(Bytes),
    Object(Arc<dyn ObjectStore>, Path),
}

impl SourceFile {
    /// An object that somebody sent: it lies in a file until it is committed, and is known by its URL. `written_ms` stands in for
    /// the times that its records lack. What cannot be read of it becomes rejects, since nobody could bring it again.
    pub fn received(url: String, file: PathBuf, bytes: u64, written_ms: i64, choice: SourceChoice) -> Self {
        Self { url, bytes, modified_ms: written_ms, etag: None, received_as: Some(choice), marks: None, at: At::File(file) }
    }

    /// The same object, with what whoever sent it said of all its records.
    #[must_use]
    pub fn with_marks(self, marks: Marks) -> Self {
        Self { marks: (!marks.is_empty()).then(|| Arc::new(marks)), ..self }
    }

    pub(crate) fn marks(&self) -> Option<&Arc<Marks>> {
        self.marks.as_ref()
    }

    /// The source that whoever sent it named; nothing for an object that was listed.
    pub(crate) fn received_as(&self) -> Option<SourceChoice> {
        self.received_as
    }

    /// The same object, whose bytes are at hand already.
    pub(crate) fn in_memory(mut self, content: Bytes) -> Self {
        self.at = At::Memory(content);
        self
    }

    /// Its bytes as stored, in pieces.
    pub(crate) fn stream(&self) -> BoxStream<'static, Result<Bytes, String>> {
        match self.at.clone() {
            At::File(path) => futures::stream::once(open_file(path)).flat_map(file_pieces).boxed(),
            At::Memory(content) => futures::stream::iter([Ok(content)]).boxed(),
            At::Object(store, path) => {
                let pieces = async move { store.get(&path).await.map(|object| object.into_stream()) };
                futures::stream::once(pieces).try_flatten().map_err(|error| error.to_string()).boxed()
            }
        }
    }
}

async fn open_file(path: PathBuf) -> io::Result<tokio::fs::File> {
    tokio::fs::File::open(path).await
}

fn file_pieces(file: io::Result<tokio::fs::File>) -> BoxStream<'static, Result<Bytes, String>> {
    let file = match file {
        Ok(file) => file,
        Err(error) => return futures::stream::iter([Err(error.to_string())]).boxed(),
    };
    futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await.map_err(|error| error.to_string())?;
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    })
    .boxed()
}

/// Lists what lies at a file, a folder or a prefix of an object store, in order of name. Files whose name begins with a dot or an
/// underscore are left out: editors and writers keep unfinished work in them.
pub async fn locate(location: &str, options: &StoreOptions) -> Result<Vec<SourceFile>, Error> {
    let is_url = location.contains("://") && !location.starts_with("file://");
    let mut found = if is_url { list_objects(location, options).await? } else { list_files(location).await? };
    found.sort_by(|one, other| one.url.cmp(&other.url));
    Ok(found)
}

/// How many objects are asked for at the same time.
const ASKED_AT_ONCE: usize = 16;

/// Looks at objects of an object store, named by their keys in the bucket, whose location is `location`: each as [`locate`] would list
/// it, nothing for one that is not there, or why it cannot be told.
pub async fn find(location: &str, keys: &[String], options: &StoreOptions) -> Result<Vec<Result<Option<SourceFile>, String>>, Error> {
    let place = Lake::open(location, options)?;
    let (store, base) = (place.store(), base_of(&place));
    let looking = keys.iter().cloned().map(|key| {
        let (store, base) = (Arc::clone(&store), base.clone());
        async move {
            let path = Path::parse(&key).map_err(|error| error.to_string())?;
            match store.head(&path).await {
                Ok(meta) => Ok(Some(object_at(&base, &store, meta))),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.to_string()),
            }
        }
    });
    Ok(futures::stream::iter(looking).buffered(ASKED_AT_ONCE).collect().await)
}

/// The URL of the bucket, without a slash at its end.
fn base_of(place: &Lake) -> String {
    let mut base = place.url().clone();
    base.set_path("");
    base.as_str().trim_end_matches('/').to_owned()
}

fn object_at(base: &str, store: &Arc<dyn ObjectStore>, meta: ObjectMeta) -> SourceFile {
    SourceFile {
        url: format!("{base}/{}", meta.location),
        bytes: meta.size,
        modified_ms: meta.last_modified.timestamp_millis(),
        etag: meta.e_tag,
        received_as: None,
        marks: None,
        at: At::Object(Arc::clone(store), meta.location),
    }
}

async fn list_files(location: &str) -> Result<Vec<SourceFile>, Error> {
    let path = match Url::parse(location) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().map_err(|()| Error::NoSuchLocation { location: location.to_owned() })?,
        _ => PathBuf::from(location),
    };
    let named = location.to_owned();
    let listing = tokio::task::spawn_blocking(move || {
        let root = path.canonicalize().map_err(|source| unreadable(&named, source))?;
        let mut found = Vec::new();
        walk(&root, true, &mut found).map_err(|source| unreadable(&named, source))?;
        Ok(found)
    });
    match listing.await {
        Ok(found) => found,
        Err(error) => Err(Error::Unreadable { location: location.to_owned(), source: io::Error::other(error) }),
    }
}

fn unreadable(location: &str, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::NoSuchLocation { location: location.to_owned() },
        _ => Error::Unreadable { location: location.to_owned(), source },
    }
}

fn walk(path: &FilePath, is_named: bool, found: &mut Vec<SourceFile>) -> io::Result<()> {
    if !is_named && path.file_name().is_some_and(|name| is_hidden(&name.to_string_lossy())) {
        return Ok(());
    }
    let listed = std::fs::metadata(path).and_then(|metadata| {
        let entries = metadata.is_dir().then(|| std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
        Ok((metadata, entries.transpose()?))
    });
    match listed {
        Ok((_, Some(entries))) => entries.iter().try_for_each(|entry| walk(entry, false, found)),
        // A pipe in a folder would be waited for until somebody writes to it.
        Ok((metadata, None)) if !metadata.is_file() && !is_named => Ok(()),
        Ok((metadata, None)) => {
            let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            found.push(file_at(path, metadata.len(), i64::try_from(modified.as_millis()).unwrap_or(i64::MAX))?);
            Ok(())
        }
        Err(error) if is_named => Err(error),
        // A link into nowhere, a file that was rotated away just now, a folder that may not be listed: reading it says what is
        // wrong with it, and costs the others nothing.
        Err(_) => {
            found.push(file_at(path, 0, 0)?);
            Ok(())
        }
    }
}

fn file_at(path: &FilePath, bytes: u64, modified_ms: i64) -> io::Result<SourceFile> {
    let url = Url::from_file_path(path).map_err(|()| io::Error::other(format!("{} is not an absolute path", path.display())))?;
    Ok(SourceFile { url: url.to_string(), bytes, modified_ms, etag: None, received_as: None, marks: None, at: At::File(path.to_owned()) })
}

async fn list_objects(location: &str, options: &StoreOptions) -> Result<Vec<SourceFile>, Error> {
    let place = Lake::open(location, options)?;
    let store = place.store();
    let prefix = place.path("");
    let unlistable = |source| Error::Unlistable { location: location.to_owned(), source };
    let base = base_of(&place);
    let listed: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(unlistable)?;
    let mut metas = listed;
    if metas.is_empty() {
        match store.head(&prefix).await {
            Ok(meta) => metas.push(meta),
            Err(object_store::Error::NotFound { .. }) => return Err(Error::NoSuchLocation { location: location.to_owned() }),
            Err(source) => return Err(unlistable(source)),
        }
    }
    let files = metas.into_iter().filter(|meta| !meta.location.filename().is_some_and(is_hidden));
    Ok(files.map(|meta| object_at(&base, &store, meta)).collect())
}

/// True if files of this name are left out: editors and writers keep unfinished work in them.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

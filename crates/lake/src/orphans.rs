use std::fs;
use std::io;
use std::path::Path as Folder;
use std::time::UNIX_EPOCH;

use coldtrail_model::SegmentId;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::task::spawn_blocking;

use crate::durable::STAGED_SUFFIX;
use crate::layout::{BACKUPS_ROOT, EVENTS_ROOT, ICEBERG_ROOT, SOURCES_ROOT, SYSTEM_ROOT, segment_id_of};
use crate::table_files::is_staged_table_file;
use crate::{Error, Lake};

/// How many files are deleted at the same time.
const DELETES_IN_FLIGHT: usize = 8;

/// A file that lies where segments lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its path relative to the lake.
    pub path: String,
    /// The segment that it is by its name; `None` for a file that is not ours.
    pub id: Option<SegmentId>,
    /// Its size.
    pub bytes: u64,
    /// When the store says it was written, in milliseconds since 1970, UTC.
    pub modified_ms: i64,
}

/// What a clean-up found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Segments that no catalog entry names, deleted.
    pub segments_deleted: u64,
    /// Unfinished files of a local lake, deleted.
    pub unfinished_deleted: u64,
    /// Bytes that the deleted files took.
    pub bytes_deleted: u64,
    /// Files that are neither known nor old enough: a writer may be about to commit them.
    pub young_kept: u64,
    /// Files that are not ours by their names; they are never touched.
    pub foreign_kept: u64,
}

impl Lake {
    /// Every file where segments lie, in no particular order, as it is listed. Unfinished files are not among them.
    pub fn list_segment_files(&self) -> BoxStream<'static, Result<SegmentFile, Error>> {
        let lake = self.clone();
        let roots = stream::iter([EVENTS_ROOT, SYSTEM_ROOT]);
        roots.flat_map(move |root| lake.list_under(root.to_owned())).boxed()
    }

    /// Deletes the segments that the catalog does not know and that were written before `older_than_ms` (milliseconds since 1970,
    /// UTC), and unfinished files of that age in a local lake. The moment must lie before the start of every transaction that is
    /// still under way, for its segments are not known yet either. Ask the catalog what it knows only after having chosen it.
    ///
    /// In a bucket, uploads that were broken off cannot be listed here: a rule of the bucket (`AbortIncompleteMultipartUpload`)
    /// removes them.
    pub async fn clean_orphans(&self, known: impl Fn(&SegmentId) -> bool, older_than_ms: i64) -> Result<Cleaned, Error> {
        let mut cleaned = self.clean_unfinished(older_than_ms).await?;
        let mut orphans = Vec::new();
        let mut files = self.list_segment_files();
        while let Some(file) = files.try_next().await? {
            match file.id {
                None => cleaned.foreign_kept += 1,
                Some(id) if known(&id) => {}
                Some(id) if file.modified_ms.max(id.created_ms()) >= older_than_ms => cleaned.young_kept += 1,
                Some(_) => orphans.push(file),
            }
        }
        cleaned.segments_deleted = orphans.len() as u64;
        cleaned.bytes_deleted += orphans.iter().map(|file| file.bytes).sum::<u64>();
        let deletes = orphans.into_iter().map(|file| async move { self.delete(&file.path).await });
        stream::iter(deletes).buffer_unordered(DELETES_IN_FLIGHT).try_collect::<()>().await?;
        Ok(cleaned)
    }

    /// Deletes a file; one that is gone already is no error.
    pub(crate) async fn delete(&self, relative: &str) -> Result<(), Error> {
        match self.store().delete(&self.path(relative)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::from_store("delete", self.location(relative), error)),
        }
    }

    pub(crate) fn list_under(&self, root: String) -> BoxStream<'static, Result<SegmentFile, Error>> {
        let lake = self.clone();
        let listed = self.store().list(Some(&self.path(&root)));
        let files = listed.map(move |entry| {
            let entry = entry.map_err(|error| Error::from_store("list", lake.location(&root), error))?;
            let path = lake.relative(&entry.location).unwrap_or_else(|| entry.location.to_string());
            let id = segment_id_of(&path);
            Ok(SegmentFile { path, id, bytes: entry.size, modified_ms: entry.last_modified.timestamp_millis() })
        });
        files.boxed()
    }

    async fn clean_unfinished(&self, older_than_ms: i64) -> Result<Cleaned, Error> {
        let Some(folder) = self.folder().map(Folder::to_owned) else { return Ok(Cleaned::default()) };
        let work = move || {
            let mut cleaned = Cleaned::default();
            for root in [EVENTS_ROOT, SYSTEM_ROOT, SOURCES_ROOT, BACKUPS_ROOT, ICEBERG_ROOT] {
                delete_unfinished(&folder.join(root), older_than_ms, &mut cleaned)?;
            }
            Ok(cleaned)
        };
        let cleaned: io::Result<Cleaned> = spawn_blocking(work).await.map_err(|source| Error::Interrupted { source })?;
        cleaned.map_err(|source| Error::from_io("clean", self.url().to_string(), source))
    }
}

/// True for the name of a file that we write: a segment, a note, or a backup.
fn is_ours(name: &str) -> bool {
    segment_id_of(name).is_some() || name.ends_with(".json") || name.ends_with(".backup")
}

fn delete_unfinished(folder: &Folder, older_than_ms: i64, cleaned: &mut Cleaned) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        let is_unfinished =
            name.to_str().and_then(|name| name.strip_suffix(STAGED_SUFFIX)).is_some_and(|name| is_ours(name) || is_staged_table_file(name));
        if kind.is_dir() {
            delete_unfinished(&entry.path(), older_than_ms, cleaned)?;
        } else if is_unfinished {
            let metadata = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            if i64::try_from(age.as_millis()).unwrap_or(i64::MAX) < older_than_ms {
                fs::remove_file(entry.path())?;
                cleaned.unfinished_deleted += 1;
                cleaned.bytes_deleted += metadata.len();
            } else {
                cleaned.young_kept += 1;
            }
        }
    }
    Ok(())
}

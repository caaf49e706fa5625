//! The source objects that were taken in, from what was noted beside the segments.

use std::collections::{BTreeMap, HashSet};

use coldtrail_catalog::CatalogClient;
use coldtrail_lake::{Error as LakeError, Lake};
use coldtrail_model::{Commit, SegmentMeta, SourceObject, Table};
use futures::{StreamExt, TryStreamExt, stream};

use super::{RebuildReport, RefusedFile};
use crate::Error;

/// One commit restores so many source objects at most.
const OBJECTS_PER_COMMIT: usize = 10_000;

/// How many notes are read at the same time: they are small.
const NOTES_IN_FLIGHT: usize = 16;

/// How many segments are read at the same time.
const FILES_IN_FLIGHT: usize = 4;

/// Commits the objects that were noted and that the catalog does not know, and counts those whose rows are there without a note.
pub(super) async fn restore<'a>(
    lake: &Lake,
    catalog: &dyn CatalogClient,
    visible: impl Iterator<Item = &'a SegmentMeta>,
    report: &mut RebuildReport,
) -> Result<(), Error> {
    let noted = read_notes(lake, report).await?;
    let known: HashSet<(String, [u8; 32])> =
        catalog.source_objects().await?.into_iter().map(|object| (object.url, object.sha256)).collect();
    report.source_objects_known = known.len() as u64;
    let mut urls: HashSet<String> = known.iter().map(|(url, _)| url.clone()).collect();
    let fresh: Vec<SourceObject> = noted.into_iter().filter(|(key, _)| !known.contains(key)).map(|(_, object)| object).collect();
    for objects in fresh.chunks(OBJECTS_PER_COMMIT) {
        catalog.commit(Commit { source_objects: objects.to_vec(), ..Commit::default() }).await?;
        report.source_objects_restored += objects.len() as u64;
    }
    urls.extend(fresh.into_iter().map(|object| object.url));
    report.source_objects_unknown = count_unknown(lake, visible, &urls).await?;
    Ok(())
}

async fn read_notes(lake: &Lake, report: &mut RebuildReport) -> Result<BTreeMap<(String, [u8; 32]), SourceObject>, Error> {
    let notes = lake.list_source_notes().map_err(Error::from);
    let read = notes.map_ok(|path| async move { Ok::<_, Error>((lake.read_source_note(&path).await, path)) });
    let mut read = read.try_buffer_unordered(NOTES_IN_FLIGHT);
    let mut noted = BTreeMap::new();
    while let Some((objects, path)) = read.try_next().await? {
        match objects {
            Ok(objects) => noted.extend(objects.into_iter().map(|object| ((object.url.clone(), object.sha256), object))),
            Err(LakeError::NoteDamaged { reason, .. }) => report.refused.push(RefusedFile { path, reason }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(noted)
}

/// How many objects rows come from that are not among these.
async fn count_unknown<'a>(lake: &Lake, visible: impl Iterator<Item = &'a SegmentMeta>, known: &HashSet<String>) -> Result<u64, Error> {
    let with_objects = visible.filter(|segment| segment.table != Table::Observables);
    let read = with_objects.map(|segment| async move { lake.source_objects_of(segment).await });
    let mut read = stream::iter(read).buffer_unordered(FILES_IN_FLIGHT);
    let mut unknown = HashSet::new();
    while let Some(urls) = read.try_next().await? {
        unknown.extend(urls.into_iter().filter(|url| !known.contains(url)));
    }
    Ok(unknown.len() as u64)
}

//! What is about to be removed, since when and why: noted before the commit, forgotten once the files are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldtrail_catalog::{CatalogClient, CommitId};
use coldtrail_model::{DocumentChange, SegmentId, SegmentMeta};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::hold::json;

/// The kind of the documents that say which segments a commit removes.
pub const REMOVAL_KIND: &str = "removal";

/// A document is ended once it has so many bytes: it must stay below what the catalog takes.
const DOCUMENT_BYTES_TARGET: usize = 256 << 10;
/// A commit of retention removes so many segments at most, so that its documents go in one change.
pub(crate) const REMOVED_PER_COMMIT: usize = 500;
/// Who says so.
const MAINTENANCE: &str = "maintenance";

/// Why segments are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// Their rows are in others.
    Compaction,
    /// They are past their time.
    Retention,
}

/// Segments that a commit removes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Removal {
    pub(crate) reason: Reason,
    /// When it was noted, in milliseconds since 1970, UTC; the commit follows at once.
    pub(crate) at_ms: i64,
    pub(crate) segments: Vec<SegmentMeta>,
}

/// The segments that were removed and whose files stay until garbage is collected: for queries that began before, for engines that read
/// what was published before, for holds. What deletes files beside [`crate::Maintenance`] must leave them alone too. Ask the catalog
/// first which segments it keeps: a removal is noted before it is committed.
pub async fn removed_segments(catalog: &dyn CatalogClient) -> Result<Vec<SegmentId>, Error> {
    Ok(load(catalog).await?.into_values().flat_map(|removal| removal.segments).map(|segment| segment.id).collect())
}

/// The removals that are not forgotten, by the keys of their documents: the commit and a number.
pub(crate) async fn load(catalog: &dyn CatalogClient) -> Result<BTreeMap<String, Removal>, Error> {
    let mut removals = BTreeMap::new();
    for document in catalog.documents(REMOVAL_KIND).await? {
        let fail = |error: serde_json::Error| Error::Document { kind: REMOVAL_KIND, key: document.key.clone(), reason: error.to_string() };
        removals.insert(document.key.clone(), serde_json::from_slice(&document.body).map_err(fail)?);
    }
    Ok(removals)
}

/// Notes what a commit is about to remove. Gives the keys, so that it can be taken back.
pub(crate) async fn note(
    catalog: &dyn CatalogClient,
    commit: CommitId,
    reason: Reason,
    segments: &[Arc<SegmentMeta>],
    now_ms: i64,
) -> Result<Vec<String>, Error> {
    let mut changes = Vec::new();
    let (mut part, mut part_bytes) = (Vec::new(), 0);
    let mut end_part = |part: Vec<SegmentMeta>| {
        let body = json(&Removal { reason, at_ms: now_ms, segments: part });
        changes.push(DocumentChange::put(REMOVAL_KIND, format!("{commit}/{}", changes.len()), body, now_ms, MAINTENANCE));
    };
    for segment in segments {
        part_bytes += json(segment.as_ref()).len();
        part.push(segment.as_ref().clone());
        if part_bytes >= DOCUMENT_BYTES_TARGET {
            end_part(std::mem::take(&mut part));
            part_bytes = 0;
        }
    }
    if !part.is_empty() {
        end_part(part);
    }
    let keys = changes.iter().map(|change| change.key.clone()).collect();
    catalog.put_documents(changes).await?;
    Ok(keys)
}

/// Forgets removals that were not made, or whose files are gone.
pub(crate) async fn forget(catalog: &dyn CatalogClient, keys: &[String], now_ms: i64) -> Result<(), Error> {
    const AT_ONCE: usize = 1_000;
    for keys in keys.chunks(AT_ONCE) {
        let changes = keys.iter().map(|key| DocumentChange::delete(REMOVAL_KIND, key.clone(), now_ms, MAINTENANCE)).collect();
        catalog.put_documents(changes).await?;
    }
    Ok(())
}

/// The ids of these segments.
pub(crate) fn ids(segments: &[Arc<SegmentMeta>]) -> Vec<SegmentId> {
    segments.iter().map(|segment| segment.id).collect()
}

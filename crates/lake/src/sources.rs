//! Which source objects a commit took in, noted beside the segments, so that a catalog can be made of the lake alone and no object is
//! taken in twice.
//!
//! They are not in the footers: a merged segment would have to carry those of all that it was made of, which every query would read.

use std::collections::HashSet;

use arrow::array::AsArray;
use bytes::Bytes;
use coldtrail_model::{Col, SegmentMeta, SourceObject};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::layout::SOURCES_ROOT;
use crate::{Error, Lake};

/// The version that is written. Frozen: what comes later is a new optional field.
const VERSION: u32 = 1;

/// What a note holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    version: u32,
    /// SHA-256 of `objects` as compact JSON, in hexadecimal.
    sha256: String,
    objects: Vec<NotedObject>,
}

/// A source object, as it is written for good.
#[derive(Debug, Serialize, Deserialize)]
struct NotedObject {
    url: String,
    source: String,
    bytes: u64,
    modified_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    sha256: String,
    records: u64,
    events: u64,
    rejects: u64,
    ingested_ms: i64,
}

impl Lake {
    /// Notes the source objects of a commit that the catalog has accepted; `commit` names it, and is never used again. To be called after
    /// the commit only: what is noted is taken for done.
    pub async fn note_source_objects(&self, commit: &str, objects: &[SourceObject]) -> Result<(), Error> {
        if objects.is_empty() {
            return Ok(());
        }
        let objects: Vec<NotedObject> = objects.iter().map(NotedObject::from).collect();
        let note = Note { version: VERSION, sha256: digest_of(&objects), objects };
        let bytes = serde_json::to_vec(&note).expect("texts and numbers can always be written as JSON");
        self.put(&format!("{SOURCES_ROOT}/{commit}.json"), Bytes::from(bytes)).await
    }

    /// The paths of all notes, relative to the lake, in no particular order.
    pub fn list_source_notes(&self) -> BoxStream<'static, Result<String, Error>> {
        let lake = self.clone();
        let listed = self.store().list(Some(&self.path(SOURCES_ROOT)));
        let paths = listed.map(move |entry| {
            let entry = entry.map_err(|error| Error::from_store("list", lake.location(SOURCES_ROOT), error))?;
            Ok(lake.relative(&entry.location).unwrap_or_else(|| entry.location.to_string()))
        });
        paths.boxed()
    }

    /// What a note says.
    ///
    /// # Errors
    ///
    /// [`Error::NoteDamaged`] if it is not as it was written, or was written by a later version.
    pub async fn read_source_note(&self, path: &str) -> Result<Vec<SourceObject>, Error> {
        let fail = |error| Error::from_store("read", self.location(path), error);
        let bytes = self.store().get(&self.path(path)).await.map_err(fail)?.bytes().await.map_err(fail)?;
        read(&bytes).map_err(|reason| Error::NoteDamaged { path: self.location(path), reason })
    }

    /// The URLs of the objects that the rows of a segment of events or rejects come from. Reads one column.
    pub async fn source_objects_of(&self, segment: &SegmentMeta) -> Result<HashSet<String>, Error> {
        let name = Col::SourceObject.column().name;
        let damaged = |error: parquet::errors::ParquetError| Error::SegmentDamaged {
            segment: segment.id,
            path: self.location(&segment.path),
            reason: error.to_string(),
        };
        let builder = ParquetRecordBatchStreamBuilder::new(self.segment_file(segment)).await.map_err(damaged)?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), [name]);
        let mut batches = builder.with_projection(mask).build().map_err(damaged)?;
        let mut urls = HashSet::new();
        while let Some(batch) = batches.try_next().await.map_err(damaged)? {
            let column = batch.column_by_name(name).and_then(|array| array.as_string_opt::<i32>());
            for url in column.into_iter().flatten().flatten() {
                if !urls.contains(url) {
                    urls.insert(url.to_owned());
                }
            }
        }
        Ok(urls)
    }
}

fn digest_of(objects: &[NotedObject]) -> String {
    let json = serde_json::to_vec(objects).expect("texts and numbers can always be written as JSON");
    hex::encode(Sha256::digest(json))
}

fn read(bytes: &[u8]) -> Result<Vec<SourceObject>, String> {
    let note: Note = serde_json::from_slice(bytes).map_err(|error| format!("it cannot be understood: {error}"))?;
    if note.version > VERSION {
        return Err(format!("it has version {}, and this program knows up to {VERSION}", note.version));
    }
    if digest_of(&note.objects) != note.sha256 {
        return Err("the SHA-256 of its objects is another".to_owned());
    }
    note.objects.into_iter().map(NotedObject::into_object).collect()
}

impl From<&SourceObject> for NotedObject {
    fn from(object: &SourceObject) -> Self {
        Self {
            url: object.url.clone(),
            source: object.source.clone(),
            bytes: object.bytes,
            modified_ms: object.modified_ms,
            etag: object.etag.clone(),
            sha256: hex::encode(object.sha256),
            records: object.records,
            events: object.events,
            rejects: object.rejects,
            ingested_ms: object.ingested_ms,
        }
    }
}

impl NotedObject {
    fn into_object(self) -> Result<SourceObject, String> {
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&self.sha256, &mut sha256).map_err(|error| format!("the SHA-256 of {} is none: {error}", self.url))?;
        Ok(SourceObject {
            url: self.url,
            source: self.source,
            bytes: self.bytes,
            modified_ms: self.modified_ms,
            etag: self.etag,
            sha256,
            records: self.records,
            events: self.events,
            rejects: self.rejects,
            ingested_ms: self.ingested_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = include_str!("../tests/fixtures/compat/sources-v1.json");

    fn object() -> SourceObject {
        SourceObject {
            url: "s3://trail/1.json.gz".to_owned(),
            source: "aws_cloudtrail".to_owned(),
            bytes: 5,
            modified_ms: 6,
            etag: Some("\"tag\"".to_owned()),
            sha256: [7; 32],
            records: 3,
            events: 2,
            rejects: 1,
            ingested_ms: 8,
        }
    }

    #[test]
    fn a_note_of_version_1_is_read_as_ever() {
        assert_eq!(read(V1.as_bytes()).unwrap(), [object()]);
    }

    #[test]
    fn a_note_that_is_not_as_it_was_written_is_told_apart() {
        let refused = |text: String| read(text.as_bytes()).unwrap_err();
        assert_eq!(refused(V1.replace("\"records\":3", "\"records\":4")), "the SHA-256 of its objects is another");
        assert!(refused(V1[..V1.len() / 2].to_owned()).starts_with("it cannot be understood: "));
        assert_eq!(refused(V1.replacen("\"version\":1", "\"version\":2", 1)), "it has version 2, and this program knows up to 1");
    }
}

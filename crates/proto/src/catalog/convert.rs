//! Model to messages and back.

use coldtrail_model::{Commit, Day, SegmentId, SegmentMeta, SourceObject, TimeRange};

use super::v1;
use crate::Error;

/// The segment id that a field holds.
pub fn segment_id_from_bytes(bytes: &[u8], message: &'static str, field: &'static str) -> Result<SegmentId, Error> {
    fixed(bytes, message, field).map(SegmentId::from_bytes)
}

/// The SHA-256 that a field holds.
pub fn digest_from_bytes(bytes: &[u8], message: &'static str, field: &'static str) -> Result<[u8; 32], Error> {
    fixed(bytes, message, field)
}

impl From<&SegmentMeta> for v1::SegmentMeta {
    fn from(segment: &SegmentMeta) -> Self {
        // Every field by name: one that is added to the model does not compile here until it is persisted.
        let SegmentMeta {
            id,
            table,
            day,
            path,
            rows,
            bytes,
            created_ms,
            time,
            source,
            accounts,
            has_rows_without_account,
            sha256,
            schema_version,
        } = segment;
        Self {
            id: id.as_bytes().to_vec(),
            table: table.name().to_owned(),
            day: day.epoch_days(),
            path: path.clone(),
            rows: *rows,
            bytes: *bytes,
            created_ms: *created_ms,
            start_ms: time.start_ms,
            end_ms: time.end_ms,
            source: source.clone(),
            accounts: accounts.as_ref().map(|uids| v1::Accounts { uids: uids.clone() }),
            has_rows_without_account: *has_rows_without_account,
            sha256: sha256.to_vec(),
            schema_version: *schema_version,
            added_in: 0,
        }
    }
}

impl TryFrom<v1::SegmentMeta> for SegmentMeta {
    type Error = Error;

    fn try_from(segment: v1::SegmentMeta) -> Result<Self, Error> {
        const MESSAGE: &str = "SegmentMeta";
        Ok(Self {
            id: segment_id_from_bytes(&segment.id, MESSAGE, "id")?,
            table: segment.table.parse().map_err(|source| Error::Value { message: MESSAGE, field: "table", source })?,
            day: Day::from_epoch_days(segment.day),
            path: segment.path,
            rows: segment.rows,
            bytes: segment.bytes,
            created_ms: segment.created_ms,
            time: TimeRange { start_ms: segment.start_ms, end_ms: segment.end_ms },
            source: segment.source,
            accounts: segment.accounts.map(|accounts| accounts.uids),
            has_rows_without_account: segment.has_rows_without_account,
            sha256: digest_from_bytes(&segment.sha256, MESSAGE, "sha256")?,
            schema_version: segment.schema_version,
        })
    }
}

impl From<&SourceObject> for v1::SourceObject {
    fn from(object: &SourceObject) -> Self {
        let SourceObject { url, source, bytes, modified_ms, etag, sha256, records, events, rejects, ingested_ms } = object;
        Self {
            url: url.clone(),
            source: source.clone(),
            bytes: *bytes,
            modified_ms: *modified_ms,
            etag: etag.clone(),
            sha256: sha256.to_vec(),
            records: *records,
            events: *events,
            rejects: *rejects,
            ingested_ms: *ingested_ms,
        }
    }
}

impl TryFrom<v1::SourceObject> for SourceObject {
    type Error = Error;

    fn try_from(object: v1::SourceObject) -> Result<Self, Error> {
        Ok(Self {
            url: object.url,
            source: object.source,
            bytes: object.bytes,
            modified_ms: object.modified_ms,
            etag: object.etag,
            sha256: digest_from_bytes(&object.sha256, "SourceObject", "sha256")?,
            records: object.records,
            events: object.events,
            rejects: object.rejects,
            ingested_ms: object.ingested_ms,
        })
    }
}

impl From<&Commit> for v1::Commit {
    fn from(commit: &Commit) -> Self {
        let Commit { added, removed, source_objects, unique_content } = commit;
        Self {
            added: added.iter().map(Into::into).collect(),
            removed: removed.iter().map(|id| id.as_bytes().to_vec()).collect(),
            source_objects: source_objects.iter().map(Into::into).collect(),
            unique_content: *unique_content,
        }
    }
}

impl TryFrom<v1::Commit> for Commit {
    type Error = Error;

    fn try_from(commit: v1::Commit) -> Result<Self, Error> {
        Ok(Self {
            added: commit.added.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            removed: commit.removed.iter().map(|id| segment_id_from_bytes(id, "Commit", "removed")).collect::<Result<_, _>>()?,
            source_objects: commit.source_objects.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            unique_content: commit.unique_content,
        })
    }
}

pub(super) fn fixed<const N: usize>(bytes: &[u8], message: &'static str, field: &'static str) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Length { message, field, wanted: N, found: bytes.len() })
}

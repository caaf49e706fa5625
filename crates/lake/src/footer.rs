use coldtrail_model::{Day, SegmentId, SegmentMeta, Table, TimeRange};
use parquet::file::metadata::KeyValue;
use serde::{Deserialize, Serialize};

/// The key in the Parquet footer under which a segment says what it is.
const KEY: &str = "coldtrail.segment";

/// What a segment that was made of others says of it, so that a catalog can be made again from the files alone and none of their rows
/// comes twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    /// The segments that it was made of.
    pub replaces: Vec<SegmentId>,
    /// The segments that those had replaced themselves, as far as their files were still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<SegmentId>,
    /// Every segment that became visible in the same commit, this one included: while one of them is missing, the commit was
    /// not made.
    pub outputs: Vec<SegmentId>,
}

/// What a segment's footer says of it, as JSON: all that the catalog knows and the file itself does not show. Frozen: what comes
/// later is a new optional field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Footer {
    /// The version of this record.
    pub(crate) version: u32,
    pub(crate) id: SegmentId,
    pub(crate) table: Table,
    pub(crate) day: Day,
    pub(crate) source: String,
    pub(crate) time: TimeRange,
    pub(crate) accounts: Option<Vec<String>>,
    pub(crate) has_rows_without_account: bool,
    pub(crate) created_ms: i64,
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rewrite: Option<Rewrite>,
}

impl Footer {
    /// The version that is written.
    pub(crate) const VERSION: u32 = 1;

    pub(crate) fn write(&self) -> KeyValue {
        KeyValue::new(KEY.to_owned(), serde_json::to_string(self).expect("strings and numbers can always be written as JSON"))
    }

    /// Reads the record; the error says why there is none.
    pub(crate) fn read(metadata: Option<&Vec<KeyValue>>) -> Result<Self, String> {
        let entry = metadata.into_iter().flatten().find(|entry| entry.key == KEY);
        let Some(text) = entry.and_then(|entry| entry.value.as_deref()) else {
            return Err(format!("its footer has no {KEY:?}"));
        };
        let footer: Self = serde_json::from_str(text).map_err(|error| format!("its footer cannot be understood: {error}"))?;
        if footer.version > Self::VERSION {
            return Err(format!("its footer has version {}, and this program knows up to {}", footer.version, Self::VERSION));
        }
        Ok(footer)
    }

    pub(crate) fn into_meta(self, path: String, rows: u64, bytes: u64, sha256: [u8; 32]) -> SegmentMeta {
        SegmentMeta {
            id: self.id,
            table: self.table,
            day: self.day,
            path,
            rows,
            bytes,
            created_ms: self.created_ms,
            time: self.time,
            source: self.source,
            accounts: self.accounts,
            has_rows_without_account: self.has_rows_without_account,
            sha256,
            schema_version: self.schema_version,
        }
    }
}

#[cfg(test)]
mod tests;

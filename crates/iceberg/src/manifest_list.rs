//! Which manifests a snapshot of a table consists of.

use std::io;
use std::sync::LazyLock;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::avro::{Decoder, Encoder, field, optional, read_file, write_file};
use crate::metadata::SPEC_ID;

/// The specification's number for a manifest of rows.
const DATA: i64 = 0;

/// A manifest, as the manifest lists of all snapshots that it is part of describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestFile {
    /// Its address.
    pub(crate) address: String,
    /// Its size as a file.
    pub(crate) bytes: i64,
    /// The snapshot that it was written for, and the number of that.
    pub(crate) snapshot_id: i64,
    pub(crate) sequence_number: i64,
    pub(crate) files: i32,
    pub(crate) rows: i64,
    /// For each field of partitions the first and the last day.
    pub(crate) days: Vec<(i32, i32)>,
}

impl ManifestFile {
    /// Its name in the folder of the metadata.
    pub(crate) fn name(&self) -> &str {
        self.address.rsplit_once('/').map_or(self.address.as_str(), |(_, name)| name)
    }
}

/// The manifest list of a snapshot, as a file.
pub(crate) fn encode(snapshot_id: i64, sequence_number: i64, manifests: &[ManifestFile]) -> io::Result<Vec<u8>> {
    let metadata = [
        ("snapshot-id", snapshot_id.to_string()),
        ("parent-snapshot-id", "null".to_owned()),
        ("sequence-number", sequence_number.to_string()),
        ("format-version", "2".to_owned()),
    ];
    let mut sync = [0; 16];
    sync.copy_from_slice(&Sha256::digest(snapshot_id.to_le_bytes())[..16]);
    write_file(&SCHEMA, &metadata, sync, manifests, write)
}

/// Reads a manifest list that [`encode`] made; the error says what is wrong.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<ManifestFile>, String> {
    read_file(bytes, &SCHEMA, read)
}

fn write(entry: &mut Encoder, manifest: &ManifestFile) {
    entry.text(&manifest.address);
    entry.long(manifest.bytes);
    entry.long(i64::from(SPEC_ID));
    entry.long(DATA);
    // No file of rows is older than its manifest.
    entry.long(manifest.sequence_number);
    entry.long(manifest.sequence_number);
    entry.long(manifest.snapshot_id);
    for count in [i64::from(manifest.files), 0, 0, manifest.rows, 0, 0] {
        entry.long(count);
    }
    entry.some();
    entry.list(manifest.days.iter(), |entry, (first, last)| {
        entry.boolean(false);
        for day in [first, last] {
            entry.some();
            entry.bytes(&day.to_le_bytes());
        }
    });
}

fn read(entry: &mut Decoder<'_>) -> Result<ManifestFile, String> {
    let (address, bytes) = (entry.text()?, entry.long()?);
    let (_spec, _content, sequence_number, _first) = (entry.int()?, entry.int()?, entry.long()?, entry.long()?);
    let (snapshot_id, files) = (entry.long()?, entry.int()?);
    let (_kept, _deleted) = (entry.int()?, entry.int()?);
    let (rows, _kept_rows, _deleted_rows) = (entry.long()?, entry.long()?, entry.long()?);
    let days = entry.option(|entry| entry.list(|entry| entry.boolean().and_then(|_| Ok((read_day(entry)?, read_day(entry)?)))))?;
    Ok(ManifestFile { address, bytes, snapshot_id, sequence_number, files, rows, days: days.unwrap_or_default() })
}

fn read_day(entry: &mut Decoder<'_>) -> Result<i32, String> {
    let bytes = entry.option(|entry| entry.bytes().map(<[u8]>::to_vec))?.unwrap_or_default();
    Ok(i32::from_le_bytes(bytes.try_into().map_err(|_| "a day has another size")?))
}

/// The schema of the entries; names and numbers are those of the specification.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let summary = json!({"type": "record", "name": "r508", "fields": [
        field(509, "contains_null", "boolean"),
        optional(510, "lower_bound", "bytes"),
        optional(511, "upper_bound", "bytes"),
    ]});
    json!({"type": "record", "name": "manifest_file", "fields": [
        field(500, "manifest_path", "string"),
        field(501, "manifest_length", "long"),
        field(502, "partition_spec_id", "int"),
        field(517, "content", "int"),
        field(515, "sequence_number", "long"),
        field(516, "min_sequence_number", "long"),
        field(503, "added_snapshot_id", "long"),
        field(504, "added_files_count", "int"),
        field(505, "existing_files_count", "int"),
        field(506, "deleted_files_count", "int"),
        field(512, "added_rows_count", "long"),
        field(513, "existing_rows_count", "long"),
        field(514, "deleted_rows_count", "long"),
        optional(507, "partitions", json!({"type": "array", "items": summary, "element-id": 508})),
    ]})
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_list_is_read_as_it_was_written() {
        let manifest = |number: i64| ManifestFile {
            address: format!("s3://bucket/lake/iceberg/rejects/metadata/m-{number}-ab.avro"),
            bytes: 1 << 33,
            snapshot_id: i64::MAX - number,
            sequence_number: number,
            files: 3,
            rows: 1 << 40,
            days: vec![(-1, 20_000), (-1, 20_000)],
        };
        let manifests: Vec<_> = (0..3).map(manifest).collect();
        for count in [0, 3] {
            assert_eq!(decode(&encode(7, 2, &manifests[..count]).unwrap()).unwrap(), manifests[..count]);
        }
        assert_eq!(manifests[2].name(), "m-2-ab.avro");
    }
}

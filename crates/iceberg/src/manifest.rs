//! Which files some days of a table consist of: one manifest.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use coldtrail_lake::{ANY_SOURCE, Lake};
use coldtrail_model::{SegmentMeta, Table};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::avro::{Encoder, field, number_map, optional, write_file};
use crate::metadata::PartitionSpec;
use crate::schema::Schema;

/// A month of more segments has a manifest for each of its days, so that what comes today does not have all of them written again.
pub(crate) const MONTH_SEGMENTS_MAX: usize = 5_000;
/// Grows when manifests are written in another way, so that those of before are not used again.
const FORM: &str = "1";
/// The specification's number for a file that was added. Every file of a manifest was added with the manifest.
const ADDED: i64 = 1;
/// The specification's number for a file of rows.
const DATA: i64 = 0;

/// Segments of a table that stand in one manifest: those of a month, or of a day.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) segments: &'a [Arc<SegmentMeta>],
}

/// How the files of a table are described.
#[derive(Debug)]
pub(crate) struct Describer {
    lake: Lake,
    schema: Schema,
    spec: PartitionSpec,
    /// SHA-256 of all that the description of a segment depends on, but the segment.
    form: [u8; 32],
}

impl<'a> Group<'a> {
    /// Divides the segments of a table, which are in order of day.
    pub(crate) fn all(segments: &'a [Arc<SegmentMeta>]) -> Vec<Self> {
        let month = |segment: &SegmentMeta| segment.day.to_string().get(..7).map(str::to_owned);
        let months = segments.chunk_by(|one, other| one.day == other.day || month(one) == month(other));
        let groups = months.flat_map(|month| match month.len() {
            0..=MONTH_SEGMENTS_MAX => vec![month],
            _ => month.chunk_by(|one, other| one.day == other.day).collect(),
        });
        groups.map(|segments| Self { segments }).collect()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.segments.iter().map(|segment| segment.rows).sum()
    }

    /// The first and the last day.
    pub(crate) fn days(&self) -> Option<(i32, i32)> {
        let days = || self.segments.iter().map(|segment| segment.day.epoch_days());
        Some((days().min()?, days().max()?))
    }
}

impl Describer {
    pub(crate) fn new(lake: &Lake, schema: &Schema) -> Self {
        let spec = PartitionSpec::of(schema);
        let parts = [FORM.to_owned(), lake.address(""), json!(schema).to_string(), json!(spec).to_string()];
        Self { lake: lake.clone(), schema: schema.clone(), form: Sha256::digest(parts.join("\n")).into(), spec }
    }

    pub(crate) fn spec(&self) -> &PartitionSpec {
        &self.spec
    }

    /// SHA-256 of what a manifest of these segments says. Segments never change, so their ids stand for them.
    pub(crate) fn contents(&self, segments: &[Arc<SegmentMeta>]) -> [u8; 32] {
        let mut contents = Sha256::new_with_prefix(self.form);
        segments.iter().for_each(|segment| contents.update(segment.id.as_bytes()));
        contents.finalize().into()
    }

    /// The manifest of these segments, as a file. The same segments always give the same bytes.
    pub(crate) fn encode(&self, segments: &[Arc<SegmentMeta>]) -> io::Result<Vec<u8>> {
        let metadata = [
            ("schema", json!(self.schema).to_string()),
            ("schema-id", self.schema.schema_id.to_string()),
            ("partition-spec", json!(self.spec.fields).to_string()),
            ("partition-spec-id", self.spec.spec_id.to_string()),
            ("format-version", "2".to_owned()),
            ("content", "data".to_owned()),
        ];
        let mut sync = [0; 16];
        sync.copy_from_slice(&self.contents(segments)[..16]);
        write_file(&entry_schema(&self.spec), &metadata, sync, segments, |entry, segment| self.write_entry(entry, segment))
    }

    /// Snapshot and sequence number are left to the manifest list: so a manifest can stand in many.
    fn write_entry(&self, entry: &mut Encoder, segment: &SegmentMeta) {
        entry.long(ADDED);
        entry.none();
        entry.none();
        entry.none();
        entry.long(DATA);
        entry.text(&self.lake.address(&segment.path));
        entry.text("PARQUET");
        for _ in &self.spec.fields {
            entry.some();
            entry.long(i64::from(segment.day.epoch_days()));
        }
        entry.long(segment.rows.cast_signed());
        entry.long(segment.bytes.cast_signed());
        let (counts, nulls, bounds) = self.known_of(segment);
        for counts in [counts, nulls] {
            entry.some();
            entry.list(counts.into_iter(), |entry, (column, count)| {
                entry.long(i64::from(column));
                entry.long(count.cast_signed());
            });
        }
        for side in [0, 1] {
            entry.some();
            entry.list(bounds.iter(), |entry, (column, sides)| {
                entry.long(i64::from(*column));
                entry.bytes(&sides[side]);
            });
        }
        entry.none();
    }

    /// What the catalog knows of a segment's columns: of some how many values and nulls there are, and between what they lie.
    #[allow(clippy::type_complexity, reason = "three maps by column that are written at once")]
    fn known_of(&self, segment: &SegmentMeta) -> (BTreeMap<i32, u64>, BTreeMap<i32, u64>, BTreeMap<i32, [Vec<u8>; 2]>) {
        let micros = |ms: i64| ms.saturating_mul(1000).to_le_bytes().to_vec();
        let (start, end) = (micros(segment.time.start_ms), micros(segment.time.end_ms));
        let mut known: Vec<(&str, [Vec<u8>; 2])> = match segment.table {
            Table::Events(_) | Table::Rejects => vec![("time", [start, end])],
            // Of a row of observables both times lie in the segment's.
            Table::Observables => vec![("first_time", [start.clone(), end.clone()]), ("last_time", [start, end])],
        };
        if segment.source != ANY_SOURCE {
            let source = segment.source.as_bytes().to_vec();
            known.push(("source", [source.clone(), source]));
        }
        let known = known.into_iter().filter_map(|(name, bounds)| Some((self.schema.id_of(name)?, bounds)));
        let bounds: BTreeMap<i32, [Vec<u8>; 2]> = known.collect();
        let counts = |count: u64| bounds.keys().map(|column| (*column, count)).collect();
        (counts(segment.rows), counts(0), bounds)
    }
}

/// The schema of the entries of a manifest; names and numbers are those of the specification.
pub(crate) fn entry_schema(spec: &PartitionSpec) -> Value {
    let date = json!({"type": "int", "logicalType": "date"});
    let partitions: Vec<Value> = spec.fields.iter().map(|part| optional(part.field_id, &part.name, date.clone())).collect();
    let partition = json!({"type": "record", "name": "r102", "fields": partitions});
    let file = json!({"type": "record", "name": "r2", "fields": [
        field(134, "content", "int"),
        field(100, "file_path", "string"),
        field(101, "file_format", "string"),
        field(102, "partition", partition),
        field(103, "record_count", "long"),
        field(104, "file_size_in_bytes", "long"),
        optional(109, "value_counts", number_map(119, 120, "long")),
        optional(110, "null_value_counts", number_map(121, 122, "long")),
        optional(125, "lower_bounds", number_map(126, 127, "bytes")),
        optional(128, "upper_bounds", number_map(129, 130, "bytes")),
        optional(140, "sort_order_id", "int"),
    ]});
    json!({"type": "record", "name": "manifest_entry", "fields": [
        field(0, "status", "int"),
        optional(1, "snapshot_id", "long"),
        optional(3, "sequence_number", "long"),
        optional(4, "file_sequence_number", "long"),
        field(2, "data_file", file),
    ]})
}

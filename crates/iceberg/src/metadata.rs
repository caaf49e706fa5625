//! What one version of a table says: `v<version>.metadata.json`.

use std::collections::BTreeMap;

use coldtrail_model::EVENT_DAY;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::Schema;

/// The number of the first field of partitions, as the specification has it.
const PARTITION_ID_FIRST: i32 = 1000;
/// The number of the only way in which a table's files are divided, and of the only order.
pub(crate) const SPEC_ID: i32 = 0;
const SORT_ORDER_ID: i32 = 0;
/// The field of partitions that is the day of the column `time`, so that a condition on it leaves out whole manifests.
pub(crate) const TIME_DAY: &str = "time_day";
/// The key in a snapshot's summary under which it says what it shows.
const CONTENTS: &str = "coldtrail.contents-sha256";

/// One version of a table; it has one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TableMetadata {
    pub(crate) format_version: u8,
    pub(crate) table_uuid: Uuid,
    pub(crate) location: String,
    pub(crate) last_sequence_number: i64,
    pub(crate) last_updated_ms: i64,
    pub(crate) last_column_id: i32,
    pub(crate) current_schema_id: i32,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) default_spec_id: i32,
    pub(crate) partition_specs: Vec<PartitionSpec>,
    pub(crate) last_partition_id: i32,
    pub(crate) default_sort_order_id: i32,
    pub(crate) sort_orders: Vec<SortOrder>,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) current_snapshot_id: i64,
    pub(crate) refs: BTreeMap<String, Reference>,
    pub(crate) snapshots: Vec<TableSnapshot>,
    pub(crate) snapshot_log: Vec<LogEntry>,
    pub(crate) metadata_log: Vec<LogEntry>,
}

/// By what a table's files are divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PartitionSpec {
    pub(crate) spec_id: i32,
    pub(crate) fields: Vec<PartitionField>,
}

/// A column, or what is made of it, that is the same in all rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PartitionField {
    pub(crate) source_id: i32,
    pub(crate) field_id: i32,
    pub(crate) name: String,
    pub(crate) transform: String,
}

/// How a table's rows are sorted: as far as another engine needs to know, not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SortOrder {
    pub(crate) order_id: i32,
    pub(crate) fields: [(); 0],
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Reference {
    pub(crate) snapshot_id: i64,
    pub(crate) r#type: String,
}

/// The files of a table at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TableSnapshot {
    pub(crate) snapshot_id: i64,
    pub(crate) sequence_number: i64,
    pub(crate) timestamp_ms: i64,
    /// The address of the manifest list.
    pub(crate) manifest_list: String,
    pub(crate) summary: BTreeMap<String, String>,
    pub(crate) schema_id: i32,
}

/// When a snapshot became the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LogEntry {
    pub(crate) timestamp_ms: i64,
    pub(crate) snapshot_id: i64,
}

impl TableMetadata {
    /// A version of a table. Its uuid, its earlier schemas and the count of snapshots go on from the version before.
    pub(crate) fn new(earlier: Option<&Self>, location: String, schema: &Schema, last_column_id: i32, snapshot: TableSnapshot) -> Self {
        let mut schemas = earlier.map(|earlier| earlier.schemas.clone()).unwrap_or_default();
        if !schemas.contains(schema) {
            schemas.push(schema.clone());
        }
        let spec = PartitionSpec::of(schema);
        let snapshot_id = snapshot.snapshot_id;
        Self {
            format_version: 2,
            table_uuid: earlier.map_or_else(Uuid::now_v7, |earlier| earlier.table_uuid),
            location,
            last_sequence_number: snapshot.sequence_number,
            last_updated_ms: snapshot.timestamp_ms,
            last_column_id,
            current_schema_id: schema.schema_id,
            schemas,
            default_spec_id: spec.spec_id,
            last_partition_id: spec.fields.iter().map(|field| field.field_id).max().unwrap_or(PARTITION_ID_FIRST - 1),
            partition_specs: vec![spec],
            default_sort_order_id: SORT_ORDER_ID,
            sort_orders: vec![SortOrder { order_id: SORT_ORDER_ID, fields: [] }],
            properties: BTreeMap::from([("schema.name-mapping.default".to_owned(), schema.name_mapping().to_string())]),
            current_snapshot_id: snapshot_id,
            refs: BTreeMap::from([("main".to_owned(), Reference { snapshot_id, r#type: "branch".to_owned() })]),
            snapshot_log: vec![LogEntry { timestamp_ms: snapshot.timestamp_ms, snapshot_id }],
            snapshots: vec![snapshot],
            metadata_log: Vec::new(),
        }
    }

    /// What a file says, if it is one of ours; else what is wrong.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let metadata: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match (metadata.format_version, metadata.snapshots.as_slice()) {
            (2, [_]) => Ok(metadata),
            (2, others) => Err(format!("it has {} snapshots, and Coldtrail writes one", others.len())),
            (version, _) => Err(format!("it has version {version} of the format, and Coldtrail writes 2")),
        }
    }

    /// The snapshot.
    pub(crate) fn snapshot(&self) -> &TableSnapshot {
        &self.snapshots[0]
    }

    /// The name of the manifest list in the folder of the metadata.
    pub(crate) fn manifest_list_name(&self) -> &str {
        let address = &self.snapshot().manifest_list;
        address.rsplit_once('/').map_or(address.as_str(), |(_, name)| name)
    }
}

impl TableSnapshot {
    /// Which segments it shows, and how.
    pub(crate) fn contents(&self) -> Option<&str> {
        self.summary.get(CONTENTS).map(String::as_str)
    }

    /// What its summary says: the totals, in the words of the specification, and what is ours. Every version holds all of its files
    /// anew, so each overwrites the one before.
    pub(crate) fn summary_of(files: u64, rows: u64, bytes: u64, catalog_snapshot_id: u64, contents: &str) -> BTreeMap<String, String> {
        let none = ["total-delete-files", "total-position-deletes", "total-equality-deletes"].map(|key| (key, 0));
        let totals = [("total-data-files", files), ("total-records", rows), ("total-files-size", bytes)];
        let ours = [("operation", "overwrite".to_owned()), (CONTENTS, contents.to_owned())];
        let numbers = none.into_iter().chain(totals).chain([("coldtrail.catalog-snapshot-id", catalog_snapshot_id)]);
        let texts = numbers.map(|(key, number)| (key, number.to_string())).chain(ours);
        texts.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl PartitionSpec {
    /// A table's files are divided by day, as their folders are; where rows have a `time`, that day is its day.
    pub(crate) fn of(schema: &Schema) -> Self {
        let by = [(EVENT_DAY, EVENT_DAY, "identity"), ("time", TIME_DAY, "day")];
        let there = by.into_iter().filter_map(|(column, name, transform)| Some((schema.id_of(column)?, name, transform)));
        let fields = (PARTITION_ID_FIRST..).zip(there).map(|(field_id, (source_id, name, transform))| PartitionField {
            source_id,
            field_id,
            name: name.to_owned(),
            transform: transform.to_owned(),
        });
        Self { spec_id: SPEC_ID, fields: fields.collect() }
    }
}

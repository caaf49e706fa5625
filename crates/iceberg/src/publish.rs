use std::sync::Arc;

use bytes::Bytes;
use coldtrail_lake::{Lake, TableFile};
use coldtrail_model::{Snapshot, Table};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::manifest::{Describer, Group};
use crate::manifest_list::{self, ManifestFile};
use crate::metadata::{TableMetadata, TableSnapshot};
use crate::schema::Schema;
use crate::table::{
    Outcome, is_manifest_of, manifest_list_name, manifest_name, metadata_name, read_manifests, read_metadata, versions, write_hint,
};
use crate::{Error, PublishReport};

/// Has other engines see what this snapshot of the catalog shows, table by table; `now_ms` is in milliseconds since 1970, UTC.
///
/// A table that shows the same as before is left as it is. Of one that does not, only the manifests of changed months are written.
/// Wherever it is stopped, each table shows this snapshot or the one before. Two that publish at once do no harm: one of them is
/// overtaken.
///
/// # Errors
///
/// What was published before cannot be understood, or the lake cannot be read or written. The tables before stay published.
pub async fn publish(lake: &Lake, snapshot: &Snapshot, now_ms: i64) -> Result<PublishReport, Error> {
    let files = lake.list_table_files().await?;
    let mut report = PublishReport { snapshot_id: snapshot.id, ..PublishReport::default() };
    for table in Table::all() {
        let files: Vec<&TableFile> = files.iter().filter(|file| file.table == table).collect();
        let newest = versions(&files).last().map_or(0, |(version, _)| *version);
        report.note(Attempt { lake, snapshot, table, now_ms, newest }.publish().await?);
    }
    Ok(report)
}

/// The attempt to write a version of a table.
struct Attempt<'a> {
    lake: &'a Lake,
    snapshot: &'a Snapshot,
    table: Table,
    now_ms: i64,
    /// The newest version that there is; 0 for none.
    newest: u64,
}

/// What came of the manifests of a version.
#[derive(Default)]
struct Manifests {
    all: Vec<ManifestFile>,
    written: u64,
    reused: u64,
}

impl Attempt<'_> {
    async fn publish(&self) -> Result<Outcome, Error> {
        let earlier = match self.newest {
            0 => None,
            newest => read_metadata(self.lake, self.table, newest).await?,
        };
        let mut last_column_id = earlier.as_ref().map_or(0, |earlier| earlier.last_column_id);
        let known = earlier.as_ref().map(|earlier| earlier.schemas.as_slice()).unwrap_or_default();
        let schema = Schema::of(self.table, known, &mut last_column_id)?;
        let describer = Arc::new(Describer::new(self.lake, &schema));
        let segments = self.snapshot.segments_of(self.table);
        let contents = hex::encode(describer.contents(segments));
        if let Some(earlier) = &earlier
            && earlier.snapshot().contents() == Some(contents.as_str())
        {
            write_hint(self.lake, self.table, self.newest).await?;
            return Ok(Outcome::Unchanged);
        }

        let (snapshot_id, sequence_number) = (new_id(), earlier.as_ref().map_or(0, |earlier| earlier.last_sequence_number) + 1);
        let manifests = self.manifests(&describer, earlier.as_ref(), snapshot_id, sequence_number).await?;
        let list_name = manifest_list_name(self.newest + 1, snapshot_id);
        let list = manifest_list::encode(snapshot_id, sequence_number, &manifests.all).map_err(|source| self.encode_error(source))?;
        self.lake.put_table_file(self.table, &list_name, Bytes::from(list)).await?;
        let sum = |of: fn(&coldtrail_model::SegmentMeta) -> u64| segments.iter().map(|segment| of(segment)).sum();
        let (rows, bytes) = (sum(|segment| segment.rows), sum(|segment| segment.bytes));
        let shown = TableSnapshot {
            snapshot_id,
            sequence_number,
            timestamp_ms: self.now_ms.max(earlier.as_ref().map_or(0, |earlier| earlier.last_updated_ms)),
            manifest_list: self.address(&list_name),
            summary: TableSnapshot::summary_of(segments.len() as u64, rows, bytes, self.snapshot.id, &contents),
            schema_id: schema.schema_id,
        };
        let location = self.lake.address(&Lake::table_folder(self.table));
        self.finish(TableMetadata::new(earlier.as_ref(), location, &schema, last_column_id, shown), &manifests).await
    }

    /// The manifests of the version: those of the version before that say the same, and new ones.
    async fn manifests(
        &self,
        describer: &Arc<Describer>,
        earlier: Option<&TableMetadata>,
        snapshot_id: i64,
        sequence_number: i64,
    ) -> Result<Manifests, Error> {
        let known = match earlier {
            Some(earlier) => read_manifests(self.lake, self.table, earlier).await?.unwrap_or_default(),
            None => Vec::new(),
        };
        let mut manifests = Manifests::default();
        for group in Group::all(self.snapshot.segments_of(self.table)) {
            let contents = describer.contents(group.segments);
            if let Some(same) = known.iter().find(|known| is_manifest_of(known.name(), &contents)) {
                manifests.all.push(same.clone());
                manifests.reused += 1;
                continue;
            }
            let name = manifest_name(self.newest + 1, &contents);
            let (describer, segments) = (Arc::clone(describer), group.segments.to_vec());
            let encoded = spawn_blocking(move || (describer.encode(&segments), describer)).await;
            let (file, describer) = encoded.map_err(|source| Error::Interrupted { source })?;
            let file = file.map_err(|source| self.encode_error(source))?;
            manifests.all.push(ManifestFile {
                address: self.address(&name),
                bytes: i64::try_from(file.len()).unwrap_or(i64::MAX),
                snapshot_id,
                sequence_number,
                files: i32::try_from(group.segments.len()).unwrap_or(i32::MAX),
                rows: group.rows().cast_signed(),
                days: describer.spec().fields.iter().filter_map(|_| group.days()).collect(),
            });
            manifests.written += 1;
            self.lake.put_table_file(self.table, &name, Bytes::from(file)).await?;
        }
        Ok(manifests)
    }

    /// Makes the version visible: all that it names is there.
    async fn finish(&self, metadata: TableMetadata, manifests: &Manifests) -> Result<Outcome, Error> {
        let version = self.newest + 1;
        let text = serde_json::to_vec(&metadata).expect("strings and numbers can always be written as JSON");
        if !self.lake.create_table_file(self.table, &metadata_name(version), Bytes::from(text)).await? {
            return Ok(Outcome::Overtaken);
        }
        write_hint(self.lake, self.table, version).await?;
        Ok(Outcome::Published { manifests_written: manifests.written, manifests_reused: manifests.reused })
    }

    fn address(&self, name: &str) -> String {
        self.lake.address(&Lake::table_file_path(self.table, name))
    }

    fn encode_error(&self, source: std::io::Error) -> Error {
        Error::Encode { table: self.table, source }
    }
}

/// A new id of a snapshot: a positive number by chance, so that no two tries have the same.
fn new_id() -> i64 {
    let (_, low) = Uuid::now_v7().as_u64_pair();
    (low & (u64::MAX >> 2)).cast_signed()
}

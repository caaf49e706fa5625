//! The versions of a table, as they lie in its folder.

use bytes::Bytes;
use coldtrail_lake::{Lake, TableFile};
use coldtrail_model::Table;

use crate::manifest_list::{self, ManifestFile};
use crate::metadata::TableMetadata;
use crate::{Error, PublishReport};

/// The file that says which version is the newest, for those who cannot list.
pub(crate) const VERSION_HINT: &str = "version-hint.text";

/// The name of a version's metadata.
pub(crate) fn metadata_name(version: u64) -> String {
    format!("v{version}.metadata.json")
}

/// The name of a version's manifest list; `id` tells one try from another.
pub(crate) fn manifest_list_name(version: u64, id: i64) -> String {
    format!("snap-{version}-{id:016x}.avro")
}

/// The name of a manifest that is written for a version, of segments with this SHA-256.
pub(crate) fn manifest_name(version: u64, contents: &[u8; 32]) -> String {
    format!("m-{version}-{}.avro", hex::encode(&contents[..16]))
}

/// True if this name is that of a manifest of segments with this SHA-256, whatever version it was written for.
pub(crate) fn is_manifest_of(name: &str, contents: &[u8; 32]) -> bool {
    let hash = name.strip_suffix(".avro").and_then(|name| name.rsplit_once('-')).map(|(_, hash)| hash);
    hash == Some(hex::encode(&contents[..16]).as_str())
}

/// What kind of file this is by its name, and for which version it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Metadata(u64),
    ManifestList(u64),
    Manifest(u64),
}

/// What a name says; none of one that is not ours, and of the hint.
pub(crate) fn read_name(name: &str) -> Option<Named> {
    let version = |text: &str| text.parse::<u64>().ok();
    if let Some(text) = name.strip_prefix('v').and_then(|name| name.strip_suffix(".metadata.json")) {
        return version(text).map(Named::Metadata);
    }
    let (kind, rest) = name.strip_suffix(".avro")?.split_once('-')?;
    let version = version(rest.split_once('-')?.0)?;
    match kind {
        "snap" => Some(Named::ManifestList(version)),
        "m" => Some(Named::Manifest(version)),
        _ => None,
    }
}

/// The versions that there are among the files of a table, from the oldest to the newest, each with the moment when it was written in
/// milliseconds since 1970, UTC.
pub(crate) fn versions(files: &[&TableFile]) -> Vec<(u64, i64)> {
    let version = |file: &&TableFile| match read_name(&file.name) {
        Some(Named::Metadata(version)) => Some((version, file.modified_ms)),
        _ => None,
    };
    let mut versions: Vec<(u64, i64)> = files.iter().filter_map(version).collect();
    versions.sort_unstable();
    versions
}

/// Reads a version's metadata; none if it is gone.
pub(crate) async fn read_metadata(lake: &Lake, table: Table, version: u64) -> Result<Option<TableMetadata>, Error> {
    let file = metadata_name(version);
    let Some(bytes) = lake.get_table_file(table, &file).await? else { return Ok(None) };
    TableMetadata::read(&bytes).map(Some).map_err(|reason| Error::Damaged { table, file, reason })
}

/// Reads a version's manifests; none if the list is gone.
pub(crate) async fn read_manifests(lake: &Lake, table: Table, metadata: &TableMetadata) -> Result<Option<Vec<ManifestFile>>, Error> {
    let file = metadata.manifest_list_name();
    let Some(bytes) = lake.get_table_file(table, file).await? else { return Ok(None) };
    manifest_list::decode(&bytes).map(Some).map_err(|reason| Error::Damaged { table, file: file.to_owned(), reason })
}

/// Says which version is the newest, unless that is said already.
pub(crate) async fn write_hint(lake: &Lake, table: Table, version: u64) -> Result<(), Error> {
    let hint = Bytes::from(version.to_string());
    if lake.get_table_file(table, VERSION_HINT).await?.as_ref() != Some(&hint) {
        lake.put_table_file(table, VERSION_HINT, hint).await?;
    }
    Ok(())
}

/// How the attempt to publish a table ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Published { manifests_written: u64, manifests_reused: u64 },
    Unchanged,
    Overtaken,
}

impl PublishReport {
    pub(crate) fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Published { manifests_written, manifests_reused } => {
                self.tables_published += 1;
                self.manifests_written += manifests_written;
                self.manifests_reused += manifests_reused;
            }
            Outcome::Unchanged => self.tables_unchanged += 1,
            Outcome::Overtaken => self.tables_overtaken += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_a_file_is() {
        assert_eq!(read_name(&metadata_name(12)), Some(Named::Metadata(12)));
        assert_eq!(read_name(&manifest_list_name(12, 255)), Some(Named::ManifestList(12)));
        assert_eq!(read_name(&manifest_name(12, &[7; 32])), Some(Named::Manifest(12)));
        assert!(is_manifest_of(&manifest_name(12, &[7; 32]), &[7; 32]) && !is_manifest_of(&manifest_name(12, &[7; 32]), &[8; 32]));
        for foreign in [VERSION_HINT, "v.metadata.json", "vx.metadata.json", "00001-ab.metadata.json", "m-ab.avro", "other-1-ab.avro", ""] {
            assert_eq!(read_name(foreign), None, "{foreign}");
        }
    }
}

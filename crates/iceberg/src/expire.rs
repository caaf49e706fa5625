use std::collections::HashSet;

use coldtrail_lake::{Lake, TableFile};
use coldtrail_model::Table;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::manifest_list::ManifestFile;
use crate::table::{Named, metadata_name, read_manifests, read_metadata, read_name, versions};
use crate::{Error, ExpireReport};

/// How many files are deleted at the same time.
const DELETES_IN_FLIGHT: usize = 8;

/// Deletes the versions of tables whose successors were written before `older_than_ms` (milliseconds since 1970, UTC), with the
/// manifests that only they name and what attempts left that came to nothing. The newest version of a table always stays.
///
/// A manifest is named by the versions from the one that it was written for to some later one, without a gap, so the two versions at
/// the border tell which go.
///
/// # Errors
///
/// The lake cannot be read or written, or a version cannot be understood. What was deleted before is gone; the next time goes on.
pub async fn expire(lake: &Lake, older_than_ms: i64) -> Result<ExpireReport, Error> {
    let files = lake.list_table_files().await?;
    let mut report = ExpireReport::default();
    for table in Table::all() {
        let files: Vec<&TableFile> = files.iter().filter(|file| file.table == table).collect();
        for pair in versions(&files).windows(2) {
            let [(version, _), (next, next_ms)] = pair else { continue };
            if *next_ms >= older_than_ms {
                break;
            }
            delete_version(lake, table, &files, (*version, *next), &mut report).await?;
        }
    }
    Ok(report)
}

/// Deletes a version: its metadata last, so that one that is stopped in the middle is met again.
async fn delete_version(
    lake: &Lake,
    table: Table,
    files: &[&TableFile],
    (version, next): (u64, u64),
    report: &mut ExpireReport,
) -> Result<(), Error> {
    let Some(kept) = manifests_of(lake, table, next).await? else {
        // Without it nobody knows what is needed.
        tracing::warn!(%table, version = next, "the manifest list of a published version is missing; nothing before it is deleted");
        return Ok(());
    };
    let (own, kept) = (names(manifests_of(lake, table, version).await?.unwrap_or_default()), names(kept));
    let goes = |file: &&&TableFile| match read_name(&file.name) {
        Some(Named::ManifestList(of)) => of == version,
        // Those of this version or before that it names, and those of tries that it overtook.
        Some(Named::Manifest(of)) => (of == version || own.contains(&file.name)) && !kept.contains(&file.name),
        Some(Named::Metadata(_)) | None => false,
    };
    let (lists, manifests): (Vec<_>, Vec<_>) =
        files.iter().filter(goes).partition(|file| matches!(read_name(&file.name), Some(Named::ManifestList(_))));
    let metadata: Vec<_> = files.iter().filter(|file| file.name == metadata_name(version)).collect();
    for step in [manifests, lists, metadata] {
        // By names of its own: a future that borrows through several references cannot be told to be `Send`.
        let names: Vec<String> = step.iter().map(|file| file.name.clone()).collect();
        let deletes = names.into_iter().map(|name| async move { lake.delete_table_file(table, &name).await });
        stream::iter(deletes).buffer_unordered(DELETES_IN_FLIGHT).try_collect::<()>().await?;
        report.files_deleted += step.len() as u64;
        report.bytes_deleted += step.iter().map(|file| file.bytes).sum::<u64>();
    }
    report.versions_deleted += 1;
    Ok(())
}

/// The manifests of a version; none once its list or its metadata is gone.
async fn manifests_of(lake: &Lake, table: Table, version: u64) -> Result<Option<Vec<ManifestFile>>, Error> {
    match read_metadata(lake, table, version).await? {
        Some(metadata) => read_manifests(lake, table, &metadata).await,
        None => Ok(None),
    }
}

fn names(manifests: Vec<ManifestFile>) -> HashSet<String> {
    manifests.iter().map(|manifest| manifest.name().to_owned()).collect()
}

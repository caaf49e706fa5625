//! Backups of the catalog beside the lake, and how one compares with the files.

use std::collections::HashSet;

use coldtrail_catalog::{Backup, BackupAbout, CatalogClient};
use coldtrail_lake::{Error as LakeError, Lake};
use coldtrail_model::SegmentId;
use futures::TryStreamExt;
use serde::Serialize;
use uuid::Uuid;

use crate::config::hours_ms;
use crate::removal::{REMOVAL_KIND, Removal};
use crate::{Error, MaintenanceConfig, UnknownFile};

/// What the regular backup did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The path of the backup that was taken, relative to the lake; none was due otherwise.
    pub taken: Option<String>,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Older ones that were deleted.
    pub deleted: u64,
    /// Why none could be taken although one was due. It is tried again with the next pass.
    pub failed: Option<String>,
}

/// A backup that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBackup {
    /// Its name: when it was taken, the snapshot and the cluster.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// What it says of itself.
    pub about: BackupAbout,
}

/// How a backup compares with the files of the lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupComparison {
    /// Segments that it shows and whose files are gone, by their paths, in order: they were merged or removed since, or are lost.
    pub missing: Vec<String>,
    /// Segments that it does not know, in order of their paths: they were written since. `rebuild` takes them in.
    pub newer: Vec<UnknownFile>,
}

/// The name that a backup has beside the lake. Names sort by time.
pub fn backup_name(about: &BackupAbout) -> String {
    format!("{:013}-s{}-{}.backup", about.taken_ms, about.snapshot_id, about.cluster_id)
}

/// Makes a backup; checked, so that it can be read.
pub async fn make_backup(catalog: &dyn CatalogClient) -> Result<(TakenBackup, Vec<u8>), Error> {
    let bytes = catalog.backup().await?;
    let checked = tokio::task::spawn_blocking(move || Backup::decode(&bytes).map(|backup| (backup.about().clone(), bytes)));
    let (about, bytes) = checked.await??;
    Ok((TakenBackup { name: backup_name(&about), bytes: bytes.len() as u64, about }, bytes))
}

/// Makes a backup and writes it beside the lake.
pub async fn back_up(lake: &Lake, catalog: &dyn CatalogClient) -> Result<TakenBackup, Error> {
    let (taken, bytes) = make_backup(catalog).await?;
    lake.put_new(&Lake::backup_path(&taken.name), bytes.into()).await?;
    Ok(taken)
}

/// Takes a backup if the newest one of this cluster is old enough, and deletes its oldest ones. Those of other clusters stay.
pub(crate) async fn back_up_if_due(
    lake: &Lake,
    catalog: &dyn CatalogClient,
    config: &MaintenanceConfig,
    now_ms: i64,
) -> Result<BackupReport, Error> {
    let mut report = BackupReport::default();
    if config.backup_every_hours == 0 {
        return Ok(report);
    }
    let cluster_id = catalog.status().await?.cluster_id;
    let mut ours: Vec<(i64, String)> =
        lake.list_backups().await?.into_iter().filter_map(|name| Some((taken_ms(&name, cluster_id)?, name))).collect();
    ours.sort();
    let newest_ms = ours.last().map(|(taken_ms, _)| *taken_ms);
    if newest_ms.is_some_and(|taken_ms| now_ms.saturating_sub(taken_ms) < hours_ms(config.backup_every_hours)) {
        return Ok(report);
    }
    let taken = match back_up(lake, catalog).await {
        Ok(taken) => taken,
        // Another leader was as fast: it is the same moment.
        Err(Error::Lake(LakeError::FileExists { .. })) => return Ok(report),
        Err(error) => return Err(error),
    };
    ours.push((taken.about.taken_ms, taken.name.clone()));
    for (_, name) in ours.iter().take(ours.len().saturating_sub(config.backups_kept)) {
        lake.delete_backup(name).await?;
        report.deleted += 1;
    }
    report.bytes = taken.bytes;
    report.taken = Some(Lake::backup_path(&taken.name));
    Ok(report)
}

/// When a backup of this cluster was taken, by its name; `None` if it is another's, or no backup.
fn taken_ms(name: &str, cluster_id: Uuid) -> Option<i64> {
    let (taken_ms, rest) = name.split_once('-')?;
    let (_, cluster) = rest.strip_suffix(".backup")?.split_once('-')?;
    (cluster == cluster_id.to_string()).then(|| taken_ms.parse().ok())?
}

/// Lists the files of the lake, and says which a backup lacks, and which lack to it. Reads none of them.
pub async fn compare_backup(lake: &Lake, backup: &Backup) -> Result<BackupComparison, Error> {
    let mut known: HashSet<SegmentId> = backup.kept_segments().into_iter().collect();
    for document in backup.documents(REMOVAL_KIND) {
        let fail = |error: serde_json::Error| Error::Document { kind: REMOVAL_KIND, key: document.key.clone(), reason: error.to_string() };
        let removal: Removal = serde_json::from_slice(&document.body).map_err(fail)?;
        known.extend(removal.segments.iter().map(|segment| segment.id));
    }
    let mut comparison = BackupComparison::default();
    let mut there = HashSet::new();
    let mut files = lake.list_segment_files();
    while let Some(file) = files.try_next().await? {
        let Some(id) = file.id else { continue };
        if !known.contains(&id) {
            comparison.newer.push(UnknownFile { path: file.path, segment: file.id, bytes: file.bytes });
        }
        there.insert(id);
    }
    let snapshot = backup.snapshot();
    let missing = snapshot.segments.values().flatten().filter(|segment| !there.contains(&segment.id));
    comparison.missing = missing.map(|segment| segment.path.clone()).collect();
    comparison.missing.sort();
    comparison.newer.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(comparison)
}

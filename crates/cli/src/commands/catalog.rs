use std::path::Path;

use anyhow::Context;
use bytes::Bytes;
use coldtrail_catalog::{Backup, Restored};
use coldtrail_lake::Lake;
use coldtrail_maintain::{BackupComparison, TakenBackup, back_up, compare_backup, make_backup};
use coldtrail_model::format_ms;
use serde_json::json;

use crate::arguments::{CatalogCommand, CatalogRestore};
use crate::config::Config;
use crate::exit;
use crate::node::{OpenCatalog, make_data_folder, open_lake};

/// How many paths are named on standard error; the others are counted.
const PATHS_SHOWN: usize = 20;

/// Copies the catalog, and makes one of a copy.
pub(crate) async fn run(command: &CatalogCommand, config: &Config) -> anyhow::Result<u8> {
    match command {
        CatalogCommand::Backup(backup) => {
            let catalog = OpenCatalog::open(config).await?;
            let taken = write(&catalog, backup.to.as_deref(), config).await;
            catalog.close().await;
            let (place, taken) = taken?;
            print_taken(&place, &taken, backup.json);
            Ok(exit::DONE)
        }
        CatalogCommand::Restore(restore) => bring_back(restore, config).await,
    }
}

/// Writes a backup, and says where it lies.
async fn write(catalog: &OpenCatalog, to: Option<&str>, config: &Config) -> anyhow::Result<(String, TakenBackup)> {
    let Some(to) = to else {
        let lake = open_lake(config)?;
        let taken = back_up(&lake, catalog.client().as_ref()).await?;
        return Ok((format!("{}/{}", lake.url(), Lake::backup_path(&taken.name)), taken));
    };
    let (taken, bytes) = make_backup(catalog.client().as_ref()).await?;
    let (folder, name) = if is_url(to) || Path::new(to).is_dir() {
        (to.to_owned(), taken.name.clone())
    } else {
        let file = std::path::absolute(to).with_context(|| format!("cannot write {to}"))?;
        let name = file.file_name().and_then(|name| name.to_str()).with_context(|| format!("{to} is no name of a file"))?.to_owned();
        let folder = file.parent().and_then(Path::to_str).with_context(|| format!("{to} lies in no folder that has a name"))?.to_owned();
        (folder, name)
    };
    let place = Lake::open(&folder, &config.store)?;
    place.put_new(&name, Bytes::from(bytes)).await?;
    Ok((format!("{}/{name}", place.url()), taken))
}

#[allow(clippy::print_stdout)]
fn print_taken(place: &str, taken: &TakenBackup, as_json: bool) {
    let counts: serde_json::Map<String, serde_json::Value> =
        taken.about.counts().map(|(name, count)| (name.to_owned(), count.into())).collect();
    if as_json {
        let about = &taken.about;
        println!(
            "{}",
            json!({"path": place, "bytes": taken.bytes, "cluster_id": about.cluster_id.to_string(), "snapshot_id": about.snapshot_id,
                   "taken_ms": about.taken_ms, "format": about.format, "counts": counts})
        );
        return;
    }
    let counts: Vec<String> = taken.about.counts().map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
    println!("{place}: {} bytes, snapshot {}: {}", taken.bytes, taken.about.snapshot_id, counts.join(", "));
}

async fn bring_back(arguments: &CatalogRestore, config: &Config) -> anyhow::Result<u8> {
    let lake = open_lake(config)?;
    let (place, bytes) = read(arguments.from.as_deref(), &lake, config).await?;
    let (backup, comparison, restored) = {
        let backup = Backup::decode(&bytes).with_context(|| format!("cannot restore {place}"))?;
        let comparison = compare_backup(&lake, &backup).await?;
        make_data_folder(config)?;
        let catalog = config.catalog();
        let (restored, backup) =
            tokio::task::spawn_blocking(move || coldtrail_catalog::restore(&catalog, &backup).map(|restored| (restored, backup))).await??;
        (backup, comparison, restored)
    };
    print_restored(&place, &backup, restored, &comparison, arguments.json);
    Ok(if comparison.missing.is_empty() && comparison.newer.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

/// The bytes of a backup, and where they come from.
async fn read(from: Option<&str>, lake: &Lake, config: &Config) -> anyhow::Result<(String, Bytes)> {
    match from {
        None => {
            let newest = lake.list_backups().await?.pop();
            let name = newest.with_context(|| format!("there is no backup beside the lake {}; name a file or a URL", lake.url()))?;
            let path = Lake::backup_path(&name);
            Ok((format!("{}/{path}", lake.url()), lake.get_file(&path).await?))
        }
        Some(url) if is_url(url) => {
            let (prefix, name) = url.rsplit_once('/').with_context(|| format!("{url} names no file"))?;
            Ok((url.to_owned(), Lake::open(prefix, &config.store)?.get_file(name).await?))
        }
        Some(file) => Ok((file.to_owned(), std::fs::read(file).with_context(|| format!("cannot read {file}"))?.into())),
    }
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn print_restored(place: &str, backup: &Backup, restored: Restored, comparison: &BackupComparison, as_json: bool) {
    name_paths("the file of a segment is gone", comparison.missing.iter());
    name_paths("written since the backup", comparison.newer.iter().map(|file| &file.path));
    if !comparison.newer.is_empty() || !comparison.missing.is_empty() {
        eprintln!(
            "coldtrail: {} segments were written since the backup, and the files of {} that it shows are gone: `coldtrail lake rebuild` takes \
             in what came since, and replaces what was merged",
            comparison.newer.len(),
            comparison.missing.len()
        );
    }
    let about = backup.about();
    if as_json {
        println!(
            "{}",
            json!({"from": place, "cluster_id": restored.cluster_id.to_string(), "node_id": restored.node_id,
                   "snapshot_id": restored.snapshot_id, "taken_ms": about.taken_ms, "of_cluster": about.cluster_id.to_string(),
                   "missing": comparison.missing, "newer": comparison.newer})
        );
        return;
    }
    println!(
        "restored snapshot {} of {} from {place}, as cluster {}; start the node with `coldtrail serve`",
        restored.snapshot_id,
        format_ms(about.taken_ms),
        restored.cluster_id
    );
}

#[allow(clippy::print_stderr)]
fn name_paths<'a>(what: &str, paths: impl ExactSizeIterator<Item = &'a String>) {
    let more = paths.len().saturating_sub(PATHS_SHOWN);
    paths.take(PATHS_SHOWN).for_each(|path| eprintln!("{what}: {path}"));
    if more > 0 {
        eprintln!("{what}: {more} more; --json names all");
    }
}

fn is_url(text: &str) -> bool {
    text.contains("://")
}

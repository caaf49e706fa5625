use std::time::Duration;

use coldtrail_catalog::CatalogClient;
use coldtrail_lake::Lake;
use coldtrail_maintain::{
    AUDIT_KIND, Hold, HoldScope, Holds, RETENTION_KIND, RebuildOptions, RetentionRule, VerifyProgress, lift_hold, parse_retention_rule,
    set_hold, verify_watched,
};
use coldtrail_model::DocumentChange;
use tokio_util::sync::CancellationToken;

use crate::arguments::{HoldCommand, HoldSet, LakeCommand, RetentionCommand};
use crate::chores::{now_ms, open_maintenance};
use crate::config::Config;
use crate::exit;
use crate::node::{OpenCatalog, clean_orphans, open_lake};
use crate::progress::bar;

/// Checks, cleans and keeps the lake.
pub(crate) async fn run(command: &LakeCommand, config: &Config) -> anyhow::Result<u8> {
    let lake = open_lake(config)?;
    let catalog = OpenCatalog::open(config).await?;
    let result = match command {
        LakeCommand::Verify { json } => verify(&lake, &catalog, *json).await,
        LakeCommand::Maintain { json } => maintain(config, &lake, &catalog, *json).await,
        LakeCommand::Publish { json } => publish(config, &lake, &catalog, *json).await,
        LakeCommand::Rebuild { forget_missing, json } => {
            let options = RebuildOptions { forget_missing: *forget_missing, now_ms: now_ms() };
            rebuild(&lake, &catalog, options, *json).await
        }
        LakeCommand::Retention(command) => retention(catalog.client().as_ref(), command).await,
        LakeCommand::Hold(command) => hold(catalog.client().as_ref(), command).await,
        LakeCommand::Clean { grace_seconds, json } => clean(&lake, &catalog, Duration::from_secs(*grace_seconds), *json).await,
    };
    catalog.close().await;
    result
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn verify(lake: &Lake, catalog: &OpenCatalog, json: bool) -> anyhow::Result<u8> {
    let snapshot = catalog.client().snapshot().await?;
    let bytes = snapshot.segments.values().flatten().map(|segment| segment.bytes).sum();
    let bar = bar("verify", bytes, true);
    let watch = |progress: VerifyProgress| {
        bar.set_position(progress.bytes);
        bar.set_message(format!("{} segments, {} bad", progress.segments, progress.problems));
    };
    let report = verify_watched(lake, &snapshot, 0, &watch).await;
    bar.finish_and_clear();
    let report = report?;
    let bad = report.problems.len() as u64;
    let good = report.segments - bad;
    for problem in &report.problems {
        eprintln!("coldtrail: {} is {}: {}", problem.path, problem.fault, problem.reason);
    }
    let unknown = report.unknown.len();
    match json {
        true => println!(
            "{}",
            serde_json::json!({
                "snapshot_id": snapshot.id, "segments_good": good, "segments_bad": bad, "rows": report.rows_verified,
                "problems": report.problems, "unknown": report.unknown,
            })
        ),
        false => println!(
            "{good} segments are as they were written, {bad} are missing or damaged, at snapshot {}; {unknown} files are not in the catalog",
            snapshot.id
        ),
    }
    Ok(if bad == 0 { exit::DONE } else { exit::FAILED })
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn maintain(config: &Config, lake: &Lake, catalog: &OpenCatalog, json: bool) -> anyhow::Result<u8> {
    let maintenance = open_maintenance(config, lake, &catalog.client())?;
    let report = maintenance.pass(now_ms(), &CancellationToken::new()).await?;
    let (compaction, retention, garbage) = (&report.compaction, &report.retention, &report.garbage);
    for failed in &compaction.failed {
        eprintln!("coldtrail: the segments of {} could not be merged: {}", failed.day, failed.reason);
    }
    match json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => println!(
            "{} segments merged into {}, {} duplicates dropped, {} segments past their time removed ({} on hold), {} files deleted ({} bytes)",
            compaction.segments_removed,
            compaction.segments_added,
            compaction.duplicates,
            retention.segments_removed,
            retention.segments_held,
            garbage.removed_deleted + garbage.orphans_deleted,
            garbage.bytes_deleted
        ),
    }
    Ok(if compaction.failed.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

#[allow(clippy::print_stdout)]
async fn publish(config: &Config, lake: &Lake, catalog: &OpenCatalog, json: bool) -> anyhow::Result<u8> {
    let maintenance = open_maintenance(config, lake, &catalog.client())?;
    let report = maintenance.publish(now_ms(), &CancellationToken::new()).await?;
    let (published, expired) = (&report.published, &report.expired);
    match json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => println!(
            "{} tables published at snapshot {} and {} unchanged, in {}; {} versions past their time deleted",
            published.tables_published,
            published.snapshot_id,
            published.tables_unchanged,
            lake.address("iceberg"),
            expired.versions_deleted
        ),
    }
    Ok(if published.tables_overtaken == 0 { exit::DONE } else { exit::INCOMPLETE })
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn rebuild(lake: &Lake, catalog: &OpenCatalog, options: RebuildOptions, json: bool) -> anyhow::Result<u8> {
    let report = coldtrail_maintain::rebuild(lake, catalog.client().as_ref(), options).await?;
    for refused in &report.refused {
        eprintln!("coldtrail: {}: {}", refused.path, refused.reason);
    }
    match json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => println!(
            "{} segments with {} rows added in {} commits, {} removed, {} known before, {} left out because others hold their rows; \
             {} source objects restored, {} known before, {} unknown: those would be taken in again",
            report.segments_added,
            report.rows_added,
            report.commits,
            report.segments_removed,
            report.segments_known,
            report.segments_replaced,
            report.source_objects_restored,
            report.source_objects_known,
            report.source_objects_unknown
        ),
    }
    Ok(if report.refused.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

#[allow(clippy::print_stdout)]
async fn retention(catalog: &dyn CatalogClient, command: &RetentionCommand) -> anyhow::Result<u8> {
    match command {
        RetentionCommand::Set { name, days, table, source } => {
            let rule = serde_json::to_vec(&RetentionRule { table: *table, source: source.clone(), days: *days })?;
            parse_retention_rule(&rule).map_err(anyhow::Error::msg)?;
            let put = DocumentChange::put(RETENTION_KIND, name.clone(), rule, now_ms(), &who());
            catalog.put_documents(vec![put]).await?;
        }
        RetentionCommand::Remove { name } => {
            anyhow::ensure!(
                catalog.document(RETENTION_KIND, name).await?.is_some(),
                "there is no rule {name}; `coldtrail lake retention list`"
            );
            catalog.put_documents(vec![DocumentChange::delete(RETENTION_KIND, name.clone(), now_ms(), &who())]).await?;
        }
        RetentionCommand::List => {
            for document in catalog.documents(RETENTION_KIND).await? {
                println!("{:30}  {}", document.key, String::from_utf8_lossy(&document.body).trim());
            }
        }
    }
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn hold(catalog: &dyn CatalogClient, command: &HoldCommand) -> anyhow::Result<u8> {
    match command {
        HoldCommand::Set(set) => {
            let HoldSet { name, reason, table, source, account, first_day, last_day, user } = set;
            let scope =
                HoldScope { table: *table, source: source.clone(), account: account.clone(), first_day: *first_day, last_day: *last_day };
            let hold = Hold { name: name.clone(), reason: reason.clone(), who: who_for(user.as_deref()), since_ms: now_ms(), scope };
            set_hold(catalog, &hold).await?;
        }
        HoldCommand::Lift { name, reason, user } => {
            drop(lift_hold(catalog, name, &who_for(user.as_deref()), reason, now_ms()).await?);
        }
        HoldCommand::List => {
            for hold in Holds::load(catalog).await?.iter() {
                println!("{}", serde_json::to_string(hold)?);
            }
        }
        HoldCommand::Audit => {
            for document in catalog.documents(AUDIT_KIND).await? {
                println!("{}", String::from_utf8_lossy(&document.body).trim());
            }
        }
    }
    Ok(exit::DONE)
}

/// Who acts for whom: a principal as it was named, with the user of the operating system, who alone is known for sure.
fn who_for(principal: Option<&str>) -> String {
    principal.map_or_else(who, |principal| format!("{principal} (as {} of the system)", who()))
}

/// Who acts: the user of the operating system.
fn who() -> String {
    ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "unknown".to_owned())
}

#[allow(clippy::print_stdout)]
async fn clean(lake: &Lake, catalog: &OpenCatalog, grace: Duration, json: bool) -> anyhow::Result<u8> {
    let cleaned = clean_orphans(lake, catalog.client().as_ref(), grace).await?;
    match json {
        true => println!(
            "{}",
            serde_json::json!({
                "segments_deleted": cleaned.segments_deleted, "unfinished_deleted": cleaned.unfinished_deleted,
                "bytes_deleted": cleaned.bytes_deleted, "young_kept": cleaned.young_kept, "foreign_kept": cleaned.foreign_kept,
            })
        ),
        false => println!(
            "{} orphaned segments and {} unfinished files deleted ({} bytes); {} too young and {} not ours were left alone",
            cleaned.segments_deleted, cleaned.unfinished_deleted, cleaned.bytes_deleted, cleaned.young_kept, cleaned.foreign_kept
        ),
    }
    Ok(exit::DONE)
}

use std::time::Duration;

use crate::arguments::LakeCommand;
use crate::config::Config;
use crate::exit;
use crate::node::{OpenCatalog, clean_orphans, open_lake};
use crate::progress::bar;

/// Checks or cleans the lake's files.
pub(crate) async fn run(command: &LakeCommand, config: &Config) -> anyhow::Result<u8> {
    let lake = open_lake(config)?;
    let catalog = OpenCatalog::open(config).await?;
    let result = match command {
        LakeCommand::Verify { json } => verify(&lake, &catalog, *json).await,
        LakeCommand::Clean { grace_seconds, json } => clean(&lake, &catalog, Duration::from_secs(*grace_seconds), *json).await,
    };
    catalog.close().await;
    result
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn verify(lake: &coldtrail_lake::Lake, catalog: &OpenCatalog, json: bool) -> anyhow::Result<u8> {
    let snapshot = catalog.client().snapshot().await?;
    let segments: Vec<_> = snapshot.segments.values().flatten().collect();
    let bar = bar("verify", segments.iter().map(|segment| segment.bytes).sum(), true);
    let (mut good, mut bad) = (0_u64, 0_u64);
    for segment in segments {
        match lake.verify_segment(segment).await {
            Ok(()) => good += 1,
            Err(error) => {
                bad += 1;
                bar.suspend(|| eprintln!("coldtrail: {error}"));
            }
        }
        bar.inc(segment.bytes);
    }
    bar.finish_and_clear();
    match json {
        true => println!("{}", serde_json::json!({"snapshot_id": snapshot.id, "segments_good": good, "segments_bad": bad})),
        false => println!("{good} segments are as they were written, {bad} are missing or damaged, at snapshot {}", snapshot.id),
    }
    Ok(if bad == 0 { exit::DONE } else { exit::FAILED })
}

#[allow(clippy::print_stdout)]
async fn clean(lake: &coldtrail_lake::Lake, catalog: &OpenCatalog, grace: Duration, json: bool) -> anyhow::Result<u8> {
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

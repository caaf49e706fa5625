use coldtrail_ingest::{RejectFilter, retry_rejects};
use coldtrail_normalize::Source;

use crate::arguments::{RejectsCommand, RejectsRetry};
use crate::config::Config;
use crate::exit;
use crate::node::{OpenCatalog, open_lake};

/// Records that could not be read.
pub(crate) async fn run(command: &RejectsCommand, config: &Config) -> anyhow::Result<u8> {
    let RejectsCommand::Retry(again) = command;
    let filter = filter_of(again)?;
    let lake = open_lake(config)?;
    let catalog = OpenCatalog::open(config).await?;
    let report = retry_rejects(&lake, catalog.client().as_ref(), &filter).await;
    catalog.close().await;
    say(&report?, again.json);
    Ok(exit::DONE)
}

fn filter_of(again: &RejectsRetry) -> anyhow::Result<RejectFilter> {
    let RejectsRetry { source, from_day, until_day, object, reason, read_as, .. } = again;
    let read_as: Option<Source> = read_as.as_deref().map(str::parse).transpose()?;
    Ok(RejectFilter {
        source: source.clone(),
        from_day: *from_day,
        until_day: *until_day,
        object: object.clone(),
        reason: reason.clone(),
        read_as,
    })
}

#[allow(clippy::print_stdout)]
fn say(report: &coldtrail_ingest::RetryReport, json: bool) {
    match json {
        true => println!(
            "{}",
            serde_json::json!({
                "segments": report.segments, "rows": report.rows, "events": report.events, "rejects": report.rejects,
                "not_whole": report.not_whole, "context": report.context, "by_source": report.events_by_source,
                "segments_changed": report.segments_changed, "snapshot_id": report.snapshot_id,
            })
        ),
        false => println!(
            "{} rejects read again: {} are events now, {} still cannot be read, {} are not kept whole, {} mean nothing without the head of their object",
            report.rows, report.events, report.rejects, report.not_whole, report.context
        ),
    }
}

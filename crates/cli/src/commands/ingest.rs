use std::time::Instant;

use coldtrail_ingest::{Progress, Report, SourceChoice};
use tokio_util::sync::CancellationToken;

use crate::arguments::Ingest;
use crate::config::Config;
use crate::exit;
use crate::node::{OpenCatalog, asked_to_stop, open_ingest, open_lake};
use crate::progress::bar;

/// Takes objects in.
pub(crate) async fn run(arguments: &Ingest, config: &Config) -> anyhow::Result<u8> {
    let choice: SourceChoice = arguments.source.parse()?;
    let lake = open_lake(config)?;
    let catalog = OpenCatalog::open(config).await?;
    let ingest = open_ingest(config, &lake, &catalog.client())?;
    let started = Instant::now();
    let report = ingest_locations(&ingest, &arguments.locations, choice).await;
    catalog.close().await;
    let report = report?;
    print(&report, started.elapsed().as_secs_f64(), arguments.json)?;
    Ok(if report.failed.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

/// Takes objects in with a bar, until it is asked to stop.
pub(crate) async fn ingest_locations(
    ingest: &coldtrail_ingest::Ingest,
    locations: &[String],
    choice: SourceChoice,
) -> anyhow::Result<Report> {
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    let signal = tokio::spawn(async move {
        asked_to_stop().await;
        on_signal.cancel();
    });
    let bar = bar("ingest", 0, true);
    let watch = |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
        bar.set_message(format!("{} events, {} rejects", progress.events, progress.rejects));
    };
    let report = ingest.run(locations, choice, &watch, stop).await;
    bar.finish_and_clear();
    signal.abort();
    Ok(report?)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) fn print(report: &Report, seconds: f64, json: bool) -> anyhow::Result<()> {
    for failed in &report.failed {
        eprintln!("coldtrail: {}", exit::on_one_line(&failed.reason));
    }
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    println!(
        "{} of {} objects ingested ({} known before, {} could not be read), {:.1} MB raw, {} records = {} events + {} rejects",
        report.objects_ingested,
        report.objects_found,
        report.objects_known,
        report.failed.len(),
        report.bytes_plain as f64 / 1e6,
        report.records,
        report.events,
        report.rejects,
    );
    if report.objects_changed > 0 {
        println!("{} objects had changed since they were ingested and were ingested again as new ones", report.objects_changed);
    }
    if report.segments > 0 {
        println!("{} segments, {:.1} MB of Parquet, in {seconds:.1} s", report.segments, report.segment_bytes as f64 / 1e6);
    }
    for (reason, count) in &report.rejects_by_reason {
        println!("  {count} rejects: {reason}");
    }
    Ok(())
}

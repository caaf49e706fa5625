use std::time::Instant;

use anyhow::Context;
use coldtrail_generate::{Config, write_all};

use crate::arguments::Generate;
use crate::exit;
use crate::progress::bar;

/// Writes raw logs.
#[allow(clippy::print_stdout)]
pub(crate) async fn run(arguments: &Generate) -> anyhow::Result<u8> {
    let mut config = Config::new(arguments.start, arguments.days, arguments.events);
    config.seed = arguments.seed;
    config.intrusion = !arguments.quiet_days;
    if !arguments.sources.is_empty() {
        config.sources.clone_from(&arguments.sources);
    }
    let started = Instant::now();
    let summary = generate(config, arguments.folder.clone()).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{} records of {} sources over {} days in {} files, {:.1} MB raw, {:.1} MB stored, in {seconds:.1} s; {} steps of an intrusion in {}",
            summary.records,
            summary.config.sources.len(),
            summary.config.days,
            summary.files.len(),
            summary.bytes_raw as f64 / 1e6,
            summary.bytes as f64 / 1e6,
            summary.ground_truth.steps.len(),
            arguments.folder.join("ground_truth.json").display(),
        );
    }
    Ok(exit::DONE)
}

/// Writes the logs of a configuration with a bar, off the threads that serve.
pub(crate) async fn generate(config: Config, folder: std::path::PathBuf) -> anyhow::Result<coldtrail_generate::Summary> {
    let written = tokio::task::spawn_blocking(move || {
        let bar = bar("generate", 0, false);
        let watch = |progress: coldtrail_generate::Progress| {
            bar.set_length(progress.records);
            bar.set_position(progress.records_done);
        };
        let summary = write_all(&config, &folder, &watch);
        bar.finish_and_clear();
        summary
    });
    Ok(written.await.context("generating ended unexpectedly")??)
}

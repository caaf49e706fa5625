//! One module a command.

mod catalog;
mod cluster;
mod config;
mod content;
mod coverage;
mod demo;
mod evidence;
mod finding;
mod generate;
mod hunt;
mod ingest;
mod intel;
mod lake;
mod normalize;
mod rejects;
mod run;
mod segments;
mod serve;
mod sigma;
mod sql;
mod sweep;
mod user;

use std::process::ExitCode;

use clap::CommandFactory;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command};
use crate::config::Config;
use crate::exit;

/// Does what the command line says.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(matches!(arguments.command, Command::Serve(_)));
    let code = match &arguments.command {
        Command::Normalize(normalize) => {
            Config::read(&arguments)?;
            normalize::run(normalize).await?
        }
        Command::Generate(generate) => generate::run(generate).await?,
        Command::Sql(sql) => sql::run(sql).await?,
        Command::Run(command) => run::run(command).await?,
        Command::Intel(command) => intel::run(command).await?,
        Command::Sweep(sweep) => sweep::run(sweep).await?,
        Command::Coverage(coverage) => coverage::run(coverage).await?,
        Command::Sigma(command) => {
            // Sources of one's own may be among those that rules are tested on.
            Config::read(&arguments)?;
            sigma::run(command).await?
        }
        Command::Hunt(command) => hunt::run(command).await?,
        Command::Finding(command) => finding::run(command).await?,
        Command::Evidence(command) => evidence::run(command).await?,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "coldtrail", &mut std::io::stdout());
            exit::DONE
        }
        Command::Demo(demo) => demo::run(demo, Config::read(&arguments)?).await?,
        Command::Serve(serve) => serve::run(serve.role, &Config::read(&arguments)?).await?,
        Command::Cluster(command) => cluster::run(command, &arguments).await?,
        Command::Ingest(ingest) => ingest::run(ingest, &Config::read(&arguments)?).await?,
        Command::Rejects(command) => rejects::run(command, &Config::read(&arguments)?).await?,
        Command::Segments(segments) => segments::run(segments, &Config::read(&arguments)?).await?,
        Command::Catalog(command) => catalog::run(command, &Config::read(&arguments)?).await?,
        Command::Lake(lake) => lake::run(lake, &Config::read(&arguments)?).await?,
        Command::User(user) => user::run(user, &Config::read(&arguments)?)?,
        Command::Config(config) => config::run(config, &Config::read(&arguments)?)?,
    };
    Ok(ExitCode::from(code))
}

/// Logs go to standard error. A server tells what it does; other commands only what goes wrong. `COLDTRAIL_LOG` says otherwise.
fn start_logging(is_server: bool) {
    let level = if is_server { "warn,openraft=error,coldtrail=info" } else { "error,coldtrail=warn" };
    let filter =
        std::env::var("COLDTRAIL_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok()).unwrap_or_else(|| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

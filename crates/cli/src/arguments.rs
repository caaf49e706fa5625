use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

/// Hunt through months of multi-cloud security logs.
///
/// Logs become OCSF events in Parquet, in a folder or bucket of your own, and are hunted with SQL over Arrow Flight SQL.
/// `coldtrail demo` shows all of it in a minute.
#[derive(Debug, Parser)]
#[command(name = "coldtrail", version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 done but some input could not be read.")]
pub(crate) struct Arguments {
    /// The configuration file (TOML). Without it, `coldtrail.toml` here is read if it is there.
    #[arg(long, short, global = true, env = "COLDTRAIL_CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// The folder for catalog, users and temporary files, instead of the one in the configuration.
    #[arg(long, global = true, value_hint = ValueHint::DirPath)]
    pub(crate) data_folder: Option<PathBuf>,
    /// Where the Parquet lies: a folder, s3://…, az://… or gs://…, instead of the one in the configuration.
    #[arg(long, global = true)]
    pub(crate) lake: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate three months of logs with a planted intrusion, ingest them, hunt it down, and keep serving.
    Demo(Demo),
    /// Serve SQL over Arrow Flight SQL, and the catalog to `coldtrail ingest`.
    Serve(Serve),
    /// Certificates of a cluster, and its nodes.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Write realistic raw logs with one planted intrusion.
    Generate(Generate),
    /// Print raw logs as OCSF events, one JSON object a line.
    Normalize(Normalize),
    /// Take files, folders or object-store prefixes into the lake, each object exactly once.
    Ingest(Ingest),
    /// Run SQL on a server.
    Sql(Sql),
    /// Hunts that outlive this command: start, follow and steer them on a server.
    #[command(subcommand)]
    Run(RunCommand),
    /// Feeds of indicators: bring, list and forget them.
    #[command(subcommand)]
    Intel(IntelCommand),
    /// Look for every indicator of a feed in everything that was seen, as a run.
    Sweep(Sweep),
    /// Sigma rules: check them, test them on a file, or run them over months.
    #[command(subcommand)]
    Sigma(SigmaCommand),
    /// Hunt files: make, check, run and conclude them.
    #[command(subcommand)]
    Hunt(HuntCommand),
    /// What hunts found, and what it is worth.
    #[command(subcommand)]
    Finding(FindingCommand),
    /// What a run leaves for an auditor: export, verify, replay.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Show what came in of what should have: events, gaps, lag, duplicates, by source, account, region and hour.
    Coverage(Coverage),
    /// Records that could not be read.
    #[command(subcommand)]
    Rejects(RejectsCommand),
    /// List the segments of the lake, as the catalog knows them.
    Segments(Segments),
    /// Back the catalog up, and restore it.
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Check and clean the lake's files.
    #[command(subcommand)]
    Lake(LakeCommand),
    /// Add users and change passwords.
    #[command(subcommand)]
    User(UserCommand),
    /// Show the configuration in force, or check it.
    Config(ConfigArguments),
    /// Print a completion script for a shell: `coldtrail completions bash > /etc/bash_completion.d/coldtrail`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// What this node does: `scheduler` holds the catalog and answers clients, `executor` runs tasks, `all` does both.
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub(crate) role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Both.
    All,
    /// The catalog, Flight SQL, runs.
    Scheduler,
    /// Tasks.
    Executor,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Make a folder for each node of a new cluster, with all that the node needs: copy it there and run `coldtrail serve` in it.
    Init(ClusterInit),
    /// Add nodes to a cluster that `init` made: folders for them, as `init` makes. Started, they join by themselves.
    Join(ClusterJoin),
    /// Make an authority for links between nodes, a certificate for each node, and the secret that all nodes share.
    Certs {
        /// The folder to write to; what is there is kept.
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
        /// The names of the nodes; each gets NAME.pem and NAME-key.pem.
        #[arg(required = true)]
        nodes: Vec<String>,
        /// Host names or addresses that every certificate is good for besides.
        #[arg(long = "also")]
        also: Vec<String>,
        /// Write again what is there.
        #[arg(long)]
        force: bool,
    },
    /// Show the nodes of the cluster, asking the one that runs with this data folder.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let another node lead.
    Transfer {
        /// The number of the node, as `status` shows it.
        node: u64,
    },
    /// Take a node out of the cluster, for good.
    Remove {
        /// The number of the node, as `status` shows it.
        node: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The folder for everything the demo makes.
    #[arg(long, default_value = "coldtrail-demo", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// How many days of logs, up to yesterday… or to the fixed last day of the story.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    /// How many ordinary events, over all days.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) events: u64,
    /// Another seed gives another company.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Stop after the hunts instead of serving on.
    #[arg(long)]
    pub(crate) exit: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// The folder to write to; `ground_truth.json` and `manifest.json` are written beside the logs.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// The first day, YYYY-MM-DD.
    #[arg(long, default_value = "2026-01-01")]
    pub(crate) start: chrono::NaiveDate,
    /// How many days.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    /// How many ordinary events, over all days and sources.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) events: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only this source; may be given several times. Without it, all.
    #[arg(long = "source")]
    pub(crate) sources: Vec<coldtrail_generate::SourceKind>,
    /// Leave the intrusion out.
    #[arg(long)]
    pub(crate) quiet_days: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Normalize {
    /// The source of the logs, or `auto` to tell it from the first bytes of each file.
    #[arg(long, default_value = "auto")]
    pub(crate) source: String,
    /// Files, compressed or not; `-` or nothing is standard input.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the records that could not be read here, one JSON object a line: file, offset, reason, raw.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// The source of the logs, or `auto` to tell it from the first bytes of each object.
    #[arg(long, default_value = "auto")]
    pub(crate) source: String,
    /// Files, folders, or prefixes of object stores (s3://…, az://…, gs://…).
    #[arg(required = true)]
    pub(crate) locations: Vec<String>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The statement; without it, standard input is read.
    pub(crate) statement: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Which server, and who signs in.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:32010", env = "COLDTRAIL_URL")]
    pub(crate) url: String,
    /// The user to sign in as.
    #[arg(long, default_value = "hunter", env = "COLDTRAIL_USER")]
    pub(crate) user: String,
    /// A file whose first line is the password. Without it, COLDTRAIL_PASSWORD is used.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) password_file: Option<PathBuf>,
}

/// How rows are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Write to this file instead of standard output; needed for Parquet.
    #[arg(long, short, value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// How many rows a table shows; the rest is counted.
    #[arg(long, default_value_t = 1000)]
    pub(crate) rows_max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object a line.
    Json,
    /// With a header line.
    Csv,
    /// A file with the exact types.
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Segments {
    /// Only this table.
    #[arg(long)]
    pub(crate) table: Option<coldtrail_model::Table>,
    /// Only this day, YYYY-MM-DD.
    #[arg(long)]
    pub(crate) day: Option<coldtrail_model::Day>,
    /// Print one JSON object a segment.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Start a run and print its id; it goes on when this command ends.
    Start(RunStart),
    /// Show the runs, or one run with its slices.
    Status {
        /// The run; without it, all.
        id: Option<coldtrail_model::RunId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Show a run as it goes on, until it has ended. Leaving does not end it.
    Follow(RunNamed),
    /// Print the rows of the slices that are done, also while the run goes on.
    Results {
        /// The run.
        id: coldtrail_model::RunId,
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// End a run.
    Cancel(RunNamed),
    /// Let a run rest; what was done is kept.
    Pause(RunNamed),
    /// Let a paused run go on.
    Resume(RunNamed),
    /// Forget a run that has ended, with its results.
    Delete(RunNamed),
}

#[derive(Debug, Args)]
pub(crate) struct RunNamed {
    /// The run.
    pub(crate) id: coldtrail_model::RunId,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RunStart {
    /// The statement; without it, standard input is read.
    pub(crate) statement: Option<String>,
    /// A name for people.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// A run of a higher priority is served first.
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub(crate) priority: i32,
    /// End the run when it has not ended by itself after this many seconds.
    #[arg(long)]
    pub(crate) seconds_max: Option<u64>,
    /// Refuse the run when its segments have more bytes than this.
    #[arg(long)]
    pub(crate) bytes_max: Option<u64>,
    /// Slices at the same time; without it, the server's default.
    #[arg(long, default_value_t = 0)]
    pub(crate) parallelism: u32,
    /// Only say what the run would read, from the catalog alone.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Stay and show the run until it has ended, then print its rows.
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user, or give one a new password; it is printed once and kept only as a hash. Restart the server to use it.
    SetPassword {
        /// The user's name.
        name: String,
    },
    /// List the users.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// Only check it, and say nothing if it is good.
    #[arg(long)]
    pub(crate) check: bool,
}

mod catalog;
mod cluster;
mod evidence;
mod hunting;
mod lake;
pub(crate) use catalog::{CatalogCommand, CatalogRestore};
pub(crate) use cluster::{ClusterInit, ClusterJoin, NodeAddress};
pub(crate) use evidence::{EvidenceCommand, EvidenceExport, EvidenceReplay, HuntConclude, HuntReport, ReportFormat};
pub(crate) use hunting::{
    BesideRules, Coverage, FindingCommand, HuntCommand, HuntRun, IntelCommand, IntelFetch, IntelImport, SigmaCommand, SigmaRun, SigmaTest,
    Sweep, TaxiiServer,
};
pub(crate) use lake::{HoldCommand, HoldSet, LakeCommand, RejectsCommand, RejectsRetry, RetentionCommand};

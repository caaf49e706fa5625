use clap::{Args, Subcommand};
use coldtrail_model::{Day, Table};

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Do now what the node that leads does every `maintenance.every_seconds`: merge small segments, remove what is past its time, delete
    /// the files that nobody needs any more.
    Maintain {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publish the tables now for engines that read Apache Iceberg (DuckDB, Spark, Trino): what is visible at this moment. With
    /// `maintenance.iceberg`, the node that leads does it every `maintenance.every_seconds`.
    Publish {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make an empty catalog again from the files of the lake: each row once, and the source objects that were noted; or bring one that
    /// was restored up to date. Runs, content and holds are not in the files: they are in backups (`coldtrail catalog backup`).
    Rebuild {
        /// Let the catalog forget segments whose files are gone and that no other file says it replaces.
        #[arg(long)]
        forget_missing: bool,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// How long rows are kept, by table and source.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Legal holds: what they cover is neither removed nor rewritten, whatever retention says.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Compare every segment with its SHA-256 and its number of rows.
    Verify {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete files that no commit names, left by writers that were killed.
    Clean {
        /// Leave alone what is younger than this many seconds: a running ingest may be about to commit it.
        #[arg(long, default_value_t = 3600)]
        grace_seconds: u64,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RejectsCommand {
    /// Read them again with the mappings of today; what is read now becomes events, once.
    Retry(RejectsRetry),
}

#[derive(Debug, Args)]
pub(crate) struct RejectsRetry {
    /// Only those of this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Only those that were rejected on this day or later, as YYYY-MM-DD.
    #[arg(long)]
    pub(crate) from_day: Option<Day>,
    /// Only those that were rejected on this day or earlier.
    #[arg(long)]
    pub(crate) until_day: Option<Day>,
    /// Only those whose object's URL contains this.
    #[arg(long)]
    pub(crate) object: Option<String>,
    /// Only those whose reason contains this.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Read them as records of this source, whatever they were taken for.
    #[arg(long)]
    pub(crate) read_as: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Set a rule. One that names more goes before one that names less.
    Set {
        /// Its name.
        name: String,
        /// So many whole days after the day of the rows.
        #[arg(long)]
        days: u32,
        /// Only this table.
        #[arg(long)]
        table: Option<Table>,
        /// Only this source.
        #[arg(long)]
        source: Option<String>,
    },
    /// List the rules.
    List,
    /// Remove a rule.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Set a hold; what is not said is not asked, so that a hold without scope covers the whole lake.
    Set(HoldSet),
    /// Lift a hold.
    Lift {
        /// Its name.
        name: String,
        /// Why, for the audit.
        #[arg(long)]
        reason: String,
        /// Who asks, if it is another than the user of this machine's system; both are in the audit.
        #[arg(long, env = "COLDTRAIL_USER")]
        user: Option<String>,
    },
    /// List the holds as JSON, one a line.
    List,
    /// List who set and lifted which hold, when and why, as JSON, one a line.
    Audit,
}

#[derive(Debug, Args)]
pub(crate) struct HoldSet {
    /// Its name.
    pub(crate) name: String,
    /// Why: a case, an order of a court.
    #[arg(long)]
    pub(crate) reason: String,
    /// Only this table.
    #[arg(long)]
    pub(crate) table: Option<Table>,
    /// Only this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Only segments that may have rows of this account.
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// Only from this day on, as YYYY-MM-DD.
    #[arg(long)]
    pub(crate) first_day: Option<Day>,
    /// Only until this day, itself included.
    #[arg(long)]
    pub(crate) last_day: Option<Day>,
    /// Who asks, if it is another than the user of this machine's system; both are in the audit.
    #[arg(long, env = "COLDTRAIL_USER")]
    pub(crate) user: Option<String>,
}

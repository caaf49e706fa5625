//! Arguments of what hunters bring and run.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{HuntConclude, HuntReport, OutputArguments, ServerArguments};
use crate::window::WindowArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum IntelCommand {
    /// Bring a feed: STIX 2.1, MISP, abuse.ch, OpenIOC, CSV or text. Each entry is accepted, rejected or unsupported, with its reason.
    Import(IntelImport),
    /// Bring a collection of a TAXII 2.1 server, as `import` does with a file.
    Fetch(IntelFetch),
    /// List the collections of a TAXII 2.1 server.
    Collections {
        #[command(flatten)]
        taxii: TaxiiServer,
    },
    /// List the feeds that were brought.
    List {
        /// Print one JSON object a feed.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Forget a feed. Runs and evidence that name one of its versions still find it.
    Expire {
        /// The feed.
        name: String,
        #[command(flatten)]
        server: ServerArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IntelImport {
    /// The feed.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Its name; without it, the file's.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How it is written; without it, that is told from its first bytes.
    #[arg(long = "feed-format")]
    pub(crate) feed_format: Option<String>,
    /// Take also what would be rejected because it is private, too wide or on a warning list.
    #[arg(long)]
    pub(crate) force: bool,
    /// Reject what is on this list: a MISP warning list, or one value a line.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) warning_list: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

/// A TAXII server, and who asks it.
#[derive(Debug, Args)]
pub(crate) struct TaxiiServer {
    /// Its discovery (`https://taxii.example.com/taxii2/`, or only the host), or one API root.
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) taxii_url: String,
    /// The user, for servers that want a password.
    #[arg(long)]
    pub(crate) taxii_user: Option<String>,
    /// A file with the user's password or, without a user, with a bearer token. COLDTRAIL_TAXII_SECRET may hold it instead.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) taxii_secret_file: Option<PathBuf>,
    /// A proxy between: `http://proxy.example.com:3128`.
    #[arg(long, value_hint = ValueHint::Url)]
    pub(crate) taxii_proxy: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct IntelFetch {
    #[command(flatten)]
    pub(crate) taxii: TaxiiServer,
    /// The collection: its id, alias or title.
    #[arg(long)]
    pub(crate) collection: String,
    /// The name of the feed; without it, the collection's as it was asked for.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only what was added to the collection after this time (RFC 3339). The feed then holds only that.
    #[arg(long)]
    pub(crate) added_after: Option<chrono::DateTime<chrono::Utc>>,
    /// Take also what would be rejected because it is private, too wide or on a warning list.
    #[arg(long)]
    pub(crate) force: bool,
    /// Reject what is on this list: a MISP warning list, or one value a line.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) warning_list: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// A file to bring, or the name of a feed that was brought.
    #[arg(long, short)]
    pub(crate) indicators: String,
    /// How the file is written; without it, that is told from its first bytes.
    #[arg(long = "feed-format")]
    pub(crate) feed_format: Option<String>,
    /// Take also what would be rejected because it is private, too wide or on a warning list.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) window: WindowArguments,
    /// Print one JSON object an entry of the feed.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print also what was not seen.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SigmaCommand {
    /// Say of each rule whether it can be run, and why not. Needs no server.
    Check {
        /// Rules: files, or folders of them.
        #[arg(required = true, value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
        #[command(flatten)]
        beside: BesideRules,
        /// Print one JSON object a rule.
        #[arg(long)]
        json: bool,
    },
    /// Print the records of a log file that each rule matches, one JSON object a line. Needs no server.
    Test(SigmaTest),
    /// Run rules over months, all of them in one scan of each table.
    Run(SigmaRun),
    /// List the sets of rules that were brought.
    List {
        /// Print one JSON object a set.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
}

/// What belongs to rules and stands in files of its own.
#[derive(Debug, Args)]
pub(crate) struct BesideRules {
    /// Sigma filters for the rules: files, or folders of them. Filters that are among the rules need not be named.
    #[arg(long = "filter", value_hint = ValueHint::AnyPath)]
    pub(crate) filters: Vec<PathBuf>,
    /// Values of placeholders such as `%Servers%`: a YAML or JSON file with, for each name, a value or a list of them.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) placeholders: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SigmaTest {
    /// Rules: files, or folders of them.
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) beside: BesideRules,
    /// The source of the logs, or `auto` to tell it from the first bytes of each file.
    #[arg(long, default_value = "auto")]
    pub(crate) source: String,
    /// Log files.
    #[arg(long = "file", short, required = true, value_hint = ValueHint::FilePath, num_args = 1..)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SigmaRun {
    /// A folder or file of rules to bring, or the name of a set that was brought.
    pub(crate) rules: String,
    /// The set's name; without it, the folder's.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) beside: BesideRules,
    #[command(flatten)]
    pub(crate) window: WindowArguments,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HuntCommand {
    /// Write a new hunt file to fill in.
    New {
        /// Its title.
        title: String,
        /// Where to write it; without it, standard output.
        #[arg(long, short, value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
        /// Make it from a HEARTH or PEAK page in Markdown.
        #[arg(long, value_hint = ValueHint::FilePath)]
        from: Option<PathBuf>,
    },
    /// Say what is wrong with hunt files, with line and column. Needs no server.
    Check {
        /// Hunt files, or folders of them.
        #[arg(required = true, value_hint = ValueHint::AnyPath)]
        files: Vec<PathBuf>,
    },
    /// Say what a hunt would run, what that would read, and which data are missing. Runs nothing.
    Explain(HuntRun),
    /// Run a hunt and show what it finds.
    Run(HuntRun),
    /// List the hunts that were brought.
    List {
        /// Print one JSON object a hunt.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Write a report of a run that has ended: what was asked, found, searched, and missing.
    Report(HuntReport),
    /// Say what came of a hunt, and which detections were made because of it.
    Conclude(HuntConclude),
    /// Print a hunt file that was brought.
    Show {
        /// The hunt.
        name: String,
        #[command(flatten)]
        server: ServerArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct HuntRun {
    /// A hunt file to bring, or the name of a hunt that was brought.
    pub(crate) hunt: String,
    /// The value of a parameter, as NAME=VALUE; may be given several times.
    #[arg(long = "parameter", short)]
    pub(crate) parameters: Vec<String>,
    /// How far to look back (90d, 12h), or the first day or instant; without it, the hunt's own window.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// The last day or instant; without it, now.
    #[arg(long)]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FindingCommand {
    /// List findings, the newest first.
    List {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Say how far the work on a finding is, and what it turned out to be.
    Set {
        /// The finding's key.
        key: String,
        /// new, in_progress, suppressed or resolved.
        #[arg(long)]
        status: Option<String>,
        /// true_positive, false_positive or benign.
        #[arg(long)]
        verdict: Option<String>,
        /// Why.
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        server: ServerArguments,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Ends with 3 if something is missing.")]
pub(crate) struct Coverage {
    #[command(flatten)]
    pub(crate) window: WindowArguments,
    /// Only this source; may be given more than once.
    #[arg(long = "source")]
    pub(crate) sources: Vec<String>,
    /// Only this cloud account; may be given more than once.
    #[arg(long = "account")]
    pub(crate) accounts: Vec<String>,
    /// Say which ATT&CK techniques can be hunted with what is there, by the hunts and Sigma rules in this file or folder; may be given
    /// more than once.
    #[arg(long, value_hint = ValueHint::AnyPath)]
    pub(crate) attack: Vec<PathBuf>,
    /// Print one JSON object a line: the hours, or with `--attack` the techniques.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

//! Arguments of evidence.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use coldtrail_model::RunId;

use super::ServerArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Make a key to sign bundles with, and the public key to verify them with.
    Key {
        /// Where to write the private key; only its owner can read the file.
        #[arg(long, value_hint = ValueHint::FilePath)]
        private: PathBuf,
        /// Where to write the public key: give it to those who verify, another way than the bundles.
        #[arg(long, value_hint = ValueHint::FilePath)]
        public: PathBuf,
    },
    /// Write what a run leaves as a signed bundle: statement, segments, coverage, findings, rows and report.
    Export(EvidenceExport),
    /// Find whatever was changed in a bundle since it was signed. Needs no server.
    Verify {
        /// The bundle's folder.
        #[arg(value_hint = ValueHint::DirPath)]
        bundle: PathBuf,
        /// The public key of somebody who is trusted; may be given several times.
        #[arg(long = "key", required = true, value_hint = ValueHint::FilePath)]
        keys: Vec<PathBuf>,
    },
    /// Run again what a bundle says was run, over the same snapshot, and say what differs.
    Replay(EvidenceReplay),
}

#[derive(Debug, Args)]
pub(crate) struct EvidenceExport {
    /// The run.
    pub(crate) run: RunId,
    /// The folder to write; it must not be there.
    #[arg(long, short, value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// The private key that signs; `coldtrail evidence key` makes one.
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Debug, Args)]
pub(crate) struct EvidenceReplay {
    /// The bundle's folder.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) bundle: PathBuf,
    /// The public key of somebody who is trusted: the bundle is verified first. May be given several times.
    #[arg(long = "trust", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) trusted: Vec<PathBuf>,
    /// Write a bundle of the repetition too; it must not be there.
    #[arg(long, short, value_hint = ValueHint::DirPath, requires = "key")]
    pub(crate) out: Option<PathBuf>,
    /// The private key that signs it.
    #[arg(long, value_hint = ValueHint::FilePath, requires = "out")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Debug, Args)]
pub(crate) struct HuntReport {
    /// The run.
    pub(crate) run: RunId,
    /// How it is written.
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: ReportFormat,
    /// Where to write it; without it, standard output.
    #[arg(long, short, value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One page, with nothing from elsewhere.
    Html,
    /// For a case or a wiki.
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct HuntConclude {
    /// A run of the hunt.
    pub(crate) run: RunId,
    /// What came of it: threat, `no_threat`, improvement or inconclusive.
    #[arg(long)]
    pub(crate) outcome: String,
    /// Why, and what is to be done.
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// A detection that was made because of it; may be given several times.
    #[arg(long = "detection")]
    pub(crate) detections: Vec<String>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

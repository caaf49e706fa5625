use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Write one consistent copy of the catalog: segments, source objects, runs, holds, retention, content, findings and schedules. Users,
    /// tokens and keys are files beside the configuration and are not in it; rows and results are in the lake.
    Backup(CatalogBackup),
    /// Make the catalog of an empty data folder from a backup. The nodes of a cluster get it from the one that was restored.
    Restore(CatalogRestore),
}

#[derive(Debug, Args)]
pub(crate) struct CatalogBackup {
    /// A new file, a folder, or a prefix (s3://…, az://…, gs://…). Without it, the backup lies beside the lake's segments, under
    /// `backups/catalog`.
    pub(crate) to: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CatalogRestore {
    /// A file or the URL of one. Without it, the newest backup that lies beside the lake's segments.
    pub(crate) from: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

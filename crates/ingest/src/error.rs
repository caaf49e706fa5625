use std::io;

/// Why an ingest stopped. An object that cannot be read does not stop it: it is listed in the [`crate::Report`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("ingest.{key} cannot be {value}: it must be at least {least}")]
    Config {
        /// The name of the setting.
        key: &'static str,
        /// Its value as given.
        value: usize,
        /// The least it can be.
        least: usize,
    },
    /// There is nothing at the place that was named.
    #[error("{location} does not exist; name a file, a folder, or s3://…, az://…, gs://…")]
    NoSuchLocation {
        /// The place as given.
        location: String,
    },
    /// The place that was named cannot be listed.
    #[error("cannot read {location}: {source}")]
    Unreadable {
        /// The place as given.
        location: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// An object store cannot be listed.
    #[error("cannot list {location}: {source}; check the URL, the credentials in the environment and whether the store is up")]
    Unlistable {
        /// The place as given.
        location: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// The lake cannot be written.
    #[error(transparent)]
    Lake(#[from] coldtrail_lake::Error),
    /// The catalog cannot be asked or does not take the commit.
    #[error(transparent)]
    Catalog(#[from] coldtrail_catalog::Error),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Index(#[from] coldtrail_model::IndexError),
    /// Somebody stopped it; what was committed stays.
    #[error("the ingest was stopped; what was committed before stays, run it again for the rest")]
    Stopped,
}

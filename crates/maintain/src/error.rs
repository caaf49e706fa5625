use coldtrail_model::SegmentId;

/// Why the lake could not be kept as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("maintenance.{key} cannot be {value}: {reason}")]
    Config {
        /// The name of the setting.
        key: &'static str,
        /// Its value as given.
        value: u64,
        /// What it must be.
        reason: &'static str,
    },
    /// A setting of the alarms is out of its range.
    #[error("rejects.{key} cannot be {value}: {reason}")]
    RejectsConfig {
        /// The name of the setting.
        key: &'static str,
        /// Its value as given.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A document that says what is kept cannot be understood: nothing is removed until it can.
    #[error("the {kind} {key:?} cannot be understood: {reason}; nothing is removed until it is corrected or deleted")]
    Document {
        /// Its kind.
        kind: &'static str,
        /// Its key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a hold of this name.
    #[error("there is a hold {name:?} already; lift it first, or choose another name")]
    HoldExists {
        /// Its name.
        name: String,
    },
    /// There is no hold of this name.
    #[error("there is no hold {name:?}")]
    HoldUnknown {
        /// The name as given.
        name: String,
    },
    /// What was written does not hold what was read. Nothing was changed.
    #[error("segment {segment} does not hold the rows that it was made of: {reason}; nothing was changed")]
    RowsDiffer {
        /// The segment that was written.
        segment: SegmentId,
        /// How it differs.
        reason: String,
    },
    /// A segment's rows are not in the order that its table's rows have.
    #[error("the rows of segment {segment} are not in order; it is left as it is")]
    NotSorted {
        /// The segment.
        segment: SegmentId,
    },
    /// Rows could not be put together.
    #[error("rows could not be put together: {source}")]
    Rows {
        /// What was wrong.
        #[from]
        source: arrow::error::ArrowError,
    },
    /// Work was stopped before its end, because the process is going down or a bug stopped it.
    #[error("merging segments was stopped: {source}")]
    Interrupted {
        /// How it was stopped.
        #[from]
        source: tokio::task::JoinError,
    },
    /// The catalog that is to be made again knows other segments than the lake holds.
    #[error(
        "the catalog knows {segments} segments whose files are gone, and no other file says that it replaces them; put the files back, \
         rebuild into an empty catalog, or let this one forget them (--forget-missing)"
    )]
    NotEmpty {
        /// How many.
        segments: u64,
    },
    /// The tables cannot be published for other engines. Files stay until they can: what was published before names them.
    #[error("the tables cannot be published, and no file is deleted until they can: {0}")]
    Iceberg(#[from] coldtrail_iceberg::Error),
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] coldtrail_lake::Error),
    /// The catalog cannot be asked or does not take a commit.
    #[error(transparent)]
    Catalog(#[from] coldtrail_catalog::Error),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Index(#[from] coldtrail_model::IndexError),
    /// Somebody stopped it; what was committed stays.
    #[error("the upkeep of the lake was stopped; what was done before stays")]
    Stopped,
}

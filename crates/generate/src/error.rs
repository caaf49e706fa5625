use std::io;
use std::path::PathBuf;

/// What this crate can refuse, or fail at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is not one of a source that can be generated.
    #[error("{name:?} is not a source that can be generated (one of: {known})")]
    NotASource {
        /// The name as given.
        name: String,
        /// The names that would have done.
        known: String,
    },
    /// A window of no days.
    #[error("days must be at least 1")]
    NoDays,
    /// No source to write.
    #[error("sources must name at least one source")]
    NoSources,
    /// The window leaves the years that every format can write.
    #[error("{days} days from {start} leave the years 1970 to 2099; choose an earlier start or fewer days")]
    OutOfCalendar {
        /// The first day asked for.
        start: chrono::NaiveDate,
        /// The number of days asked for.
        days: u32,
    },
    /// A file plan that this configuration does not make.
    #[error("{path} is not a file of this configuration; take plans from `plan` with the same configuration")]
    ForeignPlan {
        /// The path of the plan.
        path: String,
    },
    /// The bytes of a log file could not be handed on.
    #[error("could not write {path}")]
    Sink {
        /// The file, relative to the output folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

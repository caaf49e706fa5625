/// Why a feed could not be read at all. What is wrong with one entry is never an error but an outcome of that entry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not well-formed in the format of the feed.
    #[error("feed {feed} is not well-formed {format}: line {line}, column {column}: {reason}")]
    Malformed {
        /// The feed.
        feed: String,
        /// What it was read as.
        format: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// The bytes are well-formed, but not of any known kind of feed.
    #[error("feed {feed} is not a feed that can be read: {reason}")]
    NotAFeed {
        /// The feed.
        feed: String,
        /// What it looks like and what would be right.
        reason: String,
    },
    /// The feed is nested deeper than `depth_max`.
    #[error("feed {feed} is nested deeper than {depth_max} levels at line {line}, column {column}, which depth_max allows")]
    TooDeep {
        /// The feed.
        feed: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The limit.
        depth_max: usize,
    },
    /// The feed holds more entries than `indicators_max`.
    #[error("feed {feed} holds more than {indicators_max} entries, which indicators_max allows; split it")]
    TooMany {
        /// The feed.
        feed: String,
        /// The limit.
        indicators_max: usize,
    },
    /// A warning list could not be read.
    #[error("warning list {list} cannot be read: {reason}")]
    WarningList {
        /// The list.
        list: String,
        /// What is wrong with it.
        reason: String,
    },
}

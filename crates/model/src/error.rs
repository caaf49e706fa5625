/// What this crate can refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not a segment id.
    #[error("{text:?} is not a segment id (a UUID)")]
    NotASegmentId {
        /// The text as given.
        text: String,
    },
    /// The text is not a run id.
    #[error("{text:?} is not a run id (a UUID)")]
    NotARunId {
        /// The text as given.
        text: String,
    },
    /// The text cannot be the kind of a document.
    #[error("{kind:?} is not a kind of documents (1 to 32 of a to z and _)")]
    NotADocumentKind {
        /// The text as given.
        kind: String,
    },
    /// The text cannot be the key of a document.
    #[error("{key:?} is not a key of a document (1 to 256 printable ASCII characters)")]
    NotADocumentKey {
        /// The text as given.
        key: String,
    },
    /// The text is not a day.
    #[error("{text:?} is not a day (YYYY-MM-DD)")]
    NotADay {
        /// The text as given.
        text: String,
    },
    /// No table has this name.
    #[error("there is no table {name:?}")]
    NotATable {
        /// The name as given.
        name: String,
    },
    /// No OCSF class that Coldtrail keeps has this name or number.
    #[error("{name:?} is not an OCSF class that Coldtrail keeps")]
    NotAClass {
        /// The name or number as given.
        name: String,
    },
}

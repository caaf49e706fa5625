use std::fmt;

/// Something in a file of rules that cannot be used, and where it stands. The other documents of the file are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the file as it was given to [`crate::parse`].
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The id of the rule, or its title if it has no id.
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule {rule}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Why a set of rules cannot be made, read back or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule cannot be compiled; [`crate::check`] tells before.
    #[error("rule {rule} cannot be used: {verdict}")]
    Rule {
        /// The id of the rule, or its title.
        rule: String,
        /// Why.
        verdict: crate::Verdict,
    },
    /// A batch lacks a column that [`crate::RuleSet::columns_needed`] named.
    #[error("the rows of {table} have no column {column}")]
    ColumnMissing {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column is not of the type that the table gives it.
    #[error("the column {column} of {table} is {found}, which no rule can be compared with")]
    ColumnType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The Arrow type that was found.
        found: String,
    },
    /// A serialised set of rules cannot be read.
    #[error("this is not a set of rules: {reason}")]
    NotARuleSet {
        /// What is wrong.
        reason: String,
    },
    /// A file of placeholders' values cannot be used.
    #[error("the values of placeholders in {file} cannot be used: {reason}")]
    Placeholders {
        /// The name of the file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A correlation would have to keep more in memory than it may.
    #[error("the correlation {correlation} has more than open_events_max ({open_events_max}) matches within its timespan")]
    CorrelationTooLarge {
        /// The id of the correlation, or its title.
        correlation: String,
        /// The limit.
        open_events_max: usize,
    },
    /// What a correlation was given is not in order of time.
    #[error("the matches given to the correlation {correlation} are not sorted by time")]
    NotSorted {
        /// The id of the correlation, or its title.
        correlation: String,
    },
    /// A file of mappings cannot be read.
    #[error("the mapping {file} cannot be used: {reason}")]
    Mapping {
        /// The name of the file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

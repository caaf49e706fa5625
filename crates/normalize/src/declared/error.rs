use std::fmt;

/// A mapping that cannot be used, with the place of what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{problem}")]
pub struct MappingError {
    /// The name of the mapping's file, as the caller gave it.
    pub file: String,
    /// What is wrong and where.
    pub problem: Problem,
}

/// What is wrong in a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The keys that lead there, joined by dots; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Problem {
    pub(super) fn new(line: usize, key: &str, reason: impl Into<String>) -> Self {
        Self { line, key: key.to_owned(), reason: reason.into() }
    }

    /// A problem of the name in a mapping.
    pub(crate) fn of_name(text: &str, reason: String) -> Self {
        let line = text.lines().position(|line| line.starts_with("source:")).map_or(1, |place| place + 1);
        Self::new(line, "source", reason)
    }

    /// The same, seen from the table that holds the key.
    pub(super) fn under(mut self, key: &str) -> Self {
        self.key = match self.key.is_empty() {
            true => key.to_owned(),
            false => format!("{key}.{}", self.key),
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.line, self.reason),
            key => write!(f, "{}: {key}: {}", self.line, self.reason),
        }
    }
}

use std::fmt;

use compact_str::CompactString;
use serde::Serialize;

use crate::formats;
use crate::{Error, Indicator, Options};

/// What a feed held: its indicators, and what became of every entry.
#[derive(Debug, Clone, Serialize)]
pub struct Feed {
    /// Its name, as given.
    pub name: CompactString,
    /// What it was read as.
    pub format: FeedFormat,
    /// What can be looked for. Two entries of the same value are two indicators of the same id.
    pub indicators: Vec<Indicator>,
    /// Every entry in the order of the feed. One that holds several values (a STIX pattern with `OR`, `domain|ip`) is several.
    pub entries: Vec<Entry>,
    /// What a feed holds beside indicators, and how often: `malware` objects, columns that nothing is looked for by.
    pub passed_over: Vec<(String, u64)>,
}

/// The form of a feed's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedFormat {
    /// Whatever the name and the first bytes tell.
    Guess,
    /// A STIX 2.0 or 2.1 bundle, or a TAXII envelope of objects.
    Stix,
    /// A MISP event, a list of events, or a list of attributes, in JSON.
    Misp,
    /// OpenIOC 1.0 or 1.1, in XML.
    OpenIoc,
    /// A table with or without a header, of commas, semicolons, tabs or bars: a plain CSV, or one of Feodo Tracker, SSLBL, URLhaus,
    /// ThreatFox or MalwareBazaar.
    Csv,
    /// Objects with one indicator each, in JSON: abuse.ch's exports and answers, or a list of texts.
    Json,
    /// One indicator a line, with comments.
    Text,
}

impl FeedFormat {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Stix => "STIX",
            Self::Misp => "MISP",
            Self::OpenIoc => "OpenIOC",
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Text => "text",
        }
    }
}

/// One entry of a feed and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The name of the feed.
    pub feed: CompactString,
    /// Where in the feed it stands.
    pub place: Place,
    /// What it says, as written.
    pub original: CompactString,
    /// What became of it.
    pub outcome: Outcome,
}

/// Where in a feed something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line at which it begins, from 1.
    pub line: u64,
    /// The path to it, where lines do not suffice: `objects[3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, ", {path}"))
    }
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is looked for: the indices of its indicators in [`Feed::indicators`], the second one past the last.
    Accepted(u32, u32),
    /// It is not looked for, because it is not what it says it is, is not meant to be, or would match what is no threat.
    Rejected(Box<str>),
    /// It is not looked for, because nothing here can.
    Unsupported(Box<str>),
}

/// How many entries ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Entries that are looked for.
    pub accepted: usize,
    /// Entries that are rejected.
    pub rejected: usize,
    /// Entries that nothing can look for.
    pub unsupported: usize,
}

impl Feed {
    pub(crate) fn new(name: &str, format: FeedFormat) -> Self {
        Self { name: name.into(), format, indicators: Vec::new(), entries: Vec::new(), passed_over: Vec::new() }
    }

    /// How many entries ended how. The sum is the number of entries.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for entry in &self.entries {
            match entry.outcome {
                Outcome::Accepted(..) => counts.accepted += 1,
                Outcome::Rejected(_) => counts.rejected += 1,
                Outcome::Unsupported(_) => counts.unsupported += 1,
            }
        }
        counts
    }

    /// Adds the indicators and entries of another feed behind these, so that several feeds are looked for at once.
    pub fn append(&mut self, other: Feed) {
        let offset = u32::try_from(self.indicators.len()).unwrap_or(u32::MAX);
        self.indicators.extend(other.indicators);
        self.entries.extend(other.entries.into_iter().map(|entry| match entry.outcome {
            Outcome::Accepted(start, end) => Entry { outcome: Outcome::Accepted(start + offset, end + offset), ..entry },
            _ => entry,
        }));
        self.passed_over.extend(other.passed_over);
    }
}

/// Reads a feed. Its `name` names it in messages and helps to tell its format.
///
/// Fails if the bytes are malformed, of no known kind, nested too deep, or hold too many entries. A bad entry is an [`Outcome`], never
/// an error.
pub fn read_feed(format: FeedFormat, name: &str, bytes: &[u8], options: &Options) -> Result<Feed, Error> {
    formats::read(format, name, bytes, options)
}

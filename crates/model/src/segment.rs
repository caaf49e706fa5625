use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Class, Day, Error, SegmentId, TimeRange};

/// A table of the lake: one for each OCSF class, and those that Coldtrail derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Table {
    /// The events of one OCSF class.
    Events(Class),
    /// The indicator index: which observable was seen where and when.
    Observables,
    /// The records that could not be read, with their reasons.
    Rejects,
}

impl Table {
    /// Every table, events first.
    pub fn all() -> impl Iterator<Item = Self> {
        Class::ALL.iter().copied().map(Self::Events).chain([Self::Observables, Self::Rejects])
    }

    /// The name in SQL and in paths, such as `api_activity`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events(class) => class.name(),
            Self::Observables => "observables",
            Self::Rejects => "rejects",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Table {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::all().find(|table| table.name() == name).ok_or_else(|| Error::NotATable { name: name.to_owned() })
    }
}

impl From<Table> for String {
    fn from(table: Table) -> Self {
        table.name().to_owned()
    }
}

impl TryFrom<String> for Table {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

/// One Parquet file of the lake, as the catalog knows it: all that pruning needs, and nothing that the footer can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMeta {
    /// Its name.
    pub id: SegmentId,
    /// The table whose rows it holds.
    pub table: Table,
    /// The day whose rows it holds.
    pub day: Day,
    /// Where it lies, relative to the lake's root, with `/` between the parts.
    pub path: String,
    /// How many rows it holds.
    pub rows: u64,
    /// Its size as a file.
    pub bytes: u64,
    /// When the file was finished, in milliseconds since 1970, UTC.
    pub created_ms: i64,
    /// The first and last `time` of its rows.
    pub time: TimeRange,
    /// The source whose events it holds, such as `aws_cloudtrail`; a segment holds events of one source.
    pub source: String,
    /// The values of `cloud_account_uid` in it, sorted, if they are few enough to list; else `None`. Rows without an account are not listed.
    pub accounts: Option<Vec<String>>,
    /// True if some row has no account.
    pub has_rows_without_account: bool,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// The version of the columns it was written with.
    pub schema_version: u32,
}

/// One object that was, or is to be, taken in: a file or an object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceObject {
    /// Its absolute URL.
    pub url: String,
    /// The log source it was read as, such as `aws_cloudtrail`.
    pub source: String,
    /// Its size as stored, compressed or not.
    pub bytes: u64,
    /// When it was last changed, in milliseconds since 1970, UTC.
    pub modified_ms: i64,
    /// The store's entity tag, if it has one.
    pub etag: Option<String>,
    /// SHA-256 of its bytes as stored.
    pub sha256: [u8; 32],
    /// Records found in it; always `events + rejects`.
    pub records: u64,
    /// Records that became events.
    pub events: u64,
    /// Records that became rejects.
    pub rejects: u64,
    /// When it was committed, in milliseconds since 1970, UTC.
    pub ingested_ms: i64,
}

/// What one commit changes, all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Segments that become visible.
    pub added: Vec<SegmentMeta>,
    /// Segments that stop being visible.
    pub removed: Vec<SegmentId>,
    /// Source objects that are done. The commit is refused if one of them (same URL and SHA-256) is done already.
    pub source_objects: Vec<SourceObject>,
    /// The commit is also refused if the content of one of them that has records (same SHA-256) is done already under another URL.
    #[serde(default)]
    pub unique_content: bool,
}

/// The lake at one moment: every query runs against one, so that it can be repeated.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Which moment: grows with every commit, and names the same segments for ever.
    pub id: u64,
    /// The visible segments of each table, in order of day and then id.
    pub segments: BTreeMap<Table, Vec<Arc<SegmentMeta>>>,
}

impl Snapshot {
    /// The segments that this snapshot shows and an older one does not.
    pub fn added_since(&self, older: &Self) -> Self {
        let known: std::collections::HashSet<SegmentId> = older.segments.values().flatten().map(|segment| segment.id).collect();
        let mut newer = Self { id: self.id, ..Self::default() };
        for (table, segments) in &self.segments {
            let added: Vec<_> = segments.iter().filter(|segment| !known.contains(&segment.id)).map(Arc::clone).collect();
            if !added.is_empty() {
                newer.segments.insert(*table, added);
            }
        }
        newer
    }

    /// The visible segments of a table, in order of day and then id.
    pub fn segments_of(&self, table: Table) -> &[Arc<SegmentMeta>] {
        self.segments.get(&table).map_or(&[], Vec::as_slice)
    }
}

/// Answers what is visible; asked by planning, answered by the catalog.
#[async_trait::async_trait]
pub trait SegmentIndex: fmt::Debug + Send + Sync {
    /// The newest committed snapshot.
    async fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError>;

    /// Every source object taken in so far, in order of URL.
    async fn source_objects(&self) -> Result<Vec<SourceObject>, IndexError>;
}

/// Why an index could not answer; the text names the cause.
#[derive(Debug, thiserror::Error)]
#[error("the catalog could not answer: {message}")]
pub struct IndexError {
    /// What went wrong, for a person.
    pub message: String,
}

use std::collections::BTreeMap;

use coldtrail_query::{Error, Principal};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most bytes of one feed, rule set or hunt file.
pub const CONTENT_BYTES_MAX: usize = 512 << 20;

/// What hunters bring and Coldtrail keeps, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// A feed of indicators, as it came.
    Indicators,
    /// Sigma rules.
    Rules,
    /// A hunt file.
    Hunt,
}

impl ContentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Indicators, Self::Rules, Self::Hunt];

    /// The name of the kind, which is also the kind of its documents in the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Indicators => "indicators",
            Self::Rules => "rules",
            Self::Hunt => "hunt",
        }
    }
}

impl std::str::FromStr for ContentKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| Error::BadStatement {
            message: format!("{text} is not a kind of content; known are indicators, rules and hunt"),
        })
    }
}

/// One thing that was brought: which bytes, and how they are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// What it is.
    pub kind: ContentKind,
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How it is to be read, such as `format` and `force` of a feed.
    pub options: BTreeMap<String, String>,
    /// When it runs by itself, if it is a hunt that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Cron>,
    /// What it holds, such as `accepted`, `rejected` and `unsupported` of a feed.
    pub counts: BTreeMap<String, u64>,
    /// When it was brought, in milliseconds since 1970, UTC.
    pub brought_ms: i64,
    /// By whom.
    pub brought_by: String,
}

/// When a hunt runs by itself, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cron {
    /// Minute, hour, day of month, month, day of week.
    pub expression: String,
    /// The IANA time zone that these are in.
    pub zone: String,
}

/// Between the name and the version of content.
const VERSION_MARK: char = '@';
/// How many letters of a SHA-256 are the version.
const VERSION_LETTERS: usize = 12;

impl Content {
    /// The name of this version, which never means anything else: it follows from the bytes and from how they are to be read.
    #[must_use]
    pub fn versioned_name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.sha256);
        for text in self.options.iter().flat_map(|(name, value)| [name, value]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let version: String = hex::encode(hash.finalize()).chars().take(VERSION_LETTERS).collect();
        format!("{}{VERSION_MARK}{version}", self.name)
    }
}

/// What is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRequest {
    /// What it is.
    pub kind: ContentKind,
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The bytes as they came.
    pub bytes: bytes::Bytes,
    /// How they are to be read.
    pub options: BTreeMap<String, String>,
}

/// What was kept, and what is wrong with parts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentReport {
    /// What was kept.
    pub content: Content,
    /// What was not taken, each with its place and its reason; the first of them, if there are many.
    pub remarks: Vec<String>,
}

/// Keeps what hunters bring, as whatever serves clients asks for it.
#[async_trait::async_trait]
pub trait ContentService: Send + Sync + 'static {
    /// Reads and keeps something. What cannot be read at all is refused; what is wrong with parts of it is reported.
    async fn put(&self, by: &Principal, request: ContentRequest) -> Result<ContentReport, Error>;

    /// What there is of a kind, newest versions only, in order of name.
    async fn list(&self, kind: ContentKind) -> Result<Vec<Content>, Error>;

    /// One by its name, or by the name of a version; with its bytes.
    async fn get(&self, kind: ContentKind, name: &str) -> Result<(Content, bytes::Bytes), Error>;

    /// Forgets a name. Its versions stay readable under their own names, so that evidence does.
    async fn delete(&self, by: &Principal, kind: ContentKind, name: &str) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_way_to_read_the_same_bytes_is_another_version() {
        let content = |options: &[(&str, &str)]| Content {
            kind: ContentKind::Indicators,
            name: "feed".to_owned(),
            sha256: "0".repeat(64),
            bytes: 0,
            options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            schedule: None,
            counts: BTreeMap::new(),
            brought_ms: 0,
            brought_by: "hunter".to_owned(),
        };
        let plain = content(&[]).versioned_name();
        assert_eq!(plain, content(&[]).versioned_name());
        assert_ne!(plain, content(&[("force", "true")]).versioned_name());
        assert_ne!(content(&[("a", "bc")]).versioned_name(), content(&[("ab", "c")]).versioned_name());
    }
}

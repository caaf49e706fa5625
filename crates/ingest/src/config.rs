use std::str::FromStr;

use coldtrail_normalize::Source;
use serde::{Deserialize, Serialize};

use crate::Error;

/// How source objects are taken in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// How many objects are read at the same time.
    pub readers_max: usize,
    /// A transaction is committed once its objects give this many plain bytes.
    pub commit_bytes_target: u64,
    /// A transaction is committed once it holds this many objects.
    pub commit_objects_max: usize,
    /// A transaction is committed after the object that reaches this age, in seconds.
    pub commit_seconds_max: u64,
    /// A longer record becomes a reject, in bytes after decompression.
    pub record_bytes_max: usize,
    /// A longer object of a format that must be held whole (Parquet) becomes a reject, in bytes after decompression.
    pub object_bytes_max: usize,
    /// How often a commit that the catalog did not answer is sent again.
    pub commit_retries_max: u32,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            readers_max: std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)),
            commit_bytes_target: 1 << 30,
            commit_objects_max: 10_000,
            commit_seconds_max: 60,
            record_bytes_max: 16 << 20,
            object_bytes_max: 512 << 20,
            commit_retries_max: 5,
        }
    }
}

impl IngestConfig {
    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let least = [
            ("readers_max", self.readers_max, 1),
            ("commit_objects_max", self.commit_objects_max, 1),
            ("record_bytes_max", self.record_bytes_max, 1024),
            ("object_bytes_max", self.object_bytes_max, 1024),
        ];
        match least.iter().find(|(_, value, least)| value < least) {
            Some((key, value, least)) => Err(Error::Config { key, value: *value, least: *least }),
            None => Ok(()),
        }
    }
}

/// Which source the objects are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceChoice {
    /// Tell it from the first bytes of each object.
    Auto,
    /// This one.
    Named(Source),
}

impl FromStr for SourceChoice {
    type Err = coldtrail_normalize::UnknownSource;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "auto" { Ok(Self::Auto) } else { name.parse().map(Self::Named) }
    }
}

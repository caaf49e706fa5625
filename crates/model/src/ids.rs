use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// Names one segment, for ever: a UUIDv7, so that names sort by creation and are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(Uuid);

impl SegmentId {
    /// A new id; the first 48 bits are the milliseconds of now.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes that are persisted.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that these 16 bytes stand for.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// When the id was made, in milliseconds since 1970, UTC.
    pub fn created_ms(&self) -> i64 {
        let bytes = self.0.as_bytes();
        bytes[..6].iter().fold(0_i64, |ms, byte| (ms << 8) | i64::from(*byte))
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SegmentId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Uuid::parse_str(text).map(Self).map_err(|_| Error::NotASegmentId { text: text.to_owned() })
    }
}

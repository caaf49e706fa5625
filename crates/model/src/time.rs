use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::Error;

const DAY_MS: i64 = 86_400_000;

/// One UTC day, the unit of partitioning (`event_day=YYYY-MM-DD`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(i32);

impl Day {
    /// The day that holds this instant, in milliseconds since 1970, UTC.
    pub fn of_ms(time_ms: i64) -> Self {
        let days = time_ms.div_euclid(DAY_MS);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The day so many days after 1970-01-01.
    pub fn from_epoch_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01, as Arrow's `Date32` counts.
    pub fn epoch_days(self) -> i32 {
        self.0
    }

    /// The instants of this day.
    pub fn range(self) -> TimeRange {
        let start_ms = i64::from(self.0) * DAY_MS;
        TimeRange { start_ms, end_ms: start_ms + DAY_MS - 1 }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).expect("1970-01-01 is a date");
        match epoch.checked_add_signed(chrono::Duration::days(i64::from(self.0))) {
            Some(date) => write!(f, "{}", date.format("%Y-%m-%d")),
            None => write!(f, "day{:+}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Error::NotADay { text: text.to_owned() })?;
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).expect("1970-01-01 is a date");
        let days = date.signed_duration_since(epoch).num_days();
        i32::try_from(days).map(Self).map_err(|_| Error::NotADay { text: text.to_owned() })
    }
}

/// A closed range of instants, in milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first instant that belongs to the range.
    pub start_ms: i64,
    /// The last instant that belongs to the range.
    pub end_ms: i64,
}

impl TimeRange {
    /// Every instant there is.
    pub const ALWAYS: Self = Self { start_ms: i64::MIN, end_ms: i64::MAX };

    /// True if some instant belongs to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start_ms <= other.end_ms && other.start_ms <= self.end_ms
    }

    /// The smallest range that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self { start_ms: self.start_ms.min(other.start_ms), end_ms: self.end_ms.max(other.end_ms) }
    }
}

/// An instant as people read it: `2026-03-01T12:00:00.000Z`.
pub fn format_ms(time_ms: i64) -> String {
    match DateTime::<Utc>::from_timestamp_millis(time_ms) {
        Some(time) => time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        None => format!("{time_ms} ms"),
    }
}

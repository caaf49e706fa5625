use std::collections::BTreeMap;

use coldtrail_model::{Day, TimeRange};
use serde::{Deserialize, Serialize};

/// What should have been there to be searched, and what was: an answer is worth as much as its coverage.
///
/// Cells that were expected and have no events are [gaps](Coverage::gaps). No cells at all means that nobody looked, which is said
/// so and never taken for completeness.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The time that was asked about; none if all of it.
    pub window: Option<Window>,
    /// What was expected or present, one for each source, account and day.
    pub cells: Vec<CoverageCell>,
    /// Segments that should have been read and could not be.
    pub unreadable: Vec<UnreadableSegment>,
}

/// A closed range of instants, in milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first instant.
    pub from_ms: i64,
    /// The last instant.
    pub to_ms: i64,
}

impl Window {
    /// True if this instant is in it.
    pub fn holds(&self, time_ms: i64) -> bool {
        (self.from_ms..=self.to_ms).contains(&time_ms)
    }
}

impl From<TimeRange> for Window {
    fn from(range: TimeRange) -> Self {
        Self { from_ms: range.start_ms, to_ms: range.end_ms }
    }
}

/// The events of one source and account on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageCell {
    /// The source, such as `aws_cloudtrail`.
    pub source: String,
    /// The account; none for events without one.
    pub account: Option<String>,
    /// The UTC day.
    #[serde(with = "day_text")]
    pub day: Day,
    /// True if there should be events.
    pub expected: bool,
    /// How many events there are.
    pub events: u64,
    /// How many records of that day could not be read as events.
    pub rejects: u64,
}

impl CoverageCell {
    /// True if there should be events and there are none.
    pub fn is_gap(&self) -> bool {
        self.expected && self.events == 0
    }
}

/// A segment that should have been read and could not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnreadableSegment {
    /// Where it should be, relative to the lake's root.
    pub path: String,
    /// Its table.
    pub table: String,
    /// Its rows, as the catalog knows them: as many events were not searched.
    pub rows: u64,
    /// Why.
    pub reason: String,
}

/// Days without a single event where there should be some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The source.
    pub source: String,
    /// The account.
    pub account: Option<String>,
    /// The first day.
    #[serde(with = "day_text")]
    pub from: Day,
    /// The last day.
    #[serde(with = "day_text")]
    pub to: Day,
    /// How many days.
    pub days: u32,
}

impl Coverage {
    /// Days that should have events and have none, as runs of days, by source, account and day.
    pub fn gaps(&self) -> Vec<Gap> {
        // The same cell twice is one cell: expected if either is, with the events of both.
        let mut days: BTreeMap<(&str, Option<&str>, Day), (bool, bool)> = BTreeMap::new();
        for cell in &self.cells {
            let day = days.entry((&cell.source, cell.account.as_deref(), cell.day)).or_default();
            *day = (day.0 || cell.expected, day.1 || cell.events > 0);
        }
        let mut gaps: Vec<Gap> = Vec::new();
        for ((source, account, day), _) in days.into_iter().filter(|(_, (expected, has_events))| *expected && !has_events) {
            match gaps.last_mut() {
                Some(gap) if gap.continues(source, account, day) => {
                    gap.to = day;
                    gap.days += 1;
                }
                _ => gaps.push(Gap { source: source.to_owned(), account: account.map(str::to_owned), from: day, to: day, days: 1 }),
            }
        }
        gaps
    }
}

impl Gap {
    fn continues(&self, source: &str, account: Option<&str>, day: Day) -> bool {
        self.source == source && self.account.as_deref() == account && self.to.epoch_days().checked_add(1) == Some(day.epoch_days())
    }
}

/// A day as `2026-03-01`.
mod day_text {
    use coldtrail_model::Day;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

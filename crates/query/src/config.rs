use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How statements are planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannerConfig {
    /// How much of a segment's end is read at first, in the hope that the footer is in it.
    pub metadata_bytes_hint: usize,
    /// The longest statement that is read, in bytes; a longer one is refused.
    pub statement_bytes_max: usize,
    /// What should come in, as far as somebody said so; the rest is learnt from the events that are there.
    pub expected: Vec<ExpectedSource>,
}

/// Events that should come in, as somebody declared: without them there is a gap in `system.coverage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedSource {
    /// The log source, such as `aws_cloudtrail`.
    pub source: String,
    /// The cloud account; none: some account.
    #[serde(default)]
    pub account: Option<String>,
    /// The region; none: some region.
    #[serde(default)]
    pub region: Option<String>,
    /// In each stretch of so many hours, counted from midnight UTC on 1 January 1970, there should be an event. At least 1.
    #[serde(default = "one")]
    pub every_hours: u32,
    /// The first day, UTC; none: from the beginning of whatever is looked at.
    #[serde(default)]
    pub since: Option<NaiveDate>,
}

fn one() -> u32 {
    1
}

impl Default for PlannerConfig {
    fn default() -> Self {
        Self { metadata_bytes_hint: 512 << 10, statement_bytes_max: 16 << 20, expected: Vec::new() }
    }
}

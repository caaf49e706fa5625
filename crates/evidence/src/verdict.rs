use serde::{Deserialize, Serialize};

/// What a sweep says of one indicator of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorVerdict {
    /// What it says.
    pub status: IndicatorStatus,
    /// The name of the feed.
    pub feed: String,
    /// Where in the feed it stands.
    pub place: String,
    /// The indicator, as the feed writes it.
    pub original: String,
    /// What was looked for.
    pub value: Option<String>,
    /// Why it was not looked for, or what was missing.
    pub reason: Option<String>,
    /// How many events show it.
    pub events: u64,
    /// When the first of them happened, in milliseconds since 1970, UTC.
    pub first_ms: Option<i64>,
    /// When the last of them happened.
    pub last_ms: Option<i64>,
    /// The sources of these events.
    pub sources: Vec<String>,
}

/// What became of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IndicatorStatus {
    /// Some event shows it.
    Seen,
    /// Some event shows a part of it, and nobody looked whether it shows the rest.
    Unconfirmed,
    /// No event shows it, and events that could show it were searched.
    NotSeen,
    /// No event that could show it was there to be searched: nothing is known, and it is never called clean.
    NoCoverage,
    /// It was not looked for.
    Rejected,
    /// It could not be looked for.
    Unsupported,
}

impl IndicatorStatus {
    /// The name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "SEEN",
            Self::Unconfirmed => "UNCONFIRMED",
            Self::NotSeen => "NOT_SEEN",
            Self::NoCoverage => "NO_COVERAGE",
            Self::Rejected => "REJECTED",
            Self::Unsupported => "UNSUPPORTED",
        }
    }

    /// Every status, in the order of reports.
    pub const ALL: [Self; 6] = [Self::Seen, Self::Unconfirmed, Self::NotSeen, Self::NoCoverage, Self::Rejected, Self::Unsupported];
}

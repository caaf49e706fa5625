//! What a hunt for indicators says of every entry of a feed.

mod batch;
mod coverage;
mod tally;

pub use batch::{verdicts_schema, verdicts_to_record_batch};
pub use coverage::Coverage;
pub use tally::Tally;

use std::collections::HashMap;
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Entry, Feed, Indicator, IndicatorId, IndicatorKind, Outcome};

/// What became of an entry of a feed in a hunt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Some event shows it.
    Seen,
    /// Some event shows a part of it (the address, the name of the file), and nobody looked whether it shows the rest.
    Unconfirmed,
    /// No event shows it, and events that could show it were searched.
    NotSeen,
    /// No event that could show it was there to be searched.
    NoCoverage,
    /// It was not looked for: see the reason.
    Rejected,
    /// It could not be looked for: see the reason.
    Unsupported,
}

impl Status {
    /// Its name in tables, JSON and reports: `NOT_SEEN`.
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
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row of the table `observables` that an indicator matches.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The index of the indicator in [`Feed::indicators`].
    pub indicator: u32,
    /// OCSF's `type_id` of the observable.
    pub type_id: i32,
    /// The observable.
    pub value: &'a str,
    /// The name of the class of the events.
    pub class: &'a str,
    /// The source of the events.
    pub source: &'a str,
    /// The account of the events.
    pub account: Option<&'a str>,
    /// How many events show it.
    pub count: u64,
    /// When the first of them happened, in milliseconds since 1970.
    pub first_ms: i64,
    /// When the last of them happened, in milliseconds since 1970.
    pub last_ms: i64,
    /// True if nothing had to be confirmed ([`crate::IndicatorSet::needs_confirmation`]), or it was. Leave out rows of which the
    /// opposite was found.
    pub confirmed: bool,
}

/// What a hunt says of one entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What it says.
    pub status: Status,
    /// The name of the feed.
    pub feed: CompactString,
    /// Where in the feed the entry stands.
    pub place: String,
    /// The entry as written.
    pub original: CompactString,
    /// What was looked for, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<IndicatorKind>,
    /// The value that was looked for; several are joined with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The id of the (first) indicator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator_id: Option<IndicatorId>,
    /// Why it was rejected or is unsupported, or what was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was seen.
    pub seen: Tally,
    /// The classes that were searched for it and had data.
    pub searched: Vec<String>,
    /// When the indicator begins to be valid, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    /// When it ends to be valid, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// How sure the feed is, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// The Traffic Light Protocol's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlp: Option<CompactString>,
    /// ATT&CK techniques and tactics.
    pub attack: Vec<CompactString>,
    /// Labels of the feed.
    pub labels: Vec<CompactString>,
}

/// Folds rows that match into one verdict for every entry of a feed.
///
/// The order of rows makes no difference. What several slices of a run found can be put together with [`Self::merge`].
#[derive(Debug)]
pub struct Verdicts<'f> {
    feed: &'f Feed,
    tallies: HashMap<u32, Tally>,
}

impl<'f> Verdicts<'f> {
    /// Begins with nothing seen.
    pub fn new(feed: &'f Feed) -> Self {
        Self { feed, tallies: HashMap::new() }
    }

    /// Takes a row that an indicator matches. One of an indicator that the feed does not have is ignored.
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        if let Some(indicator) = self.feed.indicators.get(sighting.indicator as usize) {
            self.tallies.entry(sighting.indicator).or_default().add(sighting, indicator);
        }
    }

    /// What was seen of each indicator, by its index; only those that were.
    pub fn tallies(&self) -> impl Iterator<Item = (u32, &Tally)> {
        self.tallies.iter().map(|(index, tally)| (*index, tally))
    }

    /// Adds what was seen of an indicator elsewhere, in other rows.
    pub fn merge(&mut self, indicator: u32, tally: &Tally) {
        if (indicator as usize) < self.feed.indicators.len() {
            self.tallies.entry(indicator).or_default().merge(tally);
        }
    }

    /// One verdict for each entry, in the order of the feed.
    pub fn finish(&self, coverage: &Coverage) -> Vec<Verdict> {
        self.feed.entries.iter().map(|entry| self.verdict(entry, coverage)).collect()
    }

    fn verdict(&self, entry: &Entry, coverage: &Coverage) -> Verdict {
        let refused = |status, reason: &str| Verdict { reason: Some(reason.to_owned()), ..blank(status, entry) };
        match &entry.outcome {
            Outcome::Rejected(reason) => refused(Status::Rejected, reason),
            Outcome::Unsupported(reason) => refused(Status::Unsupported, reason),
            Outcome::Accepted(start, end) => {
                let indicators = self.feed.indicators.get(*start as usize..*end as usize).unwrap_or_default();
                let mut seen = Tally::default();
                (*start..*end).filter_map(|index| self.tallies.get(&index)).for_each(|tally| seen.merge(tally));
                looked_for(entry, indicators, seen, coverage)
            }
        }
    }
}

fn blank(status: Status, entry: &Entry) -> Verdict {
    Verdict {
        status,
        feed: entry.feed.clone(),
        place: entry.place.to_string(),
        original: entry.original.clone(),
        kind: None,
        value: None,
        indicator_id: None,
        reason: None,
        seen: Tally::default(),
        searched: Vec::new(),
        valid_from: None,
        valid_until: None,
        confidence: None,
        tlp: None,
        attack: Vec::new(),
        labels: Vec::new(),
    }
}

fn looked_for(entry: &Entry, indicators: &[Indicator], seen: Tally, coverage: &Coverage) -> Verdict {
    let mut searched: Vec<String> = indicators.iter().flat_map(|one| coverage.searched(one.kind)).collect();
    searched.sort_unstable();
    searched.dedup();
    let (status, reason) = if seen.events() > 0 {
        (Status::Seen, None)
    } else if seen.unconfirmed.is_some() {
        let missing = indicators.iter().find_map(|one| one.confirm.as_ref()).map(|confirm| format!("{confirm} was not confirmed"));
        (Status::Unconfirmed, missing)
    } else if searched.is_empty() {
        (Status::NoCoverage, indicators.first().map(|one| coverage.what_is_missing(one.kind)))
    } else {
        (Status::NotSeen, None)
    };
    let first = indicators.first();
    let values: Vec<&str> = indicators.iter().map(|one| one.value.as_str()).collect();
    Verdict {
        kind: first.map(|one| one.kind),
        value: (!values.is_empty()).then(|| values.join(", ")),
        indicator_id: first.map(|one| one.id),
        reason,
        seen,
        searched,
        valid_from: first.and_then(|one| one.valid_from),
        valid_until: first.and_then(|one| one.valid_until),
        confidence: first.and_then(|one| one.confidence),
        tlp: first.and_then(|one| one.tlp.clone()),
        attack: first.map(|one| one.attack.clone()).unwrap_or_default(),
        labels: first.map(|one| one.labels.clone()).unwrap_or_default(),
        ..blank(status, entry)
    }
}

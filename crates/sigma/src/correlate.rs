//! Puts matches together over time, in windows that slide with the events.
//!
//! For every event, its group's window is what lies within the timespan before it, itself and others of the same moment included. The
//! condition is asked of each such window, as pySigma's reference in SQL does with `RANGE BETWEEN … PRECEDING AND CURRENT ROW`; no window
//! is cut at the full hour.
//!
//! **What is reported.** Windows for which the condition holds and that share events are one [`CorrelationHit`], from the first event of
//! the first to the last event of the last: a burst is one hit, however long it lasts. With `timespan: 10m` and `gte: 3`, events at
//! 0, 4, 8, 12 and 60, 61, 62 minutes are two hits, of four and of three events.
//!
//! **Absence.** With `not` in a condition over rules the windows lie after each event, not before it: `a and not b` is true of an `a` that
//! no `b` follows. A window that reaches beyond what was observed is not decided, and counted as such.
//!
//! **Order.** Things of one moment may have come in any order, and are taken to have come in the order asked for.

mod ahead;
mod measure;
mod window;

use std::collections::HashMap;

use crate::correlation::{Correlation, CorrelationCondition};
use crate::error::Error;
use crate::pattern::fold;
use window::Window;

/// Something that a rule of a correlation matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// The rule, as its position in [`Correlation::rules`].
    pub rule: usize,
    /// The values of the fields of [`Correlation::group_by`], in order.
    pub group: Vec<Option<String>>,
    /// The values of [`Correlation::value_fields`], in order.
    pub values: Vec<Option<String>>,
    /// What tells events apart. An event that several rules match counts once, except where rules are what is counted.
    pub event: String,
}

/// What came together.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationHit {
    /// The values of the fields of [`Correlation::group_by`], in order, as the first event writes them.
    pub group: Vec<String>,
    /// When the first of its events was, in milliseconds since 1970.
    pub first_ms: i64,
    /// When the last of its events was, in milliseconds since 1970.
    pub last_ms: i64,
    /// The largest number of any of its windows: of events, values or rules, or the sum, average, median or percentile.
    pub peak: f64,
    /// How many events it has.
    pub events_total: u64,
    /// Its events in order of time, at most [`CorrelationOptions::hit_events_max`] of them.
    pub events: Vec<String>,
}

/// How much is kept, and what is wanted.
#[derive(Debug, Clone, Copy)]
pub struct CorrelationOptions {
    /// More occurrences than this in all open windows together end the correlation with [`Error::CorrelationTooLarge`].
    pub open_events_max: usize,
    /// So many events are named with a hit; the others are counted.
    pub hit_events_max: usize,
    /// Until when everything that happened would have been seen, in milliseconds since 1970; `None` for the last occurrence.
    pub observed_until_ms: Option<i64>,
    /// Whether [`Correlated::moments`] are wanted.
    pub wants_moments: bool,
}

impl Default for CorrelationOptions {
    fn default() -> Self {
        Self { open_events_max: 5_000_000, hit_events_max: 1_000, observed_until_ms: None, wants_moments: false }
    }
}

/// What a correlation found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Correlated {
    /// The hits, by their first event.
    pub hits: Vec<CorrelationHit>,
    /// Every moment at which the condition held, for correlations of correlations; empty unless asked for.
    pub moments: Vec<Moment>,
    /// Values that are no numbers, where numbers were to be summed up; they were left out.
    pub values_not_numbers: u64,
    /// Events that have no value in a field of [`Correlation::group_by`], so that they belong to no group; they were left out.
    pub events_without_group: u64,
    /// Windows that reach beyond what was observed, so that an absence in them is not known.
    pub windows_undecided: u64,
}

/// A moment at which a condition held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When, in milliseconds since 1970: at the end of the window.
    pub time_ms: i64,
    /// The values of the fields of [`Correlation::group_by`], in order.
    pub group: Vec<String>,
}

/// Correlates occurrences that come sorted by time. Groups and values are compared in any case.
pub fn correlate(
    correlation: &Correlation,
    occurrences: impl IntoIterator<Item = Occurrence>,
    options: &CorrelationOptions,
) -> Result<Correlated, Error> {
    let looks_ahead = matches!(&correlation.condition, CorrelationCondition::Rules(rules) if rules.has_not());
    if looks_ahead { ahead::correlate(correlation, occurrences, options) } else { run(correlation, occurrences, options, i64::MIN) }
}

/// Windows that ended are looked for at least this many events apart.
const SWEEP_MIN: usize = 1024;

/// Correlates in windows that lie before each event. Those that end before `decided_from_ms` are not decided.
fn run(
    correlation: &Correlation,
    occurrences: impl IntoIterator<Item = Occurrence>,
    options: &CorrelationOptions,
    decided_from_ms: i64,
) -> Result<Correlated, Error> {
    let question = Question { correlation, options, decided_from_ms };
    let mut run = Run { question, windows: HashMap::new(), found: Correlated::default(), open_events: 0, until_sweep: SWEEP_MIN };
    let mut last_ms = i64::MIN;
    for occurrence in occurrences {
        if occurrence.time_ms < last_ms {
            return Err(not_sorted(correlation));
        }
        last_ms = occurrence.time_ms;
        run.take(occurrence)?;
    }
    Ok(run.finish())
}

fn not_sorted(correlation: &Correlation) -> Error {
    Error::NotSorted { correlation: correlation.about.key().to_owned() }
}

fn too_large(correlation: &Correlation, options: &CorrelationOptions) -> Error {
    Error::CorrelationTooLarge { correlation: correlation.about.key().to_owned(), open_events_max: options.open_events_max }
}

/// What is asked of every window.
#[derive(Debug, Clone, Copy)]
struct Question<'c> {
    correlation: &'c Correlation,
    options: &'c CorrelationOptions,
    decided_from_ms: i64,
}

struct Run<'c> {
    question: Question<'c>,
    /// By the values of the group in small letters.
    windows: HashMap<Vec<String>, Window>,
    found: Correlated,
    open_events: usize,
    until_sweep: usize,
}

impl Run<'_> {
    fn take(&mut self, occurrence: Occurrence) -> Result<(), Error> {
        let Question { correlation, options, .. } = self.question;
        let time_ms = occurrence.time_ms;
        let Some(group) = occurrence.group.iter().cloned().collect::<Option<Vec<String>>>() else {
            self.found.events_without_group += 1;
            return Ok(());
        };
        let key = group.iter().map(|value| fold(value)).collect();
        let window = self.windows.entry(key).or_insert_with(|| Window::new(correlation, group));
        let before = window.len();
        window.advance(time_ms, &self.question, &mut self.found);
        window.add(occurrence, &mut self.found);
        self.open_events = self.open_events + window.len() - before;
        self.until_sweep = self.until_sweep.saturating_sub(1);
        if self.until_sweep == 0 {
            self.sweep(time_ms);
        }
        if self.open_events > options.open_events_max { Err(too_large(correlation, options)) } else { Ok(()) }
    }

    /// Closes the windows of groups that nothing can be added to any more.
    fn sweep(&mut self, now_ms: i64) {
        let Self { question, windows, found, open_events, .. } = self;
        windows.retain(|_, window| {
            if window.last_ms() >= now_ms.saturating_sub(question.correlation.timespan_ms) {
                return true;
            }
            *open_events -= window.len();
            window.close(question, found);
            false
        });
        self.until_sweep = self.windows.len().max(SWEEP_MIN);
    }

    fn finish(mut self) -> Correlated {
        for window in self.windows.values_mut() {
            window.close(&self.question, &mut self.found);
        }
        self.found.sort();
        self.found
    }
}

impl Correlated {
    fn sort(&mut self) {
        self.hits.sort_by(|left, right| (left.first_ms, left.last_ms, &left.group).cmp(&(right.first_ms, right.last_ms, &right.group)));
        self.moments.sort_by(|left, right| (left.time_ms, &left.group).cmp(&(right.time_ms, &right.group)));
    }
}

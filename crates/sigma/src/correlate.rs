//! Puts matches together over time, in windows that slide with the events.
//!
//! For every event, its group's window is what lies within the timespan before it, itself and others of the same moment included. The
//! condition is asked of each such window, as the reference implementation in SQL does with `RANGE BETWEEN … PRECEDING AND CURRENT ROW`;
//! no window is cut at the full hour.
//!
//! **What is reported.** Windows for which the condition holds and that share events are one [`CorrelationHit`], from the first event of
//! the first to the last event of the last: a burst is one hit, however long it lasts. With `timespan: 10m` and `gte: 3`, events at
//! 0, 4, 8, 12 and 60, 61, 62 minutes are two hits, of four and of three events.
//!
//! **Absence.** `not` in a condition over rules, and `lt`, look back only: what comes after an event does not undo that it was a hit.

mod measure;
mod window;

use std::collections::HashMap;

use crate::correlation::Correlation;
use crate::error::Error;
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
    /// The values of the fields of [`Correlation::group_by`], in order.
    pub group: Vec<Option<String>>,
    /// When the first of its events was, in milliseconds since 1970.
    pub first_ms: i64,
    /// When the last of its events was, in milliseconds since 1970.
    pub last_ms: i64,
    /// The largest number of any of its windows: of events, values or rules, or the sum, average, median or percentile.
    pub peak: f64,
    /// How many events it has.
    pub events_total: u64,
    /// The first of them, at most [`CorrelationLimits::hit_events_max`].
    pub events: Vec<String>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct CorrelationLimits {
    /// More occurrences than this in all open windows together end the correlation with [`Error::CorrelationTooLarge`].
    pub open_events_max: usize,
    /// So many events are named with a hit; the others are counted.
    pub hit_events_max: usize,
}

impl Default for CorrelationLimits {
    fn default() -> Self {
        Self { open_events_max: 5_000_000, hit_events_max: 1_000 }
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
}

/// A moment at which a condition held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// The values of the fields of [`Correlation::group_by`], in order.
    pub group: Vec<Option<String>>,
}

/// Correlates occurrences that come sorted by time. `wants_moments` also collects [`Correlated::moments`].
pub fn correlate(
    correlation: &Correlation,
    occurrences: impl IntoIterator<Item = Occurrence>,
    limits: &CorrelationLimits,
    wants_moments: bool,
) -> Result<Correlated, Error> {
    let mut run =
        Run { correlation, limits, windows: HashMap::new(), found: Correlated::default(), open_events: 0, until_sweep: SWEEP_MIN };
    let mut last_ms = i64::MIN;
    for occurrence in occurrences {
        if occurrence.time_ms < last_ms {
            return Err(Error::NotSorted { correlation: correlation.about.key().to_owned() });
        }
        last_ms = occurrence.time_ms;
        run.take(occurrence, wants_moments)?;
    }
    Ok(run.finish(wants_moments))
}

/// Windows that ended are looked for at least this many events apart.
const SWEEP_MIN: usize = 1024;

struct Run<'c> {
    correlation: &'c Correlation,
    limits: &'c CorrelationLimits,
    windows: HashMap<Vec<Option<String>>, Window>,
    found: Correlated,
    open_events: usize,
    until_sweep: usize,
}

impl Run<'_> {
    fn take(&mut self, occurrence: Occurrence, wants_moments: bool) -> Result<(), Error> {
        let time_ms = occurrence.time_ms;
        let window = self.windows.entry(occurrence.group.clone()).or_insert_with(|| Window::new(self.correlation));
        let before = window.len();
        window.advance(time_ms, self.correlation, self.limits, &mut self.found, wants_moments, &occurrence.group);
        window.add(occurrence, &mut self.found);
        self.open_events = self.open_events + window.len() - before;
        self.until_sweep = self.until_sweep.saturating_sub(1);
        if self.until_sweep == 0 {
            self.sweep(time_ms, wants_moments);
        }
        if self.open_events > self.limits.open_events_max {
            let correlation = self.correlation.about.key().to_owned();
            return Err(Error::CorrelationTooLarge { correlation, open_events_max: self.limits.open_events_max });
        }
        Ok(())
    }

    /// Closes the windows of groups that nothing can be added to any more.
    fn sweep(&mut self, now_ms: i64, wants_moments: bool) {
        let Self { correlation, limits, windows, found, open_events, .. } = self;
        windows.retain(|group, window| {
            if window.last_ms() >= now_ms.saturating_sub(correlation.timespan_ms) {
                return true;
            }
            *open_events -= window.len();
            window.close(correlation, limits, found, wants_moments, group);
            false
        });
        self.until_sweep = self.windows.len().max(SWEEP_MIN);
    }

    fn finish(mut self, wants_moments: bool) -> Correlated {
        for (group, window) in &mut self.windows {
            window.close(self.correlation, self.limits, &mut self.found, wants_moments, group);
        }
        self.found
            .hits
            .sort_by(|left, right| (left.first_ms, left.last_ms, &left.group).cmp(&(right.first_ms, right.last_ms, &right.group)));
        self.found.moments.sort_by(|left, right| (left.time_ms, &left.group).cmp(&(right.time_ms, &right.group)));
        self.found
    }
}

//! Windows that lie after each event are windows that lie before it, in time that runs backwards.

use super::{Correlated, CorrelationOptions, Occurrence, not_sorted, run, too_large};
use crate::correlation::Correlation;
use crate::error::Error;

/// Correlates in windows that lie after each event; all occurrences are held, as none is decided before its window is over.
pub(super) fn correlate(
    correlation: &Correlation,
    occurrences: impl IntoIterator<Item = Occurrence>,
    options: &CorrelationOptions,
) -> Result<Correlated, Error> {
    let mut held: Vec<Occurrence> = Vec::new();
    for occurrence in occurrences {
        if held.last().is_some_and(|last| last.time_ms > occurrence.time_ms) {
            return Err(not_sorted(correlation));
        }
        if held.len() >= options.open_events_max {
            return Err(too_large(correlation, options));
        }
        held.push(occurrence);
    }
    let last_ms = held.last().map_or(i64::MIN, |last| last.time_ms);
    let until_ms = options.observed_until_ms.unwrap_or(last_ms);
    let backwards = held.into_iter().rev().map(|occurrence| Occurrence { time_ms: mirrored(occurrence.time_ms), ..occurrence });
    let decided_from_ms = mirrored(until_ms).saturating_add(correlation.timespan_ms);
    let mut found = run(correlation, backwards, options, decided_from_ms)?;
    for hit in &mut found.hits {
        (hit.first_ms, hit.last_ms) = (mirrored(hit.last_ms), mirrored(hit.first_ms));
        hit.events.reverse();
    }
    for moment in &mut found.moments {
        moment.time_ms = mirrored(moment.time_ms).saturating_add(correlation.timespan_ms);
    }
    found.sort();
    Ok(found)
}

fn mirrored(time_ms: i64) -> i64 {
    time_ms.saturating_neg()
}

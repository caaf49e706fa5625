//! What a run is asked for when it hunts: its statement, and the labels that say what its rows mean.

use std::collections::BTreeMap;

use coldtrail_model::{TimeRange, format_ms};

/// The label that says what the rows of a run are.
const KIND: &str = "kind";
const WINDOW_START: &str = "window_start_ms";
const WINDOW_END: &str = "window_end_ms";

/// The label of a run that repeats another: what that one took for now, in milliseconds since 1970, UTC.
pub const AS_OF_MS: &str = "as_of_ms";
/// The label of a run that repeats another: the id of the bundle that it repeats.
pub const REPEATS: &str = "repeats";
/// The labels that name what a run hunts for, with its version.
const SUBJECTS: [&str; 3] = ["hunt", "rules", "indicators"];

/// Every instant that SQL can write.
pub const ALL_TIME: TimeRange = TimeRange { start_ms: -62_135_596_800_000, end_ms: 253_402_300_799_999 };

/// What the rows of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// What a query of a hunt file gives.
    Hunt,
    /// Events that Sigma rules match.
    Sigma,
    /// Observables that indicators match.
    Sweep,
}

impl RunKind {
    const ALL: [Self; 3] = [Self::Hunt, Self::Sigma, Self::Sweep];

    fn name(self) -> &'static str {
        match self {
            Self::Hunt => "hunt",
            Self::Sigma => "sigma",
            Self::Sweep => "sweep",
        }
    }

    /// What these labels say; none of a run that somebody started for the rows alone.
    #[must_use]
    pub fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let name = labels.get(KIND)?;
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The labels of a run of this kind over a window.
    #[must_use]
    pub fn labels(self, window: TimeRange) -> BTreeMap<String, String> {
        let labels = [(KIND, self.name().to_owned()), (WINDOW_START, window.start_ms.to_string()), (WINDOW_END, window.end_ms.to_string())];
        labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The hunt, set of rules or feed that a run is about, without its version: another version of it finds the same things again.
#[must_use]
pub fn subject_of(labels: &BTreeMap<String, String>) -> Option<&str> {
    SUBJECTS.into_iter().find_map(|label| labels.get(label))?.split('@').next()
}

/// The moment that a run takes for now: when it was submitted or, if it repeats another run, what that one took.
#[must_use]
pub fn now_of(labels: &BTreeMap<String, String>, submitted_ms: i64) -> i64 {
    labels.get(AS_OF_MS).and_then(|time_ms| time_ms.parse().ok()).unwrap_or(submitted_ms)
}

/// The window that these labels name, both ends included.
#[must_use]
pub fn window_of(labels: &BTreeMap<String, String>) -> Option<TimeRange> {
    let bound = |name| labels.get(name)?.parse().ok();
    Some(TimeRange { start_ms: bound(WINDOW_START)?, end_ms: bound(WINDOW_END)? })
}

/// The statement that looks for every indicator of a feed in what was seen within a window.
#[must_use]
pub fn sweep_statement(feed: &str, window: TimeRange) -> String {
    let (start, end) = instants(window);
    format!("SELECT * FROM sweep('{}') WHERE last_time >= {start} AND first_time <= {end}", feed.replace('\'', "''"))
}

/// The statement that evaluates every rule of a set over the events of a window.
#[must_use]
pub fn sigma_statement(rules: &str, window: TimeRange) -> String {
    let (start, end) = instants(window);
    format!("SELECT * FROM sigma('{}') WHERE time >= {start} AND time <= {end}", rules.replace('\'', "''"))
}

/// Both ends as SQL reads them.
#[must_use]
pub fn instants(window: TimeRange) -> (String, String) {
    // A literal TIMESTAMP is read in nanoseconds, which end in the year 2262.
    let instant = |ms: i64| {
        let text = format_ms(ms.clamp(ALL_TIME.start_ms, ALL_TIME.end_ms));
        format!("arrow_cast('{text}', 'Timestamp(ms, \"UTC\")')")
    };
    (instant(window.start_ms), instant(window.end_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_written() {
        let window = TimeRange { start_ms: 1, end_ms: 2 };
        let labels = RunKind::Sweep.labels(window);
        assert_eq!(RunKind::of(&labels), Some(RunKind::Sweep));
        assert_eq!(window_of(&labels), Some(window));
        assert_eq!((RunKind::of(&BTreeMap::new()), window_of(&BTreeMap::new())), (None, None));
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let statement = sweep_statement("x') --", TimeRange { start_ms: 0, end_ms: i64::MAX });
        assert!(
            statement.starts_with("SELECT * FROM sweep('x'') --') WHERE last_time >= arrow_cast('1970-01-01T00:00:00.000Z',"),
            "{statement}"
        );
        assert!(statement.ends_with("arrow_cast('9999-12-31T23:59:59.999Z', 'Timestamp(ms, \"UTC\")')"), "{statement}");
    }
}

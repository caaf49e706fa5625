//! What should have been there: a gap that nobody names is the worst answer.

use std::collections::BTreeMap;

use coldtrail_evidence::CoverageCell;
use coldtrail_model::{Day, TimeRange};

/// Events by day, for each source and account.
pub(super) type Series = BTreeMap<(String, Option<String>), BTreeMap<Day, u64>>;

/// On how many days there must be events before there is a rhythm to learn.
const DAYS_TO_LEARN: usize = 3;
/// The most days of a window that are told apart.
const DAYS_MAX: i32 = 3_650;

/// What is known of what should be there.
#[derive(Debug)]
pub(super) struct Expectation<'a> {
    /// The sources that the hunt says it needs: of each there should be events on every day.
    pub(super) sources: &'a [String],
    /// The time that was asked about; none: that of the events there are.
    pub(super) window: Option<TimeRange>,
    /// The day of asking: nothing is expected of later ones.
    pub(super) today: Day,
    /// False if nothing can be said of what should be there.
    pub(super) is_known: bool,
}

/// One cell for each source, account and day on which there are events, rejects, or should be events.
///
/// There should be events of every source that the hunt names on every day; and of a source and account that has some on most days, from
/// its first day on, to the end of the window: one that falls silent is a gap, not the end of what is expected.
pub(super) fn cells(series: &Series, rejects: &BTreeMap<(String, Day), u64>, expectation: &Expectation<'_>) -> Vec<CoverageCell> {
    let mut cells: BTreeMap<(String, Option<String>, Day), CoverageCell> = BTreeMap::new();
    let mut cell = |source: &str, account: &Option<String>, day: Day, change: &dyn Fn(&mut CoverageCell)| {
        let new = || CoverageCell { source: source.to_owned(), account: account.clone(), day, expected: false, events: 0, rejects: 0 };
        change(cells.entry((source.to_owned(), account.clone(), day)).or_insert_with(new));
    };
    for ((source, account), days) in series {
        for (day, events) in days {
            cell(source, account, *day, &|cell| cell.events += events);
        }
    }
    for ((source, day), count) in rejects {
        cell(source, &None, *day, &|cell| cell.rejects += count);
    }
    let Some((first, last)) = span(series, expectation).filter(|_| expectation.is_known) else { return cells.into_values().collect() };
    for ((source, account), days) in series {
        for day in learnt(days, last) {
            cell(source, account, day, &|cell| cell.expected = true);
        }
    }
    for source in expectation.sources {
        let of_source: Vec<_> = series.iter().filter(|((name, _), _)| name == source).collect();
        for day in days(first, last) {
            let mut there = of_source.iter().filter(|(_, events)| events.contains_key(&day)).peekable();
            if there.peek().is_none() {
                cell(source, &None, day, &|cell| cell.expected = true);
            }
            for ((_, account), _) in there {
                cell(source, account, day, &|cell| cell.expected = true);
            }
        }
    }
    cells.into_values().collect()
}

/// The first and the last day that something can be expected of.
fn span(series: &Series, expectation: &Expectation<'_>) -> Option<(Day, Day)> {
    let all = || series.values().flat_map(BTreeMap::keys);
    let (first, last) = match expectation.window {
        Some(window) => (Day::of_ms(window.start_ms), Day::of_ms(window.end_ms).min(expectation.today)),
        None => (*all().min()?, *all().max()?),
    };
    let earliest = Day::from_epoch_days(last.epoch_days().saturating_sub(DAYS_MAX));
    Some((first.max(earliest), last))
}

/// The days on which there should be events of somebody who has some on most days.
fn learnt(events: &BTreeMap<Day, u64>, last: Day) -> impl Iterator<Item = Day> + use<> {
    let own = events.keys().next().zip(events.keys().next_back());
    let regular = own.filter(|(first, newest)| {
        let span = i64::from(newest.epoch_days()) - i64::from(first.epoch_days()) + 1;
        events.len() >= DAYS_TO_LEARN && i64::try_from(events.len()).is_ok_and(|days| days * 2 > span)
    });
    regular.map(|(first, newest)| days(*first, last.max(*newest))).into_iter().flatten()
}

fn days(first: Day, last: Day) -> impl Iterator<Item = Day> {
    (first.epoch_days()..=last.epoch_days()).map(Day::from_epoch_days)
}

#[cfg(test)]
mod tests {
    use coldtrail_evidence::Coverage;

    use super::*;

    fn day(number: i32) -> Day {
        Day::from_epoch_days(20_000 + number)
    }

    fn window(first: i32, last: i32) -> TimeRange {
        let ms = |number: i32| i64::from(20_000 + number) * 86_400_000;
        TimeRange { start_ms: ms(first), end_ms: ms(last + 1) - 1 }
    }

    fn series(of: &[(&str, Option<&str>, &[i32])]) -> Series {
        let days = |numbers: &[i32]| numbers.iter().map(|number| (day(*number), 10)).collect();
        of.iter().map(|(source, account, numbers)| (((*source).to_owned(), account.map(str::to_owned)), days(numbers))).collect()
    }

    fn gaps(series: &Series, sources: &[String], window: Option<TimeRange>) -> Vec<String> {
        let expectation = Expectation { sources, window, today: day(100), is_known: true };
        let coverage = Coverage { window: None, cells: cells(series, &BTreeMap::new(), &expectation), unreadable: Vec::new() };
        let said = |gap: coldtrail_evidence::Gap| {
            let number = |day: Day| day.epoch_days() - 20_000;
            format!("{} {} {}-{}", gap.source, gap.account.unwrap_or_default(), number(gap.from), number(gap.to))
        };
        coverage.gaps().into_iter().map(said).collect()
    }

    #[test]
    fn a_source_that_the_hunt_needs_is_missed_on_every_day_without_it() {
        let there = series(&[("okta", Some("a"), &[3, 4]), ("okta", Some("b"), &[5])]);
        let needed = ["okta".to_owned(), "zeek".to_owned()];
        assert_eq!(gaps(&there, &needed, Some(window(1, 6))), ["okta  1-2", "okta  6-6", "zeek  1-6"]);
    }

    #[test]
    fn an_account_that_falls_silent_is_missed_to_the_end() {
        let there = series(&[("aws", Some("a"), &[1, 2, 3, 4]), ("aws", Some("b"), &[1, 2, 3, 4, 5, 6, 7, 8])]);
        assert_eq!(gaps(&there, &[], Some(window(1, 8))), ["aws a 5-8"]);
    }

    #[test]
    fn days_between_are_missed_and_those_before_the_first_are_not() {
        let there = series(&[("aws", None, &[4, 5, 7, 8])]);
        assert_eq!(gaps(&there, &[], None), ["aws  6-6"]);
        assert_eq!(gaps(&there, &[], Some(window(1, 8))), ["aws  6-6"]);
    }

    #[test]
    fn nothing_is_learnt_from_what_comes_now_and_then() {
        let there = series(&[("aws", Some("rare"), &[1, 9, 17]), ("aws", Some("new"), &[16, 17])]);
        assert_eq!(gaps(&there, &[], Some(window(1, 20))), Vec::<String>::new());
    }

    #[test]
    fn the_future_is_not_missed() {
        let there = series(&[("aws", None, &[96, 97, 98, 99, 100])]);
        assert_eq!(gaps(&there, &["aws".to_owned()], Some(window(96, 120))), Vec::<String>::new());
    }
}

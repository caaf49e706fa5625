//! What the charts of a report show, and where it is drawn.

use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::{Day, format_ms};
use serde::Serialize;

use super::words::counted;
use crate::{Coverage, CoverageCell, Facts, TimelineBin};

/// The width of a chart, in its own units.
const WIDTH: u64 = 900;
/// The height of the highest bar.
const BAR_HEIGHT: u64 = 100;
/// More bars than this would be narrower than one can see: they are added up.
const BARS_MAX: u64 = 300;
/// The most days that the map of coverage shows: the last.
const DAYS_MAX: i32 = 400;
/// The height of a row of the map.
const ROW_HEIGHT: u64 = 22;
/// The width of the names of sources.
const NAMES_WIDTH: u64 = 160;

/// Hits over time.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    bars: Vec<Bar>,
    from: String,
    to: String,
    highest: u64,
    /// What is counted: `hits`, or `rows` of slices.
    of: &'static str,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: String,
    y: u64,
    width: String,
    height: u64,
    title: String,
}

impl Timeline {
    /// None if there is no time to show.
    pub(super) fn of(facts: &Facts) -> Option<Self> {
        let (bins, of) = bins(facts);
        let from_ms = bins.iter().map(|bin| bin.from_ms).min()?;
        let to_ms = bins.iter().map(|bin| bin.to_ms).max()?;
        let span = to_ms.saturating_sub(from_ms).saturating_add(1);
        let bins = if bins.len() as u64 > BARS_MAX { added_up(&bins, from_ms, span) } else { bins };
        let highest = bins.iter().map(|bin| bin.hits).max().unwrap_or_default();
        let x = |time_ms: i64| time_ms.saturating_sub(from_ms) as f64 / span as f64 * WIDTH as f64;
        let bars = bins.iter().filter(|bin| bin.hits > 0).map(|bin| {
            let height = (u128::from(bin.hits) * u128::from(BAR_HEIGHT)).div_ceil(u128::from(highest.max(1))) as u64;
            let (left, right) = (x(bin.from_ms), x(bin.to_ms.saturating_add(1)));
            Bar {
                x: format!("{left:.2}"),
                y: BAR_HEIGHT - height,
                width: format!("{:.2}", (right - left).max(1.5)),
                height,
                title: format!("{} to {}: {} {of}", format_ms(bin.from_ms), format_ms(bin.to_ms), bin.hits),
            }
        });
        Some(Self { bars: bars.collect(), from: format_ms(from_ms), to: format_ms(to_ms), highest, of })
    }
}

/// What was counted, or else the rows of slices.
fn bins(facts: &Facts) -> (Vec<TimelineBin>, &'static str) {
    if !facts.timeline.is_empty() {
        return (facts.timeline.clone(), "hits");
    }
    let rows = facts.slices.iter().filter_map(|slice| {
        let hits = slice.result.as_ref()?.rows;
        Some(TimelineBin { from_ms: slice.from_ms, to_ms: slice.to_ms, hits })
    });
    (rows.collect(), "rows")
}

fn added_up(bins: &[TimelineBin], from_ms: i64, span: i64) -> Vec<TimelineBin> {
    let width = span / BARS_MAX as i64 + 1;
    let mut sums: BTreeMap<i64, u64> = BTreeMap::new();
    for bin in bins {
        let sum = sums.entry(bin.from_ms.saturating_sub(from_ms) / width).or_default();
        *sum = sum.saturating_add(bin.hits);
    }
    let bin = |(place, hits): (i64, u64)| {
        let from_ms = from_ms.saturating_add(place.saturating_mul(width));
        TimelineBin { from_ms, to_ms: from_ms.saturating_add(width - 1), hits }
    };
    sums.into_iter().map(bin).collect()
}

/// Events by source and day.
#[derive(Debug, Serialize)]
pub(super) struct HeatMap {
    rows: Vec<HeatRow>,
    first: String,
    last: String,
    height: u64,
    names_width: u64,
    width: u64,
    /// How many days come before the first that is shown.
    days_left_out: i64,
}

#[derive(Debug, Serialize)]
struct HeatRow {
    source: String,
    y: u64,
    cells: Vec<HeatCell>,
}

#[derive(Debug, Serialize)]
struct HeatCell {
    x: String,
    width: String,
    /// `none`, `gap`, `part`, or `level1` to `level4`.
    class: &'static str,
    /// The attributes that show the class.
    look: &'static str,
    title: String,
}

/// The cells of one source and day, of all accounts.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    events: u64,
    expected: bool,
    gaps: u64,
    accounts: u64,
}

impl HeatMap {
    /// None if there are no cells.
    pub(super) fn of(coverage: &Coverage) -> Option<Self> {
        let first = coverage.cells.iter().map(|cell| cell.day).min()?;
        let last = coverage.cells.iter().map(|cell| cell.day).max()?;
        let shown = Day::from_epoch_days(first.epoch_days().max(last.epoch_days().saturating_sub(DAYS_MAX - 1)));
        let days = shown.epoch_days()..=last.epoch_days();
        let width = (WIDTH - NAMES_WIDTH) as f64 / f64::from(last.epoch_days() - shown.epoch_days() + 1);
        let sums = sums(&coverage.cells);
        let sources: BTreeSet<&str> = sums.keys().map(|(source, _)| *source).collect();
        let rows = sources.into_iter().enumerate().map(|(index, source)| {
            let most = sums.iter().filter(|((of, _), _)| *of == source).map(|(_, sum)| sum.events).max().unwrap_or_default();
            let cells = days.clone().map(|day| {
                let sum = sums.get(&(source, Day::from_epoch_days(day))).copied().unwrap_or_default();
                let x = NAMES_WIDTH as f64 + f64::from(day - shown.epoch_days()) * width;
                let (class, words) = sum.shown(most);
                let title = format!("{source}, {}: {words}", Day::from_epoch_days(day));
                HeatCell { look: look(class), x: format!("{x:.2}"), width: format!("{:.2}", (width - 1.0).max(width * 0.7)), class, title }
            });
            HeatRow { source: source.to_owned(), y: index as u64 * ROW_HEIGHT, cells: cells.collect() }
        });
        let rows: Vec<HeatRow> = rows.collect();
        Some(Self {
            height: rows.len() as u64 * ROW_HEIGHT,
            rows,
            first: shown.to_string(),
            last: last.to_string(),
            names_width: NAMES_WIDTH,
            width: WIDTH,
            days_left_out: i64::from(shown.epoch_days()) - i64::from(first.epoch_days()),
        })
    }
}

fn sums(cells: &[CoverageCell]) -> BTreeMap<(&str, Day), Sum> {
    let mut sums: BTreeMap<(&str, Day), Sum> = BTreeMap::new();
    for cell in cells {
        let sum = sums.entry((&cell.source, cell.day)).or_default();
        sum.events = sum.events.saturating_add(cell.events);
        sum.expected |= cell.expected;
        sum.gaps += u64::from(cell.is_gap());
        sum.accounts += 1;
    }
    sums
}

impl Sum {
    fn shown(self, most: u64) -> (&'static str, String) {
        let events = counted(self.events, "event");
        match (self.events, self.expected) {
            (0, true) => ("gap", "none, and there should be some".to_owned()),
            (0, false) => ("none", "none, and none were expected".to_owned()),
            _ if self.gaps > 0 => ("part", format!("{events}; {} of {} without", self.gaps, counted(self.accounts, "account"))),
            (count, _) => {
                let level = u128::from(count) * 4 / (u128::from(most) + 1);
                (["level1", "level2", "level3", "level4"][level.min(3) as usize], events)
            }
        }
    }
}

fn look(class: &str) -> &'static str {
    match class {
        "gap" => r##"fill="none" stroke="#d1433a" stroke-width="2""##,
        "part" => r##"fill-opacity="0.3" stroke="#d1433a" stroke-width="1.5" stroke-dasharray="3 2""##,
        "level1" => r#"fill-opacity="0.25""#,
        "level2" => r#"fill-opacity="0.5""#,
        "level3" => r#"fill-opacity="0.75""#,
        "level4" => r#"fill-opacity="1""#,
        _ => r##"fill="none" stroke="#8b949e" stroke-opacity="0.4" stroke-width="0.5""##,
    }
}

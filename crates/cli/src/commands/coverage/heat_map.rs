use std::collections::BTreeMap;
use std::fmt;

use coldtrail_model::{Day, TimeRange, format_ms};

use super::hour::{HOUR_MS, Hour};

/// The most columns: what a terminal shows on one line beside the names.
const COLUMNS_MAX: i64 = 96;
/// How long a column may stand for, in hours.
const STEPS: &[i64] = &[1, 2, 3, 6, 12, 24, 48, 168, 720, 8_760];
/// From few events to many; the first is none and nothing missed.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Some hour was missed.
const GAP: char = '!';

/// Events over time as text, a line for each source, account and region: the darker, the more, by the line's own median; `!` where
/// something is missing.
#[derive(Debug)]
pub(super) struct HeatMap {
    start_ms: i64,
    step_ms: i64,
    columns: usize,
    lines: BTreeMap<String, Vec<Cell>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    events: u64,
    is_gap: bool,
}

impl HeatMap {
    /// A map of these hours. The columns begin with the first hour that has something, so that a wide window over few days shows them.
    pub(super) fn new(window: TimeRange, hours: &[Hour]) -> Self {
        let first = hours.iter().map(Hour::start_ms).min().unwrap_or(window.start_ms);
        let last = hours.iter().map(Hour::start_ms).max().unwrap_or(first);
        let hours_wide = (last - first) / HOUR_MS + 1;
        let step = STEPS.iter().find(|step| hours_wide <= **step * COLUMNS_MAX).or(STEPS.last()).map_or(HOUR_MS, |step| step * HOUR_MS);
        let start_ms = first.div_euclid(step) * step;
        let column = |ms: i64| usize::try_from((ms - start_ms) / step).unwrap_or(0);
        let columns = column(last) + 1;
        let mut lines: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
        for hour in hours {
            let line = lines.entry(hour.series()).or_insert_with(|| vec![Cell::default(); columns]);
            let cell = &mut line[column(hour.start_ms())];
            cell.events += hour.events;
            cell.is_gap |= hour.is_gap;
        }
        Self { start_ms, step_ms: step, columns, lines }
    }
}

impl fmt::Display for HeatMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return Ok(());
        }
        let wide = self.lines.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let end_ms = self.start_ms + self.step_ms * i64::try_from(self.columns).unwrap_or(0);
        let a_column = match self.step_ms / HOUR_MS {
            hours if hours % 24 == 0 => format!("{} d", hours / 24),
            hours => format!("{hours} h"),
        };
        let (first, last) = (format_ms(self.start_ms), Day::of_ms(end_ms - 1));
        writeln!(f, "{:wide$}  {} to {last}, a column is {a_column}; {GAP} is a gap", "", &first[..10])?;
        for (name, cells) in &self.lines {
            let median = median(cells);
            let text: String = cells.iter().map(|cell| shade(*cell, median)).collect();
            writeln!(f, "{name:wide$} |{text}|")?;
        }
        Ok(())
    }
}

/// The middle one of the counts that are not none.
fn median(cells: &[Cell]) -> u64 {
    let mut counts: Vec<u64> = cells.iter().map(|cell| cell.events).filter(|events| *events > 0).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}

fn shade(cell: Cell, median: u64) -> char {
    match cell.events {
        _ if cell.is_gap => GAP,
        0 => SHADES[0],
        events if events * 4 < median => SHADES[1],
        events if events * 4 < median * 3 => SHADES[2],
        events if events <= median * 2 => SHADES[3],
        _ => SHADES[4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_little_and_much_and_what_is_missing() {
        let hours = [
            Hour::of("aws", Some("1"), 0, 10, false),
            Hour::of("aws", Some("1"), 1, 1, false),
            Hour::of("aws", Some("1"), 2, 0, true),
            Hour::of("aws", Some("1"), 4, 30, false),
            Hour::of("okta", None, 5, 5, false),
        ];
        let window = TimeRange { start_ms: 0, end_ms: i64::MAX };
        let text = HeatMap::new(window, &hours).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].trim(), "2026-01-01 to 2026-01-01, a column is 1 h; ! is a gap");
        assert_eq!(&lines[1..], ["aws 1 |▓░! █ |", "okta  |     ▓|"]);
    }

    #[test]
    fn months_become_days() {
        let mut late = Hour::of("aws", None, 0, 1, false);
        late.hour += chrono::TimeDelta::days(89);
        let map = HeatMap::new(TimeRange { start_ms: 0, end_ms: i64::MAX }, &[Hour::of("aws", None, 0, 1, false), late]);
        assert_eq!((map.step_ms / HOUR_MS, map.columns), (24, 90));
    }
}

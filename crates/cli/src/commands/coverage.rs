mod heat_map;
mod hour;
mod techniques;

use std::collections::BTreeMap;

use anyhow::Context;
use coldtrail_flight::client::Client;
use coldtrail_model::{TimeRange, format_ms};

use crate::arguments::Coverage;
use crate::commands::sql::sign_in;
use crate::exit;
use crate::output;
use heat_map::HeatMap;
use hour::Hour;

/// Shows what came in of what should have.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) async fn run(arguments: &Coverage) -> anyhow::Result<u8> {
    let window = arguments.window.range()?;
    let mut client = sign_in(&arguments.server).await?;
    let hours = hours(&mut client, arguments, window).await?;
    if !arguments.attack.is_empty() {
        return techniques::show(&arguments.attack, &hours, arguments.json);
    }
    if arguments.json {
        hours.iter().try_for_each(|hour| anyhow::Ok(println!("{}", serde_json::to_string(hour)?)))?;
    } else {
        print!("{}", HeatMap::new(window, &hours));
        print!("{}", measures(&hours));
    }
    let gaps = gaps(&hours);
    for gap in &gaps {
        eprintln!("coldtrail: gap: {gap}");
    }
    if hours.is_empty() {
        eprintln!("coldtrail: NO_COVERAGE: there is nothing in the window");
    }
    Ok(if gaps.is_empty() && !hours.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

async fn hours(client: &mut Client, arguments: &Coverage, window: TimeRange) -> anyhow::Result<Vec<Hour>> {
    let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
    let only = |column: &str, values: &[String]| match values {
        [] => String::new(),
        values => format!(" AND {column} IN ({})", values.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    };
    let statement = format!(
        "SELECT * FROM coverage('{}/{}') WHERE true{}{} ORDER BY source, account, region, hour",
        format_ms(window.start_ms),
        format_ms(window.end_ms),
        only("source", &arguments.sources),
        only("account", &arguments.accounts)
    );
    let rows = output::json_rows(client.query(&statement).await?).await?;
    rows.into_iter().map(|row| serde_json::from_value(row).context("a row of the server's coverage cannot be read")).collect()
}

/// The figures of each source, as a table with a line for each.
fn measures(hours: &[Hour]) -> String {
    let mut sources: BTreeMap<&str, Vec<&Hour>> = BTreeMap::new();
    for hour in hours {
        sources.entry(&hour.source).or_default().push(hour);
    }
    let mut table = format!(
        "\n{:24} {:>12} {:>9} {:>7} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9}\n",
        "source", "events", "MB", "gaps, h", "rejects", "doubled", "late", "unmapped", "lag, s", "ahead, s"
    );
    for (source, hours) in sources {
        let sum = |of: fn(&Hour) -> u64| hours.iter().map(|hour| of(hour)).sum::<u64>();
        let events = sum(|hour| hour.events);
        let share = |part: u64, whole: u64| if whole == 0 { "–".to_owned() } else { format!("{:.1} %", percent(part, whole)) };
        let ahead = hours.iter().filter_map(|hour| hour.ahead_seconds_max).fold(0.0, f64::max);
        table += &format!(
            "{source:24} {events:>12} {:>9.1} {:>7} {:>9} {:>9} {:>7} {:>9} {:>9} {ahead:>9.0}\n",
            hours.iter().filter_map(|hour| hour.bytes).sum::<f64>() / 1e6,
            hours.iter().filter(|hour| hour.is_gap).count(),
            share(sum(|hour| hour.rejects), events + sum(|hour| hour.rejects)),
            share(sum(|hour| hour.duplicates), events + sum(|hour| hour.duplicates)),
            share(sum(|hour| hour.late), events),
            share(sum(|hour| hour.unmapped), events),
            mean_lag(&hours).map_or_else(|| "–".to_owned(), |lag| format!("{lag:.0}")),
        );
    }
    table
}

#[allow(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole as f64
}

/// How many seconds after they happened events were taken in, on average.
#[allow(clippy::cast_precision_loss)]
fn mean_lag(hours: &[&Hour]) -> Option<f64> {
    let known = || hours.iter().filter_map(|hour| Some((hour.lag_seconds?, hour.events as f64)));
    let events: f64 = known().map(|(_, events)| events).sum();
    (events > 0.0).then(|| known().map(|(lag, events)| lag * events).sum::<f64>() / events)
}

/// Hours that follow one another, missed of the same source, account and region.
fn gaps(hours: &[Hour]) -> Vec<String> {
    let mut gaps: Vec<(String, i64, i64)> = Vec::new();
    for hour in hours.iter().filter(|hour| hour.is_gap) {
        let (who, start) = (hour.series(), hour.start_ms());
        match gaps.last_mut() {
            Some((last, _, end)) if *last == who && *end == start => *end = start + hour::HOUR_MS,
            _ => gaps.push((who, start, start + hour::HOUR_MS)),
        }
    }
    let said = |(who, start, end): (String, i64, i64)| {
        format!("{who}: {} to {}, {} h", format_ms(start), format_ms(end), (end - start) / hour::HOUR_MS)
    };
    gaps.into_iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_follow_one_another_are_one_gap() {
        let of = |account: &str, hour: u32, is_gap: bool| Hour::of("aws", Some(account), hour, u64::from(!is_gap), is_gap);
        let hours = [of("1", 3, true), of("1", 4, true), of("1", 5, false), of("1", 6, true), of("2", 7, true)];
        assert_eq!(
            gaps(&hours),
            [
                "aws 1: 2026-01-01T03:00:00.000Z to 2026-01-01T05:00:00.000Z, 2 h",
                "aws 1: 2026-01-01T06:00:00.000Z to 2026-01-01T07:00:00.000Z, 1 h",
                "aws 2: 2026-01-01T07:00:00.000Z to 2026-01-01T08:00:00.000Z, 1 h",
            ]
        );
    }
}

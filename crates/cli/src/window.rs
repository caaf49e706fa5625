//! The time that a hunt looks at, as it is written on the command line.

use anyhow::bail;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use coldtrail_huntfile::Duration;
use coldtrail_model::TimeRange;

/// From when to when.
#[derive(Debug, Args)]
pub(crate) struct WindowArguments {
    /// How far to look back (90d, 12h), or the first day or instant (2026-01-31, 2026-01-31T12:00:00Z).
    #[arg(long, default_value = "90d")]
    pub(crate) since: String,
    /// The last day or instant; without it, now.
    #[arg(long)]
    pub(crate) until: Option<String>,
}

impl WindowArguments {
    /// The window, both ends included.
    pub(crate) fn range(&self) -> anyhow::Result<TimeRange> {
        let now = Utc::now();
        let end = match &self.until {
            None => now,
            Some(text) => instant(text, true)?,
        };
        let start = match self.since.parse::<Duration>() {
            Ok(back) => {
                let back = i64::try_from(back.as_ms()).unwrap_or(i64::MAX);
                DateTime::from_timestamp_millis(end.timestamp_millis().saturating_sub(back)).unwrap_or(DateTime::UNIX_EPOCH)
            }
            Err(_) => instant(&self.since, false)?,
        };
        if start > end {
            bail!("the window ends ({end}) before it begins ({start}); look at --since and --until");
        }
        Ok(TimeRange { start_ms: start.timestamp_millis(), end_ms: end.timestamp_millis() })
    }
}

fn instant(text: &str, is_end: bool) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let Ok(day) = text.parse::<NaiveDate>() else {
        bail!("{text} is neither a length of time (90d, 12h) nor a day or instant (2026-01-31, 2026-01-31T12:00:00Z)");
    };
    let time = if is_end { day.and_hms_milli_opt(23, 59, 59, 999) } else { day.and_hms_opt(0, 0, 0) };
    Ok(time.unwrap_or_default().and_utc())
}

#[cfg(test)]
mod tests {
    use coldtrail_model::format_ms;

    use super::*;

    fn range(since: &str, until: &str) -> anyhow::Result<TimeRange> {
        WindowArguments { since: since.to_owned(), until: Some(until.to_owned()) }.range()
    }

    #[test]
    fn a_window_is_read_back_from_its_end() {
        let window = range("2d", "2026-01-31").expect("a window");
        let day = 86_400_000;
        assert_eq!(window.end_ms - window.start_ms, 2 * day);
        assert_eq!(format_ms(window.end_ms), "2026-01-31T23:59:59.999Z");
        let window = range("2026-01-30", "2026-01-30").expect("a day");
        assert_eq!(window.end_ms - window.start_ms, day - 1);
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for (since, until) in [("2026-02-01", "2026-01-31"), ("yesterday", "2026-01-31"), ("1d", "soon"), ("99999999999999d", "2026-01-31")]
        {
            range(since, until).expect_err(since);
        }
    }
}

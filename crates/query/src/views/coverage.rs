use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{Result, plan_err};
use datafusion::datasource::TableType;

use crate::catalog::CatalogParts;

/// The statement behind the view, with places for its window.
const STATEMENT: &str = include_str!("coverage.sql");
/// So many days somebody who fell silent is missed, hour by hour.
const SILENT_DAYS_MAX: u32 = 400;
/// The longest way back that a window can be given as, in days: as far as a log may reach.
const DAYS_MAX: i64 = 36_500;

/// Schema `coverage`: for each window, what came in and what should have. `coverage('90d')` is its table `90d`,
/// `coverage('2026-01-01/2026-03-31')` its table of that name.
#[derive(Debug)]
pub(crate) struct CoverageSchema {
    parts: CatalogParts,
}

impl CoverageSchema {
    pub(crate) fn new(parts: CatalogParts) -> Self {
        Self { parts }
    }
}

#[async_trait::async_trait]
impl SchemaProvider for CoverageSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match name.parse::<CoverageWindow>() {
            Ok(window) => coverage(&self.parts, Some(window)).await.map(Some),
            Err(message) => plan_err!("{message}"),
        }
    }

    async fn table_type(&self, _: &str) -> Result<Option<TableType>> {
        Ok(Some(TableType::View))
    }

    fn table_exist(&self, _: &str) -> bool {
        true
    }
}

/// The hours of a window in which events came, or should have come, by source, account and region; see `coverage.sql`. Without a
/// window: from the first to the last event of the lake, so that one who fell silent is missed as long as others go on.
pub(crate) async fn coverage(parts: &CatalogParts, window: Option<CoverageWindow>) -> Result<Arc<dyn TableProvider>> {
    super::of_statement(parts, statement(window, !parts.expected.is_empty(), Utc::now())).await
}

/// Which time is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CoverageWindow {
    /// So far back from now.
    Back(TimeDelta),
    /// From one instant to another, both included.
    Between(DateTime<Utc>, DateTime<Utc>),
}

/// `90d`, `12h`, or two days or instants with a stroke between them, as ISO 8601 writes an interval.
impl FromStr for CoverageWindow {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong =
            || format!("{text:?} is no window such as 90d, 12h, 2026-01-01/2026-03-31 or 2026-01-01T00:00:00Z/2026-01-01T12:00:00Z");
        if let Some((from, to)) = text.split_once('/') {
            let window = instant(from, false).zip(instant(to, true)).ok_or_else(wrong)?;
            return if window.0 <= window.1 {
                Ok(Self::Between(window.0, window.1))
            } else {
                Err(format!("{text:?} ends before it begins"))
            };
        }
        let number = |unit: char| text.strip_suffix(unit).and_then(|number| number.parse::<u32>().ok()).map(i64::from);
        let back = number('d').and_then(TimeDelta::try_days).or_else(|| number('h').and_then(TimeDelta::try_hours));
        back.filter(|back| back.num_days() <= DAYS_MAX).map(Self::Back).ok_or_else(wrong)
    }
}

fn instant(text: &str, is_end: bool) -> Option<DateTime<Utc>> {
    let day = || {
        let day = text.parse::<NaiveDate>().ok()?;
        let time = if is_end { day.and_hms_milli_opt(23, 59, 59, 999) } else { day.and_hms_opt(0, 0, 0) };
        Some(time?.and_utc())
    };
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc()).or_else(day)
}

/// Nothing is missed of an hour that is not over, nor of the one before it: its events may be on their way.
fn statement(window: Option<CoverageWindow>, declares: bool, now: DateTime<Utc>) -> String {
    let literal = |instant: DateTime<Utc>| {
        let text = instant.to_rfc3339_opts(SecondsFormat::Millis, true);
        format!("arrow_cast('{text}', 'Timestamp(ms, \"UTC\")')")
    };
    let hour = |instant: DateTime<Utc>| format!("date_trunc('hour', {})", literal(instant));
    let (within, start, end) = match window {
        None => ("true".to_owned(), "NULL".to_owned(), "NULL".to_owned()),
        Some(window) => {
            let (start, end) = match window {
                CoverageWindow::Back(back) => (now - back, now),
                CoverageWindow::Between(start, end) => (start, end),
            };
            let due = end.min(now - TimeDelta::hours(2));
            (format!("time >= {} AND time <= {}", literal(start), literal(end)), hour(start), hour(due))
        }
    };
    let statement = STATEMENT.replace("{declares}", if declares { "true" } else { "false" });
    let statement = statement.replace("{silent_days_max}", &SILENT_DAYS_MAX.to_string());
    statement.replace("{within}", &within).replace("{start}", &start).replace("{end}", &end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_people_write_them() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        assert_eq!("90d".parse(), Ok(CoverageWindow::Back(TimeDelta::days(90))));
        assert_eq!("12h".parse(), Ok(CoverageWindow::Back(TimeDelta::hours(12))));
        let whole = CoverageWindow::Between(at("2026-01-01T00:00:00Z"), at("2026-03-31T23:59:59.999Z"));
        assert_eq!("2026-01-01/2026-03-31".parse(), Ok(whole));
        let part = CoverageWindow::Between(at("2026-01-01T06:00:00Z"), at("2026-01-01T12:00:00Z"));
        assert_eq!("2026-01-01T06:00:00Z/2026-01-01T14:00:00+02:00".parse(), Ok(part));
        for wrong in ["", "90", "d", "-1d", "99999999d", "yesterday", "2026-02-01/2026-01-01", "2026-13-01/2026-14-01", "1d'; SELECT 1"] {
            let message = wrong.parse::<CoverageWindow>().unwrap_err();
            assert!(message.contains(wrong), "{message}");
        }
    }
}

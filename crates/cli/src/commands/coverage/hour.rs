use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub(super) const HOUR_MS: i64 = 3_600_000;

/// A row of `coverage(…)`: one hour of a source, account and region.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Hour {
    pub(super) source: String,
    #[serde(default)]
    pub(super) account: Option<String>,
    #[serde(default)]
    pub(super) region: Option<String>,
    /// Its beginning.
    pub(super) hour: DateTime<Utc>,
    pub(super) events: u64,
    #[serde(default)]
    pub(super) bytes: Option<f64>,
    pub(super) late: u64,
    pub(super) unmapped: u64,
    pub(super) rejects: u64,
    pub(super) duplicates: u64,
    #[serde(default)]
    pub(super) lag_seconds: Option<f64>,
    #[serde(default)]
    pub(super) lag_seconds_max: Option<f64>,
    #[serde(default)]
    pub(super) ahead_seconds_max: Option<f64>,
    /// Why there should be events, if there should: `hourly`, `daily` or `declared`.
    #[serde(default)]
    pub(super) expected: Option<String>,
    pub(super) is_gap: bool,
}

impl Hour {
    /// Source, account and region for people.
    pub(super) fn series(&self) -> String {
        [Some(&self.source), self.account.as_ref(), self.region.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    }

    /// Its beginning in milliseconds since 1970.
    pub(super) fn start_ms(&self) -> i64 {
        self.hour.timestamp_millis()
    }

    /// An hour of 1 January 2026.
    #[cfg(test)]
    pub(super) fn of(source: &str, account: Option<&str>, hour: u32, events: u64, is_gap: bool) -> Self {
        let hour = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc();
        Self {
            source: source.to_owned(),
            account: account.map(str::to_owned),
            region: None,
            hour,
            events,
            bytes: None,
            late: 0,
            unmapped: 0,
            rejects: 0,
            duplicates: 0,
            lag_seconds: None,
            lag_seconds_max: None,
            ahead_seconds_max: None,
            expected: Some("hourly".to_owned()),
            is_gap,
        }
    }
}

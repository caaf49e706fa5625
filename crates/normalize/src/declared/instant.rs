use chrono::{DateTime, NaiveDateTime};

use crate::parse::{epoch_seconds_ms, time_ms};

/// How a source writes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// As RFC 3339 text, in another form of [`WRITTEN`], or as a number since 1970 whose size tells its unit.
    Any,
    /// As RFC 3339 text; without a zone it is UTC.
    Rfc3339,
    /// As seconds since 1970, with or without decimals.
    Seconds,
    /// As milliseconds since 1970.
    Milliseconds,
    /// As microseconds since 1970.
    Microseconds,
    /// As nanoseconds since 1970.
    Nanoseconds,
}

/// The forms in which devices write the time; without a zone it is UTC.
const WRITTEN: [&str; 5] =
    ["%m/%d/%Y, %I:%M:%S%.f %p", "%Y/%m/%d %H:%M:%S%.f", "%b %d %Y %H:%M:%S%.f", "%a %b %d %H:%M:%S %Y", "%d %b %Y %H:%M:%S%.f"];

/// The same with a zone.
const WRITTEN_WITH_ZONE: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f %z", "%Y/%m/%d %H:%M:%S%.f %z"];

fn written_ms(text: &str) -> Option<i64> {
    let with_zone =
        || WRITTEN_WITH_ZONE.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|time| time.timestamp_millis());
    let naive = WRITTEN.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    naive.map(|time| time.and_utc().timestamp_millis()).or_else(with_zone)
}

impl TimeFormat {
    /// The formats by the names that mappings use.
    pub(super) const NAMES: &'static [(&'static str, Self)] = &[
        ("any", Self::Any),
        ("rfc3339", Self::Rfc3339),
        ("seconds", Self::Seconds),
        ("milliseconds", Self::Milliseconds),
        ("microseconds", Self::Microseconds),
        ("nanoseconds", Self::Nanoseconds),
    ];

    /// The instant in milliseconds since 1970.
    pub(crate) fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Rfc3339 => time_ms(text),
            Self::Any => time_ms(text).or_else(|| Self::by_size(text)?.number(text)).or_else(|| written_ms(text.trim())),
            unit => unit.number(text),
        }
    }

    /// The unit in which a number is an instant between 1970 and the year 5000.
    fn by_size(text: &str) -> Option<Self> {
        let size = text.trim().parse::<f64>().ok()?.abs();
        [(1e11, Self::Seconds), (1e14, Self::Milliseconds), (1e17, Self::Microseconds), (1e20, Self::Nanoseconds)]
            .into_iter()
            .find_map(|(limit, unit)| (size < limit).then_some(unit))
    }

    /// What a number of this unit is in milliseconds.
    pub(super) fn number(self, text: &str) -> Option<i64> {
        let text = text.trim();
        let whole = || text.split('.').next().and_then(|whole| whole.parse::<i64>().ok());
        match self {
            Self::Seconds => epoch_seconds_ms(text),
            Self::Milliseconds => whole(),
            Self::Microseconds => whole().map(|number| number.div_euclid(1000)),
            Self::Nanoseconds => whole().map(|number| number.div_euclid(1_000_000)),
            Self::Any | Self::Rfc3339 => None,
        }
    }
}

use serde_json_borrow::Value;

use super::text::text_of;
use crate::parse::{epoch_seconds_ms, time_ms};

/// How a source writes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// As RFC 3339 text, or as a number since 1970 whose size tells its unit.
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
    pub(crate) fn read(self, value: &Value<'_>) -> Option<i64> {
        let text = text_of(value)?;
        match self {
            Self::Rfc3339 => time_ms(&text),
            Self::Any => time_ms(&text).or_else(|| Self::by_size(&text)?.number(&text)),
            unit => unit.number(&text),
        }
    }

    /// The unit in which a number is an instant between 1970 and the year 5000.
    fn by_size(text: &str) -> Option<Self> {
        let size = text.trim().parse::<f64>().ok()?.abs();
        [(1e11, Self::Seconds), (1e14, Self::Milliseconds), (1e17, Self::Microseconds), (1e20, Self::Nanoseconds)]
            .into_iter()
            .find_map(|(limit, unit)| (size < limit).then_some(unit))
    }

    fn number(self, text: &str) -> Option<i64> {
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

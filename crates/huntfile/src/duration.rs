use std::fmt;
use std::str::FromStr;

/// The units, largest first, in milliseconds.
const UNITS: &[(&str, u64)] = &[("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
/// A hundred years: more than any log, and far from the end of DataFusion's intervals.
const DURATION_MAX_MS: u64 = 36_500 * 86_400_000;

/// A length of time, such as `90d`, `1h30m` or `500ms`. Days have 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    ms: u64,
}

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration such as 90d, 12h, 1h30m, 45s or 500ms (w, d, h, m, s, ms; at most 36500d)")]
pub struct NotADuration {
    text: String,
}

impl Duration {
    /// So many days of 24 hours; at most 36500.
    pub const fn from_days(days: u64) -> Self {
        let ms = days.saturating_mul(86_400_000);
        Self { ms: if ms < DURATION_MAX_MS { ms } else { DURATION_MAX_MS } }
    }

    /// In milliseconds.
    pub fn as_ms(self) -> u64 {
        self.ms
    }

    /// The same length in SQL: in seconds, because an interval of 24 hours and one of a day compare as different.
    pub(crate) fn sql(self) -> String {
        match (self.ms / 1000, self.ms % 1000) {
            (seconds, 0) => format!("INTERVAL '{seconds} seconds'"),
            (seconds, ms) => format!("INTERVAL '{seconds} seconds {ms} milliseconds'"),
        }
    }
}

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let wrong = || NotADuration { text: text.to_owned() };
        let mut rest = text.trim();
        let mut ms = 0_u64;
        let mut last_unit_ms = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (_, unit_ms) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters]).ok_or_else(wrong)?;
            if *unit_ms >= last_unit_ms {
                return Err(wrong());
            }
            last_unit_ms = *unit_ms;
            ms = number.checked_mul(*unit_ms).and_then(|part| ms.checked_add(part)).ok_or_else(wrong)?;
            rest = &rest[letters..];
        }
        if last_unit_ms == u64::MAX || ms > DURATION_MAX_MS { Err(wrong()) } else { Ok(Self { ms }) }
    }
}

/// In the largest units that leave nothing over: `90d`, `1h30m`. Weeks are written as days.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.ms;
        for (unit, unit_ms) in &UNITS[1..] {
            if rest >= *unit_ms {
                write!(f, "{}{unit}", rest / unit_ms)?;
                rest %= unit_ms;
            }
        }
        if self.ms == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

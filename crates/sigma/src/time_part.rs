use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use crate::modifier::TimePart;
use crate::scalar::Numeric;
use crate::value::Leaf;

/// A part of the instant that a field holds, in UTC; weeks are counted as ISO 8601 does.
pub(crate) fn time_part(leaf: &Leaf<'_>, part: TimePart) -> Option<Numeric> {
    let time = instant(leaf)?;
    Some(Numeric::Whole(match part {
        TimePart::Minute => time.minute().into(),
        TimePart::Hour => time.hour().into(),
        TimePart::Day => time.day().into(),
        TimePart::Week => time.iso_week().week().into(),
        TimePart::Month => time.month().into(),
        TimePart::Year => time.year().into(),
    }))
}

/// Numbers below this are seconds since 1970, others milliseconds.
const SECONDS_MAX: f64 = 1e11;

/// RFC 3339, the same without a zone, or a number since 1970.
fn instant(leaf: &Leaf<'_>) -> Option<DateTime<Utc>> {
    if let Some(number) = leaf.as_number() {
        let number = number.real();
        let milliseconds = if number.abs() < SECONDS_MAX { number * 1000.0 } else { number };
        return DateTime::from_timestamp_millis(milliseconds as i64);
    }
    let text = leaf.text.as_str().trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|time| time.and_utc())
}

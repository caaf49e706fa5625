use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Milliseconds since 1970 of an instant as feeds write it: RFC 3339, `2026-03-01 12:00:00 UTC`, a date, or seconds (milliseconds,
/// microseconds) since 1970. Without a zone it is UTC.
pub(super) fn time_ms(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches("UTC").trim_end();
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return Some(match text.len() {
            ..=11 => number.checked_mul(1000)?,
            12..=14 => number,
            _ => number / 1000,
        });
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp_millis());
        }
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z") {
        return Some(time.timestamp_millis());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%Y/%m/%d")).ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

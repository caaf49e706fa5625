//! The scalar formats that logs share.

use chrono::{DateTime, NaiveDateTime};

/// Milliseconds since 1970 of an RFC 3339 text. A text without a zone is taken as UTC; a space may stand for the `T`; any number of
/// decimals is read.
pub(crate) fn time_ms(text: &str) -> Option<i64> {
    fast_time_ms(text).or_else(|| slow_time_ms(text.trim()))
}

/// `2026-03-01T12:00:00Z` and `2026-03-01T12:00:00.123456Z`, which nearly every cloud writes.
fn fast_time_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (&[b'Z'], body) = (bytes.get(bytes.len().checked_sub(1)?..)?, &bytes[..bytes.len() - 1]) else { return None };
    if body.len() < 19 || body[4] != b'-' || body[7] != b'-' || body[10] != b'T' || body[13] != b':' || body[16] != b':' {
        return None;
    }
    let (year, month, day) = (digits(&body[0..4])?, digits(&body[5..7])?, digits(&body[8..10])?);
    let (hour, minute, second) = (digits(&body[11..13])?, digits(&body[14..16])?, digits(&body[17..19])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let millis = match &body[19..] {
        [] => 0,
        [b'.', decimals @ ..] if !decimals.is_empty() => {
            digits(decimals)?;
            (0..3).fold(0, |ms, i| ms * 10 + decimals.get(i).map_or(0, |digit| i64::from(digit - b'0')))
        }
        _ => return None,
    };
    Some((((epoch_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}

fn slow_time_ms(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z")) {
        return Some(time.timestamp_millis());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Some(time.timestamp_millis());
    }
    let naive = text.trim_end_matches('Z');
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(naive, format).ok())
        .map(|time| time.and_utc().timestamp_millis())
}

/// Up to 18 digits, and nothing else.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0_i64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn epoch_days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Milliseconds since 1970 of seconds since 1970 with decimals, as Zeek and others write them: `1591367999.305988`.
pub(crate) fn epoch_seconds_ms(text: &str) -> Option<i64> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = seconds.parse().ok()?;
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis = (0..3).fold(0, |ms, i| ms * 10 + decimals.as_bytes().get(i).map_or(0, |digit| i64::from(digit - b'0')));
    let millis = if seconds.starts_with('-') { -millis } else { millis };
    whole.checked_mul(1000)?.checked_add(millis)
}

/// A whole number in decimal or `0x` hexadecimal.
pub(crate) fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok().and_then(|number| i64::try_from(number).ok()),
        None => text.parse().ok(),
    }
}

/// The last part of a Windows or Unix path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// True if the text is an IPv4 or IPv6 address.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// True if the text is an e-mail address as OCSF spells it: one `@`, and a dot in the domain.
pub(crate) fn is_email_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte);
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let has_labels = domain.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty());
    !local.is_empty() && local.bytes().all(is_local) && has_labels && domain.bytes().all(is_domain)
}

#[cfg(test)]
mod tests;

use serde_json_borrow::Value;

use crate::parse::time_ms;

/// The instant that a form of Windows events writes: RFC 3339 and its kin, seconds, milliseconds or microseconds since 1970, or .NET's
/// `/Date(1583000000000)/`. In milliseconds since 1970.
pub(super) fn instant(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().map(epoch_ms),
        Value::Str(text) => time_ms(text).or_else(|| numeric(text)),
        _ => None,
    }
}

fn numeric(text: &str) -> Option<i64> {
    let text = text.trim();
    let inner = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")).unwrap_or(text);
    inner.parse().ok().map(epoch_ms)
}

/// Windows events are younger than 1990 and older than 2200, so the size tells the unit.
fn epoch_ms(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000 => number.saturating_mul(1000),
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number / 1000,
        _ => number / 1_000_000,
    }
}

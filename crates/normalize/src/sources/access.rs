//! What access logs of one record a line share: words, some of them in quotes or brackets, in an order that the vendor documents.

use chrono::DateTime;
use coldtrail_model::{Col, Event, Kind};
use serde_json_borrow::Value;

use crate::Reason;
use crate::fields::Fields;
use crate::normalizer::keep_rest;
use crate::parse::{is_ip, time_ms};
use crate::sources::http_words::host_and_port;

/// The words of a line: `"…"` with `\"` and `\\` inside, `[…]`, or anything up to a blank. Quotes and brackets are left off.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(32);
    let mut rest = line.trim();
    while let Some(first) = rest.bytes().next() {
        let (word, after) = match first {
            b'"' => quoted(&rest[1..]),
            // `[2001:db8::7]:443` is an address.
            b'[' if !rest.split_once(']').is_some_and(|(_, after)| after.starts_with(':')) => {
                rest[1..].split_once(']').unwrap_or((&rest[1..], ""))
            }
            _ => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word);
        rest = after.trim_start_matches([' ', '\t']);
    }
    words
}

fn quoted(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return (&text[..place], &text[place + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// Words under the names that the order gives them. A dash is nothing; words beyond the names, which vendors add, are `more`.
pub(crate) fn named<'a>(names: &[&'static str], words: &[&'a str]) -> Fields<'a> {
    let text = |word: &&'a str| Value::Str((*word).into());
    let is_something = |word: &str| !word.is_empty() && word != "-";
    let pairs = names.iter().zip(words).filter(|(name, word)| !name.is_empty() && is_something(word));
    let mut members: Vec<(&str, Value<'a>)> = pairs.map(|(name, word)| (*name, text(word))).collect();
    let nameless = names.iter().zip(words).filter(|(name, _)| name.is_empty()).map(|(_, word)| word);
    let more: Vec<&&str> = nameless.chain(words.iter().skip(names.len())).collect();
    if more.iter().any(|word| is_something(word)) {
        members.push(("more", Value::Array(more.into_iter().map(text).collect())));
    }
    Fields::from_value(Value::Object(members.into()))
}

/// Maps a line: what the mapping leaves becomes `unmapped`, the line `raw_data`.
pub(crate) fn finish(
    line: &str,
    mut fields: Fields<'_>,
    map: impl FnOnce(&mut Fields<'_>) -> Result<Event, Reason>,
) -> Result<Event, Reason> {
    let mut event = map(&mut fields)?;
    keep_rest(&mut event, &fields);
    event.text(Col::RawData, line);
    Ok(event)
}

/// Places what is there, as the kind of its column has it. What does not fit is left.
pub(crate) fn place(event: &mut Event, fields: &mut Fields<'_>, places: &[(Col, &str)]) {
    for (col, path) in places {
        let is_address = col.column().path.ends_with(".ip");
        if event.get(*col).is_some() || is_address && !fields.peek_text(path).is_some_and(is_ip) {
            continue;
        }
        match col.column().kind {
            Kind::Integer | Kind::Long => event.long_opt(*col, fields.long(path)),
            Kind::Time => event.time_opt(*col, fields.time(path)),
            Kind::TextList => event.list(*col, fields.texts(path)),
            _ => event.text_opt(*col, fields.text(path)),
        }
    }
}

/// Takes an address with or without a port, and places both.
pub(crate) fn endpoint(event: &mut Event, fields: &mut Fields<'_>, path: &str, ip: Col, port: Col) {
    let Some((host, number)) = fields.peek_text(path).map(host_and_port).filter(|(host, _)| is_ip(host)) else { return };
    event.text(ip, host);
    event.long_opt(port, number.filter(|number| *number > 0));
    fields.take(path);
}

/// Seconds with decimals, as milliseconds; negative is nothing.
pub(crate) fn seconds_ms(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..9e12).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
}

/// The time of the Common Log Format, `10/Oct/2000:13:55:36 -0700`, or RFC 3339.
pub(crate) fn log_time_ms(text: &str) -> Option<i64> {
    DateTime::parse_from_str(text, "%d/%b/%Y:%H:%M:%S %z").ok().map(|time| time.timestamp_millis()).or_else(|| time_ms(text))
}

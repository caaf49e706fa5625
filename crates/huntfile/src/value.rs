use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use ipnet::IpNet;

use crate::duration::Duration;

/// The earliest and the last instant that a literal of SQL can hold, in milliseconds since 1970: the years 1970 to 2261.
const TIME_MS: std::ops::Range<i64> = 0..9_214_646_400_000;

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemType {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number with a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A length of time.
    Duration,
    /// An instant, to the millisecond.
    Time,
    /// An address of IPv4 or IPv6.
    Ip,
    /// A range of addresses, such as `10.0.0.0/8`.
    Cidr,
}

impl ItemType {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Text, "string"),
        (Self::Integer, "integer"),
        (Self::Number, "number"),
        (Self::Boolean, "boolean"),
        (Self::Duration, "duration"),
        (Self::Time, "time"),
        (Self::Ip, "ip"),
        (Self::Cidr, "cidr"),
    ];

    /// The name in hunt files.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("string", |(_, name)| name)
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// True if one value can be less than another in a way that a bound may speak of.
    pub(crate) fn is_ordered(self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Duration | Self::Time)
    }
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any text without a zero character.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number; never infinite, never NaN.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A length of time.
    Duration(Duration),
    /// Milliseconds since 1970, UTC.
    Time(i64),
    /// An address.
    Ip(IpAddr),
    /// A range of addresses, without bits beyond its prefix.
    Cidr(IpNet),
    /// Several values of one type.
    List(Vec<Value>),
}

impl Value {
    /// Reads a text as a type says. The error says what such a value looks like.
    pub(crate) fn read(kind: ItemType, text: &str) -> Result<Self, String> {
        let word = text.trim();
        match kind {
            ItemType::Text if text.contains('\0') => Err("a string has no zero character".to_owned()),
            ItemType::Text => Ok(Self::Text(text.to_owned())),
            ItemType::Integer => {
                word.parse().map(Self::Integer).map_err(|_| format!("{word:?} is not a whole number of at most 64 bits, such as 100"))
            }
            ItemType::Number => match word.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Self::Number(number)),
                _ => Err(format!("{word:?} is not a number such as 0.25")),
            },
            ItemType::Boolean => match word {
                "true" => Ok(Self::Boolean(true)),
                "false" => Ok(Self::Boolean(false)),
                _ => Err(format!("{word:?} is neither true nor false")),
            },
            ItemType::Duration => Duration::from_str(word).map(Self::Duration).map_err(|error| error.to_string()),
            ItemType::Time => time_of(word),
            ItemType::Ip => {
                word.parse().map(Self::Ip).map_err(|_| format!("{word:?} is not an IP address such as 192.0.2.1 or 2001:db8::1"))
            }
            ItemType::Cidr => cidr_of(word),
        }
    }

    /// The value as a literal of SQL that is one value wherever a value may stand, whatever it holds. The items of a list are separated
    /// by commas; an empty list is a subquery without rows, so that `IN` and `NOT IN` keep their meaning.
    pub fn sql(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            // `x -${n}` must not become the beginning of a comment.
            Self::Integer(number) if *number < 0 => format!("({number})"),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) if number.is_sign_negative() => format!("({number:?})"),
            Self::Number(number) => format!("{number:?}"),
            Self::Boolean(boolean) => boolean.to_string().to_uppercase(),
            Self::Duration(duration) => duration.sql(),
            Self::Time(time_ms) => time_sql(*time_ms),
            Self::Ip(ip) => quoted(&ip.to_string()),
            Self::Cidr(net) => quoted(&net.to_string()),
            Self::List(items) if items.is_empty() => "SELECT NULL WHERE FALSE".to_owned(),
            Self::List(items) => items.iter().map(Self::sql).collect::<Vec<_>>().join(", "),
        }
    }

    /// How two values of the same ordered type compare.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) | (Self::Time(one), Self::Time(two)) => Some(one.cmp(two)),
            (Self::Number(one), Self::Number(two)) => one.partial_cmp(two),
            (Self::Duration(one), Self::Duration(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }
}

/// As a hunt file or a command line would write it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Duration(duration) => write!(f, "{duration}"),
            Self::Time(time_ms) => f.write_str(&coldtrail_model::format_ms(*time_ms)),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Cidr(net) => write!(f, "{net}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

/// An instant of SQL: `TIMESTAMP '2026-01-31 12:00:00.000'`, in UTC as every time in the lake.
pub(crate) fn time_sql(time_ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(time_ms).unwrap_or_default();
    format!("TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.3f"))
}

/// The generic dialect knows no escape in plain strings but the doubled quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn time_of(word: &str) -> Result<Value, String> {
    let date = NaiveDate::parse_from_str(word, "%Y-%m-%d").ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    let local = date.or_else(|| {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"].iter().find_map(|form| NaiveDateTime::parse_from_str(word, form).ok())
    });
    let time_ms = match DateTime::parse_from_rfc3339(word) {
        Ok(time) => Some(time.timestamp_millis()),
        Err(_) => local.map(|time| time.and_utc().timestamp_millis()),
    };
    match time_ms {
        Some(time_ms) if TIME_MS.contains(&time_ms) => Ok(Value::Time(time_ms)),
        Some(_) => Err(format!("{word:?} is not in the years 1970 to 2261")),
        None => Err(format!("{word:?} is not a time such as 2026-01-31 or 2026-01-31T12:00:00Z (UTC unless it says otherwise)")),
    }
}

fn cidr_of(word: &str) -> Result<Value, String> {
    let net: IpNet = word.parse().map_err(|_| format!("{word:?} is not a range of addresses such as 10.0.0.0/8"))?;
    if net.trunc() == net {
        Ok(Value::Cidr(net))
    } else {
        Err(format!("{word:?} has bits beyond its prefix; did you mean {}?", net.trunc()))
    }
}

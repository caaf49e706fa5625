use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How Flight SQL is served.
///
/// Times are written with their unit (`"200ms"`, `"15s"`, `"30m"`, `"12h"`, `"7d"`), sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen. Anything but a loopback address belongs behind TLS.
    pub bind: SocketAddr,
    /// The catalog that unqualified names are looked up in; reported to clients as the session's catalog.
    pub catalog: String,
    /// The schema that unqualified names are looked up in; reported to clients as the session's schema.
    pub schema: String,
    /// How long a token from a sign-in is good.
    #[serde(with = "human_duration")]
    pub token_lifetime: Duration,
    /// How long a result can be fetched, and fetched again, after its statement was planned.
    #[serde(with = "human_duration")]
    pub ticket_lifetime: Duration,
    /// Wrong passwords from one address within `failed_sign_in_window` before it has to wait.
    pub failed_sign_ins_max: u32,
    /// The time in which `failed_sign_ins_max` wrong passwords are forgiven.
    #[serde(with = "human_duration")]
    pub failed_sign_in_window: Duration,
    /// Results are sent in messages of at most this size. Clients built on gRPC's defaults refuse more than 4 MiB.
    pub message_bytes_max: usize,
    /// A single row larger than `message_bytes_max` is sent in a message of its own, up to this size.
    pub row_bytes_max: usize,
    /// A prepared statement's text and bound parameters together.
    pub handle_bytes_max: usize,
    /// The largest message that a client may send.
    pub request_bytes_max: usize,
    /// While a statement has no rows to send, an empty batch is sent this often, so that proxies keep the call open.
    #[serde(with = "human_duration")]
    pub heartbeat_interval: Duration,
    /// How often an idle connection is checked.
    #[serde(with = "human_duration")]
    pub keepalive_interval: Duration,
    /// Calls under way at once on one connection.
    pub streams_per_connection_max: u32,
    /// How long running statements may go on once the server is asked to stop.
    #[serde(with = "human_duration")]
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 32010)),
            catalog: "coldtrail".into(),
            schema: "ocsf".into(),
            token_lifetime: Duration::from_secs(12 * 3600),
            ticket_lifetime: Duration::from_secs(3600),
            failed_sign_ins_max: 10,
            failed_sign_in_window: Duration::from_secs(60),
            message_bytes_max: 2 << 20,
            row_bytes_max: 64 << 20,
            handle_bytes_max: 2 << 20,
            request_bytes_max: 16 << 20,
            heartbeat_interval: Duration::from_secs(15),
            keepalive_interval: Duration::from_secs(30),
            streams_per_connection_max: 256,
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Names the first setting that cannot work.
    pub fn validate(&self) -> Result<(), Error> {
        let check = |key: &'static str, good: bool, problem: &str| match good {
            true => Ok(()),
            false => Err(Error::Config { key, problem: problem.into() }),
        };
        check("catalog", !self.catalog.is_empty(), "must not be empty")?;
        check("schema", !self.schema.is_empty(), "must not be empty")?;
        check("token_lifetime", self.token_lifetime >= Duration::from_secs(1), "must be at least 1s")?;
        check("ticket_lifetime", self.ticket_lifetime >= Duration::from_secs(1), "must be at least 1s")?;
        check("failed_sign_ins_max", self.failed_sign_ins_max > 0, "must be at least 1")?;
        check("failed_sign_in_window", !self.failed_sign_in_window.is_zero(), "must not be zero")?;
        check("message_bytes_max", self.message_bytes_max >= 16 << 10, "must be at least 16384 (16 KiB)")?;
        check("row_bytes_max", self.row_bytes_max >= self.message_bytes_max, "must not be below flight.message_bytes_max")?;
        check("row_bytes_max", self.row_bytes_max <= 1 << 30, "must be at most 1073741824 (1 GiB)")?;
        check("handle_bytes_max", self.handle_bytes_max >= 4 << 10, "must be at least 4096 (4 KiB)")?;
        check("request_bytes_max", self.request_bytes_max >= self.handle_bytes_max, "must not be below flight.handle_bytes_max")?;
        check("heartbeat_interval", !self.heartbeat_interval.is_zero(), "must not be zero")?;
        check("keepalive_interval", !self.keepalive_interval.is_zero(), "must not be zero")?;
        check("streams_per_connection_max", self.streams_per_connection_max > 0, "must be at least 1")
    }
}

/// Durations as people write them: a whole number and a unit.
mod human_duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a duration; write a number and ms, s, m, h or d, as in \"15s\"")))
    }

    /// In the largest unit that gives a whole number.
    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = duration.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
        let whole = units.iter().find(|(unit, _)| milliseconds > 0 && milliseconds % unit == 0);
        let (number, unit) = whole.map_or((milliseconds, "ms"), |(unit, name)| (milliseconds / unit, name));
        serializer.collect_str(&format_args!("{number}{unit}"))
    }

    fn parse(text: &str) -> Option<Duration> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let seconds = match unit.trim() {
            "ms" => return Some(Duration::from_millis(number)),
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        number.checked_mul(seconds).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests;

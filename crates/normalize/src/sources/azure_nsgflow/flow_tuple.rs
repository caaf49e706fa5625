use serde_json::Map;

use crate::Reason;
use crate::parse::{is_ip, parse_long};

/// One flow. Security groups write `time,source,destination,port,port,T|U,I|O,A|D` and, from version 2,
/// `…,B|C|E,packets,bytes,packets,bytes`; virtual networks write a number of the protocol and
/// `…,I|O,B|C|E|D,encryption,packets,bytes,packets,bytes`. What is counted went to the destination first and then back.
#[derive(Debug)]
pub(super) struct FlowTuple<'t> {
    pub(super) time_ms: i64,
    pub(super) source: &'t str,
    pub(super) destination: &'t str,
    pub(super) source_port: Option<i64>,
    pub(super) destination_port: Option<i64>,
    /// IANA's number.
    pub(super) protocol: Option<i64>,
    pub(super) is_outbound: Option<bool>,
    pub(super) is_allowed: bool,
    /// `B` begins, `C` goes on, `E` ends; version 1 does not say it.
    state: Option<&'t str>,
    /// `X` is encrypted; `NX` and what begins with it is not, for that reason.
    encryption: Option<&'t str>,
    pub(super) packets_out: Option<i64>,
    pub(super) bytes_out: Option<i64>,
    pub(super) packets_in: Option<i64>,
    pub(super) bytes_in: Option<i64>,
}

/// What version 1 has at least.
const PARTS_MIN: usize = 8;

impl<'t> FlowTuple<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, Reason> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let refuse = || Reason::bad_field("flowTuples", text, "a time, two addresses, two ports, protocol, direction and decision");
        if parts.len() < PARTS_MIN || !is_ip(parts[1]) || !is_ip(parts[2]) {
            return Err(refuse());
        }
        let state = |place: usize| parts.get(place).copied().filter(|part| matches!(*part, "B" | "C" | "E"));
        let count = |place: usize| parts.get(place).and_then(|part| parse_long(part));
        Ok(Self {
            time_ms: instant(parts[0]).ok_or_else(refuse)?,
            source: parts[1],
            destination: parts[2],
            source_port: count(3),
            destination_port: count(4),
            protocol: protocol_of(parts[5]),
            is_outbound: is_outbound(parts[6]),
            is_allowed: parts[7] != "D",
            state: state(7).or_else(|| state(8)),
            encryption: parts.get(8).copied().filter(|part| part.starts_with('X') || part.starts_with("NX")),
            packets_out: count(9),
            bytes_out: count(10),
            packets_in: count(11),
            bytes_in: count(12),
        })
    }

    /// OCSF's activity: a connection that begins or ends, one that was refused, or traffic.
    pub(super) fn activity(&self) -> i32 {
        match (self.is_allowed, self.state) {
            (false, _) => 5,
            (true, Some("B")) => 1,
            (true, Some("E")) => 2,
            (true, _) => 6,
        }
    }

    /// What has no column.
    pub(super) fn put_rest(&self, rest: &mut Map<String, serde_json::Value>) {
        if let Some(encryption) = self.encryption {
            rest.insert("flowEncryption".to_owned(), encryption.into());
        }
    }
}

/// Seconds since 1970 of security groups, milliseconds of virtual networks.
fn instant(text: &str) -> Option<i64> {
    let number = parse_long(text).filter(|number| *number > 0)?;
    if number >= 100_000_000_000 { Some(number) } else { Some(number * 1000) }
}

/// IANA's number of a protocol, which is written as `T`, `U` or the number.
pub(super) fn protocol_of(text: &str) -> Option<i64> {
    match text {
        "T" => Some(6),
        "U" => Some(17),
        number => parse_long(number),
    }
}

/// True for what went out of an interface, false for what came in.
pub(super) fn is_outbound(text: &str) -> Option<bool> {
    match text {
        "O" | "Outbound" => Some(true),
        "I" | "Inbound" => Some(false),
        _ => None,
    }
}

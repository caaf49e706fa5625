//! What observables cannot tell: whether an address was seen with the port that an indicator names.
//!
//! The index of observables holds addresses and names without ports. For the few that were seen, the events themselves are asked: only
//! segments that can hold the address are opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMillisecondType};
use coldtrail_hunt::instants;
use coldtrail_model::{Class, Snapshot, TimeRange, arrow_schema};
use coldtrail_query::Error;
use futures::TryStreamExt;

use super::{Hunting, failed};

/// The most values that are asked of the events of a class; more stay unconfirmed.
const VALUES_MAX: usize = 10_000;
/// OCSF's `type_id` of observables that have ports, and the columns of value and port that go together.
const WITH_PORTS: &[(i32, &[(&str, &str)])] = &[
    (1, &[("src_endpoint_hostname", "src_endpoint_port"), ("dst_endpoint_hostname", "dst_endpoint_port")]),
    (
        2,
        &[
            ("src_endpoint_ip", "src_endpoint_port"),
            ("dst_endpoint_ip", "dst_endpoint_port"),
            ("evidences_src_endpoint_ip", "evidences_src_endpoint_port"),
            ("evidences_dst_endpoint_ip", "evidences_dst_endpoint_port"),
        ],
    ),
];

/// An observable that an indicator matches but for its port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) indicator: u32,
    pub(super) type_id: i32,
    pub(super) value: String,
    pub(super) class: String,
    pub(super) source: String,
    pub(super) account: Option<String>,
    pub(super) port: u16,
    pub(super) count: u64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
}

/// The same, once the events were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) seen: Seen,
    /// False if the events do not say which port it was.
    pub(super) is_confirmed: bool,
}

/// Events of one value and port, none if the events do not say which.
type Ports = BTreeMap<(i32, String, String, Option<String>, Option<i64>), Tally>;

#[derive(Debug, Clone, Copy)]
struct Tally {
    count: u64,
    first_ms: i64,
    last_ms: i64,
}

impl Hunting {
    /// What the events say of observables whose port has to be confirmed. What they deny is not among the answers.
    pub(super) async fn confirm(&self, seen: Vec<Seen>, window: TimeRange, snapshot: &Arc<Snapshot>) -> Result<Vec<Answer>, Error> {
        let mut by_class: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for one in seen {
            by_class.entry(one.class.clone()).or_default().push(one);
        }
        let mut answers = Vec::new();
        for (class, seen) in by_class {
            let values: BTreeSet<&str> = seen.iter().map(|one| one.value.as_str()).collect();
            let ports = match class.parse::<Class>() {
                Ok(class) if values.len() <= VALUES_MAX => self.ports(class, &values, window, snapshot).await?,
                _ => None,
            };
            match ports {
                Some(ports) => answers.extend(seen.into_iter().flat_map(|one| answers_of(one, &ports))),
                None => answers.extend(seen.into_iter().map(|seen| Answer { seen, is_confirmed: false })),
            }
        }
        Ok(answers)
    }

    /// The ports of these values in the events of a class; none if its events have no ports.
    async fn ports(
        &self,
        class: Class,
        values: &BTreeSet<&str>,
        window: TimeRange,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Option<Ports>, Error> {
        let Some(sql) = statement(class, values, window) else { return Ok(None) };
        let mut ports = Ports::new();
        let mut rows = self.rows_at(&sql, Arc::clone(snapshot)).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            add(&batch, &mut ports)?;
        }
        Ok(Some(ports))
    }
}

/// How often each value was seen with each port. An event that has both twice, in two places, counts once for each place.
fn statement(class: Class, values: &BTreeSet<&str>, window: TimeRange) -> Option<String> {
    let schema = arrow_schema(class);
    let has = |name: &str| schema.field_with_name(name).is_ok();
    let list: Vec<String> = values.iter().map(|value| format!("'{}'", value.to_lowercase().replace('\'', "''"))).collect();
    let (list, (start, end)) = (list.join(", "), instants(window));
    let places = WITH_PORTS.iter().flat_map(|(type_id, pairs)| pairs.iter().map(move |pair| (type_id, pair)));
    let parts: Vec<String> = places
        .filter(|(_, (value, port))| has(value) && has(port))
        .map(|(type_id, (value, port))| {
            format!(
                "SELECT {type_id} AS type_id, lower({value}) AS value, CAST({port} AS BIGINT) AS port, source, cloud_account_uid AS account, time \
                 FROM {} WHERE lower({value}) IN ({list}) AND time >= {start} AND time <= {end}",
                class.name()
            )
        })
        .collect();
    (!parts.is_empty()).then(|| {
        format!(
            "SELECT CAST(type_id AS BIGINT) AS type_id, value, port, source, account, count(*) AS events, \
             arrow_cast(min(time), 'Timestamp(ms, \"UTC\")') AS first_time, arrow_cast(max(time), 'Timestamp(ms, \"UTC\")') AS last_time \
             FROM ({}) GROUP BY type_id, value, port, source, account",
            parts.join(" UNION ALL ")
        )
    })
}

fn add(batch: &RecordBatch, ports: &mut Ports) -> Result<(), Error> {
    let text = |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(|error| Error::Failed(error.into()));
    let number = |at: usize| batch.column(at).as_primitive::<Int64Type>();
    let (values, sources, accounts) = (text(1)?, text(3)?, text(4)?);
    let (values, sources, accounts) = (values.as_string::<i32>(), sources.as_string::<i32>(), accounts.as_string::<i32>());
    let time = |at: usize| batch.column(at).as_primitive::<TimestampMillisecondType>();
    for row in 0..batch.num_rows() {
        let key = (
            i32::try_from(number(0).value(row)).unwrap_or_default(),
            values.value(row).to_owned(),
            sources.value(row).to_owned(),
            accounts.is_valid(row).then(|| accounts.value(row).to_owned()),
            number(2).is_valid(row).then(|| number(2).value(row)),
        );
        let count = u64::try_from(number(5).value(row)).unwrap_or_default();
        ports.insert(key, Tally { count, first_ms: time(6).value(row), last_ms: time(7).value(row) });
    }
    Ok(())
}

/// What the events say of one observable: with the port, without any port, or neither.
fn answers_of(seen: Seen, ports: &Ports) -> Vec<Answer> {
    let tally = |port: Option<i64>| ports.get(&(seen.type_id, seen.value.to_lowercase(), seen.source.clone(), seen.account.clone(), port));
    let answer = |tally: &Tally, is_confirmed| Answer {
        seen: Seen { count: tally.count, first_ms: tally.first_ms, last_ms: tally.last_ms, ..seen.clone() },
        is_confirmed,
    };
    let confirmed = tally(Some(i64::from(seen.port))).map(|tally| answer(tally, true));
    confirmed.into_iter().chain(tally(None).map(|tally| answer(tally, false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        Seen {
            indicator: 0,
            type_id: 2,
            value: "203.0.113.7".to_owned(),
            class: "network_activity".to_owned(),
            source: "zeek".to_owned(),
            account: None,
            port: 443,
            count: 9,
            first_ms: 0,
            last_ms: 9,
        }
    }

    fn ports(of: &[(Option<i64>, u64)]) -> Ports {
        let key = |port| (2, "203.0.113.7".to_owned(), "zeek".to_owned(), None, port);
        of.iter().map(|(port, count)| (key(*port), Tally { count: *count, first_ms: 1, last_ms: 2 })).collect()
    }

    #[test]
    fn events_confirm_deny_or_do_not_say() {
        let said = |of: &[(Option<i64>, u64)]| -> Vec<(u64, bool)> {
            answers_of(seen(), &ports(of)).into_iter().map(|answer| (answer.seen.count, answer.is_confirmed)).collect()
        };
        assert_eq!(said(&[(Some(443), 3), (Some(80), 6)]), [(3, true)]);
        assert_eq!(said(&[(Some(80), 6)]), []);
        assert_eq!(said(&[(None, 2), (Some(80), 6)]), [(2, false)]);
    }

    #[test]
    fn classes_without_ports_are_not_asked() {
        let values = BTreeSet::from(["203.0.113.7"]);
        let window = TimeRange { start_ms: 0, end_ms: 1 };
        assert!(statement(Class::NetworkActivity, &values, window).is_some_and(|sql| sql.contains("dst_endpoint_port")));
    }
}

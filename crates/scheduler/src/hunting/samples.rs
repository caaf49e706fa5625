//! What a verdict shows of the events behind it: the first of them, and whom they are about.
//!
//! The index of observables counts events and does not name them. For the few indicators that were seen, the events themselves are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMillisecondType};
use coldtrail_hunt::instants;
use coldtrail_intel::{Status, Verdict};
use coldtrail_model::{Class, Col, Kind, ObservableType, Snapshot, TimeRange, format_ms};
use coldtrail_query::Error;
use futures::TryStreamExt;
use serde_json::{Map, Value, json};

use super::{Hunting, failed};

/// Of so many indicators that were seen, the first of the feed, the events are asked.
const INDICATORS_SAMPLED: usize = 200;
/// Not of one that more events show: what everybody does is told by its counts, and all of it would have to be sorted.
const EVENTS_ASKED_MAX: u64 = 1_000_000;
/// And so many values of each, the most frequent.
pub(super) const VALUES_NAMED: usize = 10;
/// So many events of each value and class are shown, the first.
const EVENTS_SHOWN: usize = 3;
/// So many users, hosts and addresses of each indicator are named, the most frequent.
const ENTITIES_NAMED: usize = 5;
/// So many different users, hosts and addresses of a class are counted, the most frequent.
const GROUPS_MAX: usize = 100_000;

/// Whom an event is about, and which columns may say so, the best first.
const ENTITIES: [(&str, &[&str]); 3] = [
    ("users", &["actor_user_name", "user_name", "actor_user_email_addr", "user_email_addr", "actor_user_uid", "user_uid"]),
    ("hosts", &["device_hostname", "src_endpoint_hostname", "dst_endpoint_hostname"]),
    ("addresses", &["src_endpoint_ip", "device_ip", "dst_endpoint_ip"]),
];

/// What is shown of an indicator's events.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Why nothing is shown, if the events were not asked.
    omitted: Option<String>,
    samples: Vec<Value>,
    entities: [BTreeMap<String, u64>; 3],
}

impl Shown {
    /// Why nothing is shown, if the events were not asked.
    pub(super) fn omitted(&self) -> Option<&str> {
        self.omitted.as_deref()
    }

    /// The first events, of all classes, in the order in which they happened.
    pub(super) fn samples(&self) -> &[Value] {
        &self.samples[..self.samples.len().min(EVENTS_SHOWN)]
    }

    /// The most frequent users, hosts and addresses, with how many events each has.
    pub(super) fn entities(&self) -> Value {
        let named = ENTITIES.iter().zip(&self.entities).map(|((kind, _), counts)| {
            let mut top: Vec<_> = counts.iter().collect();
            top.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
            let top = top.into_iter().take(ENTITIES_NAMED).map(|(value, count)| json!({"value": value, "count": count}));
            ((*kind).to_owned(), top.collect::<Value>())
        });
        Value::Object(Map::from_iter(named))
    }
}

/// Which verdicts each value of a class belongs to, by their places.
type Places = BTreeMap<String, BTreeSet<usize>>;

impl Hunting {
    /// What is shown of each verdict of something that was seen, by its place.
    pub(super) async fn shown(&self, verdicts: &[Verdict], snapshot: &Arc<Snapshot>) -> Result<BTreeMap<usize, Shown>, Error> {
        let seen = verdicts.iter().enumerate().filter(|(_, verdict)| matches!(verdict.status, Status::Seen | Status::Unconfirmed));
        let mut classes: BTreeMap<Class, (Places, TimeRange)> = BTreeMap::new();
        let mut shown = BTreeMap::new();
        for (number, (place, verdict)) in seen.enumerate() {
            let tally = verdict.seen.unconfirmed.as_deref().filter(|_| verdict.status == Status::Unconfirmed).unwrap_or(&verdict.seen);
            if let Some(reason) = reason_to_omit(number, tally.events()) {
                shown.insert(place, Shown { omitted: Some(reason), ..Shown::default() });
                continue;
            }
            let Some((start_ms, end_ms)) = tally.first_ms.zip(tally.last_ms) else { continue };
            let time = TimeRange { start_ms, end_ms };
            for class in tally.classes.iter().filter_map(|class| class.parse::<Class>().ok()) {
                let (places, window) = classes.entry(class).or_insert_with(|| (Places::new(), time));
                *window = window.union(&time);
                for (value, _) in tally.top_values(VALUES_NAMED) {
                    places.entry(value.to_lowercase()).or_default().insert(place);
                }
            }
        }
        for (class, (places, window)) in classes {
            let Some(hits) = hits(class, places.keys(), window) else { continue };
            self.add_samples(class, &hits, &places, snapshot, &mut shown).await?;
            self.add_entities(&hits, &places, snapshot, &mut shown).await?;
        }
        shown
            .values_mut()
            .for_each(|shown: &mut Shown| shown.samples.sort_by(|one, other| one["time"].as_str().cmp(&other["time"].as_str())));
        Ok(shown)
    }

    async fn add_samples(
        &self,
        class: Class,
        hits: &str,
        places: &Places,
        snapshot: &Arc<Snapshot>,
        shown: &mut BTreeMap<usize, Shown>,
    ) -> Result<(), Error> {
        let sql = format!(
            "SELECT value, source, account, source_object, users, hosts, addresses, source_offset, time FROM (SELECT *, row_number() OVER \
             (PARTITION BY value ORDER BY time, source_object, source_offset) AS place FROM ({hits})) WHERE place <= {EVENTS_SHOWN}"
        );
        self.each(&sql, snapshot, |batch, texts, row| {
            let text = |at: usize| texts[at].is_valid(row).then(|| texts[at].as_string::<i32>().value(row));
            let offset = batch.column(7).as_primitive::<Int64Type>();
            let time = batch.column(8).as_primitive::<TimestampMillisecondType>();
            let sample = json!({
                "time": format_ms(time.value(row)), "class": class.name(), "source": text(1), "account": text(2), "source_object": text(3),
                "source_offset": offset.is_valid(row).then(|| offset.value(row)), "user": text(4), "host": text(5), "address": text(6),
            });
            for place in text(0).and_then(|value| places.get(value)).into_iter().flatten() {
                shown.entry(*place).or_default().samples.push(sample.clone());
            }
        })
        .await
    }

    async fn add_entities(
        &self,
        hits: &str,
        places: &Places,
        snapshot: &Arc<Snapshot>,
        shown: &mut BTreeMap<usize, Shown>,
    ) -> Result<(), Error> {
        let sql = format!(
            "SELECT value, users, hosts, addresses, count(*) AS events FROM ({hits}) GROUP BY 1, 2, 3, 4 ORDER BY events DESC LIMIT {GROUPS_MAX}"
        );
        self.each(&sql, snapshot, |batch, texts, row| {
            let text = |at: usize| texts[at].is_valid(row).then(|| texts[at].as_string::<i32>().value(row));
            let events = u64::try_from(batch.column(4).as_primitive::<Int64Type>().value(row)).unwrap_or(0);
            let Some(value) = text(0) else { return };
            for place in places.get(value).into_iter().flatten() {
                let shown = shown.entry(*place).or_default();
                for (at, counts) in shown.entities.iter_mut().enumerate() {
                    // An address is no news of itself.
                    if let Some(entity) = text(at + 1).filter(|entity| *entity != value) {
                        *counts.entry(entity.to_owned()).or_insert(0) += events;
                    }
                }
            }
        })
        .await
    }

    /// Calls `take` for each row of a statement, with its columns of text.
    async fn each(
        &self,
        sql: &str,
        snapshot: &Arc<Snapshot>,
        mut take: impl FnMut(&RecordBatch, &[arrow::array::ArrayRef], usize),
    ) -> Result<(), Error> {
        let mut rows = self.rows_at(sql, Arc::clone(snapshot)).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            let texts = batch.columns().iter().map(|column| match column.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..) | DataType::Null => cast(column, &DataType::Utf8),
                _ => Ok(Arc::clone(column)),
            });
            let texts = texts.collect::<Result<Vec<_>, _>>().map_err(|error| Error::Failed(error.into()))?;
            (0..batch.num_rows()).for_each(|row| take(&batch, &texts, row));
        }
        Ok(())
    }
}

/// Why the events of an indicator are not asked: the `number`-th that was seen, by so many events.
fn reason_to_omit(number: usize, events: u64) -> Option<String> {
    if number >= INDICATORS_SAMPLED {
        return Some(format!("events are shown of the first {INDICATORS_SAMPLED} indicators that were seen; sweep('…') has the others"));
    }
    (events > EVENTS_ASKED_MAX).then(|| format!("{events} events show it, and they are looked at up to {EVENTS_ASKED_MAX}"))
}

/// The events of a class that show one of these values (in lower case), once for each value they show; none if no column can.
fn hits<'a>(class: Class, values: impl Iterator<Item = &'a String>, window: TimeRange) -> Option<String> {
    let list: Vec<String> = values.map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
    let (list, (start, end)) = (list.join(", "), instants(window));
    let has = |name: &&&str| Col::from_name(name).is_some_and(|col| class.has(col));
    let entities: Vec<String> = ENTITIES
        .iter()
        .map(|(kind, columns)| {
            let there: Vec<&str> = columns.iter().filter(has).copied().collect();
            match there.as_slice() {
                [] => format!("arrow_cast(NULL, 'Utf8') AS {kind}"),
                there => format!("coalesce({}, NULL) AS {kind}", there.join(", ")),
            }
        })
        .collect();
    // Addresses are written in one way only, which the files can be asked for.
    let values: Vec<String> = class
        .columns()
        .iter()
        .filter(|col| col.column().kind == Kind::Text)
        .filter_map(|col| {
            let (name, observable) = (col.column().name, col.column().observable?);
            Some(if observable == ObservableType::Ip { name.to_owned() } else { format!("lower({name})") })
        })
        .collect();
    let shows: Vec<String> = values.iter().map(|value| format!("{value} IN ({list})")).collect();
    (!values.is_empty()).then(|| {
        format!(
            "SELECT * FROM (SELECT unnest(array_distinct(make_array({}))) AS value, time, source, cloud_account_uid AS account, source_object, \
             source_offset, {} FROM {} WHERE time >= {start} AND time <= {end} AND ({})) WHERE value IN ({list})",
            values.join(", "),
            entities.join(", "),
            class.name(),
            shows.join(" OR ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_only_columns_of_the_class_are_asked() {
        let (values, window) = (["o'neil".to_owned()], TimeRange { start_ms: 0, end_ms: 1 });
        let sql = hits(Class::DnsActivity, values.iter(), window).unwrap();
        assert!(sql.contains("lower(query_hostname) IN ('o''neil')"), "{sql}");
        assert!(sql.contains(" src_endpoint_ip IN ('o''neil')"), "{sql}");
        assert!(!sql.contains("databucket"), "{sql}");
    }

    #[test]
    fn it_is_said_why_nothing_is_shown() {
        assert_eq!(reason_to_omit(199, EVENTS_ASKED_MAX), None);
        assert!(reason_to_omit(200, 1).is_some_and(|reason| reason.contains("first 200 indicators")));
        assert!(reason_to_omit(0, EVENTS_ASKED_MAX + 1).is_some_and(|reason| reason.contains("1000001 events show it")));
    }

    #[test]
    fn the_most_frequent_are_named() {
        let mut shown = Shown::default();
        shown.entities[0] = (1..=9_u64).map(|number| (format!("user{number}"), number)).collect();
        let entities = shown.entities();
        assert_eq!(entities["users"][0], json!({"value": "user9", "count": 9}));
        assert_eq!(entities["users"].as_array().map(Vec::len), Some(ENTITIES_NAMED));
        assert_eq!(entities["hosts"], json!([]));
    }
}

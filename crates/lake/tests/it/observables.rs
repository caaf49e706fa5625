//! The observables are what an independent, naive reading of the same events finds.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use coldtrail_lake::{ANY_SOURCE, Lake, WriterConfig, observables_schema};
use coldtrail_model::{Class, Col, Day, Event, ObservableType, SegmentMeta, Table, Value};
use serde_json::{Value as Json, json};

use crate::support::*;

/// type_id, value, class, account, segment of events → count, first, last.
type Found = BTreeMap<(i64, String, String, Option<String>, String), (i64, i64, i64)>;

fn events() -> Vec<Event> {
    let mut events = api_calls(400, 3);
    for (n, event) in events.iter_mut().enumerate() {
        event.text(Col::DeviceIp, format!("::ffff:198.51.100.{}", n % 31));
        event.list(Col::HttpRequestXForwardedFor, [format!("2001:DB8::{:X}", n % 5), format!("198.51.100.{}", n % 29)]);
        event.text(Col::HttpRequestUrlUrlString, format!("https://WWW{}.Example.com/a?n={n}", n % 4));
        event.text(Col::SrcEndpointHostname, format!("HOST{}.corp.example.", n % 6));
    }
    for n in 0..60 {
        let mut query = Event::new(Class::DnsActivity, 1, MARCH_1 + n * 1000);
        query.text(Col::QueryHostname, format!("Name{}.example.net", n % 9));
        query.list(Col::AnswersRdata, ["198.51.100.7".to_owned(), format!("alias{}.example.net.", n % 2)]);
        events.push(query);
        let mut file = Event::new(Class::FileActivity, 1, MARCH_1 + n);
        file.text(Col::FileHashesSha256Value, format!("{:064X}", n % 4));
        events.push(file);
    }
    events
}

fn naive(kind: ObservableType, raw: &str) -> Vec<(i64, String)> {
    let name = raw.to_lowercase().trim_end_matches('.').to_owned();
    let address = raw.parse::<IpAddr>().map(|address| (2, address.to_canonical().to_string()));
    match kind {
        ObservableType::Ip => vec![address.unwrap()],
        ObservableType::Hostname | ObservableType::DnsAnswer => vec![address.unwrap_or((1, name))],
        ObservableType::Hash => vec![(8, name)],
        ObservableType::UserName if raw.contains('@') => vec![(4, raw.to_owned()), (5, name)],
        ObservableType::Url => vec![(6, raw.to_owned()), (1, raw.split('/').nth(2).unwrap().to_lowercase())],
        other => vec![(i64::from(other.ocsf(raw).0), raw.to_owned())],
    }
}

fn shown_by(event: &Event) -> BTreeSet<(i64, String)> {
    let mut shown = BTreeSet::new();
    for (col, value) in event.fields() {
        match (col.column().observable, value) {
            (Some(kind), Value::Text(text)) => shown.extend(naive(kind, text)),
            (Some(kind), Value::TextList(texts)) => texts.iter().for_each(|text| shown.extend(naive(kind, text))),
            _ => {}
        }
    }
    shown
}

async fn expected(lake: &Lake, metas: &[SegmentMeta], events: &[Event]) -> Found {
    let mut found = Found::new();
    for meta in metas.iter().filter(|meta| matches!(meta.table, Table::Events(_))) {
        for row in rows(lake, meta).await {
            let event = &events[row["source_offset"].as_u64().unwrap() as usize];
            let account = event.get_text(Col::CloudAccountUid).map(str::to_owned);
            for (type_id, value) in shown_by(event) {
                let key = (type_id, value, event.class().name().to_owned(), account.clone(), meta.id.to_string());
                let entry = found.entry(key).or_insert((0, i64::MAX, i64::MIN));
                *entry = (entry.0 + 1, entry.1.min(event.time_ms()), entry.2.max(event.time_ms()));
            }
        }
    }
    found
}

async fn check(config: WriterConfig) -> Vec<SegmentMeta> {
    let (lake, events) = (open("memory:///"), events());
    let metas = write(&lake, config, events.clone()).await;
    let mut found = Found::new();
    for meta in &segments_of(&metas, Table::Observables) {
        lake.verify_segment(meta).await.unwrap();
        let rows = rows(&lake, meta).await;
        let order: Vec<(i64, &str)> = rows.iter().map(|row| (row["type_id"].as_i64().unwrap(), row["value"].as_str().unwrap())).collect();
        assert!(order.is_sorted());
        for row in &rows {
            let text = |name: &str| row.get(name).and_then(Json::as_str).map(str::to_owned);
            let number = |name: &str| row[name].as_i64().unwrap();
            let class: Class = text("class").unwrap().parse().unwrap();
            assert_eq!((&row["class_uid"], &row["source"]), (&json!(class.uid()), &json!(SOURCE)));
            assert_eq!(Day::of_ms(number("first_time")), meta.day);
            assert!(meta.time.start_ms <= number("first_time") && number("last_time") <= meta.time.end_ms);
            let key = (number("type_id"), text("value").unwrap(), class.name().to_owned(), text("account"), text("segment").unwrap());
            let before = found.insert(key, (number("count"), number("first_time"), number("last_time")));
            assert_eq!(before, None, "a row is there twice: {row:?}");
        }
    }
    assert_eq!(found, expected(&lake, &metas, &events).await);
    assert!(found.len() > 500, "the events show {} things", found.len());
    metas
}

#[tokio::test]
async fn each_day_has_one_segment_of_what_all_its_events_show() {
    let metas = check(WriterConfig::default()).await;
    let observables = segments_of(&metas, Table::Observables);
    assert_eq!(observables.len(), 3);
    assert!(observables.iter().all(|meta| meta.source == ANY_SOURCE && meta.accounts.is_none()));
    assert!(observables[0].has_rows_without_account && !observables[1].has_rows_without_account);
}

#[tokio::test]
async fn segments_of_events_are_told_apart_when_a_day_has_several() {
    let metas = check(WriterConfig { segment_rows_max: 50, ..WriterConfig::default() }).await;
    assert!(segments_of(&metas, API).len() >= 8);
    assert_eq!(segments_of(&metas, Table::Observables).len(), 3);
}

#[tokio::test]
async fn a_bound_on_their_memory_only_makes_more_segments() {
    let metas = check(WriterConfig { segment_rows_max: 100, observables_bytes_max: 1, ..WriterConfig::default() }).await;
    assert!(segments_of(&metas, Table::Observables).len() > 3);
}

#[tokio::test]
async fn the_table_has_the_schema_that_is_published() {
    let lake = open("memory:///");
    let metas = write(&lake, WriterConfig::default(), api_calls(10, 1)).await;
    let batches = lake.read_segment(&segments_of(&metas, Table::Observables)[0]).await.unwrap();
    assert_eq!(batches[0].schema().fields(), observables_schema().fields());
    let types: BTreeSet<i64> =
        rows(&lake, &segments_of(&metas, Table::Observables)[0]).await.iter().map(|row| row["type_id"].as_i64().unwrap()).collect();
    assert_eq!(types, BTreeSet::from([2, 4, 5, 16]));
}

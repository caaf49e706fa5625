//! What is appended is what is read.

use std::collections::BTreeMap;

use coldtrail_lake::{RejectRow, SegmentWriter, WriterConfig, rejects_schema};
use coldtrail_model::{Class, Col, Day, Event, Table, Value, arrow_schema};
use serde_json::json;

use crate::support::*;

/// Events of several classes with values of every kind, and with none.
fn events_of_every_kind() -> Vec<Event> {
    let mut events = api_calls(300, 3);
    for (n, event) in events.iter_mut().enumerate().filter(|(n, _)| n % 3 == 0) {
        event.flag(Col::ActorSessionIsMfa, n % 2 == 0);
        event.double(Col::SrcEndpointLocationLat, n as f64 / 7.0 - 10.0);
        event.long(Col::SrcEndpointPort, 1024 + n as i64);
        event.time(Col::MetadataLoggedTime, MARCH_1 - n as i64);
        event.list(Col::HttpRequestXForwardedFor, (0..n % 4).map(|hop| format!("10.0.{n}.{hop}")));
        event.text(Col::Resources, format!(r#"[{{"uid":"arn:{n}","labels":["ä","日本"]}}]"#));
        event.text(Col::Message, "zero\u{0}, quote\", emoji 🦀, line\nbreak");
    }
    events[7].owned_text(Col::RawData, "a very long record, ".repeat(200_000));
    let mut query = Event::new(Class::DnsActivity, 1, MARCH_1 + 5);
    query.list(Col::AnswersRdata, ["198.51.100.1", "", "mail.example.com"]);
    events.push(query);
    events.push(Event::new(Class::FileActivity, 1, MARCH_1));
    events
}

fn expected(event: &Event, offset: i64) -> Row {
    let value = |value: &Value| match value {
        Value::Text(text) => json!(text.as_str()),
        Value::Long(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        Value::TextList(texts) => texts.iter().map(|text| text.as_str()).collect(),
    };
    let ours = [("source", json!(SOURCE)), ("source_object", json!(*object())), ("source_offset", json!(offset))];
    let fields = event.fields().iter().map(|(col, field)| (col.column().name, value(field)));
    fields.chain(ours).map(|(name, value)| (name.to_owned(), value)).collect()
}

#[tokio::test]
async fn every_event_is_read_back_as_it_was_appended() {
    for lake in lakes().lakes {
        let events = events_of_every_kind();
        let metas = write(&lake, WriterConfig::default(), events.clone()).await;
        let mut found: BTreeMap<i64, Row> = BTreeMap::new();
        for meta in metas.iter().filter(|meta| matches!(meta.table, Table::Events(_))) {
            for row in rows(&lake, meta).await {
                let offset = row["source_offset"].as_i64().unwrap();
                assert_eq!(row["class_uid"], json!(events[offset as usize].class().uid()));
                assert!(found.insert(offset, row).is_none(), "the event at {offset} is there twice");
            }
        }
        assert_eq!(found.len(), events.len());
        for (offset, event) in (0..).zip(&events) {
            assert_eq!(found[&offset], expected(event, offset));
        }
    }
}

#[tokio::test]
async fn a_segment_holds_one_day_in_order_of_time_with_the_columns_of_its_class() {
    for lake in lakes().lakes {
        let metas = write(&lake, WriterConfig::default(), api_calls(600, 4)).await;
        let events = segments_of(&metas, API);
        assert_eq!(events.len(), 4);
        for meta in &events {
            let times: Vec<i64> = rows(&lake, meta).await.iter().map(|row| row["time"].as_i64().unwrap()).collect();
            assert!(times.is_sorted());
            assert!(times.iter().all(|time_ms| Day::of_ms(*time_ms) == meta.day));
            assert_eq!((meta.time.start_ms, meta.time.end_ms), (times[0], times[times.len() - 1]));
            assert_eq!(meta.accounts.as_deref().unwrap(), ["111122223333", "111122223334", "111122223335"].map(str::to_owned));
            assert!(!meta.has_rows_without_account);
            assert_eq!(meta.path, format!("ocsf/api_activity/event_day={}/{}.parquet", meta.day, meta.id));
            let schema = lake.read_segment(meta).await.unwrap()[0].schema();
            let types = |schema: &arrow::datatypes::Schema| -> Vec<_> {
                schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone(), field.is_nullable())).collect()
            };
            assert_eq!(types(&schema), types(&arrow_schema(Class::ApiActivity)));
        }
    }
}

#[tokio::test]
async fn events_of_the_same_moment_stay_in_the_order_they_came() {
    let lake = open("memory:///");
    let events = (0..50).map(|n| api_call(n, MARCH_1 + if n < 25 { 1 } else { 0 })).collect();
    let metas = write(&lake, WriterConfig::default(), events).await;
    let offsets: Vec<i64> =
        rows(&lake, &segments_of(&metas, API)[0]).await.iter().map(|row| row["source_offset"].as_i64().unwrap()).collect();
    assert_eq!(offsets, (25..50).chain(0..25).collect::<Vec<i64>>());
}

#[tokio::test]
async fn many_accounts_are_not_listed_and_rows_without_one_are_noted() {
    let lake = open("memory:///");
    let mut events = api_calls(40, 1);
    for (n, event) in events.iter_mut().enumerate() {
        event.text(Col::CloudAccountUid, format!("{n:012}"));
    }
    events.push(Event::new(Class::FileActivity, 1, MARCH_1));
    let metas = write(&lake, WriterConfig::default(), events).await;
    assert_eq!(segments_of(&metas, API)[0].accounts, None);
    let file = &segments_of(&metas, Table::Events(Class::FileActivity))[0];
    assert_eq!((file.accounts.as_deref(), file.has_rows_without_account), (Some(&[][..]), true));
}

#[tokio::test]
async fn what_has_no_column_is_kept_in_unmapped() {
    let lake = open("memory:///");
    let mut bare = api_call(0, MARCH_1);
    bare.long(Col::SrcEndpointPort, 1 << 40);
    let mut taken = api_call(1, MARCH_1);
    taken.text(Col::Unmapped, r#"{"a":1,"src_endpoint.port":"odd"}"#);
    taken.long(Col::SrcEndpointPort, -(1 << 40));
    let mut not_json = api_call(2, MARCH_1);
    not_json.text(Col::Unmapped, "not JSON");
    not_json.long(Col::SrcEndpointPort, 1 << 40);
    let metas = write(&lake, WriterConfig::default(), vec![bare, taken, not_json]).await;
    let rows = rows(&lake, &segments_of(&metas, API)[0]).await;
    let unmapped: Vec<serde_json::Value> =
        rows.iter().map(|row| serde_json::from_str(row["unmapped"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(unmapped[0], json!({"src_endpoint.port": 1_i64 << 40}));
    assert_eq!(unmapped[1], json!({"a": 1, "src_endpoint.port": ["odd", -(1_i64 << 40)]}));
    assert_eq!(unmapped[2], json!({"unmapped": "not JSON", "src_endpoint.port": 1_i64 << 40}));
    assert!(rows.iter().all(|row| !row.contains_key("src_endpoint_port")));
}

#[tokio::test]
async fn times_long_ago_and_far_ahead_have_their_own_days() {
    for lake in lakes().lakes {
        let times = [0, -1, 4_102_444_799_000, i64::MAX, i64::MIN];
        let metas = write(&lake, WriterConfig::default(), times.iter().map(|time_ms| api_call(0, *time_ms)).collect()).await;
        let events = segments_of(&metas, API);
        assert_eq!(events.len(), 5);
        for meta in &events {
            lake.verify_segment(meta).await.unwrap();
            assert_eq!(rows(&lake, meta).await[0]["time"], json!(meta.time.start_ms));
            assert_eq!(lake.segment_meta_from_footer(&meta.path).await.unwrap(), *meta);
        }
        let days: Vec<String> = events.iter().map(|meta| meta.day.to_string()).collect();
        assert_eq!(days[1..4], ["1969-12-31", "1970-01-01", "2099-12-31"]);
    }
}

#[tokio::test]
async fn rejects_keep_the_record_and_say_what_was_cut() {
    for lake in lakes().lakes {
        let mut writer = SegmentWriter::new(lake.clone(), WriterConfig { reject_bytes_max: 10, ..WriterConfig::default() });
        // Of the last only the beginning came so far.
        let records: [(&[u8], i64); 5] =
            [(b"{bad", 4), (b"\xffbad", 4), ("123456789é and more".as_bytes(), 20), (b"", 0), (b"begun", 1000)];
        for ((raw, raw_bytes), n) in records.into_iter().zip(0..) {
            let (source_object, reason) = (&*object(), "it is not JSON");
            let (offset, time_ms) = (n * 10, MARCH_1 - n);
            writer.reject(RejectRow { source: SOURCE, source_object, offset, time_ms, reason, raw, raw_bytes });
        }
        let metas = writer.finish().await.unwrap();
        assert_eq!(row_count(&metas, Table::Rejects), 5);
        assert!(metas.iter().all(|meta| meta.path.starts_with("system/rejects/event_day=2026-0")));
        let mut found = Vec::new();
        for meta in &metas {
            lake.verify_segment(meta).await.unwrap();
            assert_eq!(lake.read_segment(meta).await.unwrap()[0].schema().fields(), rejects_schema().fields());
            found.extend(rows(&lake, meta).await);
        }
        found.sort_by_key(|row| row["source_offset"].as_i64());
        let raw: Vec<_> = found.iter().map(|row| (row["raw"].clone(), row["raw_is_lossy"].clone(), row["raw_is_cut"].clone())).collect();
        assert_eq!(raw[0], (json!("{bad"), json!(false), json!(false)));
        assert_eq!(raw[1], (json!("\u{fffd}bad"), json!(true), json!(false)));
        assert_eq!(raw[2], (json!("123456789"), json!(false), json!(true)));
        assert_eq!(raw[3], (json!(""), json!(false), json!(false)));
        assert_eq!(raw[4], (json!("begun"), json!(false), json!(true)));
        assert_eq!(found[4]["raw_bytes"], json!(1000));
        assert_eq!((&found[2]["raw_bytes"], &found[2]["reason"]), (&json!(20), &json!("it is not JSON")));
    }
}

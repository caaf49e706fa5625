//! Batches of Splunk's HTTP Event Collector, as Vector, Fluent Bit and others send them.
//!
//! A body of `/services/collector/event` is objects one after the other, with or without line breaks between them:
//! <https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector>.

use std::collections::BTreeMap;

use bytes::Bytes;
use coldtrail_ingest::{Marks, SourceChoice};
use coldtrail_normalize::{Source, detect};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Refusal;
use crate::Batch;

/// Lines of text whose times lie so close together go into one batch, in milliseconds. The time is only for lines that have none.
const TIME_SPAN_MS: i64 = 10_000;

/// An event with what Splunk's senders put around it. `host`, `index` and `fields` say nothing that the event does not.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(default)]
    source: Option<serde_json::Value>,
    #[serde(default)]
    sourcetype: Option<serde_json::Value>,
}

/// What goes into one batch: records of one source, and of about the same time if they are lines of text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: Option<Source>,
    span: Option<i64>,
}

#[derive(Default)]
struct Group {
    content: Vec<u8>,
    time_ms: Option<i64>,
}

/// Takes the envelopes off. Events are put together by source: the one that `sourcetype` or `source` names, or else that of the request,
/// or else the one that recognises the event.
pub(super) fn unwrap_events(body: &[u8], of_request: Option<Source>) -> Result<Vec<Batch>, Refusal> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (number, envelope) in serde_json::Deserializer::from_slice(body).into_iter::<Envelope<'_>>().enumerate() {
        let envelope = envelope.map_err(|error| Refusal::Bad(format!("event {number}: {error}")))?;
        let record = record_of(envelope.event, number)?;
        let named = [&envelope.sourcetype, &envelope.source].into_iter().flatten().find_map(|name| Source::named(name.as_str()?));
        let source = named.or(of_request).or_else(|| detect(record.as_bytes(), ""));
        let is_text = !record.trim_start().starts_with(['{', '[']);
        let time_ms = if is_text { envelope.time.and_then(|time| time_ms(time.get())) } else { None };
        let group = groups.entry(Key { source, span: time_ms.map(|time| time.div_euclid(TIME_SPAN_MS)) }).or_default();
        group.content.extend_from_slice(record.as_bytes());
        group.content.push(b'\n');
        group.time_ms = group.time_ms.max(time_ms);
    }
    if groups.is_empty() {
        return Err(Refusal::NoData);
    }
    let to_batch = |(key, group): (Key, Group)| Batch {
        content: Bytes::from(group.content),
        choice: key.source.map_or(SourceChoice::Auto, SourceChoice::Named),
        time_ms: group.time_ms,
        marks: Marks::default(),
    };
    Ok(groups.into_iter().map(to_batch).collect())
}

/// The record: a text as it is, anything else as JSON.
fn record_of(event: Option<&RawValue>, number: usize) -> Result<String, Refusal> {
    let event = event.map(RawValue::get).filter(|event| *event != "null").ok_or(Refusal::NoEvent(number))?;
    if !event.starts_with('"') {
        return Ok(event.to_owned());
    }
    let text: String = serde_json::from_str(event).map_err(|error| Refusal::Bad(format!("event {number}: {error}")))?;
    if text.trim().is_empty() { Err(Refusal::BlankEvent(number)) } else { Ok(text) }
}

/// Seconds since 1970 with a fraction, as a number or as text; milliseconds if it would be after the year 5000 otherwise.
fn time_ms(time: &str) -> Option<i64> {
    let number: f64 = time.trim_matches('"').trim().parse().ok()?;
    let ms = if number.abs() > 1e11 { number } else { number * 1000.0 };
    (ms.is_finite() && ms > 0.0 && ms < 1e14).then_some(ms.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAIL: &str = r#"{"eventVersion":"1.08","eventID":"1","eventTime":"2026-03-01T12:00:00Z","eventName":"ListUsers","eventSource":"iam.amazonaws.com","awsRegion":"eu-west-1"}"#;

    fn check(body: &str, of_request: Option<Source>, expected: &[(&str, &str, Option<i64>)]) {
        let batches = unwrap_events(body.as_bytes(), of_request).expect("a batch");
        let found: Vec<(String, String, Option<i64>)> = batches
            .iter()
            .map(|batch| {
                let source = match batch.choice {
                    SourceChoice::Auto => "auto".to_owned(),
                    SourceChoice::Named(source) => source.to_string(),
                };
                (source, String::from_utf8_lossy(&batch.content).into_owned(), batch.time_ms)
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(source, text, time)| ((*source).to_owned(), (*text).to_owned(), *time)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn events_are_put_together_by_what_recognises_them() {
        let text = serde_json::to_string(TRAIL).expect("JSON");
        let body = format!(
            r#"{{"event":{TRAIL},"time":1772366400.5,"host":"h"}}{{"event":{text}}}
               {{"event":"Mar  1 12:00:00 web sshd[7]: Accepted password for root from 192.0.2.1 port 22 ssh2","sourcetype":"syslog"}}"#
        );
        let line = "Mar  1 12:00:00 web sshd[7]: Accepted password for root from 192.0.2.1 port 22 ssh2\n";
        check(&body, None, &[("aws_cloudtrail", &format!("{TRAIL}\n{TRAIL}\n"), None), ("linux_syslog", line, None)]);
    }

    #[test]
    fn a_name_of_ours_wins_and_any_other_is_only_a_name() {
        let body = r#"{"event":"x","sourcetype":"linux_sshd"}{"event":"y","source":"nginx","sourcetype":"_json"}{"event":"z","sourcetype":"none"}"#;
        let of_request = Source::named("linux_auditd");
        check(body, of_request, &[("linux_auditd", "z\n", None), ("linux_sshd", "x\n", None), ("nginx", "y\n", None)]);
        check(r#"{"event":"what is this"}"#, None, &[("auto", "what is this\n", None)]);
    }

    #[test]
    fn the_time_stands_in_for_lines_of_about_that_time() {
        let body = r#"{"event":"a","time":1772366400,"source":"linux_syslog"}{"event":"b","time":"1772366403.25","source":"linux_syslog"}
            {"event":"c","time":1772366500000,"source":"linux_syslog"}"#;
        check(body, None, &[("linux_syslog", "a\nb\n", Some(1_772_366_403_250)), ("linux_syslog", "c\n", Some(1_772_366_500_000))]);
    }

    /// Numbers that are the same in every run.
    fn next(state: &mut u64) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize
    }

    #[test]
    fn damaged_bodies_are_batches_or_refusals() {
        let seeds = [
            format!(
                r#"{{"event":{TRAIL},"time":1772366400.5,"host":"h","fields":{{"a":[1,null]}}}}{{"event":"x\u00e9\ud800","time":"1e400"}}"#
            ),
            r#"{"event":"Mar  1 12:00:00 web sshd[7]: x","sourcetype":"linux_sshd","source":{"a":1},"time":-1}"#.to_owned(),
        ];
        let (mut state, mut taken) = (1, 0);
        for round in 0..6_000 {
            let mut body = seeds[round % seeds.len()].clone().into_bytes();
            for _ in 0..=next(&mut state) % 4 {
                let (at, other) = (next(&mut state) % body.len(), next(&mut state) % body.len());
                match next(&mut state) % 4 {
                    0 => body[at] = next(&mut state) as u8,
                    1 => body.truncate(at.max(1)),
                    2 => body[at] = br#"{}[]",:\0e-"#[next(&mut state) % 11],
                    _ => body.extend_from_within(at.min(other)..at.max(other)),
                }
            }
            match unwrap_events(&body, None) {
                Ok(batches) => {
                    taken += 1;
                    let bytes: usize = batches.iter().map(|batch| batch.content.len()).sum();
                    assert!(!batches.is_empty() && bytes <= 2 * body.len(), "{}", String::from_utf8_lossy(&body));
                }
                Err(refusal) => assert!(!matches!(refusal, Refusal::Busy(_)), "{}", String::from_utf8_lossy(&body)),
            }
        }
        assert!(taken > 100, "{taken} of them were taken");
    }

    #[test]
    fn what_is_no_batch_is_refused_with_the_number_of_the_event() {
        let refusal = |body: &str| unwrap_events(body.as_bytes(), None).expect_err("a refusal");
        assert_eq!(refusal(""), Refusal::NoData);
        assert_eq!(refusal(r#"{"event":"a"}{"time":1}"#), Refusal::NoEvent(1));
        assert_eq!(refusal(r#"{"event":null}"#), Refusal::NoEvent(0));
        assert_eq!(refusal(r#"{"event":"a"}{"event":" "}"#), Refusal::BlankEvent(1));
        assert!(matches!(refusal(r#"{"event":"a"}{"event"#), Refusal::Bad(reason) if reason.starts_with("event 1:")));
        assert!(matches!(refusal("plain text"), Refusal::Bad(_)));
    }
}

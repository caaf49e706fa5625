//! What the tests of mappings look at.

use coldtrail_model::{Col, Value};

use serde_json::{Value as Json, json};

use crate::{Normalizer, Options, Source};

/// Columns that follow from others or say nothing new.
const NOT_SHOWN: &[Col] = &[
    Col::Time,
    Col::ClassUid,
    Col::CategoryUid,
    Col::TypeUid,
    Col::ActivityId,
    Col::ActivityName,
    Col::MetadataVersion,
    Col::MetadataProductName,
    Col::MetadataProductVendorName,
    Col::CloudProvider,
    Col::RawData,
];

/// The events and rejects of an input as readable lines: class, activity and time, then the columns that are set.
pub(crate) fn shown(source: Source, input: &[u8]) -> String {
    let mut normalizer = Normalizer::new(source, Options::default());
    let batches = [normalizer.push(input), normalizer.finish()];
    let mut lines = Vec::new();
    for (_, event) in batches.iter().flat_map(|batch| &batch.events) {
        let activity = event.get_text(Col::ActivityName).unwrap_or_default();
        lines.push(format!("{}: {activity} at {}", event.class(), coldtrail_model::format_ms(event.time_ms())));
        let shown = event.fields().iter().filter(|(col, _)| !NOT_SHOWN.contains(col) && !is_usual(*col, event.get(*col)));
        lines.extend(shown.map(|(col, value)| format!("  {} = {}", col.column().name, text_of(value))));
    }
    lines.extend(batches.iter().flat_map(|batch| &batch.rejects).map(|reject| format!("reject: {}", reject.reason)));
    lines.join("\n") + "\n"
}

fn is_usual(col: Col, value: Option<&Value>) -> bool {
    match col {
        Col::SeverityId | Col::StatusId => true,
        Col::Severity => matches!(value, Some(Value::Text(text)) if text == "Informational"),
        _ => false,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::TextList(texts) => texts.join(" | "),
    }
}

/// Puts odd values in every place of a JSON record, one at a time, and checks that each record is one event or one reject.
pub(crate) fn check_odd_values(source: Source, record: &str) {
    let record: Json = serde_json::from_str(record).expect("a JSON record");
    let odd = [json!(null), json!(true), json!(-7), json!(1e300), json!("ä\"\\"), json!([]), json!([[1], null]), json!({"a.b": {"": 0}})];
    for pointer in pointers(&record) {
        for value in &odd {
            let mut damaged = record.clone();
            *damaged.pointer_mut(&pointer).expect("a place in the record") = value.clone();
            let mut normalizer = Normalizer::new(source, Options::default());
            let count = normalizer.push(format!("{damaged}\n").as_bytes()).records() + normalizer.finish().records();
            assert_eq!(count, 1, "{value} at {pointer}");
        }
    }
}

/// The places of every value inside a value.
fn pointers(value: &Json) -> Vec<String> {
    let inside: Vec<(String, &Json)> = match value {
        Json::Object(members) => {
            members.iter().map(|(key, inner)| (format!("/{}", key.replace('~', "~0").replace('/', "~1")), inner)).collect()
        }
        Json::Array(elements) => elements.iter().enumerate().map(|(place, inner)| (format!("/{place}"), inner)).collect(),
        _ => Vec::new(),
    };
    inside
        .into_iter()
        .flat_map(|(step, inner)| std::iter::once(step.clone()).chain(pointers(inner).into_iter().map(move |rest| format!("{step}{rest}"))))
        .collect()
}

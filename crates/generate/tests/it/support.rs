//! Reads back what was written, as a stranger would: with a JSON parser, and a split at tabs or spaces.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use chrono::NaiveDate;
use coldtrail_generate::{Config, SourceKind, Summary, write_all};
use flate2::read::GzDecoder;
use serde_json::Value;

pub(crate) fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day")
}

pub(crate) fn write(config: &Config, folder: &Path) -> Summary {
    write_all(config, folder, &|_| {}).expect("writes")
}

/// The text of a file, decompressed.
pub(crate) fn text(folder: &Path, path: &str) -> String {
    let bytes = fs::read(folder.join(path)).expect(path);
    let mut text = String::new();
    if path.ends_with(".gz") {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect(path);
    } else {
        text = String::from_utf8(bytes).expect(path);
    }
    text
}

/// One record: its fields with dotted names, each with every value it has.
pub(crate) type Record = BTreeMap<String, Vec<String>>;

/// The records of a file.
pub(crate) fn records(source: SourceKind, path: &str, text: &str) -> Vec<Record> {
    match source {
        SourceKind::Zeek => table(text, '\t', "#fields\t"),
        SourceKind::AwsVpcflow => table(text, ' ', "version "),
        _ => json(path, text).iter().map(flatten).collect(),
    }
}

/// The JSON records of a file: lines, or an object with an array.
pub(crate) fn json(path: &str, text: &str) -> Vec<Value> {
    if text.starts_with(r#"{"Records":["#) || text.starts_with(r#"{"records":["#) {
        let object: Value = serde_json::from_str(text).expect(path);
        return object.as_object().and_then(|object| object.values().next()).and_then(Value::as_array).expect(path).clone();
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{path}: {error}: {line}"))).collect()
}

fn flatten(record: &Value) -> Record {
    fn walk(name: &str, value: &Value, into: &mut Record) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    walk(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, into);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| walk(name, value, into)),
            Value::String(text) => into.entry(name.to_owned()).or_default().push(text.clone()),
            other => into.entry(name.to_owned()).or_default().push(other.to_string()),
        }
    }
    let mut into = Record::new();
    walk("", record, &mut into);
    into
}

fn table(text: &str, separator: char, header: &str) -> Vec<Record> {
    let line = text.lines().find(|line| line.starts_with(header)).expect("a header");
    let names: Vec<&str> = line.trim_start_matches("#fields\t").split(separator).collect();
    let log = text.lines().find_map(|line| line.strip_prefix("#path\t"));
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with(header));
    rows.map(|row| {
        let values: Vec<&str> = row.split(separator).collect();
        assert_eq!(values.len(), names.len(), "{row}");
        let mut record: Record = names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), vec![value.to_owned()])).collect();
        if let Some(log) = log {
            record.insert("#path".to_owned(), vec![log.to_owned()]);
        }
        record
    })
    .collect()
}

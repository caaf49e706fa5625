use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Table};
use coldtrail_normalize::{Normalizer, Options, Reason, Source};
use coldtrail_sigma::{Mappings, Placeholders, Rule, RuleSet, parse};

/// Reads bytes of a source as an import would, writes them into a lake, and gives the rows of each table back.
pub(crate) fn batches(source: Source, bytes: &[u8]) -> Vec<(Class, RecordBatch)> {
    let (batches, rejects) = batches_and_rejects(source, bytes);
    assert!(rejects.is_empty(), "{rejects:?}");
    batches
}

/// The same of bytes that need not all be good.
pub(crate) fn batches_and_rejects(source: Source, bytes: &[u8]) -> (Vec<(Class, RecordBatch)>, Vec<Reason>) {
    let mut normalizer = Normalizer::new(source, Options::default());
    let mut events = normalizer.push(bytes);
    let rest = normalizer.finish();
    events.events.extend(rest.events);
    events.rejects.extend(rest.rejects);
    let rejects = events.rejects.into_iter().map(|reject| reject.reason).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let batches = runtime.block_on(async {
        let lake = Lake::open("memory:///lake", &StoreOptions::default()).unwrap();
        let mut writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
        let object: Arc<str> = Arc::from("file:///sample");
        for (place, event) in events.events {
            writer.append(source.name(), &object, event, place.offset as i64).unwrap();
        }
        let mut batches = Vec::new();
        for meta in writer.finish().await.unwrap() {
            if let Table::Events(class) = meta.table {
                batches.extend(lake.read_segment(&meta).await.unwrap().into_iter().map(|batch| (class, batch)));
            }
        }
        batches
    });
    (batches, rejects)
}

/// A set of all the rules of a text, none of which may be refused.
pub(crate) fn rule_set(yaml: &str) -> RuleSet {
    rule_set_with(yaml, &Placeholders::new())
}

pub(crate) fn rule_set_with(yaml: &str, placeholders: &Placeholders) -> RuleSet {
    let parsed = parse("test.yml", yaml);
    assert!(parsed.problems.is_empty(), "{}", parsed.problems[0]);
    let mut rules: Vec<Rule> = parsed.rules().cloned().collect();
    parsed.filters().for_each(|filter| assert!(filter.apply(&mut rules) > 0));
    let compilation = RuleSet::compile(rules, Mappings::builtin(), placeholders);
    assert!(compilation.refused.is_empty(), "{}", compilation.refused[0].1);
    compilation.set
}

/// How many rows each rule matches, by position.
pub(crate) fn count(set: &RuleSet, batches: &[(Class, RecordBatch)]) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for (table, batch) in batches {
        for found in set.evaluate(*table, batch).unwrap().iter() {
            *counts.entry(found.rule).or_default() += 1;
        }
    }
    counts
}

/// An event of Sysmon about a new process, with these data beside.
pub(crate) fn process(data: serde_json::Value) -> Vec<u8> {
    let mut all = serde_json::json!({
        "UtcTime": "2026-03-01 10:20:30.000", "ProcessId": 4242, "Image": r"C:\Windows\System32\cmd.exe", "CommandLine": "cmd /c whoami",
    });
    for (key, value) in data.as_object().unwrap() {
        match value {
            serde_json::Value::String(text) if text == "<absent>" => drop(all.as_object_mut().unwrap().remove(key)),
            value => all[key] = value.clone(),
        }
    }
    let event = serde_json::json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Computer": "pc1.corp.example", "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T10:20:30.000Z"}}, "EventRecordID": 7,
        },
        "EventData": all,
    }});
    format!("{event}\n").into_bytes()
}

/// True if a rule with this detection, about new processes on Windows, matches an event with these data.
pub(crate) fn matches(detection: &str, data: serde_json::Value) -> bool {
    matches_with(detection, data, &Placeholders::new())
}

pub(crate) fn matches_with(detection: &str, data: serde_json::Value, placeholders: &Placeholders) -> bool {
    let detection = detection.trim_matches('\n').lines().map(|line| format!("    {line}\n")).collect::<String>();
    let condition = if detection.contains("condition:") { "" } else { "    condition: selection\n" };
    let yaml = format!("title: A test\nlogsource: {{category: process_creation, product: windows}}\ndetection:\n{detection}{condition}");
    let set = rule_set_with(&yaml, placeholders);
    let batches = batches(Source::WindowsEvent, &process(data));
    assert_eq!(batches.len(), 1);
    !count(&set, &batches).is_empty()
}

/// The folder of real samples, if there is one. They are licensed in many ways and no part of the project.
pub(crate) fn samples() -> Option<PathBuf> {
    let folder = std::env::var_os("COLDTRAIL_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there are no samples in {}", folder.display());
    None
}

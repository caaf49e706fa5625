//! Real rules over real events: each rule of Sigma's regression data must find the event that was recorded for it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use coldtrail_model::Class;
use coldtrail_normalize::Source;
use coldtrail_sigma::{Mappings, Placeholders, Rule, RuleSet, parse};

use crate::support::{batches, samples};

struct Pair {
    name: String,
    rule: Rule,
    event: Vec<(Class, RecordBatch)>,
}

fn pairs() -> Option<Vec<Pair>> {
    let folder = samples()?.join("sigma_regression/sigmahq");
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.retain(|path| path.to_string_lossy().ends_with(".expected.sigma.json"));
    names.sort();
    let read = |path: &PathBuf| {
        let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let raw = path.to_string_lossy().replace(".expected.sigma.json", "");
        let parsed = parse(expected["rule_path"].as_str().unwrap(), expected["rule_yaml"].as_str().unwrap());
        assert!(parsed.problems.is_empty(), "{}", parsed.problems[0]);
        Pair {
            name: path.file_name().unwrap().to_string_lossy().replace(".json.expected.sigma.json", ""),
            rule: parsed.rules().next().unwrap().clone(),
            event: batches(Source::WindowsEvent, &std::fs::read(raw).unwrap()),
        }
    };
    Some(names.iter().map(read).collect())
}

fn matched(set: &RuleSet, event: &[(Class, RecordBatch)]) -> BTreeSet<usize> {
    event
        .iter()
        .flat_map(|(table, batch)| set.evaluate(*table, batch).unwrap().iter().map(|found| found.rule).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_rule_finds_the_event_that_was_recorded_for_it() {
    let Some(pairs) = pairs() else { return };
    assert_eq!(pairs.len(), 120);
    let compilation = RuleSet::compile(pairs.iter().map(|pair| pair.rule.clone()), Mappings::builtin(), &Placeholders::new());
    assert!(compilation.refused.is_empty(), "{}: {}", compilation.refused[0].0.about.title, compilation.refused[0].1);
    let missed: Vec<&str> = pairs
        .iter()
        .enumerate()
        .filter(|(number, pair)| !matched(&compilation.set, &pair.event).contains(number))
        .map(|(_, pair)| pair.name.as_str())
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Rules together find what each finds alone, also when made again from JSON: what is shared between them changes nothing.
#[test]
fn rules_together_find_what_each_finds_alone() {
    let Some(pairs) = pairs() else { return };
    let all = RuleSet::compile(pairs.iter().map(|pair| pair.rule.clone()), Mappings::builtin(), &Placeholders::new()).set;
    let all = RuleSet::from_json(&all.to_json(), Mappings::builtin()).unwrap();
    let alone: Vec<RuleSet> =
        pairs.iter().map(|pair| RuleSet::compile([pair.rule.clone()], Mappings::builtin(), &Placeholders::new()).set).collect();
    let mut lines = Vec::new();
    for (event_number, pair) in pairs.iter().enumerate() {
        let together = matched(&all, &pair.event);
        let one_by_one: BTreeSet<usize> = (0..pairs.len()).filter(|rule| !matched(&alone[*rule], &pair.event).is_empty()).collect();
        assert_eq!(together, one_by_one, "{}", pair.name);
        lines.push(format!("{event_number}\t{}\t{together:?}", pair.name));
    }
    if let Some(path) = std::env::var_os("COLDTRAIL_SIGMA_MATRIX") {
        std::fs::write(path, lines.join("\n")).unwrap();
    }
}

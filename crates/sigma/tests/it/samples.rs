//! Real rules over real events: each rule of Sigma's regression data must find the event that was recorded for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use coldtrail_model::Class;
use coldtrail_normalize::{Compression, Inflater, Source};
use coldtrail_sigma::{Mappings, Placeholders, Rule, RuleSet, parse};

use crate::support::{batches, batches_and_rejects, samples};

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

/// Every rule of the folder `COLDTRAIL_SIGMA_RULES` over every EVTX file of the folder `COLDTRAIL_SIGMA_EVENTS`: what is refused, how
/// long it takes, and what is found.
#[test]
fn a_whole_folder_of_rules_can_be_used_at_once() {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(rules), Some(events)) = (folder("COLDTRAIL_SIGMA_RULES"), folder("COLDTRAIL_SIGMA_EVENTS")) else { return };
    let (mut parsed, mut problems) = (Vec::new(), Vec::new());
    for path in files_in(&rules, ".yml") {
        let read = parse(&path.to_string_lossy(), &std::fs::read_to_string(&path).unwrap());
        problems.extend(read.problems.iter().map(ToString::to_string));
        parsed.extend(read.rules().cloned());
    }
    let count = parsed.len();
    let started = Instant::now();
    let compilation = RuleSet::compile(parsed, Mappings::builtin(), &Placeholders::new());
    eprintln!("{count} rules, {} problems, {} refused, compiled in {:?}", problems.len(), compilation.refused.len(), started.elapsed());
    problems.iter().for_each(|problem| eprintln!("problem\t{problem}"));
    compilation.refused.iter().for_each(|(rule, verdict)| eprintln!("refused\t{}\t{verdict}", rule.about.file));
    let (mut rows, mut bytes, mut elapsed, mut by_columns) = (0, 0, Duration::ZERO, 0);
    for path in files_in(&events, ".evtx").into_iter().chain(files_in(&events, ".evtx.gz")) {
        let mut found = BTreeMap::<usize, usize>::new();
        for (table, batch) in batches_and_rejects(Source::WindowsEvent, &plain(&std::fs::read(&path).unwrap())).0 {
            let started = Instant::now();
            let matches = compilation.set.evaluate(table, &batch).unwrap();
            elapsed += started.elapsed();
            (rows, bytes) = (rows + batch.num_rows(), bytes + batch.column_by_name("raw_data").unwrap().get_array_memory_size());
            by_columns += matches.rows_by_columns;
            matches.iter().for_each(|hit| *found.entry(hit.rule).or_default() += 1);
        }
        for (rule, times) in found {
            eprintln!("found\t{}\t{}\t{times}", path.display(), compilation.set.rules()[rule].about.key());
        }
    }
    eprintln!("{rows} rows, about {bytes} bytes of records, {by_columns} by columns, in {elapsed:?}");
}

fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_in(&path, ending)),
            false if path.to_string_lossy().ends_with(ending) => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The bytes of a file that may be compressed.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut inflater = Inflater::new(Compression::detect(bytes)).unwrap();
    let mut plain = Vec::new();
    inflater.push(bytes, &mut plain).unwrap();
    inflater.finish(&mut plain).unwrap();
    plain
}

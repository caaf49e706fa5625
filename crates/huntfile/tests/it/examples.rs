use std::collections::BTreeSet;
use std::path::Path;

use coldtrail_huntfile::Hunt;

use crate::bindings;

/// The name and text of every hunt file in `examples/hunts`.
fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hunts");
    let files = std::fs::read_dir(folder).expect("the examples are there").map(|file| file.expect("a file").path());
    let hunts = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let mut hunts: Vec<(String, String)> = hunts
        .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), std::fs::read_to_string(&path).expect("text")))
        .collect();
    hunts.sort();
    hunts
}

#[test]
fn every_example_can_be_read_and_rendered_with_its_defaults() {
    let mut ids = BTreeSet::new();
    for (name, text) in examples() {
        let hunt = Hunt::parse(&format!("{name}.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}"));
        hunt.render(&bindings(&[])).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(name.split_once('-').map(|(_, id)| id), Some(hunt.id.as_str()), "a file is named by number and id");
        assert!(ids.insert(hunt.id.clone()), "{} is there twice", hunt.id);
    }
}

#[test]
fn every_example_says_what_a_reader_needs() {
    for (name, text) in examples() {
        let hunt = Hunt::parse(&name, &text).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!hunt.tactics.is_empty() && !hunt.techniques.is_empty(), "{name} names tactics and techniques");
        assert!(!hunt.sources.is_empty(), "{name} names its sources");
        assert!(hunt.false_positive_notes.is_some(), "{name} says what looks the same and is harmless");
        assert!(hunt.parameters.iter().all(|parameter| parameter.description.is_some()), "{name} describes its parameters");
        for query in &hunt.queries {
            assert!(!query.finding.columns().is_empty(), "{name} says what a finding of {} is about", query.id);
        }
    }
}

//! Holds what `docs/architecture.md` says of the crates. Built with the crate `model`, so that it needs no DataFusion.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The crates in the order of an event's journey, with those of ours that each may depend on.
const GRAPH: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("proto", &["model"]),
    ("normalize", &["model"]),
    ("lake", &["model"]),
    ("catalog", &["model", "proto"]),
    ("ingest", &["model", "normalize", "lake", "catalog"]),
    ("iceberg", &["model", "lake"]),
    ("maintain", &["model", "lake", "catalog", "iceberg"]),
    ("intake", &["model", "proto", "normalize", "lake", "catalog", "ingest"]),
    ("generate", &[]),
    ("sigma", &["model"]),
    ("intel", &["model"]),
    ("huntfile", &["model", "sigma"]),
    ("evidence", &["model"]),
    ("query", &["model", "lake", "sigma", "intel"]),
    ("hunt", &["model", "lake", "query", "huntfile"]),
    ("executor", &["query"]),
    ("scheduler", &["model", "lake", "catalog", "query", "hunt", "executor", "sigma", "intel", "huntfile", "evidence"]),
    ("flight", &["model", "proto", "query", "hunt"]),
    ("link", &[]),
    ("fleet", &["proto", "catalog", "link"]),
    ("taxii", &[]),
    (
        "cli",
        &[
            "model",
            "proto",
            "normalize",
            "lake",
            "catalog",
            "ingest",
            "generate",
            "query",
            "hunt",
            "evidence",
            "scheduler",
            "flight",
            "link",
            "fleet",
            "sigma",
            "huntfile",
            "taxii",
            "intake",
            "maintain",
        ],
    ),
];

/// Libraries that only these crates may know (a library is matched by the beginning of its name).
const OWNERS: &[(&str, &[&str])] = &[
    ("openraft", &["catalog"]),
    ("redb", &["catalog"]),
    ("ballista", &["scheduler", "executor"]),
    ("datafusion", &["query", "hunt", "scheduler", "executor", "flight"]),
    ("arrow-flight", &["flight", "executor"]),
    ("evtx", &["normalize"]),
    ("clap", &["cli"]),
    ("toml", &["cli"]),
    ("indicatif", &["cli"]),
    ("reqwest", &["hunt", "taxii"]),
];

/// Crates that do no I/O have none of these.
const NO_IO: (&[&str], &[&str]) = (&["model", "normalize", "sigma", "intel", "huntfile"], &["tokio", "object_store", "reqwest", "tonic"]);

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest])
        .output();
    let run = run.expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let metadata: Value = serde_json::from_slice(&run.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let ours = packages.iter().filter_map(|package| {
        let name = package["name"].as_str()?.strip_prefix("coldtrail-")?;
        let dependencies = package["dependencies"].as_array()?.iter().filter(|dependency| dependency["kind"].is_null());
        let names = dependencies.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned);
        Some((name.to_owned(), names.collect()))
    });
    ours.collect()
}

#[test]
fn crates_depend_on_each_other_as_the_architecture_says() {
    let found = dependencies();
    let declared: BTreeMap<&str, BTreeSet<&str>> = GRAPH.iter().map(|(name, on)| (*name, on.iter().copied().collect())).collect();
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), declared.keys().copied().collect::<Vec<_>>(), "the crates there are");
    for (name, on) in &found {
        let ours: BTreeSet<&str> = on.iter().filter_map(|name| name.strip_prefix("coldtrail-")).collect();
        assert!(
            ours.is_subset(&declared[name.as_str()]),
            "{name} depends on {ours:?}; the architecture allows {:?}",
            declared[name.as_str()]
        );
    }
}

#[test]
fn dependencies_point_one_way() {
    for (position, (name, on)) in GRAPH.iter().enumerate() {
        for dependency in *on {
            let earlier = GRAPH[..position].iter().any(|(earlier, _)| earlier == dependency);
            assert!(earlier, "{name} depends on {dependency}, which comes later in the journey");
        }
    }
}

#[test]
fn a_library_is_known_only_where_the_architecture_says() {
    for (name, on) in dependencies() {
        for (library, owners) in OWNERS {
            let uses = on.iter().any(|dependency| dependency.starts_with(library) && !dependency.starts_with("coldtrail"));
            assert!(!uses || owners.contains(&name.as_str()), "{name} uses {library}, which belongs to {owners:?}");
        }
        if NO_IO.0.contains(&name.as_str()) {
            let io = on.iter().find(|dependency| NO_IO.1.contains(&dependency.as_str()));
            assert!(io.is_none(), "{name} does no I/O, and yet uses {io:?}");
        }
    }
}

#[test]
fn features_are_set_in_the_workspace_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates");
    for entry in std::fs::read_dir(folder).expect("the crates") {
        let manifest = entry.expect("a crate").path().join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let own = text.lines().find(|line| line.contains("features =") || line.contains("version = \""));
        assert!(own.is_none(), "{} sets {own:?}; features and versions belong in the root manifest", manifest.display());
    }
}

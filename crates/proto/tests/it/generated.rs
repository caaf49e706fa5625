use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PROTOS: &[&str] = &[
    "coldtrail/catalog/v1/catalog.proto",
    "coldtrail/fleet/v1/fleet.proto",
    "coldtrail/hunt/v1/hunt.proto",
    "coldtrail/ingest/v1/ingest.proto",
];

#[test]
fn the_committed_code_is_what_the_definitions_generate() {
    let fresh = tempfile::tempdir().expect("a temporary folder");
    generate_into(fresh.path());
    let (fresh, committed) = (rust_files(fresh.path()), rust_files(&committed_folder()));
    assert_eq!(fresh.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (name, text) in &fresh {
        let same = text == &committed[name];
        assert!(same, "src/gen/{name} is out of date: run `cargo test -p coldtrail-proto -- --ignored regenerate`");
    }
}

#[test]
#[ignore = "writes src/gen; run it by name after a change of a .proto file"]
fn regenerate() {
    generate_into(&committed_folder());
}

fn generate_into(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let descriptors = protox::compile(PROTOS, [root]).expect("the definitions compile");
    tonic_prost_build::configure()
        .out_dir(folder)
        .emit_rerun_if_changed(false)
        .btree_map(".")
        .compile_fds(descriptors)
        .expect("the definitions generate Rust");
}

fn committed_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen")
}

fn rust_files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), std::fs::read_to_string(&path).expect("text")))
        .collect()
}

use std::path::{Path, PathBuf};

use super::{CHUNK_BYTES, FILE_HEADER_BYTES, SIGNATURE};
use crate::{Compression, Inflater, Normalizer, Options, Source};

/// A file header and these chunks.
fn file(chunks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.resize(FILE_HEADER_BYTES, 0);
    chunks.iter().for_each(|chunk| bytes.extend_from_slice(chunk));
    bytes
}

fn rejects(bytes: &[u8]) -> Vec<String> {
    let mut normalizer = Normalizer::new(Source::WindowsEvent, Options::default());
    let mut rejects = Vec::new();
    for piece in bytes.chunks(10_000) {
        rejects.extend(normalizer.push(piece).rejects);
    }
    rejects.extend(normalizer.finish().rejects);
    rejects.iter().map(|reject| format!("{}: {}", reject.place.offset, reject.reason)).collect()
}

#[test]
fn chunks_that_were_never_written_are_nothing() {
    assert_eq!(rejects(&file(&[&[0; CHUNK_BYTES], &[0; CHUNK_BYTES], &[0; 100]])), Vec::<String>::new());
}

#[test]
fn a_chunk_that_is_none_is_a_reject_at_its_place() {
    let mut damaged = vec![0; CHUNK_BYTES];
    damaged[17] = 1;
    let bytes = file(&[&[0; CHUNK_BYTES], &damaged]);
    assert_eq!(rejects(&bytes), [format!("{}: not EVTX: there is no chunk where one should be", FILE_HEADER_BYTES + CHUNK_BYTES)]);
}

#[test]
fn a_file_that_ends_in_its_header_is_a_reject() {
    assert_eq!(rejects(&file(&[])[..200]), ["0: the input ends in the middle of the record"]);
}

/// Where the samples are, if they are.
fn samples() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let folder = std::env::var_os("COLDTRAIL_SAMPLES").map_or_else(|| root.join("../shared/samples"), PathBuf::from);
    folder.join("windows_evtx/hayabusa").is_dir().then(|| folder.join("windows_evtx/hayabusa"))
}

/// How many events and rejects a file gives.
fn counts(bytes: &[u8]) -> (usize, usize) {
    let mut normalizer = Normalizer::new(Source::WindowsEvent, Options::default());
    let batches = [normalizer.push(bytes), normalizer.finish()];
    (batches.iter().map(|batch| batch.events.len()).sum(), batches.iter().map(|batch| batch.rejects.len()).sum())
}

#[test]
#[allow(clippy::print_stderr)]
fn what_damage_costs_in_real_files_is_told_by_rejects() {
    let Some(folder) = samples() else {
        eprintln!("skipped: there are no samples; COLDTRAIL_SAMPLES names their folder");
        return;
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for path in files.iter().step_by(12) {
        let stored = std::fs::read(path).expect("the file is there");
        let mut inflater = Inflater::new(Compression::detect(&stored)).expect("gzip");
        let mut bytes = Vec::new();
        inflater.push(&stored, &mut bytes).expect("gzip");
        inflater.finish(&mut bytes).expect("gzip");
        let (whole, rejects) = counts(&bytes);
        assert!(whole > 0 && rejects == 0, "{}: {whole} events, {rejects} rejects", path.display());
        let (events, rejects) = counts(&bytes[..FILE_HEADER_BYTES + 3000]);
        assert!(events < whole.max(2) && rejects > 0, "{} cut: {events} events, {rejects} rejects", path.display());
        for at in [FILE_HEADER_BYTES + 600, FILE_HEADER_BYTES + 1500] {
            let mut damaged = bytes.clone();
            damaged[at..at + 40].fill(0xee);
            let (events, rejects) = counts(&damaged);
            assert!(events + rejects >= whole, "{} damaged at {at}: {events} events, {rejects} rejects of {whole}", path.display());
        }
    }
}

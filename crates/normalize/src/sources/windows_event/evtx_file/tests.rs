use super::{CHUNK_BYTES, FILE_HEADER_BYTES, SIGNATURE};
use crate::{Normalizer, Options, Source};

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

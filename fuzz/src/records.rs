use std::sync::LazyLock;

use coldtrail_model::ocsf_json;
use coldtrail_normalize::{Batch, Normalizer, Options, Source};

/// 2026-03-01T12:00:00Z: objects of the fuzzer were written then.
const WRITTEN_MS: i64 = 1_772_366_400_000;

/// The sources in the order of their names, so that the first byte of an input means the same in every build with the same sources.
pub fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let mut sources = Source::all();
        sources.sort_by_key(|source| source.name());
        sources
    });
    &SOURCES
}

/// How long records may be, and how long when they may not be long, in bytes: the fuzzer reaches both.
const RECORD_BYTES_MAX: usize = 64 << 10;
const SHORT_BYTES_MAX: usize = 1 << 10;

/// Reads an object as this source, whole and in pieces: both give the same number of events and rejects, and every event can be
/// written as OCSF. `cut` says how it is cut, and whether records may not be long.
pub fn read_both_ways(source: Source, plain: &[u8], cut: u8) {
    let record_bytes_max = if cut % 2 == 0 { RECORD_BYTES_MAX } else { SHORT_BYTES_MAX };
    let piece_bytes = usize::from(cut / 2) + 1;
    let whole = count_up_to(record_bytes_max, source, plain, plain.len().max(1));
    let in_pieces = count_up_to(record_bytes_max, source, plain, piece_bytes);
    assert_eq!(whole, in_pieces, "{source}: events and rejects differ when read in pieces of {piece_bytes} bytes");
}

/// Reads an object as this source; how many events and rejects there were.
pub fn count(source: Source, plain: &[u8], piece_bytes: usize) -> (usize, usize) {
    count_up_to(RECORD_BYTES_MAX, source, plain, piece_bytes)
}

fn count_up_to(record_bytes_max: usize, source: Source, plain: &[u8], piece_bytes: usize) -> (usize, usize) {
    let mut normalizer = Normalizer::new(source, Options { record_bytes_max, object_bytes_max: 1 << 20, written_ms: Some(WRITTEN_MS) });
    let mut counts = (0, 0);
    for piece in plain.chunks(piece_bytes) {
        add(&mut counts, &normalizer.push(piece));
    }
    add(&mut counts, &normalizer.end());
    while let Some(batch) = normalizer.more() {
        add(&mut counts, &batch);
    }
    counts
}

fn add(counts: &mut (usize, usize), batch: &Batch) {
    for (_, event) in &batch.events {
        let json = serde_json::Value::Object(ocsf_json(event)).to_string();
        assert!(json.starts_with('{'));
    }
    counts.0 += batch.events.len();
    counts.1 += batch.rejects.len();
}

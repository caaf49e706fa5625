use coldtrail_lake::KeptReject;
use coldtrail_model::Event;
use coldtrail_normalize::{Normalizer, Options, Source, detect};

use crate::UNKNOWN_SOURCE;

/// So much of a record is kept when it is rejected; one that is as long may have been longer, in bytes.
const KEPT_BYTES_MAX: i64 = 64 << 10;

/// What the reason of a record says that was too long to be kept whole.
const TOO_LONG: &str = "record_bytes_max";

/// What becomes of a reject that is read again.
pub(super) enum Fate {
    /// It can be read now.
    Event(Source, Box<Event>),
    /// It still cannot be read.
    Reject,
    /// Less of it is kept than there was.
    NotWhole,
    /// It means nothing without the head of its object.
    Context,
}

/// Reads a record alone, with the mapping of today. `written_ms` is when its object was written.
pub(super) fn reread(kept: &KeptReject<'_>, read_as: Option<Source>, written_ms: Option<i64>) -> Fate {
    let raw = kept.row.raw;
    let is_whole = !kept.raw_is_cut && !kept.raw_is_lossy && kept.row.raw_bytes < KEPT_BYTES_MAX && !kept.row.reason.contains(TOO_LONG);
    if !is_whole {
        return Fate::NotWhole;
    }
    let named = || Source::named(kept.row.source);
    let recognised = || (kept.row.source == UNKNOWN_SOURCE).then(|| detect(raw, kept.row.source_object)).flatten();
    let Some(source) = read_as.or_else(named).or_else(recognised) else { return Fate::Reject };
    if needs_head(source, raw) {
        return Fate::Context;
    }
    let mut normalizer = Normalizer::new(source, Options { written_ms, ..Options::default() });
    let mut batch = normalizer.push(raw);
    let rest = normalizer.finish();
    batch.events.extend(rest.events);
    batch.rejects.extend(rest.rejects);
    // One record is one event: what gives more or less than that is not what was rejected.
    match (batch.events.pop(), batch.events.is_empty() && batch.rejects.is_empty()) {
        (Some((_, event)), true) => Fate::Event(source, Box::new(event)),
        _ => Fate::Reject,
    }
}

/// True for a line whose columns are named at the beginning of its object: read without that, it would be read by other columns.
fn needs_head(source: Source, raw: &[u8]) -> bool {
    let begins = |signs: &[&[u8]]| signs.iter().any(|sign| raw.trim_ascii_start().starts_with(sign));
    match source {
        Source::AwsVpcflow | Source::AwsCloudfront | Source::Zeek => !begins(&[b"{"]),
        Source::WindowsEvent => !begins(&[b"{", b"<"]),
        Source::LinuxAuditd => !begins(&[b"{"]) && !raw.windows(5).any(|part| part == b"type="),
        _ => false,
    }
}

use crate::Source;
use crate::encoding::ToUtf8;
use crate::fields::Fields;
use crate::framing::{Cut, Framer, JsonFramer};
use crate::sources::recognises;

/// Tells the source from the first bytes of an object (plain, 64 KiB are enough) and its name; nothing if no source fits.
pub fn detect(head: &[u8], name: &str) -> Option<Source> {
    let mut bytes = Vec::new();
    let mut to_utf8 = ToUtf8::default();
    to_utf8.push(head, &mut bytes);
    to_utf8.finish(&mut bytes);
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let record = first_json_record(text);
    let look = FirstLook {
        name,
        bytes: head,
        line: text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default(),
        record: record.and_then(|record| Fields::parse(record).ok()),
    };
    Source::ALL.iter().copied().find(|source| recognises(*source, &look))
}

/// What the first bytes of an object show.
#[derive(Debug)]
pub(crate) struct FirstLook<'a> {
    /// The object's name or path.
    pub(crate) name: &'a str,
    /// The bytes as they are.
    pub(crate) bytes: &'a [u8],
    /// The first line that is not blank, if it is text.
    pub(crate) line: &'a str,
    /// The first JSON record, out of its array or envelope, if it is JSON.
    pub(crate) record: Option<Fields<'a>>,
}

impl FirstLook<'_> {
    /// True if the first JSON record has something under every one of these paths.
    pub(crate) fn record_has(&self, paths: &[&str]) -> bool {
        self.record.as_ref().is_some_and(|record| paths.iter().all(|path| record.has(path)))
    }
}

/// The keys of the arrays that envelopes of any source carry records in.
const ENVELOPE_KEYS: &[&str] =
    &["Records", "records", "value", "logEvents", "events", "Events", "Findings", "findings", "items", "entries"];

fn first_json_record(text: &str) -> Option<&str> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    match JsonFramer::new(ENVELOPE_KEYS, usize::MAX >> 1).next(text.as_bytes(), false)? {
        Cut::Record(range) => text.get(range),
        Cut::TooLong(_) | Cut::CutOff(_) => None,
    }
}

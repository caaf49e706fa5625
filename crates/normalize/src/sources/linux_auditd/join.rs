use std::collections::{BTreeMap, HashMap};

use coldtrail_model::Col;

use super::map_records;
use super::record::Header;
use crate::normalizer::reject;
use crate::{Batch, Place, Reason};

/// So many events may wait for records at a time; then the oldest is ended.
pub(super) const OPEN_EVENTS_MAX: usize = 4096;

/// So many bytes may wait for records at a time; then the oldest events are ended.
pub(super) const OPEN_BYTES_MAX: usize = 32 << 20;

/// Puts the records of events together.
///
/// The kernel writes the records of one event one after the other, but those of several processors mix on the way to the log. An event
/// ends with its `EOE` record. Many events have none: they wait until the input ends or until too many others do. What comes for an
/// event that was ended is an event of its own.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// The open events in the order in which they began.
    open: BTreeMap<u64, Open>,
    /// The number of the open event of a node, time and serial number.
    numbers: HashMap<String, u64>,
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    key: String,
    place: Place,
    lines: String,
}

impl Joiner {
    /// Takes a line; what it completes goes into the batch.
    pub(super) fn take(&mut self, place: Place, line: &str, batch: &mut Batch) {
        let Some(header) = Header::read(line) else {
            let detail = "it does not say type=… msg=audit(time:serial)".to_owned();
            batch.rejects.push(reject(place, Reason::NotThisFormat { format: "an audit record", detail }, line.as_bytes()));
            return;
        };
        let key = format!("{} {}", header.node.unwrap_or_default(), header.id);
        let is_end = header.kind == "EOE";
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => self.open(key, place),
        };
        if let Some(open) = self.open.get_mut(&number) {
            let before = open.lines.len();
            if before > 0 {
                open.lines.push('\n');
            }
            open.lines.push_str(line);
            self.bytes += open.lines.len() - before;
        }
        if is_end {
            self.close(number, batch);
        }
        while self.open.len() > OPEN_EVENTS_MAX || self.bytes > OPEN_BYTES_MAX {
            let Some(oldest) = self.open.keys().next().copied() else { break };
            self.close(oldest, batch);
        }
    }

    /// Ends every event.
    pub(super) fn end(&mut self, batch: &mut Batch) {
        while let Some(oldest) = self.open.keys().next().copied() {
            self.close(oldest, batch);
        }
    }

    fn open(&mut self, key: String, place: Place) -> u64 {
        let number = self.next;
        self.next += 1;
        self.numbers.insert(key.clone(), number);
        self.open.insert(number, Open { key, place, lines: String::new() });
        number
    }

    fn close(&mut self, number: u64, batch: &mut Batch) {
        let Some(open) = self.open.remove(&number) else { return };
        self.numbers.remove(&open.key);
        self.bytes -= open.lines.len();
        match map_records(open.lines.lines()) {
            Ok(mut event) => {
                event.owned_text(Col::RawData, open.lines);
                batch.events.push((open.place, event));
            }
            Err(reason) => batch.rejects.push(reject(open.place, reason, open.lines.as_bytes())),
        }
    }
}

//! EVTX, the binary format of Windows event logs, chunk by chunk:
//! <https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc>.

use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};

use crate::framing::{Cut, Framer};
use crate::normalizer::reject;
use crate::{Batch, Options, Place, Reason};

/// What an EVTX file begins with.
pub(super) const SIGNATURE: &[u8] = b"ElfFile\0";
const CHUNK_SIGNATURE: &[u8] = b"ElfChnk\0";
const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 64 << 10;
/// A chunk's header and the tables in front of its records.
const CHUNK_HEADER_BYTES: usize = 512;

/// More records, each of at least a header and the copy of its size, do not fit into a chunk: the chunk's header is damaged.
const RECORDS_MAX: u64 = (CHUNK_BYTES / 28) as u64;

/// Cuts an EVTX file into its chunks, each of which can be read by itself.
#[derive(Debug, Default)]
pub(super) struct ChunkFramer {
    start: usize,
    is_past_header: bool,
}

impl ChunkFramer {
    /// A framer for [`crate::sources::Format::Framed`].
    pub(super) fn boxed(_options: &Options) -> Box<dyn Framer> {
        Box::<Self>::default()
    }
}

impl Framer for ChunkFramer {
    fn next(&mut self, buffer: &[u8], at_end: bool) -> Option<Cut> {
        if !self.is_past_header {
            if buffer.len() < FILE_HEADER_BYTES {
                return at_end
                    .then(|| std::mem::replace(&mut self.start, buffer.len()))
                    .filter(|start| *start < buffer.len())
                    .map(|start| Cut::Broken(start..buffer.len()));
            }
            self.is_past_header = true;
            self.start = FILE_HEADER_BYTES;
        }
        loop {
            let left = buffer.len() - self.start;
            let size = if left >= CHUNK_BYTES {
                CHUNK_BYTES
            } else if at_end && left > 0 {
                left
            } else {
                return None;
            };
            let range = self.start..self.start + size;
            self.start = range.end;
            if buffer[range.clone()].iter().any(|byte| *byte != 0) {
                return Some(Cut::Record(range));
            }
        }
    }

    fn done(&self) -> usize {
        self.start
    }

    fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
    }
}

/// Reads the records of one chunk: each becomes JSON for `map`, or a reject. What is damaged costs itself and not its neighbours.
pub(super) fn read_chunk(place: Place, chunk: &[u8], batch: &mut Batch, mut map: impl FnMut(Place, String, &mut Batch)) {
    let already = batch.records();
    let opened = match chunk.starts_with(CHUNK_SIGNATURE) && chunk.len() >= CHUNK_HEADER_BYTES {
        true => EvtxChunkData::new(chunk.to_vec(), false).map_err(|error| error.to_string()),
        false => Err("there is no chunk where one should be".to_owned()),
    };
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(detail) => return batch.rejects.push(damaged(place, detail, chunk)),
    };
    let (first, last) = (opened.header.first_event_record_number, opened.header.last_event_record_number);
    match opened.parse(Arc::new(ParserSettings::default())) {
        Ok(mut parsed) => {
            for record in parsed.iter() {
                match record.and_then(evtx::EvtxRecord::into_json) {
                    Ok(record) => map(Place { offset: record.event_record_id }, record.data, batch),
                    Err(error) => batch.rejects.push(damaged(place, error.to_string(), &[])),
                }
            }
        }
        Err(error) => batch.rejects.push(damaged(place, error.to_string(), chunk)),
    }
    if chunk.len() < CHUNK_BYTES {
        batch.rejects.push(reject(place, Reason::CutOff, &[]));
    }
    let read = batch.records() - already;
    let announced = last.checked_sub(first).map_or(0, |count| count.saturating_add(1));
    if announced <= RECORDS_MAX {
        for _ in read..announced {
            batch.rejects.push(damaged(place, "a record that the chunk announces is not there".to_owned(), &[]));
        }
    }
}

fn damaged(place: Place, detail: String, raw: &[u8]) -> crate::Reject {
    reject(place, Reason::NotThisFormat { format: "EVTX", detail }, raw)
}

#[cfg(test)]
mod tests;

//! One file: ordinary and planted records, merged by time, framed, compressed and counted.

use std::io::{self, Write};

use chrono::NaiveDate;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::intrusion::Plant;
use crate::moment::Moment;
use crate::out::Out;
use crate::sources::{self, Framing};
use crate::{FilePlan, SourceKind};

/// The text that is gathered before it is compressed or handed on.
const CHUNK_BYTES: usize = 256 * 1024;

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// Where it lies, relative to the output folder.
    pub path: String,
    /// The source that it is a log of.
    pub source: SourceKind,
    /// The day, UTC, that its records are of.
    pub day: NaiveDate,
    /// How many records it holds.
    pub records: u64,
    /// How many of them belong to the intrusion.
    pub planted: u64,
    /// Its size before compression.
    pub bytes_raw: u64,
    /// Its size as stored.
    pub bytes: u64,
    /// SHA-256 of its bytes as stored, in hexadecimal.
    pub sha256: String,
}

/// Writes one file.
pub(crate) fn write(seed: u64, plan: &FilePlan, planted: &[Plant], sink: &mut dyn Write) -> io::Result<FileSummary> {
    let mut counted = Counted { sink, hash: Sha256::new(), bytes: 0 };
    let (records, bytes_raw) = if plan.path.ends_with(".gz") {
        let mut encoder = GzEncoder::new(&mut counted, Compression::fast());
        let written = write_text(seed, plan, planted, &mut encoder)?;
        encoder.finish()?;
        written
    } else {
        write_text(seed, plan, planted, &mut counted)?
    };
    counted.sink.flush()?;
    Ok(FileSummary {
        path: plan.path.clone(),
        source: plan.source,
        day: plan.day,
        records,
        planted: planted.len() as u64,
        bytes_raw,
        bytes: counted.bytes,
        sha256: hex::encode(counted.hash.finalize()),
    })
}

/// Writes the text of one file; returns its records and bytes.
fn write_text(seed: u64, plan: &FilePlan, planted: &[Plant], sink: &mut dyn Write) -> io::Result<(u64, u64)> {
    let (framing, mut ordinary) = sources::open(plan.stream, seed, plan.day);
    let mut text = Text { sink, framing, out: Out::default(), records: 0, bytes: 0 };
    text.out.s(&text.framing.open);
    let midnight_ms = Moment::new(plan.day, 0).epoch_ms();
    let mut planted = planted.iter().peekable();
    for tick in sources::ticks(plan.stream, seed, plan.day, plan.draws) {
        while let Some(plant) = planted.next_if(|plant| plant.at_ms <= midnight_ms + i64::from(tick.ms)) {
            text.record(|out| out.bytes.extend_from_slice(&plant.record))?;
        }
        text.record(|out| ordinary.write(out, tick))?;
    }
    for plant in planted {
        text.record(|out| out.bytes.extend_from_slice(&plant.record))?;
    }
    text.out.s(&text.framing.close);
    text.hand_on()?;
    Ok((text.records, text.bytes))
}

struct Text<'a> {
    sink: &'a mut dyn Write,
    framing: Framing,
    out: Out,
    records: u64,
    bytes: u64,
}

impl Text<'_> {
    fn record(&mut self, write: impl FnOnce(&mut Out)) -> io::Result<()> {
        if self.records > 0 {
            self.out.s(self.framing.between);
        }
        write(&mut self.out);
        self.out.s(self.framing.after);
        self.records += 1;
        if self.out.bytes.len() >= CHUNK_BYTES { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.out.bytes)?;
        self.bytes += self.out.bytes.len() as u64;
        self.out.bytes.clear();
        Ok(())
    }
}

/// Counts and hashes what passes.
struct Counted<'a> {
    sink: &'a mut dyn Write,
    hash: Sha256,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

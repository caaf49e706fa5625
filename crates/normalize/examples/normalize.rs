//! Prints the events of files as nested OCSF JSON lines and the rejects to standard error: the quickest look at a mapping.
//!
//! `cargo run -p coldtrail-normalize --example normalize -- SOURCE FILE…`, where SOURCE is a source's name or `auto`.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

use std::io::{BufWriter, Write};

use coldtrail_model::ocsf_json;
use coldtrail_normalize::{Batch, Compression, Inflater, Normalizer, Options, Source, detect};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let source = arguments.next().ok_or("which source?")?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for file in arguments {
        let stored = std::fs::read(&file)?;
        let mut plain = Vec::new();
        let mut inflater = Inflater::new(Compression::detect(&stored))?;
        inflater.push(&stored, &mut plain)?;
        inflater.finish(&mut plain)?;
        let source = match source.as_str() {
            "auto" => detect(&plain[..plain.len().min(65_536)], &file).ok_or_else(|| format!("{file}: no source fits"))?,
            name => name.parse::<Source>()?,
        };
        let written = std::fs::metadata(&file)?.modified()?.duration_since(std::time::UNIX_EPOCH)?;
        let written_ms = Some(i64::try_from(written.as_millis())?);
        let mut normalizer = Normalizer::new(source, Options { written_ms, ..Options::default() });
        let (mut events, mut rejects) = (0, 0);
        let mut print = |batch: Batch| -> std::io::Result<()> {
            events += batch.events.len();
            rejects += batch.rejects.len();
            for (_, event) in &batch.events {
                serde_json::to_writer(&mut out, &ocsf_json(event))?;
                out.write_all(b"\n")?;
            }
            for reject in &batch.rejects {
                eprintln!("{file}: {}: {}", reject.place.offset, reject.reason);
            }
            Ok(())
        };
        for piece in plain.chunks(1 << 16) {
            print(normalizer.push(piece))?;
        }
        print(normalizer.finish())?;
        eprintln!("{file}: {source}: {events} events, {rejects} rejects");
    }
    Ok(())
}

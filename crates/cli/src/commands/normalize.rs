use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use coldtrail_ingest::{ReadOutcome, SourceChoice, read_plain};
use coldtrail_model::ocsf_json;
use coldtrail_normalize::{Options, Reject, Source};

use crate::arguments::Normalize;
use crate::exit;
use crate::pieces::pieces;

/// Prints raw logs as OCSF.
pub(crate) async fn run(arguments: &Normalize) -> anyhow::Result<u8> {
    let choice: SourceChoice = arguments.source.parse()?;
    let rejects = arguments.rejects.as_deref().map(create).transpose()?;
    let files = if arguments.files.is_empty() { vec![PathBuf::from("-")] } else { arguments.files.clone() };
    let printed = tokio::task::spawn_blocking(move || {
        let mut printer = Printer { out: BufWriter::with_capacity(1 << 20, io::stdout().lock()), rejects, events: 0, rejected: 0 };
        let mut failed = 0_u64;
        for file in &files {
            failed += u64::from(!printer.print(file, choice)?);
        }
        printer.finish()?;
        anyhow::Ok(failed)
    });
    let failed = printed.await.context("normalising ended unexpectedly")??;
    Ok(if failed == 0 { exit::DONE } else { exit::INCOMPLETE })
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
}

struct Printer<W: Write> {
    out: W,
    rejects: Option<BufWriter<File>>,
    events: u64,
    rejected: u64,
}

impl<W: Write> Printer<W> {
    /// Prints one file; false if it could not be read.
    #[allow(clippy::print_stderr)]
    fn print(&mut self, path: &Path, choice: SourceChoice) -> anyhow::Result<bool> {
        let name = path.display().to_string();
        let input: Box<dyn Read> = match path.as_os_str() == "-" {
            true => Box::new(io::stdin().lock()),
            false => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    eprintln!("coldtrail: cannot read {name}: {error}");
                    return Ok(false);
                }
            },
        };
        let mut next = pieces(input);
        let mut result = Ok(true);
        read_plain(&name, choice, Options::default(), &mut next, &mut |outcome| {
            result = self.take(&name, outcome);
            result.is_ok()
        });
        result
    }

    #[allow(clippy::print_stderr)]
    fn take(&mut self, name: &str, outcome: ReadOutcome) -> anyhow::Result<bool> {
        match outcome {
            ReadOutcome::Batch(source, batch) => {
                for (_, event) in &batch.events {
                    serde_json::to_writer(&mut self.out, &ocsf_json(event)).map_err(io::Error::from)?;
                    self.out.write_all(b"\n")?;
                }
                self.events += batch.events.len() as u64;
                for reject in &batch.rejects {
                    self.reject(name, source, reject)?;
                }
                Ok(true)
            }
            ReadOutcome::Done { .. } => Ok(true),
            ReadOutcome::Failed { reason } => {
                eprintln!("coldtrail: {reason}");
                Ok(false)
            }
        }
    }

    #[allow(clippy::print_stderr)]
    fn reject(&mut self, name: &str, source: Source, reject: &Reject) -> anyhow::Result<()> {
        self.rejected += 1;
        match &mut self.rejects {
            None => eprintln!("coldtrail: {name}: reject at offset {}: {}", reject.place.offset, reject.reason),
            Some(rejects) => {
                let line = serde_json::json!({
                    "file": name,
                    "source": source.name(),
                    "offset": reject.place.offset,
                    "reason": reject.reason.to_string(),
                    "raw": String::from_utf8_lossy(&reject.raw),
                    "raw_bytes": reject.raw_bytes,
                });
                writeln!(rejects, "{line}")?;
            }
        }
        Ok(())
    }

    #[allow(clippy::print_stderr)]
    fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush()?;
        if let Some(rejects) = &mut self.rejects {
            rejects.flush().map_err(|error| anyhow!(error).context("cannot write the rejects"))?;
        }
        if self.rejected > 0 {
            eprintln!("coldtrail: {} records = {} events + {} rejects", self.events + self.rejected, self.events, self.rejected);
        }
        Ok(())
    }
}

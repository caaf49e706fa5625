//! What taking logs in costs, for each source: processor time, memory and stored bytes. `make bench-ingest`.
//!
//! Every run is a process of its own that ingests one source into an empty lake, as `coldtrail ingest` does, without DataFusion in it.
//! Processor time is what the kernel says of the process, all threads together: it is the same on a machine that does other things,
//! but for the caches; the best of several runs is taken. Peak memory is the kernel's too (`VmHWM`). Both are read from `/proc`, so
//! this needs Linux.
//!
//! Stored bytes are compared with the same logs in gzip files at its usual level, 6.

mod logs;
mod options;
mod report;
mod run;

use std::error::Error;
use std::io::Write;
use std::process::Command;

use logs::Logs;
use options::Options;
use report::Line;
use run::Figures;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::of(std::env::args().skip(1))?;
    if let Some(folder) = &options.ingest {
        return run::ingest(folder);
    }
    let folder = tempfile::tempdir()?;
    let kept = options.logs.as_deref().unwrap_or(folder.path());
    let mut generated = Vec::new();
    for (kind, events) in logs::GENERATED.iter().filter(|(kind, _)| options.wants(kind.name())) {
        generated.push(measure(&Logs::generate(kept, *kind, *events, logs::DAYS)?, options.runs)?);
    }
    let mut longer = Vec::new();
    for (kind, events) in logs::GENERATED.iter().filter(|(kind, _)| options.is_whole && logs::LONGER.contains(kind)) {
        let times = logs::LONGER_TIMES;
        longer.push(measure(&Logs::generate(kept, *kind, *events * u64::from(times), logs::DAYS * times)?, 1)?);
    }
    let mut samples = Vec::new();
    if let Some(from) = &options.samples {
        for name in logs::folders_of(from)?.iter().filter(|name| options.wants(name)) {
            if let Some(logs) = Logs::repeat(&from.join(name), &folder.path().join("samples").join(name), name)? {
                samples.push(measure(&logs, options.runs)?);
                std::fs::remove_dir_all(&logs.folder)?;
            }
        }
    }
    let text = report::write(&options, &generated, &longer, &samples);
    match &options.out {
        Some(path) => std::fs::write(path, text)?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

/// Ingests the logs some times, each in a process of its own, and keeps the best processor time and the most memory.
fn measure(logs: &Logs, runs: usize) -> Result<Line, Box<dyn Error>> {
    let mut best: Option<Figures> = None;
    for _ in 0..runs.max(1) {
        let output = Command::new(std::env::current_exe()?).arg("--ingest").arg(&logs.folder).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", logs.name, String::from_utf8_lossy(&output.stderr)).into());
        }
        let figures: Figures = serde_json::from_slice(&output.stdout)?;
        best = Some(match best {
            Some(best) => best.better(figures),
            None => figures,
        });
    }
    let line = Line { logs: logs.clone(), figures: best.ok_or("at least one run")? };
    writeln!(std::io::stderr(), "{}", report::short(&line))?;
    Ok(line)
}

//! The only module that touches the disk.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::{Config, Error, FilePlan, FileSummary, Generator, GroundTruth};

/// How far the writing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files finished.
    pub files_done: usize,
    /// Files in all.
    pub files: usize,
    /// Records in the finished files.
    pub records_done: u64,
    /// Records in all.
    pub records: u64,
    /// Bytes in the finished files, before compression.
    pub bytes_raw_done: u64,
}

/// Everything that was written: `manifest.json`, next to `ground_truth.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The configuration that gives the same bytes again.
    pub config: Config,
    /// Records in all files.
    pub records: u64,
    /// Bytes in all files, before compression.
    pub bytes_raw: u64,
    /// Bytes in all files, as stored.
    pub bytes: u64,
    /// The files, in order of source and day.
    pub files: Vec<FileSummary>,
    /// What was planted; kept in its own file.
    #[serde(skip_serializing, default = "GroundTruth::none")]
    pub ground_truth: GroundTruth,
}

impl GroundTruth {
    fn none() -> Self {
        Self { steps: Vec::new(), indicators: crate::Indicators::default(), totals: Default::default() }
    }
}

/// Writes every file of the configuration below `out`, on every core and at least two threads, and then `ground_truth.json` and
/// `manifest.json`. Files of the same name are replaced; `manifest.json` comes last, so that its presence says that all is there.
pub fn write_all(config: &Config, out: &Path, progress: &(dyn Fn(Progress) + Sync)) -> Result<Summary, Error> {
    let two = NonZeroUsize::new(2).expect("2 is not 0");
    write_all_on(config, out, thread::available_parallelism().unwrap_or(two).max(two), progress)
}

/// [`write_all`] on so many threads. The bytes do not depend on how many.
pub fn write_all_on(config: &Config, out: &Path, threads: NonZeroUsize, progress: &(dyn Fn(Progress) + Sync)) -> Result<Summary, Error> {
    let generator = Generator::new(config)?;
    let plans = generator.plan();
    let manifest = out.join("manifest.json");
    remove(&manifest)?;
    let work = Work {
        generator: &generator,
        plans: &plans,
        out,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        done: Mutex::new(Done { files: Vec::with_capacity(plans.len()), progress: start_of(&plans), error: None }),
        report: progress,
    };
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| work.run());
        }
    });
    let mut done = work.done.into_inner().expect("a thread that panics ends the scope first");
    if let Some(error) = done.error {
        return Err(error);
    }
    done.files.sort_unstable_by_key(|(index, _)| *index);
    let files: Vec<FileSummary> = done.files.into_iter().map(|(_, file)| file).collect();
    let summary = Summary {
        config: config.clone(),
        records: files.iter().map(|file| file.records).sum(),
        bytes_raw: files.iter().map(|file| file.bytes_raw).sum(),
        bytes: files.iter().map(|file| file.bytes).sum(),
        ground_truth: generator.ground_truth(&files),
        files,
    };
    write_json(&out.join("ground_truth.json"), &summary.ground_truth)?;
    write_json(&manifest, &summary)?;
    Ok(summary)
}

fn start_of(plans: &[FilePlan]) -> Progress {
    let records = plans.iter().map(|plan| plan.records).sum();
    Progress { files_done: 0, files: plans.len(), records_done: 0, records, bytes_raw_done: 0 }
}

/// What the threads share.
struct Work<'a> {
    generator: &'a Generator,
    plans: &'a [FilePlan],
    out: &'a Path,
    next: AtomicUsize,
    stop: AtomicBool,
    done: Mutex<Done>,
    report: &'a (dyn Fn(Progress) + Sync),
}

struct Done {
    files: Vec<(usize, FileSummary)>,
    progress: Progress,
    error: Option<Error>,
}

impl Work<'_> {
    /// Takes file after file, until none is left or one failed.
    fn run(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.plans.get(index) else { break };
            let written = self.write(plan);
            let mut done = self.done.lock().expect("no thread panics while it holds the lock");
            match written {
                Ok(file) => {
                    done.progress.files_done += 1;
                    done.progress.records_done += file.records;
                    done.progress.bytes_raw_done += file.bytes_raw;
                    done.files.push((index, file));
                    (self.report)(done.progress);
                }
                Err(error) => {
                    done.error.get_or_insert(error);
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    fn write(&self, plan: &FilePlan) -> Result<FileSummary, Error> {
        let path = self.out.join(&plan.path);
        let mut sink = create(&path)?;
        match self.generator.write_file(plan, &mut sink) {
            Err(Error::Sink { source, .. }) => Err(Error::Write { path, source }),
            written => written,
        }
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Error> {
    let failed = |path: &Path| {
        let path = PathBuf::from(path);
        move |source: io::Error| Error::Write { path, source }
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    File::create(path).map(BufWriter::new).map_err(failed(path))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Write { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let mut sink = create(path)?;
    let written = serde_json::to_writer_pretty(&mut sink, value).map_err(io::Error::from);
    written
        .and_then(|()| sink.write_all(b"\n"))
        .and_then(|()| sink.flush())
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

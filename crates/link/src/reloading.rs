use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use crate::Error;

/// How long before the end of a certificate the log begins to say so.
const NOTICE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often the log says so.
const NOTICE_EVERY: Duration = Duration::from_secs(24 * 3600);

/// What is loaded from files of certificates.
pub(crate) trait Expiring {
    fn expires(&self) -> Option<SystemTime>;
}

type Load<T> = Box<dyn Fn() -> Result<T, Error> + Send + Sync>;

/// Something made from files, made anew when the files change. New files that cannot be used change nothing but the log.
pub(crate) struct Reloading<T> {
    files: Vec<PathBuf>,
    load: Load<T>,
    check_every: Duration,
    state: Mutex<State<T>>,
}

struct State<T> {
    current: Arc<T>,
    /// How the files were when `current` was made.
    stamp: Vec<Option<Stamp>>,
    checked: Instant,
    /// The last problem that the log told of.
    problem: Option<String>,
    noticed: Option<Instant>,
}

#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl<T: Expiring> Reloading<T> {
    pub(crate) fn new(files: Vec<PathBuf>, check_every: Duration, load: Load<T>) -> Result<Self, Error> {
        let stamp = stamp(&files);
        let current = Arc::new(load()?);
        let state = State { current, stamp, checked: Instant::now(), problem: None, noticed: None };
        Ok(Self { files, load, check_every, state: Mutex::new(state) })
    }

    /// What the files hold now, or what they held when they were last good.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.state.lock();
        if state.checked.elapsed() >= self.check_every {
            state.checked = Instant::now();
            self.check(&mut state);
            self.notice(&mut state);
        }
        Arc::clone(&state.current)
    }

    fn check(&self, state: &mut State<T>) {
        // Taken before the files are read: if they change meanwhile, the next check sees it.
        let now = stamp(&self.files);
        if now == state.stamp {
            return;
        }
        match (self.load)() {
            Ok(loaded) => {
                tracing::info!(certificate = %self.files[0].display(), "loaded a new certificate");
                state.current = Arc::new(loaded);
                state.stamp = now;
                state.problem = None;
                state.noticed = None;
            }
            // The stamp stays, so that the files are tried again: they may be half written.
            Err(error) => {
                let problem = error.to_string();
                if state.problem.as_ref() != Some(&problem) {
                    tracing::warn!("the certificate in use stays, the new files cannot be used: {problem}");
                    state.problem = Some(problem);
                }
            }
        }
    }

    fn notice(&self, state: &mut State<T>) {
        let Some(expires) = state.current.expires() else { return };
        let left = expires.duration_since(SystemTime::now()).unwrap_or_default();
        if left > NOTICE || state.noticed.is_some_and(|last| last.elapsed() < NOTICE_EVERY) {
            return;
        }
        state.noticed = Some(Instant::now());
        let file = self.files[0].display();
        if left.is_zero() {
            tracing::warn!("certificate {file} has expired, and others refuse it; put a new one in its place, no restart is needed");
        } else {
            let days = left.as_secs() / 86_400;
            tracing::warn!("certificate {file} expires in {days} days; put a new one in its place, no restart is needed");
        }
    }
}

fn stamp(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    let one = |file: &PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some(Stamp { modified: metadata.modified().ok(), bytes: metadata.len(), inode: inode(&metadata) })
    };
    files.iter().map(one).collect()
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

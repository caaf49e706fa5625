use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coldtrail_query::RuntimeConfig;
use datafusion::execution::runtime_env::RuntimeEnv;
use tokio::runtime::Handle;

use crate::priority::WorkThreads;
use crate::{Error, ExecutorConfig, WorkClass};

const PREFIX: &str = "coldtrail-run-";
const LOCK: &str = "lock";

/// What all queries of this process share: the folder for temporary files, and the runtime
/// with the memory pool, the spill folder, the object stores and the metadata cache, and the
/// threads that compute.
///
/// The folder belongs to this process alone and goes with it. What a crashed process left
/// behind is removed when the next one opens the same work folder.
#[derive(Debug)]
pub struct Workspace {
    config: ExecutorConfig,
    runtime: Arc<RuntimeEnv>,
    threads: WorkThreads,
    folder: PathBuf,
    /// Held as long as the folder is in use: that is how others know.
    _lock: File,
}

impl Workspace {
    /// Makes the folder and the runtime.
    pub fn open(config: ExecutorConfig) -> Result<Arc<Self>, Error> {
        config.validate()?;
        let at = |source| Error::WorkDir { path: config.work_dir.clone(), source };
        fs::create_dir_all(&config.work_dir).map_err(at)?;
        remove_abandoned(&config.work_dir).map_err(at)?;
        let (folder, lock) = create_folder(&config.work_dir).map_err(at)?;
        let runtime = build_runtime(&config, &folder).map_err(Error::Runtime)?;
        let threads = WorkThreads::start(config.vcores).map_err(Error::Threads)?;
        Ok(Arc::new(Self { config, runtime, threads, folder, _lock: lock }))
    }

    /// The settings that it was opened with.
    #[must_use]
    pub fn config(&self) -> &ExecutorConfig {
        &self.config
    }

    /// The one runtime of this process; object stores are registered here.
    #[must_use]
    pub fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    /// The threads for work of this class.
    #[must_use]
    pub fn threads(&self, class: WorkClass) -> &Handle {
        self.threads.of(class)
    }

    /// Where shuffle files and results go.
    #[must_use]
    pub fn shuffle_dir(&self) -> PathBuf {
        self.folder.join("shuffle")
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "could not remove the temporary files");
        }
    }
}

fn create_folder(work_dir: &Path) -> std::io::Result<(PathBuf, File)> {
    let folder = work_dir.join(format!("{PREFIX}{}", uuid::Uuid::now_v7()));
    fs::create_dir(&folder)?;
    let lock = File::create_new(folder.join(LOCK))?;
    lock.lock()?;
    fs::create_dir(folder.join("shuffle"))?;
    fs::create_dir(folder.join("spill"))?;
    Ok((folder, lock))
}

/// Removes the folders whose process is gone. A folder without a lock file is just being made, or just being removed.
fn remove_abandoned(work_dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(work_dir)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                tracing::info!(folder = %entry.path().display(), "removing what an earlier process left behind");
                fs::remove_dir_all(entry.path())?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(())
}

fn build_runtime(config: &ExecutorConfig, folder: &Path) -> Result<Arc<RuntimeEnv>, coldtrail_query::Error> {
    let config = RuntimeConfig {
        memory_bytes: config.memory_bytes,
        spill_dir: folder.join("spill"),
        spill_bytes_max: config.spill_bytes_max,
        metadata_cache_bytes: config.metadata_cache_bytes,
    };
    config.build()
}

#[cfg(test)]
mod tests;

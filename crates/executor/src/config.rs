use std::path::PathBuf;

use crate::Error;

/// What one executor may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorConfig {
    /// Partitions that may run at the same time.
    pub vcores: usize,
    /// Memory that operators may hold before they spill, shared by all queries of the process.
    pub memory_bytes: usize,
    /// Where shuffle files, results and spills go; a folder of our own is made below it.
    pub work_dir: PathBuf,
    /// Disk that spills may take.
    pub spill_bytes_max: u64,
    /// Memory for Parquet footers and page indexes, which are read once and kept.
    pub metadata_cache_bytes: usize,
}

impl ExecutorConfig {
    /// All cores of the machine, 4 GiB of memory, 1 GiB of footers and 100 GiB of spills below `work_dir`.
    #[must_use]
    pub fn new(work_dir: impl Into<PathBuf>) -> Self {
        Self {
            vcores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: 4 << 30,
            work_dir: work_dir.into(),
            spill_bytes_max: 100 << 30,
            metadata_cache_bytes: 1 << 30,
        }
    }

    /// Names the first setting that cannot work.
    pub fn validate(&self) -> Result<(), Error> {
        if self.vcores == 0 {
            return Err(Error::Config { key: "vcores", reason: "must be at least 1" });
        }
        if self.memory_bytes < 16 << 20 {
            return Err(Error::Config { key: "memory_bytes", reason: "must be at least 16 MiB" });
        }
        if self.work_dir.as_os_str().is_empty() {
            return Err(Error::Config { key: "work_dir", reason: "must name a folder" });
        }
        Ok(())
    }
}

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
    /// All cores of the machine, half of the memory that the process may have, a sixteenth for footers, and 100 GiB of spills below
    /// `work_dir`.
    #[must_use]
    pub fn new(work_dir: impl Into<PathBuf>) -> Self {
        let memory = memory_of_process();
        Self {
            vcores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: memory / 2,
            work_dir: work_dir.into(),
            spill_bytes_max: 100 << 30,
            metadata_cache_bytes: memory / 16,
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

/// What a machine is taken for that does not say how much memory it has.
const MEMORY_UNKNOWN: usize = 8 << 30;

/// The memory that this process may have: that of the machine, or less where a container sets a limit.
fn memory_of_process() -> usize {
    let number = |path: &str| std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<usize>().ok());
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text));
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].into_iter().filter_map(number);
    limits.chain(machine).min().unwrap_or(MEMORY_UNKNOWN)
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total_of(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_the_machine_or_of_the_container() {
        assert_eq!(total_of("MemTotal:       24689764 kB\nMemFree: 1 kB"), Some(24_689_764 * 1024));
        assert_eq!(total_of("nothing"), None);
        let config = ExecutorConfig::new("work");
        assert!(config.memory_bytes >= 64 << 20 && config.memory_bytes < memory_of_process());
    }
}

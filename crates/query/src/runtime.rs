use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use crate::Error;

/// What all queries of a process share: memory, spill space, and the Parquet footers that were read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Memory that operators may hold, over all queries, before they spill or fail.
    pub memory_bytes: usize,
    /// The folder for spilled data.
    pub spill_dir: PathBuf,
    /// Disk that spilled data may take, over all queries.
    pub spill_bytes_max: u64,
    /// Memory for Parquet footers and page indexes, which are read once and kept.
    pub metadata_cache_bytes: usize,
}

impl RuntimeConfig {
    /// 4 GiB of memory, 1 GiB of footers, 100 GiB of spills in `spill_dir`.
    #[must_use]
    pub fn new(spill_dir: impl Into<PathBuf>) -> Self {
        Self { memory_bytes: 4 << 30, spill_dir: spill_dir.into(), spill_bytes_max: 100 << 30, metadata_cache_bytes: 1 << 30 }
    }

    /// Builds the environment; a process needs one. An operator that asks for more memory than there is gets an error that names
    /// the five largest holders. Listings are not cached: the catalog says which files there are.
    pub fn build(&self) -> Result<Arc<RuntimeEnv>, Error> {
        std::fs::create_dir_all(&self.spill_dir).map_err(|error| Error::Unavailable {
            message: format!("could not make the folder {} for spilled data: {error}", self.spill_dir.display()),
        })?;
        let holders_named = const { std::num::NonZeroUsize::new(5).expect("five is not zero") };
        let pool = TrackConsumersPool::new(FairSpillPool::new(self.memory_bytes), holders_named);
        let spills = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.spill_dir.clone()]))
            .with_max_temp_directory_size(self.spill_bytes_max);
        let caches = CacheManagerConfig::default()
            .with_metadata_cache_limit(self.metadata_cache_bytes)
            .with_list_files_cache_limit(0)
            .with_file_statistics_cache_limit(0);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(spills)
            .with_cache_manager(caches)
            .build_arc()?;
        Ok(runtime)
    }
}

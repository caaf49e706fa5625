use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use coldtrail_catalog::{Catalog, CatalogClient};
use coldtrail_ingest::{Ingest, IngestConfig, SourceChoice};
use coldtrail_lake::{Lake, StoreOptions, WriterConfig};
use coldtrail_model::{SegmentIndex, Snapshot, Table};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// What one run took and left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Processor time of all threads, in seconds.
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    /// The most memory that was resident, in bytes.
    pub(crate) bytes_peak: u64,
    /// Bytes of the objects that were read, after decompression.
    pub(crate) bytes_plain: u64,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) rejects: u64,
    pub(crate) objects_failed: u64,
    /// Segments of events, their bytes, and those of their column `raw_data`.
    pub(crate) segments: u64,
    pub(crate) bytes_events: u64,
    pub(crate) bytes_raw_data: u64,
    pub(crate) bytes_observables: u64,
    /// The largest columns: name, bytes.
    pub(crate) columns: Vec<(String, u64)>,
}

impl Figures {
    /// The less processor time, and the more memory of two runs.
    pub(crate) fn better(self, other: Self) -> Self {
        let bytes_peak = self.bytes_peak.max(other.bytes_peak);
        let best = if other.cpu_s < self.cpu_s { other } else { self };
        Self { bytes_peak, ..best }
    }
}

/// Ingests the folder into a new lake and prints the figures.
pub(crate) fn ingest(folder: &Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(ingest_in(folder))?;
    std::io::stdout().write_all(&serde_json::to_vec(&figures)?)?;
    Ok(())
}

async fn ingest_in(folder: &Path) -> Result<Figures, Box<dyn Error>> {
    let house = tempfile::tempdir()?;
    // A lake that is named is kept, to be looked at.
    let root = std::env::var("COLDTRAIL_BENCH_LAKE").unwrap_or_else(|_| house.path().join("lake").display().to_string());
    let lake = Lake::open(&root, &StoreOptions::default())?;
    let catalog = Catalog::open(coldtrail_catalog::Config::in_folder(house.path().join("catalog"))).await?;
    let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
    let ingest = Ingest::new(lake, client, IngestConfig::default(), WriterConfig::default(), StoreOptions::default())?;
    let location = [folder.to_str().ok_or("a name in UTF-8")?.to_owned()];
    let (cpu_before, started) = (cpu_seconds()?, Instant::now());
    let report = ingest.run(&location, SourceChoice::Auto, &|_| {}, CancellationToken::new()).await?;
    let (cpu_s, wall_s, bytes_peak) = (cpu_seconds()? - cpu_before, started.elapsed().as_secs_f64(), peak_bytes()?);
    let mut figures = Figures {
        cpu_s,
        wall_s,
        bytes_peak,
        bytes_plain: report.bytes_plain,
        records: report.records,
        events: report.events,
        rejects: report.rejects,
        objects_failed: report.failed.len() as u64,
        segments: 0,
        bytes_events: 0,
        bytes_raw_data: 0,
        bytes_observables: 0,
        columns: Vec::new(),
    };
    weigh(Path::new(&root), catalog.snapshot().await?.as_ref(), &mut figures)?;
    catalog.shutdown().await?;
    Ok(figures)
}

fn weigh(lake: &Path, snapshot: &Snapshot, figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    let mut columns: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    for (table, segments) in &snapshot.segments {
        for segment in segments {
            match table {
                Table::Rejects => continue,
                Table::Observables => {
                    figures.bytes_observables += segment.bytes;
                    continue;
                }
                Table::Events(_) => {}
            }
            (figures.segments, figures.bytes_events) = (figures.segments + 1, figures.bytes_events + segment.bytes);
            let reader = SerializedFileReader::new(fs::File::open(lake.join(&segment.path))?)?;
            for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns()) {
                let bytes = u64::try_from(column.compressed_size())?;
                let filter = u64::try_from(column.bloom_filter_length().unwrap_or_default())?;
                *columns.entry(column.column_path().string()).or_default() += bytes;
                *columns.entry("bloom filters".to_owned()).or_default() += filter;
            }
        }
    }
    figures.bytes_raw_data = columns.get("raw_data").copied().unwrap_or_default();
    let known: u64 = columns.values().sum();
    columns.insert("footers and indexes".to_owned(), figures.bytes_events.saturating_sub(known));
    figures.columns = columns.into_iter().collect();
    figures.columns.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    figures.columns.truncate(24);
    Ok(())
}

/// Processor time of this process so far: `utime` and `stime` of proc(5), in ticks of 10 ms.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("/proc/self/stat is not as proc(5) says")?.1;
    let numbers: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = numbers[11].parse::<u64>()? + numbers[12].parse::<u64>()?;
    Ok(ticks as f64 / 100.0)
}

fn peak_bytes() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("/proc/self/status has no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

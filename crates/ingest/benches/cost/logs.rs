use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use coldtrail_generate::{Config, SourceKind, write_all};
use coldtrail_normalize::{Compression, Inflater};
use serde::{Deserialize, Serialize};

/// How many days of each source are generated.
pub(crate) const DAYS: u32 = 5;
/// How many records: enough for a hundred megabytes or a few seconds.
pub(crate) const GENERATED: &[(SourceKind, u64)] = &[
    (SourceKind::AwsCloudtrail, 120_000),
    (SourceKind::AwsVpcflow, 1_500_000),
    (SourceKind::AzureEntra, 50_000),
    (SourceKind::GcpAudit, 100_000),
    (SourceKind::K8sAudit, 100_000),
    (SourceKind::WindowsEvent, 80_000),
    (SourceKind::Zeek, 800_000),
];
/// Of these, so many times the days are ingested too: more input should not take more memory.
pub(crate) const LONGER: &[SourceKind] = &[SourceKind::AwsCloudtrail, SourceKind::AwsVpcflow];
pub(crate) const LONGER_TIMES: u32 = 4;
/// Samples are repeated until there is so much of them.
const SAMPLE_BYTES_MIN: u64 = 24 << 20;
/// A source with less is left out: so few records say nothing of its speed.
const SAMPLE_BYTES_WORTH: u64 = 40 << 10;

/// Logs of one source in a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Logs {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) days: u32,
    /// Bytes after decompression.
    pub(crate) bytes_raw: u64,
    /// Bytes if each file were compressed with gzip at level 6.
    pub(crate) bytes_gzip: u64,
}

impl Logs {
    /// Generated logs; what an earlier run left in the folder is taken as it is.
    pub(crate) fn generate(below: &Path, kind: SourceKind, events: u64, days: u32) -> Result<Self, Box<dyn Error>> {
        let out = below.join(format!("{kind}-{days}-{events}"));
        let note = out.join("logs.json");
        if let Ok(known) = fs::read(&note) {
            return Ok(serde_json::from_slice(&known)?);
        }
        let start = NaiveDate::from_ymd_opt(2026, 3, 2).ok_or("a date")?;
        let mut config = Config::new(start, days, events);
        (config.sources, config.intrusion) = (vec![kind], false);
        write_all(&config, &out, &|_| {})?;
        let folder = out.join(kind.name());
        let (bytes_raw, bytes_gzip) = weigh(&folder)?;
        let logs = Self { name: kind.name().to_owned(), folder, days, bytes_raw, bytes_gzip };
        fs::write(&note, serde_json::to_vec(&logs)?)?;
        Ok(logs)
    }

    /// The files of a folder of samples that are no expected results, as often as it takes; nothing if they are too few.
    pub(crate) fn repeat(from: &Path, to: &Path, name: &str) -> Result<Option<Self>, Box<dyn Error>> {
        let is_log = |path: &PathBuf| !path.to_string_lossy().contains(".expected.");
        let files: Vec<PathBuf> = files_below(from)?.into_iter().filter(is_log).collect();
        let mut once = 0;
        for file in &files {
            once += plain(&fs::read(file)?)?.len() as u64;
        }
        if once < SAMPLE_BYTES_WORTH {
            return Ok(None);
        }
        let times = SAMPLE_BYTES_MIN.div_ceil(once);
        for time in 0..times {
            for (number, file) in files.iter().enumerate() {
                let folder = to.join(format!("{time}-{number}"));
                fs::create_dir_all(&folder)?;
                fs::copy(file, folder.join(file.file_name().ok_or("a file has a name")?))?;
            }
        }
        Ok(Some(Self { name: name.to_owned(), folder: to.to_owned(), days: 0, bytes_raw: once * times, bytes_gzip: 0 }))
    }
}

/// The names of the folders in a folder, in order.
pub(crate) fn folders_of(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn weigh(folder: &Path) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut raw, mut gzip) = (0, 0);
    for file in files_below(folder)? {
        let plain = plain(&fs::read(file)?)?;
        raw += plain.len() as u64;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(&plain)?;
        gzip += encoder.finish()?.len() as u64;
    }
    Ok((raw, gzip))
}

fn plain(stored: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut inflater = Inflater::new(Compression::detect(stored))?;
    let mut plain = Vec::new();
    inflater.push(stored, &mut plain)?;
    inflater.finish(&mut plain)?;
    Ok(plain)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

use serde::{Deserialize, Serialize};

use crate::Error;

/// The most that one event may take in memory, and what a segment may be told to take: Arrow counts the bytes of a column in 31
/// bits, so both together must stay below 2 GiB.
pub(crate) const EVENT_BYTES_MAX: usize = 512 << 20;
const SEGMENT_BUFFER_BYTES_MAX: usize = 1 << 30;

/// When a writer closes a segment and how it is encoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriterConfig {
    /// The memory that events may take until they are on their way to the store, in bytes; the largest buffers are written first.
    pub buffer_bytes_max: usize,
    /// A segment is closed once its events take this much memory, in bytes. zstd makes about a tenth of it.
    pub segment_buffer_bytes_max: usize,
    /// A segment is closed once it holds this many rows.
    pub segment_rows_max: usize,
    /// A segment is closed this long after its first event, in seconds, however small.
    pub segment_age_seconds_max: u64,
    /// How many segments are encoded and uploaded at the same time.
    pub encodings_max: usize,
    /// The memory that observables may take until they are written, in bytes; more of it makes fewer and larger files.
    pub observables_bytes_max: usize,
    /// The most rows of a row group; 128 Ki keeps the filters sharp.
    pub row_group_rows_max: usize,
    /// The most rows of a data page.
    pub page_rows_max: usize,
    /// The size at which a data page is closed, in bytes before compression.
    pub page_bytes_target: usize,
    /// How hard zstd tries, 1 to 22.
    pub zstd_level: i32,
    /// The size at which a page of `raw_data` is closed, in bytes before compression: longer pages are smaller in all, and more is
    /// read for one record.
    pub raw_page_bytes_target: usize,
    /// How hard zstd tries on `raw_data`, 1 to 22.
    pub raw_zstd_level: i32,
    /// How much is kept of a rejected record, in bytes.
    pub reject_bytes_max: usize,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            buffer_bytes_max: 256 << 20,
            segment_buffer_bytes_max: 128 << 20,
            segment_rows_max: 1 << 20,
            segment_age_seconds_max: 60,
            encodings_max: std::thread::available_parallelism().map_or(1, |cores| cores.get().clamp(1, 2)),
            observables_bytes_max: 64 << 20,
            row_group_rows_max: 128 << 10,
            page_rows_max: 20_000,
            page_bytes_target: 256 << 10,
            zstd_level: 3,
            raw_page_bytes_target: 256 << 10,
            raw_zstd_level: 1,
            reject_bytes_max: 64 << 10,
        }
    }
}

impl WriterConfig {
    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let positive = [
            ("segment_rows_max", self.segment_rows_max),
            ("encodings_max", self.encodings_max),
            ("page_rows_max", self.page_rows_max),
            ("page_bytes_target", self.page_bytes_target),
            ("raw_page_bytes_target", self.raw_page_bytes_target),
        ];
        for (key, value) in positive {
            check(key, value, value > 0, "it must be at least 1")?;
        }
        let segment_bytes = self.segment_buffer_bytes_max;
        check(
            "segment_buffer_bytes_max",
            segment_bytes,
            (1..=SEGMENT_BUFFER_BYTES_MAX).contains(&segment_bytes),
            "it must be 1 B to 1 GiB",
        )?;
        let group_rows = self.row_group_rows_max;
        check("row_group_rows_max", group_rows, (1..=1 << 20).contains(&group_rows), "it must be 1 to 1048576")?;
        [("zstd_level", self.zstd_level), ("raw_zstd_level", self.raw_zstd_level)]
            .into_iter()
            .try_for_each(|(key, level)| check(key, usize::try_from(level).unwrap_or(0), (1..=22).contains(&level), "it must be 1 to 22"))
    }
}

fn check(key: &'static str, value: usize, is_valid: bool, reason: &'static str) -> Result<(), Error> {
    if is_valid { Ok(()) } else { Err(Error::Config { key, value: value.to_string(), reason }) }
}

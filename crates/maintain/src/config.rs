use serde::{Deserialize, Serialize};

use crate::Error;

/// How the lake is kept over months.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// How often the node that leads does what is due, in seconds; 0 for never.
    pub every_seconds: u64,
    /// Small segments are merged until they have about this size, in bytes. One of half of it and more is left as it is.
    pub segment_bytes_target: u64,
    /// So many small segments are merged at least, while more are coming.
    pub segments_min: usize,
    /// So many are merged into one at most; they are open at the same time.
    pub segments_max: usize,
    /// Once nothing came for a day, table and source for so many hours, its small segments are merged however few they are.
    pub settled_hours: u64,
    /// One commit replaces so many segments of a day at most.
    pub job_segments_max: usize,
    /// One commit replaces segments of so many bytes at most.
    pub job_bytes_max: u64,
    /// So many commits of compaction are made in one pass at most.
    pub jobs_max: usize,
    /// So many bytes are read and written in a second at most; 0 for no bound.
    pub io_bytes_per_second_max: u64,
    /// Which events that came twice are kept once when segments are merged.
    pub duplicates: Duplicates,
    /// The files of segments that were removed stay for so many hours, for queries that began before. At least `orphan_hours`.
    pub removed_hours: u64,
    /// Files that no commit names are deleted once they are so many hours old: until then a writer may be about to commit them.
    pub orphan_hours: u64,
    /// The catalog is backed up beside the lake once the newest backup is so many hours old; 0 for never.
    pub backup_every_hours: u64,
    /// So many backups of this cluster are kept; older ones are deleted.
    pub backups_kept: usize,
    /// Whether each pass publishes the tables for engines that read Apache Iceberg: after segments were merged, before files are
    /// deleted.
    pub iceberg: bool,
}

/// Which events that came twice are kept once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// None: every event stays.
    Keep,
    /// Those with a vendor's id.
    VendorId,
    /// Those with a vendor's id, and those without one whose record is the same in another object.
    All,
}

impl Default for MaintenanceConfig {
    fn default() -> Self {
        Self {
            every_seconds: 600,
            segment_bytes_target: 128 << 20,
            segments_min: 4,
            segments_max: 32,
            settled_hours: 24,
            job_segments_max: 256,
            job_bytes_max: 1 << 30,
            jobs_max: 32,
            io_bytes_per_second_max: 32 << 20,
            // Without an id, equal records of two machines are told apart by nothing: none of them may be lost by default.
            duplicates: Duplicates::VendorId,
            removed_hours: 72,
            orphan_hours: 24,
            backup_every_hours: 24,
            backups_kept: 14,
            iceberg: false,
        }
    }
}

impl MaintenanceConfig {
    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let target = self.segment_bytes_target;
        check("segment_bytes_target", target, (1..=1 << 30).contains(&target), "it must be 1 B to 1 GiB")?;
        check("segments_min", self.segments_min as u64, self.segments_min >= 2, "it must be at least 2")?;
        let most = self.segments_max;
        check("segments_max", most as u64, (self.segments_min..=1024).contains(&most), "it must be segments_min to 1024")?;
        let of_job = self.job_segments_max;
        check("job_segments_max", of_job as u64, of_job >= most, "it must be at least segments_max")?;
        check("job_bytes_max", self.job_bytes_max, self.job_bytes_max >= target, "it must be at least segment_bytes_target")?;
        let hours = self.removed_hours;
        check("removed_hours", hours, hours >= self.orphan_hours, "it must be at least orphan_hours")?;
        check("removed_hours", hours, hours <= HOURS_MAX, "it must be at most 100 years")?;
        check("backups_kept", self.backups_kept as u64, self.backups_kept >= 1, "it must be at least 1")?;
        let hours = self.backup_every_hours;
        check("backup_every_hours", hours, hours <= HOURS_MAX, "it must be at most 100 years")?;
        check("settled_hours", self.settled_hours, self.settled_hours <= HOURS_MAX, "it must be at most 100 years")
    }
}

const HOURS_MAX: u64 = 100 * 366 * 24;

/// Hours in milliseconds.
pub(crate) fn hours_ms(hours: u64) -> i64 {
    i64::try_from(hours.saturating_mul(3_600_000)).unwrap_or(i64::MAX)
}

fn check(key: &'static str, value: u64, is_valid: bool, reason: &'static str) -> Result<(), Error> {
    if is_valid { Ok(()) } else { Err(Error::Config { key, value, reason }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_its_range_is_named() {
        MaintenanceConfig::default().validate().expect("the defaults work");
        assert_eq!(MaintenanceConfig::default().duplicates, Duplicates::VendorId, "without an id, no event is lost by default");
        let refused = |config: MaintenanceConfig| config.validate().expect_err("it is out of range").to_string();
        let config = MaintenanceConfig { removed_hours: 1, ..MaintenanceConfig::default() };
        assert_eq!(refused(config), "maintenance.removed_hours cannot be 1: it must be at least orphan_hours");
        let config = MaintenanceConfig { segments_min: 1, ..MaintenanceConfig::default() };
        assert_eq!(refused(config), "maintenance.segments_min cannot be 1: it must be at least 2");
        let config = MaintenanceConfig { job_bytes_max: 1, ..MaintenanceConfig::default() };
        assert!(refused(config).starts_with("maintenance.job_bytes_max cannot be 1: "));
    }
}

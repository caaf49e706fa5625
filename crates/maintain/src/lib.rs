//! Keeps the lake over months: compaction, duplicates, retention, legal hold, publishing, garbage collection, verification, rebuild,
//! backup of the catalog, an alarm when rejects jump.
//!
//! Never decides what is visible by itself: every change is one commit of the catalog, and a file is deleted only once no commit,
//! run or hold names it. Never parses logs and never plans queries.
//!
//! ```text
//! snapshot ─► plan ─► merge by time, once each ─► check rows ─► one commit ─► … later ─► delete the files
//!             plan    merge, identity, digest      compaction    removal               garbage
//! ```
//!
//! Read in this order: [`Maintenance`] does what is due, step by step; [`Hold`] and [`RetentionRule`] are what people say about it;
//! [`verify`] compares the catalog with the files, and [`rebuild`] makes a catalog of the files alone, [`back_up`] a copy of it beside them.

mod alarms;
mod backup;
mod budget;
mod compaction;
mod config;
mod digest;
mod error;
mod garbage;
mod hold;
mod identity;
mod maintenance;
mod merge;
mod observables;
mod plan;
mod rebuild;
mod removal;
mod report;
mod retention;
mod retire;
mod verify;

pub use alarms::{AlarmsReport, RejectsConfig, check_rejects};
pub use backup::{BackupComparison, BackupReport, TakenBackup, back_up, backup_name, compare_backup, make_backup};
pub use config::{Duplicates, MaintenanceConfig};
pub use error::Error;
pub use hold::{AUDIT_KIND, AuditEntry, HOLD_KIND, Hold, HoldScope, Holds, lift_hold, set_hold};
pub use maintenance::Maintenance;
pub use rebuild::{REBUILD_SEGMENTS_PER_COMMIT, RebuildOptions, RebuildReport, RefusedFile, rebuild};
pub use removal::{REMOVAL_KIND, removed_segments};
pub use report::{CompactionReport, FailedJob, GarbageReport, IcebergReport, Report, RetentionReport};
pub use retention::{RETENTION_KIND, Retention, RetentionRule, parse_retention_rule};
pub use verify::{FileFault, FileProblem, UnknownFile, VerifyProgress, VerifyReport, verify, verify_watched};

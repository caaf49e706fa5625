//! What upkeep promises, on a real lake folder and a real catalog.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod alarms;
mod backup;
mod compaction;
mod crashes;
mod duplicates;
mod garbage;
mod holds;
mod iceberg;
mod rebuild;
mod retention;
mod support;
mod verify;

//! What exists and what is under way, agreed by Raft: tables, segments, ingested source objects, runs, documents.
//!
//! A segment is visible, and a source object is done, from the moment a [`Commit`](coldtrail_model::Commit) is: one entry
//! of a Raft log, written to disk before it is acknowledged, and applied whole or refused whole. Never touches Parquet.
//!
//! Read in this order: [`Config`] and [`Catalog`] are the way in; [`CatalogClient`] is what a user of the catalog needs,
//! be it in this process ([`Catalog`]) or another ([`RemoteCatalog`], answered by [`serve`]); `contents` is the state
//! that all nodes agree on and the only place where changes are judged; `store` keeps log and state on disk; `cluster` is
//! the other nodes: how they come together, are reached, join and leave; [`Backup`] is all of it in one file, for a new cluster.

mod backup;
mod catalog;
mod client;
mod cluster;
mod config;
mod contents;
mod error;
mod image;
mod raft;
mod remote;
mod store;

pub use backup::{BACKUP_FORMAT, Backup, BackupAbout, Restored, restore};
pub use catalog::{Catalog, LeaderState};
pub use client::{
    CHANGED_BY_BYTES_MAX, CatalogClient, CommitId, Committed, DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_BYTES_MAX, DOCUMENTS_BYTES_MAX,
    DOCUMENTS_MAX, RUN_LABEL_BYTES_MAX, RUN_LABELS_MAX, RUNS_MAX, SourceIdentity, SourceProbe, Status,
};
pub use cluster::{ClusterStatus, Dial, NodeRole, NodeStatus, Peering, PlainDial};
pub use config::Config;
pub use error::Error;
pub use remote::{RemoteCatalog, authorize, serve};

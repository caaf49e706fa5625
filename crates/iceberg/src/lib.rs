//! A snapshot of the catalog as Apache Iceberg tables: metadata, manifest lists, manifests.
//!
//! For other engines: DuckDB, Spark, Trino and PyIceberg see the rows that the catalog shows, of one moment, while segments come, are
//! merged and go. Never reads or writes a segment, and never reads back what others write: the catalog alone says what is visible.
//!
//! ```text
//! iceberg/<table>/metadata/m-<version>-<sha256>.avro       manifests: the segments of a month, reused while those stay the same
//!                          snap-<version>-<id>.avro        the manifest list: the manifests of a version
//!                          v<version>.metadata.json        columns, partitions, the one snapshot; from here on it can be read
//!                          version-hint.text               the newest version, for engines that do not list
//! ```
//!
//! Written in this order, each whole or not at all, so that whoever reads sees one version or the next. The formats are those of the
//! Iceberg table specification, version 2: <https://iceberg.apache.org/spec/>.
//!
//! Read in this order: [`publish`] brings every table up to date; `metadata` and `schema` are what a version says, `manifest` and
//! `manifest_list` which files it holds, `avro` the format that those are in; [`expire`] deletes versions that are past their time.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod avro;
mod error;
mod expire;
mod manifest;
mod manifest_list;
mod metadata;
mod publish;
mod report;
mod schema;
mod table;

pub use error::Error;
pub use expire::expire;
pub use publish::publish;
pub use report::{ExpireReport, PublishReport};

#[cfg(test)]
mod tests;

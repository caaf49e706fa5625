//! How executors find the leader and each other: `proto/coldtrail/fleet`.

/// The messages and the service of version 1.
#[allow(missing_docs, clippy::all, clippy::unwrap_used, unreachable_pub)]
#[rustfmt::skip]
pub mod v1 {
    include!("gen/coldtrail.fleet.v1.rs");
}

//! How senders push batches: `proto/coldtrail/ingest`.

/// The messages and the service of version 1.
#[allow(missing_docs, clippy::all, clippy::unwrap_used, unreachable_pub)]
#[rustfmt::skip]
pub mod v1 {
    include!("gen/coldtrail.ingest.v1.rs");
}
